//! An in-memory network. On each connection, the server sends the next bytes of the input.

use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    time::Duration,
};

use futures_io::{AsyncRead, AsyncWrite};
use teamwire_async_std::Runtime;

use crate::{
    response_bytes::{ConnectionEvent, ResponseBytes},
    setup::Setup,
    timers::{Sleep, Timers},
};

/// Number of timers that may fire in a row without any transferred byte before the operation is dropped.
const MAX_IDLE_TIMERS: usize = 8;

/// The runtime. Clones share the input and the timers.
#[derive(Clone)]
pub struct Network {
    setup: Setup,
    state: Arc<Mutex<NetworkState>>,
    timers: Timers,
}

/// The state shared by all connections.
struct NetworkState {
    bytes: ResponseBytes,
    reads: usize,
    /// Number of bytes transferred in both directions.
    bytes_moved: usize,
}

/// A connection.
pub struct Connection {
    network: Network,
    /// True if the client has sent bytes since the server last waited for some.
    request_received: bool,
    /// True if the last read, or write, was pending once.
    read_waited: bool,
    write_waited: bool,
    /// The event that has ended the connection.
    end: Option<ConnectionEvent>,
    reader: Option<Waker>,
}

impl Network {
    /// Creates a network whose servers send these bytes.
    pub fn new(setup: Setup, input: &[u8]) -> Self {
        let state = NetworkState { bytes: ResponseBytes::new(input), reads: 0, bytes_moved: 0 };
        Self { setup, state: Arc::new(Mutex::new(state)), timers: Timers::default() }
    }

    /// Polls a future until it is complete. Returns `None` if it waits for a server that sends nothing; it is then
    /// dropped.
    ///
    /// # Panics
    /// If the future is pending although no timer is set.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let woken = Arc::new(WakeFlag(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let (mut idle_timers, mut bytes_moved) = (0, 0);
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(result);
            }
            if woken.0.swap(false, Ordering::SeqCst) {
                continue;
            }
            if bytes_moved != self.state().bytes_moved {
                (idle_timers, bytes_moved) = (0, self.state().bytes_moved);
            }
            if idle_timers == MAX_IDLE_TIMERS && !self.setup.real_time {
                return None;
            }
            idle_timers += 1;
            assert!(idle_timers < 1_000, "the operation continues after its timeout");
            assert!(self.timers.fire_next(self.setup.real_time), "the operation waits without a timer");
        }
    }

    fn state(&self) -> MutexGuard<'_, NetworkState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for Network {
    type Stream = Connection;

    async fn connect(&self, _: SocketAddr) -> io::Result<Connection> {
        let network = self.clone();
        Ok(Connection {
            network,
            request_received: true,
            read_waited: false,
            write_waited: false,
            end: None,
            reader: None,
        })
    }

    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::other("this network has no names"))
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        Sleep::new(&self.timers, time)
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        work()
    }
}

impl Connection {
    /// Returns the maximum length of the next read, or `None` if the read is pending.
    fn chunk_size(&mut self) -> Option<usize> {
        let mut state = self.network.state();
        let chunk_size = self.network.setup.read_sizes[state.reads % 3];
        state.reads += 1;
        self.read_waited = chunk_size == 0 && !self.read_waited;
        match chunk_size {
            0 if self.read_waited => None,
            0 => Some(usize::MAX),
            chunk_size => Some(chunk_size),
        }
    }

    /// Reads bytes of the input.
    fn read_input(&self, max_len: usize, buffer: &mut [u8]) -> Result<usize, ConnectionEvent> {
        let mut state = self.network.state();
        let bytes = state.bytes.next(max_len.min(buffer.len()))?;
        let length = bytes.len();
        buffer[..length].copy_from_slice(bytes);
        state.bytes_moved += length;
        Ok(length)
    }
}

impl AsyncRead for Connection {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.end.is_none() && self.request_received && !buffer.is_empty() {
            let Some(chunk_size) = self.chunk_size() else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            match self.read_input(chunk_size, buffer) {
                Ok(bytes) => return Poll::Ready(Ok(bytes)),
                Err(ConnectionEvent::AwaitInput) => self.request_received = false,
                Err(event) => self.end = Some(event),
            }
        }
        match self.end {
            Some(ConnectionEvent::Close) => Poll::Ready(Ok(0)),
            Some(ConnectionEvent::Reset) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            _ => {
                self.reader = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for Connection {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(ConnectionEvent::Close | ConnectionEvent::Reset) = self.end {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let chunk_size = self.network.setup.write_size;
        self.write_waited = chunk_size > 0 && !self.write_waited;
        if self.write_waited {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.request_received = true;
        if let Some(waker) = self.reader.take() {
            waker.wake();
        }
        let length = if chunk_size == 0 { bytes.len() } else { bytes.len().min(chunk_size) };
        self.network.state().bytes_moved += length;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct WakeFlag(AtomicBool);

impl Wake for WakeFlag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
