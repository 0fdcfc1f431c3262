//! A server of the standard library's own: a thread for each connection, which does what the test says.

use std::{
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

/// How long a server waits before it takes a test for stuck.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    served: Arc<AtomicUsize>,
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Has each connection, numbered from zero, handled in a thread of its own.
    pub(crate) fn start(handle: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        Self::on("127.0.0.1:0".parse().expect("an address"), handle)
    }

    pub(crate) fn on(address: SocketAddr, handle: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).expect("a free port");
        let address = listener.local_addr().expect("it is bound");
        let (served, over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (count, stop, handle) = (served.clone(), over.clone(), Arc::new(handle));
        let accept = move || {
            let mut threads = Vec::new();
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let (number, handle) = (count.fetch_add(1, Ordering::SeqCst), handle.clone());
                let peer = Peer::new(stream.expect("a connection"));
                threads.push(thread::spawn(move || handle(number, peer)));
            }
            drop(listener);
            let failed = threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
            assert_eq!(failed, 0, "the server met what it did not expect: see above");
        };
        Self { address, served, over, thread: Some(thread::spawn(accept)) }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// How many connections there were.
    pub(crate) fn connections(&self) -> usize {
        self.served.load(Ordering::SeqCst)
    }
}

/// Waits for the threads, which end with their connections: the client is to be dropped first.
impl Drop for Server {
    fn drop(&mut self) {
        self.over.store(true, Ordering::SeqCst);
        drop(TcpStream::connect(self.address));
        let result = self.thread.take().map_or(Ok(()), JoinHandle::join);
        assert!(result.is_ok() || thread::panicking(), "the server met what it did not expect: see above");
    }
}

/// A client, as a server sees it.
pub(crate) struct Peer<S = TcpStream> {
    pub(crate) stream: S,
    unread: Vec<u8>,
}

#[derive(Debug)]
pub(crate) struct Request {
    /// The first line.
    pub(crate) line: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Peer {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket");
        stream.set_nodelay(true).expect("a socket");
        Self::over(stream)
    }
}

impl<S: Read + Write> Peer<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self { stream, unread: Vec::new() }
    }

    /// The next request, whole; `None` if the client is gone.
    pub(crate) fn request(&mut self) -> Option<Request> {
        let mut request = self.head()?;
        request.body = self.body(request.length())?;
        Some(request)
    }

    /// So many bytes of a body; `None` if the client is gone before that.
    pub(crate) fn body(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.unread.len() < length {
            self.read()?;
        }
        Some(self.unread.drain(..length).collect())
    }

    /// The head of the next request; `None` if the client is gone.
    pub(crate) fn head(&mut self) -> Option<Request> {
        let end = loop {
            match self.unread.windows(4).position(|four| four == b"\r\n\r\n") {
                Some(end) => break end + 4,
                None => self.read()?,
            }
        };
        let head: Vec<u8> = self.unread.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head of text");
        let mut lines = head.trim_end().split("\r\n");
        let line = lines.next().unwrap_or_default().to_owned();
        let headers = lines.map(|line| line.split_once(": ").expect("a header")).map(|(k, v)| (k.into(), v.into()));
        Some(Request { line, headers: headers.collect(), body: Vec::new() })
    }

    /// Whether it could be sent.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.stream.write_all(bytes.as_ref()).and_then(|()| self.stream.flush()).is_ok()
    }

    /// Waits until the client is gone.
    pub(crate) fn wait(&mut self) {
        while self.read().is_some() {}
    }

    fn read(&mut self) -> Option<()> {
        let mut some = vec![0; 65536];
        match self.stream.read(&mut some) {
            Ok(0) => None,
            Ok(bytes) => {
                self.unread.extend_from_slice(&some[..bytes]);
                Some(())
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                panic!("the client neither speaks nor hangs up")
            }
            Err(_) => None,
        }
    }
}

impl Request {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let header = self.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        header.map(|(_, value)| value.as_str())
    }

    /// How many bytes its body has, as it says.
    pub(crate) fn length(&self) -> usize {
        self.header("content-length").map_or(0, |value| value.parse().expect("a number"))
    }
}

/// An answer with a length.
pub(crate) fn answer(status: u16, body: &str) -> String {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    format!("HTTP/1.1 {status} Whatever\r\ncontent-type: {media_type}\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}
