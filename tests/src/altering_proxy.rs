//! A proxy that alters the requests of one route, as a defective intermediary does, so that the backend behind it
//! refuses them for its own reasons.

use std::{
    fmt,
    io::{self, BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use teamwire_sandbox::world::route_of;

/// The header that marks an altered request. The contract is not checked for it.
pub(crate) const ALTERED: &str = "x-altered";

/// The running proxy, with a connection for each request. Dropping it ends the proxy; connections end with their
/// clients and the backend.
pub struct AlteringProxy {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    upstream: SocketAddr,
    alteration: Mutex<Option<Alteration>>,
    is_over: AtomicBool,
}

#[derive(Clone)]
struct Alteration {
    route: String,
    alter: Arc<dyn Fn(&mut ProxiedRequest) + Send + Sync>,
}

/// A request on its way.
#[derive(Debug)]
pub struct ProxiedRequest {
    /// The method.
    pub method: String,
    /// Path and query.
    pub target: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    upstream: SocketAddr,
}

impl ProxiedRequest {
    /// Sets a header, and removes those with the same name, which is in lower case.
    pub fn set_header(&mut self, name: &str, value: impl Into<String>) {
        self.remove_header(name);
        self.headers.push((name.to_owned(), value.into()));
    }

    /// Removes the headers with this name, which is in lower case.
    pub fn remove_header(&mut self, name: &str) {
        self.headers.retain(|(it, _)| it != name);
    }

    /// Replaces the body.
    pub fn set_body(&mut self, body: &[u8]) {
        self.set_header("content-length", body.len().to_string());
        self.body = body.to_vec();
    }

    /// Announces a body of this length, and sends none of it: the backend need not wait for it.
    pub fn announce(&mut self, length: u64) {
        self.set_header("content-length", length.to_string());
        self.body.clear();
    }

    /// Sends a copy of the request, and returns the connection without reading the response.
    ///
    /// # Errors
    /// The error of the connection.
    pub fn send_copy(&self) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect(self.upstream)?;
        let mut bytes = format!("{} {} HTTP/1.1\r\n", self.method, self.target).into_bytes();
        for (name, value) in &self.headers {
            write!(bytes, "{name}: {value}\r\n")?;
        }
        bytes.extend_from_slice(b"\r\n");
        bytes.extend(&self.body);
        stream.write_all(&bytes)?;
        Ok(stream)
    }

    /// Reads a request; `None` if the client sends none.
    fn read(reader: &mut impl BufRead, writer: &mut impl Write, upstream: SocketAddr) -> io::Result<Option<Self>> {
        let (line, mut headers) = read_head(reader)?;
        let mut words = line.split(' ');
        let (Some(method), Some(target)) = (words.next(), words.next()) else { return Ok(None) };
        if headers.iter().any(|(name, _)| name == "expect") {
            writer.write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?;
            headers.retain(|(name, _)| name != "expect");
        }
        let mut body = vec![0; content_length(&headers)];
        reader.read_exact(&mut body)?;
        let mut request = Self { method: method.to_owned(), target: target.to_owned(), headers, body, upstream };
        request.set_header("connection", "close");
        Ok(Some(request))
    }
}

impl AlteringProxy {
    /// Forwards requests to the backend at this address, unchanged at first.
    pub fn start(upstream: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let address = listener.local_addr().expect("a listener that is bound has an address");
        let shared = Arc::new(Shared { upstream, alteration: Mutex::default(), is_over: AtomicBool::new(false) });
        let server = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if server.is_over.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let shared = Arc::clone(&server);
                // The client sees how its connection ends.
                thread::spawn(move || _ = shared.forward(stream));
            }
        });
        Self { address, shared }
    }

    /// Its base URL.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Alters all further requests of a route, such as `GET /v1/chats/{tid}`.
    pub fn alter(&self, route: &str, alter: impl Fn(&mut ProxiedRequest) + Send + Sync + 'static) {
        let alteration = Alteration { route: route.to_owned(), alter: Arc::new(alter) };
        *self.shared.alteration.lock().unwrap_or_else(PoisonError::into_inner) = Some(alteration);
    }
}

impl Shared {
    fn forward(&self, stream: TcpStream) -> io::Result<()> {
        let mut client = stream.try_clone()?;
        let request = ProxiedRequest::read(&mut BufReader::new(stream), &mut client, self.upstream)?;
        let Some(mut request) = request else { return Ok(()) };
        let alteration = self.alteration.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let path = request.target.split('?').next().unwrap_or_default();
        let route = route_of(&request.method, path);
        if let Some(alteration) = alteration.filter(|it| Some(&it.route) == route.as_ref()) {
            request.set_header(ALTERED, "yes");
            (alteration.alter)(&mut request);
        }
        let mut backend = BufReader::new(request.send_copy()?);
        let (line, headers) = read_head(&mut backend)?;
        let mut body = vec![0; content_length(&headers)];
        backend.read_exact(&mut body)?;
        let mut response = format!("{line}\r\n").into_bytes();
        for (name, value) in headers {
            write!(response, "{name}: {value}\r\n")?;
        }
        response.extend_from_slice(b"\r\n");
        response.extend(body);
        client.write_all(&response)
    }
}

/// Reads the first line and the headers of a message, whose names are then in lower case.
fn read_head(reader: &mut impl BufRead) -> io::Result<(String, Vec<(String, String)>)> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let (first, mut headers) = (line.trim_end().to_owned(), Vec::new());
    loop {
        line.clear();
        reader.read_line(&mut line)?;
        let Some((name, value)) = line.trim_end().split_once(':') else { return Ok((first, headers)) };
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
}

fn content_length(headers: &[(String, String)]) -> usize {
    let length = headers.iter().find(|(name, _)| name == "content-length");
    length.and_then(|(_, length)| length.parse().ok()).unwrap_or(0)
}

impl Drop for AlteringProxy {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
    }
}

impl fmt::Debug for AlteringProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AlteringProxy").field("address", &self.address).finish_non_exhaustive()
    }
}
