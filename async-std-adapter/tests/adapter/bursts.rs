//! Files on threads that may block, over a connection that never has to wait.

use std::{
    fs,
    future::pending,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::{Context, Poll, Waker},
    time::Duration,
};

use teamwire_async_std::{
    AsyncStdRuntime, Client, Runtime,
    effect::{Exchange, FileTarget, Part},
    futures_io::{AsyncRead, AsyncWrite},
};
use teamwire_core::effect::Progress;
use teamwire_test_support::{Folder, attempt, config, pattern};

use crate::support::perform;

const LENGTH: usize = 8 << 20;
const INTERIM: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";

/// A network whose server takes and sends everything at once.
#[derive(Clone, Default)]
struct Network {
    /// Number of bytes of a request after which the server responds.
    request: usize,
    /// Length of the response's body, which consists of zeros.
    response: usize,
    /// Number of works on threads that may block.
    works: Arc<AtomicUsize>,
    /// Number of bytes that were moved, without heads of responses.
    moved: Arc<AtomicUsize>,
    gate: Option<Arc<Gate>>,
}

/// The point at which a read or write stops, until the test opens it.
struct Gate {
    reached: Sender<()>,
    open: Mutex<Receiver<()>>,
    closed: Sender<()>,
}

/// Number of bytes before the gate.
const GATE: usize = 1 << 20;

impl Network {
    fn client(&self) -> Client<Self> {
        teamwire_async_std::client_on(self.clone(), config("http://127.0.0.1:1")).expect("the options are valid")
    }

    fn record(&self, bytes: usize) {
        let before = self.moved.fetch_add(bytes, Ordering::SeqCst);
        if let Some(gate) = &self.gate
            && before <= GATE
            && GATE < before + bytes
        {
            gate.reached.send(()).expect("the test waits");
            gate.open.lock().expect("no thread panicked").recv().expect("the test opens it");
        }
    }
}

impl Runtime for Network {
    type Stream = Wire;

    async fn connect(&self, _: SocketAddr) -> io::Result<Wire> {
        let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", self.response);
        let heads = [INTERIM, head.as_bytes()].concat();
        Ok(Wire { network: self.clone(), heads, at: 0, written: 0, left: self.response })
    }

    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::other("there are no names here"))
    }

    async fn sleep(&self, _: Duration) {
        pending::<()>().await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        self.works.fetch_add(1, Ordering::SeqCst);
        AsyncStdRuntime.unblock(work).await
    }
}

struct Wire {
    network: Network,
    heads: Vec<u8>,
    /// Number of bytes of the heads that were read.
    at: usize,
    written: usize,
    /// Number of bytes of the response's body that were not read.
    left: usize,
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(gate) = &self.network.gate {
            // Nobody waits for the end of a connection whose test has failed.
            let _ = gate.closed.send(());
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let sent = match self.written {
            0 => 0,
            written if written < self.network.request => INTERIM.len(),
            _ => self.heads.len(),
        };
        let from_head = buffer.len().min(sent - self.at);
        if from_head > 0 {
            buffer[..from_head].copy_from_slice(&self.heads[self.at..][..from_head]);
            self.at += from_head;
            return Poll::Ready(Ok(from_head));
        }
        let from_body = if self.at < self.heads.len() { 0 } else { buffer.len().min(self.left) };
        if from_body == 0 {
            return Poll::Pending;
        }
        buffer[..from_body].fill(0);
        self.left -= from_body;
        self.network.record(from_body);
        Poll::Ready(Ok(from_body))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.written += bytes.len();
        self.network.record(bytes.len());
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

/// A change to an exchange, and what its network has to send and to take.
type Change = Box<dyn FnOnce(&mut Exchange)>;

fn upload(folder: &Folder) -> (Network, Change) {
    let file = Part::file(folder.file("sent", pattern(LENGTH)), LENGTH as u64);
    let change = |exchange: &mut Exchange| {
        *exchange.request.method_mut() = http::Method::POST;
        *exchange.request.body_mut() = file.into();
    };
    (Network { request: LENGTH, ..Network::default() }, Box::new(change))
}

fn download(folder: &Folder) -> (Network, Change) {
    let path = folder.file("saved", "");
    let change = move |exchange: &mut Exchange| exchange.to_file = Some(FileTarget::new(path, 0));
    (Network { response: LENGTH, ..Network::default() }, Box::new(change))
}

#[test]
fn files_need_few_other_threads_while_the_connection_does_not_wait() {
    let folder = Folder::new();
    for (network, change) in [upload(&folder), download(&folder)] {
        perform(&network.client(), change).expect("a response");
        let works = network.works.load(Ordering::SeqCst);
        assert!(works <= 6, "{works} works on other threads");
        assert!(network.moved.load(Ordering::SeqCst) >= LENGTH);
    }
    assert!(fs::read(folder.path("saved")).expect("it is there") == vec![0; LENGTH]);
}

#[test]
fn observer_sees_a_file_leave_in_chunks() {
    let folder = Folder::new();
    let (network, change) = upload(&folder);
    let (report, reported) = mpsc::channel();
    perform(&network.client(), |exchange| {
        change(exchange);
        let observer = Progress::new(move |moved| report.send(moved.bytes).expect("the test receives them"));
        let parts = exchange.request.body().parts().iter().cloned();
        *exchange.request.body_mut() = parts.map(|part| part.with_progress(observer.clone())).collect();
    })
    .expect("a response");
    let reported: Vec<_> = reported.try_iter().collect();
    assert!(reported.len() >= LENGTH / (256 << 10) && reported.is_sorted(), "{reported:?}");
    assert_eq!(reported.last(), Some(&(LENGTH as u64)));
}

#[test]
fn another_thread_leaves_a_connection_whose_future_was_dropped() {
    let folder = Folder::new();
    for (network, change) in [upload(&folder), download(&folder)] {
        let ((reached, is_reached), (open, is_open), (closed, is_closed)) =
            (mpsc::channel(), mpsc::channel(), mpsc::channel());
        let gate = Arc::new(Gate { reached, open: Mutex::new(is_open), closed });
        let network = Network { gate: Some(gate), ..network };
        let client = network.client();
        {
            let mut future = pin!(attempt(&client, change));
            while is_reached.try_recv().is_err() {
                assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            }
        }
        let moved = network.moved.load(Ordering::SeqCst);
        open.send(()).expect("another thread waits");
        is_closed.recv_timeout(Duration::from_secs(60)).expect("the connection is closed");
        assert_eq!(network.moved.load(Ordering::SeqCst), moved, "more bytes were moved");
    }
}
