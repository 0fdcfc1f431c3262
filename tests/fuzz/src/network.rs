//! A network in memory, on which every server sends the next bytes of the input.

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
    plan::Plan,
    served::{Event, Served},
    timers::{Sleep, Timers},
};

/// How often timers may ring in a row without a byte moving, before the operation is dropped.
const RINGS: usize = 8;

/// The runtime. Clones have the same input and the same timers.
#[derive(Clone)]
pub struct Network {
    plan: Plan,
    course: Arc<Mutex<Course>>,
    timers: Timers,
}

/// What has happened on all connections.
struct Course {
    served: Served,
    reads: usize,
    /// How many bytes have moved, either way.
    moved: usize,
}

/// A connection.
pub struct Wire {
    network: Network,
    /// Whether the client has sent something since the server last waited for that.
    spoken: bool,
    /// Whether the last read, and the last write, had to wait.
    reads_wait: bool,
    writes_wait: bool,
    /// Set once it has ended.
    ended: Option<Event>,
    waiting: Option<Waker>,
}

impl Network {
    /// A network whose servers send these bytes.
    pub fn new(plan: Plan, input: &[u8]) -> Self {
        let course = Course { served: Served::new(input), reads: 0, moved: 0 };
        Self { plan, course: Arc::new(Mutex::new(course)), timers: Timers::default() }
    }

    /// Polls the future to its end; `None` if it was dropped, because it waits for a server that sends nothing.
    ///
    /// # Panics
    /// If it waits, and no timer is set: it would wait for ever.
    pub fn block_on<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        let mut future = pin!(future);
        let woken = Arc::new(Woken(AtomicBool::new(false)));
        let waker = Waker::from(woken.clone());
        let (mut rings, mut moved) = (0, 0);
        loop {
            if let Poll::Ready(result) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return Some(result);
            }
            if woken.0.swap(false, Ordering::SeqCst) {
                continue;
            }
            if moved != self.course().moved {
                (rings, moved) = (0, self.course().moved);
            }
            if rings == RINGS && !self.plan.takes_time {
                return None;
            }
            rings += 1;
            assert!(rings < 1_000, "its time-out has passed, and it does not end");
            assert!(self.timers.ring(self.plan.takes_time), "it waits for ever");
        }
    }

    fn course(&self) -> MutexGuard<'_, Course> {
        self.course.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Runtime for Network {
    type Stream = Wire;

    async fn connect(&self, _: SocketAddr) -> io::Result<Wire> {
        let network = self.clone();
        Ok(Wire { network, spoken: true, reads_wait: false, writes_wait: false, ended: None, waiting: None })
    }

    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        Err(io::Error::other("there are no names here"))
    }

    fn sleep(&self, time: Duration) -> impl Future<Output = ()> + Send {
        Sleep::new(&self.timers, time)
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        work()
    }
}

impl Wire {
    /// How much is read now; `None` if the read has to wait.
    fn piece(&mut self) -> Option<usize> {
        let mut course = self.network.course();
        let piece = self.network.plan.reads[course.reads % 3];
        course.reads += 1;
        self.reads_wait = piece == 0 && !self.reads_wait;
        match piece {
            0 if self.reads_wait => None,
            0 => Some(usize::MAX),
            piece => Some(piece),
        }
    }

    /// Reads from the input.
    fn serve(&self, most: usize, buffer: &mut [u8]) -> Result<usize, Event> {
        let mut course = self.network.course();
        let bytes = course.served.next(most.min(buffer.len()))?;
        let length = bytes.len();
        buffer[..length].copy_from_slice(bytes);
        course.moved += length;
        Ok(length)
    }
}

impl AsyncRead for Wire {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        if self.ended.is_none() && self.spoken && !buffer.is_empty() {
            let Some(piece) = self.piece() else {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            };
            match self.serve(piece, buffer) {
                Ok(bytes) => return Poll::Ready(Ok(bytes)),
                Err(Event::Waits) => self.spoken = false,
                Err(event) => self.ended = Some(event),
            }
        }
        match self.ended {
            Some(Event::Closes) => Poll::Ready(Ok(0)),
            Some(Event::Resets) => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            _ => {
                self.waiting = Some(cx.waker().clone());
                Poll::Pending
            }
        }
    }
}

impl AsyncWrite for Wire {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        if let Some(Event::Closes | Event::Resets) = self.ended {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        let piece = self.network.plan.write;
        self.writes_wait = piece > 0 && !self.writes_wait;
        if self.writes_wait {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        self.spoken = true;
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
        let length = if piece == 0 { bytes.len() } else { bytes.len().min(piece) };
        self.network.course().moved += length;
        Poll::Ready(Ok(length))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}
