//! The bare HTTP stacks, in minimal clients.

use std::{
    env,
    fs::File,
    io,
    sync::atomic::{AtomicU32, Ordering},
};

use async_std::{
    fs,
    io::{ReadExt, WriteExt},
    net::TcpStream,
    task::block_on,
};
use base64::{Engine, prelude::BASE64_STANDARD};

use crate::{Result, client::Transfer};

/// URL and credentials of the sandbox.
pub(crate) struct Backend {
    pub(crate) url: String,
    pub(crate) authorization: String,
}

impl Backend {
    pub(crate) fn new() -> Result<Self> {
        let key = format!("{}:{}", env::var("TEAMWIRE_APP_ID")?, env::var("TEAMWIRE_SECRET")?);
        let authorization = format!("Basic {}", BASE64_STANDARD.encode(key));
        Ok(Self { url: env::var("TEAMWIRE_URL")?, authorization })
    }
}

pub(crate) const DISPOSITION: &str = "attachment; filename*=UTF-8''file";

/// Returns a new idempotency key.
pub(crate) fn key() -> String {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    format!("key-{}", COUNT.fetch_add(1, Ordering::Relaxed))
}

pub(crate) fn asset_id(json: &[u8]) -> Result<String> {
    let asset: serde_json::Value = serde_json::from_slice(json)?;
    Ok(asset["id"].as_str().ok_or("the asset has no id")?.to_owned())
}

/// ureq with its default settings.
pub(crate) struct Ureq {
    backend: Backend,
    agent: ureq::Agent,
}

impl Ureq {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { backend: Backend::new()?, agent: ureq::Agent::new_with_defaults() })
    }
}

impl Transfer for Ureq {
    fn upload(&self, from: &str) -> Result<String> {
        let mut response = self
            .agent
            .post(format!("{}/v1/assets", self.backend.url))
            .header("authorization", &self.backend.authorization)
            .header("content-type", "application/octet-stream")
            .header("content-disposition", DISPOSITION)
            .header("idempotency-key", key())
            .send(File::open(from)?)?;
        asset_id(&response.body_mut().read_to_vec()?)
    }

    fn download(&self, asset: &str, to: &str) -> Result<()> {
        let response = self
            .agent
            .get(format!("{}/v1/assets/{asset}", self.backend.url))
            .header("authorization", &self.backend.authorization)
            .call()?;
        io::copy(&mut response.into_body().into_reader(), &mut File::create(to)?)?;
        Ok(())
    }
}

/// A socket and files of async-std, with just enough HTTP for the sandbox.
pub(crate) struct Socket {
    backend: Backend,
}

const CHUNK_SIZE: usize = 64 << 10;

impl Socket {
    pub(crate) fn new() -> Result<Self> {
        Ok(Self { backend: Backend::new()? })
    }

    async fn send_request(&self, line: &str, headers: &str) -> Result<TcpStream> {
        let host = self.backend.url.strip_prefix("http://").ok_or("TLS is not supported")?;
        let mut stream = TcpStream::connect(host).await?;
        stream.set_nodelay(true)?;
        let authorization = &self.backend.authorization;
        let head = format!("{line} HTTP/1.1\r\nhost: {host}\r\nauthorization: {authorization}\r\n{headers}\r\n");
        stream.write_all(head.as_bytes()).await?;
        Ok(stream)
    }

    /// Reads the head of a response. Returns the length of the body, and its first bytes.
    async fn read_head(stream: &mut TcpStream) -> Result<(usize, Vec<u8>)> {
        let mut bytes = Vec::new();
        let mut chunk = [0; 4096];
        loop {
            let read = stream.read(&mut chunk).await?;
            bytes.extend_from_slice(&chunk[..read]);
            if let Some(end) = bytes.windows(4).position(|it| it == b"\r\n\r\n") {
                let head = String::from_utf8_lossy(&bytes[..end]).to_ascii_lowercase();
                let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
                let length = length.ok_or("the response has no length")?.parse()?;
                bytes.drain(..end + 4);
                return Ok((length, bytes));
            }
            if read == 0 {
                return Err("the connection was lost".into());
            }
        }
    }
}

impl Transfer for Socket {
    fn upload(&self, from: &str) -> Result<String> {
        block_on(async {
            let mut file = fs::File::open(from).await?;
            let length = file.metadata().await?.len();
            let headers = format!(
                "content-type: application/octet-stream\r\ncontent-disposition: {DISPOSITION}\r\n\
                 idempotency-key: {}\r\ncontent-length: {length}\r\n",
                key()
            );
            let mut stream = self.send_request("POST /v1/assets", &headers).await?;
            let mut chunk = vec![0; CHUNK_SIZE];
            loop {
                let read = file.read(&mut chunk).await?;
                if read == 0 {
                    break;
                }
                stream.write_all(&chunk[..read]).await?;
            }
            let (length, mut body) = Self::read_head(&mut stream).await?;
            while body.len() < length {
                let read = stream.read(&mut chunk).await?;
                body.extend_from_slice(&chunk[..read.max(1)]);
            }
            asset_id(&body)
        })
    }

    fn download(&self, asset: &str, to: &str) -> Result<()> {
        block_on(async {
            let mut file = fs::File::create(to).await?;
            let mut stream = self.send_request(&format!("GET /v1/assets/{asset}"), "").await?;
            let (length, body) = Self::read_head(&mut stream).await?;
            file.write_all(&body).await?;
            let (mut remaining, mut chunk) = (length - body.len(), vec![0; CHUNK_SIZE]);
            while remaining > 0 {
                let read = stream.read(&mut chunk).await?;
                if read == 0 {
                    return Err("the connection was lost".into());
                }
                file.write_all(&chunk[..read]).await?;
                remaining -= read;
            }
            Ok(file.flush().await?)
        })
    }
}
