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
}

impl Floor {
    pub(crate) fn new(port: u16) -> Self {
        let socket = TcpStream::connect(("127.0.0.1", port)).expect("the server accepts connections");
        socket.set_nodelay(true).expect("the option is valid for a TCP socket");
        socket.set_read_timeout(Some(stacks::TIMEOUT)).expect("the option is valid for a TCP socket");
        Self { socket, requests: Verb::ALL.map(|verb| request_bytes(verb, port)), input: vec![0; 16 << 10] }
    }
}

impl Worker for Floor {
    fn request(&mut self, verb: Verb) {
        self.socket.write_all(&self.requests[usize::from(verb == Verb::Post)]).expect("the request is sent");
        let mut filled = 0;
        loop {
            filled += self.socket.read(&mut self.input[filled..]).expect("the response arrives");
            if let Some(body) = body(&self.input[..filled]) {
                return responses::decode(verb, body);
            }
        }
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
