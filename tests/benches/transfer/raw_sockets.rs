//! Sockets and files of the operating system, with just enough HTTP for the sandbox.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
};

use crate::{
    Result,
    bare::{Backend, DISPOSITION, asset_id, key},
    client::Transfer,
};

const CHUNK_SIZE: usize = 64 << 10;

pub(crate) struct RawSockets {
    backend: Backend,
}

impl RawSockets {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { backend: Backend::new()? })
    }

    fn send_request(&self, line: &str, headers: &str) -> Result<TcpStream> {
        let host = self.backend.url.strip_prefix("http://").ok_or("TLS is not supported")?;
        let mut stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        let authorization = &self.backend.authorization;
        let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes())?;
        Ok(stream)
    }

    /// Reads the head of a response. Returns the length of the body.
    fn read_head(response: &mut impl BufRead) -> Result<u64> {
        let mut length = None;
        loop {
            let mut line = String::new();
            response.read_line(&mut line)?;
            match line.trim_end().to_ascii_lowercase().split_once(": ") {
                Some(("content-length", number)) => length = Some(number.parse()?),
                Some(_) => {}
                None if line.starts_with("HTTP/") => {}
                None => return Ok(length.ok_or("the response has no length")?),
            }
        }
    }

    fn copy(mut from: impl Read, mut to: impl Write) -> Result<()> {
        let mut chunk = vec![0; CHUNK_SIZE];
        loop {
            match from.read(&mut chunk)? {
                0 => return Ok(()),
                read => to.write_all(&chunk[..read])?,
            }
        }
    }
}

impl Transfer for RawSockets {
    fn upload(&self, from: &str) -> Result<String> {
        let file = File::open(from)?;
        let headers = format!(
            "content-type: application/octet-stream\r\ncontent-disposition: {DISPOSITION}\r\n\
             idempotency-key: {}\r\ncontent-length: {}\r\n",
            key(),
            file.metadata()?.len()
        );
        let stream = self.send_request("POST /v1/assets", &headers)?;
        Self::copy(file, &stream)?;
        let mut response = BufReader::new(stream);
        let length = Self::read_head(&mut response)?;
        let mut body = Vec::new();
        response.take(length).read_to_end(&mut body)?;
        asset_id(&body)
    }

    fn download(&self, asset: &str, to: &str) -> Result<()> {
        let file = File::create(to)?;
        let mut response = BufReader::new(self.send_request(&format!("GET /v1/assets/{asset}"), "")?);
        let length = Self::read_head(&mut response)?;
        // The reader does not use its buffer for as large reads.
        Self::copy(response.take(length), file)
    }
}
