//! A server that responds at once.

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use teamwire_core::script::sample;

/// A server in a thread, which lasts as long as the process.
pub(crate) struct Server {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("the listener is bound").port();
        let connections = Arc::<AtomicUsize>::default();
        let counted = Arc::clone(&connections);
        thread::spawn(move || serve(&listener, &counted));
        Self { port, connections }
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

fn serve(listener: &TcpListener, counted: &AtomicUsize) {
    let body = sample::bot().to_string();
    let response =
        format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    let events = epoll::create(CreateFlags::CLOEXEC).expect("epoll works");
    let listener_data = EventData::new_u64(u64::MAX);
    epoll::add(&events, listener, listener_data, EventFlags::IN).expect("the socket is not registered yet");
    let mut sockets: Vec<Option<TcpStream>> = Vec::new();
    let mut ready = Vec::<Event>::with_capacity(128);
    loop {
        epoll::wait(&events, rustix::buffer::spare_capacity(&mut ready), None).expect("epoll works");
        for event in ready.drain(..) {
            let data = event.data;
            if data.u64() == listener_data.u64() {
                let (socket, _) = listener.accept().expect("a connection can be accepted");
                socket.set_nodelay(true).expect("the option is valid for a TCP socket");
                let index = EventData::new_u64(sockets.len() as u64);
                epoll::add(&events, &socket, index, EventFlags::IN).expect("the socket is not registered yet");
                sockets.push(Some(socket));
                counted.fetch_add(1, Ordering::SeqCst);
            } else {
                let index = usize::try_from(data.u64()).expect("the number is an index");
                let is_open = sockets[index].as_mut().is_some_and(|socket| respond(socket, response.as_bytes()));
                if !is_open {
                    sockets[index] = None;
                }
            }
        }
    }
}

/// Reads a request, which arrives whole, and responds. Returns whether the connection is open.
fn respond(socket: &mut TcpStream, response: &[u8]) -> bool {
    matches!(socket.read(&mut [0; 4_096]), Ok(1..)) && socket.write_all(response).is_ok()
}
