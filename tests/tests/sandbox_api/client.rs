//! A client of the control API that checks every exchange against the document.

use std::{
    collections::BTreeSet,
    io::{self, BufRead, BufReader, Read, Write},
    net::{Ipv4Addr, SocketAddr, TcpStream},
    sync::Mutex,
    time::Duration,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use http::{Request, Response};
use serde_json::Value;
use teamwire_sandbox::{Builder, Sandbox};
use teamwire_tests::contract::{Contract, OperationId};

pub(crate) const PREFIX: &str = "/sandbox/api";

/// A sandbox with a page, and the operations that have succeeded.
pub(crate) struct Api {
    pub(crate) sandbox: Sandbox,
    pub(crate) succeeded: Mutex<BTreeSet<OperationId>>,
}

impl Api {
    pub(crate) fn start() -> Self {
        Self::with(Sandbox::builder())
    }

    pub(crate) fn with(builder: Builder) -> Self {
        let sandbox = builder.page(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).start().expect("a port is free");
        Self { sandbox, succeeded: Mutex::default() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.sandbox.page_address().expect("it has a page")
    }

    /// Sends a request and returns its response. Both are checked.
    #[track_caller]
    pub(crate) fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Response<Vec<u8>> {
        let mut request = Request::builder().method(method).uri(format!("http://localhost{path}"));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.to_vec()).expect("it is a request");
        let response = raw(self.address(), method, &format!("{PREFIX}{path}"), headers, body);
        let contract = Contract::load_sandbox();
        let operation = match contract.check_request(&request) {
            Ok(operation) => operation,
            // A request that breaks the document is rejected.
            Err(violation) => {
                assert!(response.status().as_u16() >= 400, "{violation}: {response:?}");
                let Some(operation) = violation.operation else { return response };
                operation
            }
        };
        contract.check_response(&operation, &response).unwrap_or_else(|violation| {
            panic!("{violation}: {}", String::from_utf8_lossy(response.body()));
        });
        if response.status().is_success() {
            self.succeeded.lock().expect("no thread panics while holding the lock").insert(operation);
        }
        response
    }

    /// Gets JSON.
    #[track_caller]
    pub(crate) fn get(&self, path: &str) -> Value {
        json(self.send("GET", path, &[], b""), 200)
    }

    /// Changes something, with a body unless it is null. Returns the JSON of the response, if it has any.
    #[track_caller]
    pub(crate) fn change(&self, method: &str, path: &str, body: &Value, status: u16) -> Value {
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        json(self.send(method, path, &[("content-type", "application/json")], &body), status)
    }

    /// Sends a request as the bot, and returns its status and JSON.
    pub(crate) fn bot(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &Value) -> (u16, Value) {
        let token = BASE64_STANDARD.encode(format!("{}:{}", self.sandbox.app_id(), self.sandbox.secret()));
        let authorization = format!("Basic {token}");
        let mut all = vec![("authorization", authorization.as_str()), ("content-type", "application/json")];
        all.extend(headers);
        let body = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
        let response = raw(self.sandbox.address(), method, path, &all, &body);
        (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
    }

    /// Connects to the stream of events, after an event or from now on.
    pub(crate) fn events(&self, after: Option<&str>) -> Events {
        let query = after.map(|id| format!("?after={id}")).unwrap_or_default();
        let mut stream = connect(self.address());
        let head = format!("GET {PREFIX}/events{query} HTTP/1.0\r\nHost: {}\r\n\r\n", self.address());
        stream.write_all(head.as_bytes()).expect("the sandbox listens");
        let mut events = Events { reader: BufReader::new(stream), id: String::new() };
        let head = events.block();
        assert!(head[0].contains(" 200 ") && head.iter().any(|it| it.contains("text/event-stream")), "{head:?}");
        events
    }
}

/// A stream of events, each of which is checked.
pub(crate) struct Events {
    reader: BufReader<TcpStream>,
    /// The id of the last event.
    pub(crate) id: String,
}

impl Events {
    /// Reads lines up to an empty one.
    fn block(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.reader.read_line(&mut line).expect("it arrives in time") > 0, "the stream ended");
            match line.trim_end() {
                "" => return lines,
                line => lines.push(line.to_owned()),
            }
        }
    }

    /// The name and the data of the next event.
    pub(crate) fn next(&mut self) -> (String, Value) {
        let is_comment = |lines: &Vec<String>| lines.iter().all(|line| line.starts_with(':'));
        // A comment comes each 15 seconds, so that a missing event would never end a test.
        let lines = (0..3).map(|_| self.block()).find(|lines| !is_comment(lines)).expect("an event comes in time");
        let field = |name: &str| {
            let found = lines.iter().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            found.unwrap_or_else(|| panic!("no {name} in {lines:?}")).to_owned()
        };
        let data = serde_json::from_str(&field("data")).expect("it is JSON");
        self.id = field("id");
        let name = field("event");
        let camel: String = name.split('_').map(|word| word[..1].to_uppercase() + &word[1..]).collect();
        let checked = Contract::load_sandbox().check_schema(&format!("Event{camel}"), &data);
        checked.unwrap_or_else(|violation| panic!("{violation}: {data}"));
        (name, data)
    }

    /// Skips events until one has this name and satisfies a condition.
    pub(crate) fn wait_for(&mut self, name: &str, condition: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (found, data) = self.next();
            if found == name && condition(&data) {
                return data;
            }
        }
    }
}

#[track_caller]
fn json(response: Response<Vec<u8>>, status: u16) -> Value {
    assert_eq!(response.status().as_u16(), status, "{}", String::from_utf8_lossy(response.body()));
    if response.body().is_empty() {
        return Value::Null;
    }
    serde_json::from_slice(response.body()).expect("it is JSON")
}

fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).expect("the sandbox listens");
    // A test fails instead of hanging.
    stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a timeout can be set");
    stream
}

/// Sends a request as HTTP/1.0, whose response ends with the connection.
pub(crate) fn raw(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Response<Vec<u8>> {
    let mut head = format!("{method} {target} HTTP/1.0\r\nHost: {address}\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    exchange(address, &[head.as_bytes(), body].concat()).expect("the sandbox responds")
}

/// Sends bytes and parses what comes back.
pub(crate) fn exchange(address: SocketAddr, bytes: &[u8]) -> io::Result<Response<Vec<u8>>> {
    let mut stream = connect(address);
    stream.write_all(bytes)?;
    let mut received = Vec::new();
    stream.read_to_end(&mut received)?;
    let end = received.windows(4).position(|it| it == b"\r\n\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse::<u16>().ok());
    let mut response = Response::builder().status(status.ok_or(io::ErrorKind::InvalidData)?);
    for (name, value) in lines.filter_map(|line| line.split_once(':')) {
        response = response.header(name, value.trim());
    }
    response.body(received[end + 4..].to_vec()).map_err(io::Error::other)
}
