//! Requests to the sandbox.

use std::{
    io::{Cursor, Read, Write},
    net::TcpStream,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::Value;

use super::{
    Shared,
    connection::{self, Response},
    json,
    reply::Reply,
};

/// The response to the client, if the sandbox does not respond with success.
pub(super) type Refused<T> = Result<T, Response>;

/// A request to the sandbox.
#[derive(Debug)]
pub(super) struct Call<'a> {
    method: &'a str,
    target: String,
    headers: Vec<(&'a str, String)>,
    body: Vec<u8>,
}

impl<'a> Call<'a> {
    pub(super) fn new(method: &'a str, target: impl Into<String>) -> Self {
        Self { method, target: target.into(), headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(super) fn body(mut self, media_type: impl Into<String>, body: Vec<u8>) -> Self {
        self.body = body;
        self.header("Content-Type", media_type)
    }

    pub(super) fn json(self, json: &Value) -> Self {
        self.body("application/json", json.to_string().into_bytes())
    }

    /// Sends the request, and returns the JSON of its response.
    pub(super) fn value(self, shared: &Shared) -> Refused<Value> {
        let reply = self.send(shared)?;
        Ok(serde_json::from_slice(&reply.body).unwrap_or(Value::Null))
    }

    /// Sends the request.
    pub(super) fn send(self, shared: &Shared) -> Refused<Reply> {
        let raw = self.exchange(shared).map_err(|_| Response::Raw(Vec::new()))?;
        let Some(reply) = parse(&raw) else { return Err(Response::Raw(raw)) };
        match reply.status {
            200..300 => Ok(reply),
            status => {
                if status == 401 {
                    shared.sessions.expire_all();
                }
                Err(json::refusal(&reply))
            }
        }
    }

    /// Returns all bytes that the sandbox sends. An error means that it cannot be reached or sends nothing.
    fn exchange(self, shared: &Shared) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(shared.upstream)?;
        let authorization = BASE64_STANDARD.encode(shared.sessions.key());
        let mut request = Vec::new();
        write!(request, "{} {} HTTP/1.1\r\nHost: sandbox\r\nConnection: close\r\n", self.method, self.target)?;
        write!(request, "Authorization: Basic {authorization}\r\n")?;
        for (name, value) in &self.headers {
            write!(request, "{name}: {value}\r\n")?;
        }
        write!(request, "Content-Length: {}\r\n\r\n", self.body.len())?;
        request.extend(&self.body);
        // The sandbox may respond before it has read all.
        let _ = stream.write_all(&request);
        let mut raw = Vec::new();
        let _ = stream.read_to_end(&mut raw);
        Ok(raw)
    }
}

/// Returns a complete response of the sandbox itself, which has a request id; `None` for anything else.
fn parse(raw: &[u8]) -> Option<Reply> {
    let mut reader = Cursor::new(raw);
    let line = connection::line(&mut reader).ok()??;
    let status = line.strip_prefix("HTTP/1.1 ")?.get(..3)?.parse().ok()?;
    let headers = connection::headers(&mut reader).ok()?;
    headers.get("x-request-id")?;
    let length = headers.get("content-length").map_or(Some(0), |length| length.parse().ok())?;
    let start = usize::try_from(reader.position()).ok()?;
    let body = raw.get(start..)?.to_vec();
    (body.len() == length).then_some(Reply { status, headers, body })
}
