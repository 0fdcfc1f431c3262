//! A minimal server: one thread, and prepared responses.

use std::{
    io::{Read, Write, stdout},
    net::{TcpListener, TcpStream},
};

use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};

use super::{Mode, Verb, responses};

/// A connection, and the received part of its current request.
struct Connection {
    socket: TcpStream,
    input: Vec<u8>,
    filled: usize,
}

/// The first bytes of requests, and the response to them.
type Response<'a> = (&'a [u8], Vec<u8>);

/// A prepared response.
#[derive(Clone, Debug)]
pub struct Route {
    /// The first bytes of the requests that it responds to.
    pub start: &'static str,
    /// The body of the response.
    pub json: String,
}

/// Returns the routes of the stacks of this package.
pub fn routes() -> Vec<Route> {
    let route = |verb, start| Route { start, json: responses::json(verb) };
    vec![route(Verb::Get, "GET /v1/"), route(Verb::Post, "POST /v1/")]
}

/// Prints its port, and serves until it is killed.
pub fn serve(mode: Mode, routes: &[Route]) {
    mode.pin();
    let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
    let port = listener.local_addr().expect("the listener is bound").port();
    writeln!(stdout(), "{port}").expect("the report reads the output");

    let respond = |Route { start, json }: &Route| {
        let head = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\
             date: Thu, 01 Jan 2026 00:00:00 GMT\r\nx-request-id: 0af7651916cd43dd8448eb211c80319c\r\n\r\n",
            json.len()
        );
        (start.as_bytes(), (head + json).into_bytes())
    };
    let responses: Vec<_> = routes.iter().map(respond).collect();

    let events = epoll::create(CreateFlags::CLOEXEC).expect("epoll works");
    let listener_data = EventData::new_u64(u64::MAX);
    epoll::add(&events, &listener, listener_data, EventFlags::IN).expect("the socket is not registered yet");
    let mut connections = Vec::new();
    let mut ready = Vec::<Event>::with_capacity(128);
    loop {
        epoll::wait(&events, rustix::buffer::spare_capacity(&mut ready), None).expect("epoll works");
        for event in ready.drain(..) {
            let data = event.data;
            if data.u64() == listener_data.u64() {
                let (socket, _) = listener.accept().expect("a connection can be accepted");
                socket.set_nodelay(true).expect("the option is valid for a TCP socket");
                let index = EventData::new_u64(connections.len() as u64);
                epoll::add(&events, &socket, index, EventFlags::IN).expect("the socket is not registered yet");
                connections.push(Some(Connection { socket, input: vec![0; 16 << 10], filled: 0 }));
            } else {
                let index = usize::try_from(data.u64()).expect("the number is an index");
                let open = connections[index].as_mut().is_some_and(|connection| connection.on_readable(&responses));
                if !open {
                    connections[index] = None;
                }
            }
        }
    }
}

impl Connection {
    /// Reads once, and responds if the request is complete. Returns `true` if the connection is still open.
    fn on_readable(&mut self, responses: &[Response<'_>]) -> bool {
        match self.socket.read(&mut self.input[self.filled..]) {
            Ok(0) | Err(_) => return false,
            Ok(bytes) => self.filled += bytes,
        }
        let request = &self.input[..self.filled];
        // The posted JSON ends with a brace, and heads contain none.
        let end: &[u8] = if request.starts_with(b"GET ") { b"\r\n\r\n" } else { b"}" };
        if !request.ends_with(end) {
            return true;
        }
        let route = responses.iter().find(|(start, _)| request.starts_with(start));
        let (_, response) = route.expect("the server has a route for each request");
        self.filled = 0;
        self.socket.write_all(response).is_ok()
    }
}
