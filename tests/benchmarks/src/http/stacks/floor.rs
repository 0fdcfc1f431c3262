//! The lower bound: a socket, prepared requests, and responses of a fixed form.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use crate::http::{Verb, responses, stacks, worker::Worker};

pub(crate) struct Floor {
    socket: TcpStream,
    requests: [Vec<u8>; 2],
    input: Vec<u8>,
    filled: usize,
}

impl Floor {
    pub(crate) fn new(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts connections");
        socket.set_nodelay(true).expect("the option is valid for a TCP socket");
        socket.set_read_timeout(Some(stacks::TIMEOUT)).expect("the option is valid for a TCP socket");
        let requests = Verb::ALL.map(|verb| request_bytes(verb, port));
        Self { socket, requests, input: vec![0; 16 << 10], filled: 0 }
    }

    pub(super) const fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn send(&mut self, verb: Verb) {
        self.socket.write_all(&self.requests[usize::from(verb == Verb::Post)]).expect("the request is sent");
    }

    /// Reads once. Decodes the response if it is complete, and returns whether it is.
    pub(super) fn receive(&mut self, verb: Verb) -> bool {
        self.filled += self.socket.read(&mut self.input[self.filled..]).expect("the response arrives");
        let Some(body) = body(&self.input[..self.filled]) else { return false };
        responses::decode(verb, body);
        self.filled = 0;
        true
    }
}

impl Worker for Floor {
    fn request(&mut self, verb: Verb) {
        self.send(verb);
        while !self.receive(verb) {}
    }
}

fn request_bytes(verb: Verb, port: u16) -> Vec<u8> {
    let request = stacks::request(verb, port).body(()).expect("the request is valid");
    let (method, path) = (request.method(), request.uri().path());
    let mut bytes = format!("{method} {path} HTTP/1.1\r\nhost: 127.0.0.1:{port}\r\n").into_bytes();
    for (name, value) in request.headers() {
        bytes.extend([name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"].concat());
    }
    match verb {
        Verb::Get => bytes.extend(b"\r\n"),
        Verb::Post => {
            let posted = responses::request_body();
            bytes.extend(format!("content-length: {}\r\n\r\n", posted.len()).into_bytes());
            bytes.extend(posted);
        }
    }
    bytes
}

/// Returns the body of a response, if it is complete.
fn body(response: &[u8]) -> Option<&[u8]> {
    const LENGTH: &[u8] = b"content-length: ";
    let end = response.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let at = response.windows(LENGTH.len()).position(|name| name == LENGTH)? + LENGTH.len();
    let digits = response[at..].iter().take_while(|byte| byte.is_ascii_digit());
    let length = digits.fold(0, |length, digit| length * 10 + usize::from(digit - b'0'));
    response[end..].get(..length)
}
