//! ureq-proto alone over async-std's sockets: a minimal client with a timeout.

use async_std::{future, io::ReadExt, io::WriteExt, net::TcpStream, task};
use http::HeaderValue;
use ureq_proto::client::{Call, RecvBodyResult, RecvResponseResult, SendRequestResult};

use crate::http::{Verb, responses, stacks, worker::AsyncWorker};

pub(crate) struct Bare {
    socket: TcpStream,
    port: u16,
    output: Vec<u8>,
    input: Vec<u8>,
    body: Vec<u8>,
}

impl Bare {
    pub(crate) fn new(port: u16) -> Self {
        let socket = task::block_on(TcpStream::connect(("127.0.0.1", port))).expect("the server accepts connections");
        socket.set_nodelay(true).expect("the option is valid for a TCP socket");
        let buffer = || vec![0; 16 << 10];
        Self { socket, port, output: buffer(), input: buffer(), body: buffer() }
    }

    /// Returns the length of the body.
    async fn exchange(&mut self, verb: Verb) -> usize {
        let body = if verb == Verb::Post { responses::request_body() } else { Vec::new() };
        let request = stacks::request(verb, self.port).body(()).expect("the request is valid");
        let mut call = Call::new(request).expect("the request is valid");
        if !body.is_empty() {
            call.header("content-length", HeaderValue::from(body.len())).expect("the header is valid");
        }
        let mut call = call.proceed();
        let head = call.write(&mut self.output).expect("the head fits into the buffer");
        self.output[head..head + body.len()].copy_from_slice(&body);
        let mut call = match call.proceed().expect("the head is complete") {
            Some(SendRequestResult::RecvResponse(call)) => call,
            Some(SendRequestResult::SendBody(mut call)) => {
                call.consume_direct_write(body.len()).expect("the body has the announced length");
                call.proceed().expect("the body is complete")
            }
            _ => panic!("no request has `Expect: 100-continue`"),
        };
        self.socket.write_all(&self.output[..head + body.len()]).await.expect("the request is sent");

        let (mut start, mut end) = (0, 0);
        loop {
            end += self.socket.read(&mut self.input[end..]).await.expect("the response arrives");
            let (used, response) =
                call.try_response(&self.input[start..end], false).expect("the response is valid HTTP");
            start += used;
            if let Some(response) = response {
                assert!(response.status().is_success(), "the request succeeds");
                break;
            }
        }
        let Some(RecvResponseResult::RecvBody(mut call)) = call.proceed() else { panic!("the response has a body") };
        let mut filled = 0;
        loop {
            let (used, got) =
                call.read(&self.input[start..end], &mut self.body[filled..]).expect("the response is valid HTTP");
            (start, filled) = (start + used, filled + got);
            if call.can_proceed() {
                let Some(RecvBodyResult::Cleanup(call)) = call.proceed() else { panic!("it is not a redirect") };
                assert!(!call.must_close_connection(), "the server keeps the connection");
                return filled;
            }
            end += self.socket.read(&mut self.input[end..]).await.expect("the response arrives");
        }
    }
}

impl AsyncWorker for Bare {
    async fn request(&mut self, verb: Verb) {
        let length =
            future::timeout(stacks::TIMEOUT, self.exchange(verb)).await.expect("the request does not time out");
        responses::decode(verb, &self.body[..length]);
    }
}
