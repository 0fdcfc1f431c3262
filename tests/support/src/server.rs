//! A server: a thread that runs a script of its test.

use std::{
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::{self, JoinHandle},
};

use rustls::ServerConfig;

use crate::Peer;

/// A server on a free port of this machine.
///
/// Dropping it waits for the end of its script, and passes on a panic of it. The client has to be dropped before,
/// because a server may wait for the end of its connections.
#[derive(Debug)]
pub struct Server {
    /// The address that it listens on.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
    /// True if it accepts connections until it is stopped. A script ends without that.
    is_endless: bool,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// Runs a script, which accepts connections in its own order.
    pub fn script(script: impl FnOnce(&Listener) + Send + 'static) -> Self {
        Self::start(loopback(), false, script)
    }

    /// As [`script`](Self::script), on the loopback address of IPv6; `None` on a machine without IPv6.
    pub fn script_on_ipv6(script: impl FnOnce(&Listener) + Send + 'static) -> Option<Self> {
        let listener = TcpListener::bind("[::1]:0").ok()?;
        Some(Self::start(listener, false, script))
    }

    /// Handles each connection in another thread. The connections are numbered from zero.
    pub fn each(handle: impl Fn(usize, Peer) + Send + Sync + 'static) -> Self {
        let handle = Arc::new(handle);
        Self::start(loopback(), true, move |listener| {
            let mut threads = Vec::new();
            while let Some((number, peer)) = listener.next() {
                let handle = Arc::clone(&handle);
                threads.push(thread::spawn(move || handle(number, peer)));
            }
            let failed = threads.into_iter().map(JoinHandle::join).filter(Result::is_err).count();
            assert_eq!(failed, 0, "connections whose handler panicked");
        })
    }

    /// Sends this response to every request.
    pub fn always(response: impl Into<String>) -> Self {
        let response = response.into();
        Self::each(move |_, mut peer| while peer.try_request().is_some_and(|_| peer.send(&response)) {})
    }

    /// Sends this response to every request, over TLS.
    pub fn always_over_tls(settings: Arc<ServerConfig>, response: impl Into<String>) -> Self {
        let response = response.into();
        Self::each(move |_, peer| {
            let mut peer = peer.secure(&settings);
            while peer.try_request().is_some_and(|_| peer.send(&response)) {}
        })
    }

    fn start(listener: TcpListener, is_endless: bool, serve: impl FnOnce(&Listener) + Send + 'static) -> Self {
        let address = listener.local_addr().expect("a listener that is bound has an address");
        let (connections, is_over) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let listener =
            Listener { socket: listener, connections: Arc::clone(&connections), is_over: Arc::clone(&is_over) };
        Self { address, connections, is_over, is_endless, thread: Some(thread::spawn(move || serve(&listener))) }
    }

    /// Its URL with its address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its URL for TLS with this name.
    pub fn https(&self, host: &str) -> String {
        format!("https://{host}:{}", self.address.port())
    }

    /// The number of connections so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Only a test that has failed leaves its script early.
        if self.is_endless || thread::panicking() {
            self.is_over.store(true, Ordering::SeqCst);
            drop(TcpStream::connect(self.address));
        }
        let result = self.thread.take().map_or(Ok(()), JoinHandle::join);
        assert!(result.is_ok() || thread::panicking(), "the server's part of the test failed: see above");
    }
}

/// The server's side of its port.
#[derive(Debug)]
pub struct Listener {
    socket: TcpListener,
    connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Listener {
    /// Waits for the next connection.
    ///
    /// # Panics
    /// If the test ends without it.
    pub fn accept(&self) -> Peer {
        self.next().expect("the test failed before it made this connection").1
    }

    /// Waits for the next connection, and returns its number; `None` at the end of the test.
    fn next(&self) -> Option<(usize, Peer)> {
        let (stream, _) = self.socket.accept().expect("a listener that is bound accepts connections");
        if self.is_over.load(Ordering::SeqCst) {
            return None;
        }
        Some((self.connections.fetch_add(1, Ordering::SeqCst), Peer::new(stream)))
    }
}

fn loopback() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").expect("loopback has a free port")
}

/// An address on which no server listens. The port belongs to the client's side of a connection that lasts as long as
/// the second value, so that no other test is given it meanwhile.
pub fn refusing_address() -> (SocketAddr, impl Sized) {
    let listener = loopback();
    let connection = TcpStream::connect(listener.local_addr().expect("it is bound")).expect("it listens");
    (connection.local_addr().expect("it is connected"), (connection, listener))
}
