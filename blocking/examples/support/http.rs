//! A small HTTP/1.1 server for the examples: one request per connection, and bodies with a `content-length`.

use std::{
    io::{self, BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    thread,
    time::Duration,
};

/// Time to receive a part of a request, or to send a part of a response.
const TIMEOUT: Duration = Duration::from_secs(10);
const MAX_HEAD: u64 = 16 << 10;
const MAX_BODY: u64 = 1 << 20;

/// A request.
#[derive(Debug, PartialEq)]
pub(crate) struct Request {
    /// The method and the path, such as `GET /`.
    pub(crate) line: String,
    pub(crate) body: Vec<u8>,
}

/// A response: its status, media type and body.
pub(crate) type Response = (u16, &'static str, String);

/// Serves each connection in a thread of its own, as browsers keep unused connections open.
pub(crate) fn serve(listener: &TcpListener, respond: impl Fn(&Request) -> Response + Sync) {
    let connection = |stream: TcpStream| {
        let (status, media_type, body) = match read_request(&stream) {
            Ok(request) => respond(&request),
            Err(error) => (400, "text/plain", error.to_string()),
        };
        // The peer may have closed the connection; it then repeats its request.
        let _ = write!(
            &stream,
            "HTTP/1.1 {status} \r\ncontent-type: {media_type}; charset=utf-8\r\ncontent-length: {}\r\n\
             connection: close\r\n\r\n{body}",
            body.len()
        );
    };
    thread::scope(|scope| {
        for stream in listener.incoming() {
            match stream {
                Ok(stream) => _ = scope.spawn(|| connection(stream)),
                Err(error) => eprintln!("cannot accept a connection: {error}"),
            }
        }
    });
}

fn read_request(stream: &TcpStream) -> io::Result<Request> {
    stream.set_read_timeout(Some(TIMEOUT))?;
    stream.set_write_timeout(Some(TIMEOUT))?;
    let mut head = BufReader::new(stream).take(MAX_HEAD);
    let first = read_line(&mut head)?;
    let mut parts = first.split(' ');
    let (Some(method), Some(path)) = (parts.next(), parts.next()) else { return Err(invalid("no request line")) };
    let mut length = 0;
    loop {
        let line = read_line(&mut head)?;
        match line.split_once(':') {
            Some((name, value)) if name.eq_ignore_ascii_case("content-length") => {
                length = value.trim().parse().map_err(|_| invalid("the content-length is not a number"))?;
            }
            _ if line.is_empty() => break,
            _ => {}
        }
    }
    if length > MAX_BODY {
        return Err(invalid("the body is too long"));
    }
    let mut body = Vec::new();
    head.into_inner().take(length).read_to_end(&mut body)?;
    if (body.len() as u64) < length {
        return Err(invalid("the body is incomplete"));
    }
    Ok(Request { line: format!("{method} {path}"), body })
}

fn read_line(head: &mut impl BufRead) -> io::Result<String> {
    let mut line = String::new();
    head.read_line(&mut line)?;
    let line = line.strip_suffix('\n').ok_or_else(|| invalid("the head is incomplete or too long"))?;
    Ok(line.trim_end_matches('\r').to_owned())
}

fn invalid(reason: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, reason)
}
