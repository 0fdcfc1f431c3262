//! ureq-proto alone over async-std's sockets: the least that makes it a client with a timeout.

use async_std::{future, io::ReadExt, io::WriteExt, net::TcpStream, task};
use http::HeaderValue;
use ureq_proto::client::{Call, RecvResponseResult, SendRequestResult};

use crate::{Verb, client::AsyncWorker, responses, stacks};

pub(crate) struct Bare {
    socket: TcpStream,
    port: u16,
    output: Vec<u8>,
    input: Vec<u8>,
}

impl Bare {
    pub(crate) fn new(port: u16) -> Self {
        let socket = task::block_on(TcpStream::connect(("127.0.0.1", port))).expect("the server listens");
        socket.set_nodelay(true).expect("a socket");
        Self { socket, port, output: vec![0; 16 << 10], input: vec![0; 16 << 10] }
    }

    async fn exchange(&mut self, verb: Verb) -> Vec<u8> {
        let body = if verb == Verb::Post { responses::request_body() } else { Vec::new() };
        let request = stacks::request(verb, self.port).body(()).expect("a request");
        let mut call = Call::new(request).expect("a request");
        if !body.is_empty() {
            call.header("content-length", HeaderValue::from(body.len())).expect("a header");
        }
        let mut call = call.proceed();
        let head = call.write(&mut self.output).expect("it fits");
        self.output[head..head + body.len()].copy_from_slice(&body);
        let mut call = match call.proceed().expect("all is written") {
            Some(SendRequestResult::RecvResponse(call)) => call,
            Some(SendRequestResult::SendBody(mut call)) => {
                call.consume_direct_write(body.len()).expect("as announced");
                call.proceed().expect("it is all")
            }
            _ => panic!("neither expects to be told to go on"),
        };
        self.socket.write_all(&self.output[..head + body.len()]).await.expect("it is sent");

        let (mut start, mut end) = (0, 0);
        loop {
            end += self.socket.read(&mut self.input[end..]).await.expect("an answer");
            let (used, response) = call.try_response(&self.input[start..end], false).expect("HTTP");
            start += used;
            if response.is_some() {
                break;
            }
        }
        let Some(RecvResponseResult::RecvBody(mut call)) = call.proceed() else { panic!("a body is next") };
        let (mut body, mut filled) = (vec![0; self.input.len()], 0);
        loop {
            let (used, got) = call.read(&self.input[start..end], &mut body[filled..]).expect("HTTP");
            (start, filled) = (start + used, filled + got);
            if call.can_proceed() {
                body.truncate(filled);
                return body;
            }
            end += self.socket.read(&mut self.input[end..]).await.expect("an answer");
        }
    }
}

impl AsyncWorker for Bare {
    async fn request(&mut self, verb: Verb) {
        let body = future::timeout(stacks::TIMEOUT, self.exchange(verb)).await.expect("in time");
        responses::decode(verb, &body);
    }
}
