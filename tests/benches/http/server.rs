//! A server that does as little as can be: one thread, and two answers that are bytes already.

use std::{
    io::{Read, Write, stdout},
    net::{TcpListener, TcpStream},
};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use crate::{Mode, Verb, responses};

/// A connection, and what has come of the request that it is at.
struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
    filled: usize,
}

/// Prints its port, and serves until it is killed.
pub(crate) fn serve(mode: Mode) {
    mode.pin();
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback");
    let port = listener.local_addr().expect("it is bound").port();
    writeln!(stdout(), "{port}").expect("the report reads it");

    let responses = Verb::ALL.map(|verb| {
        let json = responses::json(verb);
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             date: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-request-id: 0af7651916cd43dd8448eb211c80319c\r\n\r\n",
            json.len()
        );
        (head + &json).into_bytes()
    });

    let events = epoll::create(CreateFlags::CLOEXEC).expect("epoll");
    let listener_data = EventData::new_u64(u64::MAX);
    epoll::add(&events, &listener, listener_data, EventFlags::IN).expect("it is new");
    let mut connections = Vec::new();
    let mut ready = Vec::<Event>::with_capacity(128);
    loop {
        epoll::wait(&events, rustix::buffer::spare_capacity(&mut ready), None).expect("epoll");
        for event in ready.drain(..) {
            let data = event.data;
            if data.u64() == listener_data.u64() {
                let (socket, _) = listener.accept().expect("a connection");
                socket.set_nodelay(true).expect("a socket");
                let index = EventData::new_u64(connections.len() as u64);
                epoll::add(&events, &socket, index, EventFlags::IN).expect("it is new");
                connections.push(Some(Connection { socket, input: vec![0; 16 << 10], filled: 0 }));
            } else {
                let index = usize::try_from(data.u64()).expect("it was one");
                let open = connections[index].as_mut().is_some_and(|connection| connection.on_readable(&responses));
                if !open {
                    connections[index] = None;
                }
            }
        }
    }
}

impl Connection {
    /// Reads once, and answers if that was all of a request. Whether the connection is still open.
    fn on_readable(&mut self, responses: &[Vec<u8>; 2]) -> bool {
        match self.socket.read(&mut self.input[self.filled..]) {
            Ok(0) | Err(_) => return false,
            Ok(bytes) => self.filled += bytes,
        }
        let request = &self.input[..self.filled];
        let response = if request.starts_with(b"GET ") {
            request.ends_with(b"\r\n\r\n").then_some(&responses[0])
        } else {
            // The JSON that is posted ends in a brace, and no head has one.
            request.ends_with(b"}").then_some(&responses[1])
        };
        let Some(response) = response else { return true };
        self.filled = 0;
        self.socket.write_all(response).is_ok()
    }
}
