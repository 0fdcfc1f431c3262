//! The connections of clients: HTTP/1.1 with keep-alive.

use std::{
    io::{self, BufRead, BufReader, Write},
    net::TcpStream,
};

use serde_json::Value;

/// A request of a client.
#[derive(Debug)]
pub(super) struct Request {
    pub(super) method: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) headers: Headers,
    pub(super) body: Vec<u8>,
}

/// Names in lower case, and values.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers(pub(super) Vec<(String, String)>);

impl Headers {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

/// A response to a client.
#[derive(Debug)]
pub(super) enum Response {
    /// A complete response.
    Complete { status: u16, headers: Vec<(String, String)>, body: Vec<u8> },
    /// These bytes, and the end of the connection.
    Raw(Vec<u8>),
}

impl Response {
    pub(super) fn empty(status: u16) -> Self {
        Self::Complete { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(super) fn json(status: u16, json: &Value) -> Self {
        let headers = vec![("content-type".to_owned(), "application/json".to_owned())];
        Self::Complete { status, headers, body: json.to_string().into_bytes() }
    }

    pub(super) fn with_header(mut self, name: &str, value: impl Into<String>) -> Self {
        if let Self::Complete { headers, .. } = &mut self {
            headers.push((name.to_owned(), value.into()));
        }
        self
    }
}

/// Responds to the requests of a connection until it ends.
pub(super) fn serve(stream: TcpStream, respond: impl Fn(Request) -> Response) {
    // The client sees how the connection ended.
    let _ = try_serve(stream, respond);
}

fn try_serve(stream: TcpStream, respond: impl Fn(Request) -> Response) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut writer = stream;
    while let Some(request) = read(&mut reader, &mut writer)? {
        match respond(request) {
            Response::Complete { status, headers, body } => {
                let mut response = format!("HTTP/1.1 {status} Second\r\n").into_bytes();
                for (name, value) in headers {
                    write!(response, "{name}: {value}\r\n")?;
                }
                if status != 204 {
                    write!(response, "content-length: {}\r\n", body.len())?;
                }
                response.extend_from_slice(b"\r\n");
                response.extend(body);
                writer.write_all(&response)?;
            }
            Response::Raw(bytes) => return writer.write_all(&bytes),
        }
    }
    Ok(())
}

/// Reads a request; `None` at the end of the connection.
fn read(reader: &mut impl BufRead, writer: &mut impl Write) -> io::Result<Option<Request>> {
    let Some(line) = line(reader)? else { return Ok(None) };
    let mut words = line.split(' ');
    let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
    let headers = headers(reader)?;
    if headers.get("expect").is_some() {
        writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
    }
    let length = headers.get("content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let query = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    Ok(Some(Request { method: method.to_owned(), path: path.to_owned(), query, headers, body }))
}

/// Reads header fields up to the empty line.
pub(super) fn headers(reader: &mut impl BufRead) -> io::Result<Headers> {
    let mut headers = Headers::default();
    while let Some(line) = line(reader)?.filter(|line| !line.is_empty()) {
        let (name, value) = line.split_once(':').unwrap_or((&line, ""));
        headers.0.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    Ok(headers)
}

/// Reads a line; `None` at the end of the input.
pub(super) fn line(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    if reader.read_until(b'\n', &mut line)? == 0 {
        return Ok(None);
    }
    Ok(Some(String::from_utf8_lossy(&line).trim_end().to_owned()))
}
