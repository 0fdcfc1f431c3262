//! A minimal HTTP client, which shows exactly what is on the wire.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;
use teamwire_sandbox::Sandbox;

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    authorization: String,
}

/// A response.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes).expect("the body is JSON")
    }

    #[track_caller]
    pub(crate) fn assert_status(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}", String::from_utf8_lossy(&self.bytes));
        self
    }
}

impl Client {
    pub(crate) fn connect(sandbox: &Sandbox) -> Self {
        Self::connect_to(sandbox.address(), sandbox.app_id(), sandbox.secret())
    }

    pub(crate) fn connect_to(address: SocketAddr, app_id: &str, secret: &str) -> Self {
        let stream = TcpStream::connect(address).expect("the sandbox listens");
        // A test fails instead of hanging.
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout can be set");
        let token = STANDARD.encode(format!("{app_id}:{secret}"));
        Self { stream: BufReader::new(stream), authorization: format!("Basic {token}") }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.stream.get_mut().write_all(bytes)
    }

    /// Sends a request with these headers and this body.
    pub(crate) fn send(&mut self, request: &str, headers: &[(&str, &str)], body: &[u8]) -> io::Result<()> {
        let mut head = format!("{request} HTTP/1.1\r\nhost: localhost\r\nauthorization: {}\r\n", self.authorization);
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        if !headers.iter().any(|(name, _)| ["content-length", "transfer-encoding"].contains(name)) {
            head.extend(["content-length: ", &body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        let mut bytes = head.into_bytes();
        bytes.extend_from_slice(body);
        self.write(&bytes)
    }

    pub(crate) fn send_json(&mut self, request: &str, key: &str, body: &Value) -> io::Result<()> {
        let headers = [("content-type", "application/json"), ("idempotency-key", key)];
        self.send(request, &headers, body.to_string().as_bytes())
    }

    /// Reads a response; `Ok(None)` if the connection was closed before it started.
    pub(crate) fn try_read(&mut self) -> io::Result<Option<Response>> {
        let Some(mut response) = self.try_read_head()? else { return Ok(None) };
        let length = response.header("content-length").and_then(|it| it.parse().ok()).unwrap_or(0);
        response.bytes.resize(length, 0);
        self.stream.read_exact(&mut response.bytes)?;
        Ok(Some(response))
    }

    fn try_read_head(&mut self) -> io::Result<Option<Response>> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let status = line.split(' ').nth(1).and_then(|it| it.parse().ok()).ok_or(io::ErrorKind::InvalidData)?;
        let mut headers = Vec::new();
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            match line.trim_end().split_once(':') {
                Some((name, value)) => headers.push((name.to_ascii_lowercase(), value.trim().to_owned())),
                None => break,
            }
        }
        Ok(Some(Response { status, headers, bytes: Vec::new() }))
    }

    /// Reads the response to a HEAD, which has no body whatever its `Content-Length`.
    pub(crate) fn read_head(&mut self) -> Response {
        self.try_read_head().expect("the response is complete").expect("there is a response")
    }

    pub(crate) fn read(&mut self) -> Response {
        self.try_read().expect("the response is complete").expect("there is a response")
    }

    /// Reads until the connection is closed.
    pub(crate) fn read_to_end(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset ends the connection as well.
        let _ = self.stream.read_to_end(&mut bytes);
        bytes
    }

    pub(crate) fn get(&mut self, path: &str) -> Response {
        self.send(&format!("GET {path}"), &[], b"").expect("the connection is open");
        self.read()
    }

    pub(crate) fn post(&mut self, path: &str, key: &str, body: &Value) -> Response {
        self.send_json(&format!("POST {path}"), key, body).expect("the connection is open");
        self.read()
    }
}

/// Sends a request to the control API, and returns the status and the JSON of its response.
pub(crate) fn control(page: SocketAddr, request: &str, body: &str) -> (u16, Value) {
    let (method, path) = request.split_once(' ').expect("a request has a method and a path");
    let head = format!(
        "{method} /sandbox/api{path} HTTP/1.1\r\nhost: {page}\r\nconnection: close\r\ncontent-length: {}\r\n\
         content-type: application/json\r\n\r\n",
        body.len()
    );
    let mut client = Client::connect_to(page, "", "");
    client.write(format!("{head}{body}").as_bytes()).expect("the connection is open");
    let response = client.read();
    (response.status, serde_json::from_slice(&response.bytes).unwrap_or_default())
}

/// Sends a poll for messages, from now on.
pub(crate) fn poll(client: &mut Client, wait: u64) {
    const FEED: &str = "/v1/messages/updates";
    let cursor = client.get(FEED).assert_status(200).json()["cursor"]
        .as_str()
        .map(str::to_owned)
        .expect("the response has a cursor");
    client.send(&format!("GET {FEED}?cursor={cursor}&wait={wait}"), &[], b"").expect("the connection is open");
}

/// Waits until a condition holds, and panics after a generous timeout.
#[track_caller]
pub(crate) fn wait_until(sandbox: &Sandbox, condition: impl Fn(&Sandbox) -> bool) {
    assert!(sandbox.wait_until(Duration::from_secs(20), condition), "the condition never holds");
}
