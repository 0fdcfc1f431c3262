//! async-std as a runtime that records its calls and can be made to misbehave.

use std::{
    future::pending,
    io::{self, IoSlice},
    net::SocketAddr,
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
        mpsc::Receiver,
    },
    task::{Context, Poll, ready},
    time::Duration,
};

use teamwire_async_std::{
    AsyncStdRuntime, Client, Config, Runtime,
    futures_io::{AsyncRead, AsyncWrite},
};

/// A runtime that counts its calls. Clones share their counts.
#[derive(Clone, Default)]
pub(crate) struct Probe {
    /// The length of each write.
    pub(crate) writes: Arc<Mutex<Vec<usize>>>,
    /// Number of timers that were set.
    pub(crate) sleeps: Arc<AtomicUsize>,
    /// Number of lookups.
    pub(crate) lookups: Arc<AtomicUsize>,
    /// The addresses of every host, whatever the port. Without any, lookups fail.
    pub(crate) addresses: Vec<SocketAddr>,
    /// An address that never responds.
    pub(crate) black_hole: Option<SocketAddr>,
    pub(crate) fits: Fits,
    /// The addresses of the connection attempts, in their order.
    pub(crate) dialled: Arc<Mutex<Vec<SocketAddr>>>,
    /// Channel of which each lookup awaits a message, or the end.
    pub(crate) lookup_waits: Option<Arc<Mutex<Receiver<()>>>>,
    /// The error of every lookup.
    pub(crate) lookup_error: Option<fn() -> io::Error>,
    /// Timers never fire.
    pub(crate) is_timeless: bool,
    /// No thread that may block is free.
    pub(crate) is_busy: bool,
}

/// Maximum number of bytes per read or write.
#[derive(Clone, Copy, Default)]
pub(crate) enum Fits {
    #[default]
    Everything,
    /// This many bytes, at every second call only, so that there are as many points of suspension as possible.
    Bytes(usize),
}

impl Probe {
    pub(crate) fn client(&self, config: Config) -> Client<Self> {
        teamwire_async_std::client_on(self.clone(), config).expect("the options are valid")
    }

    pub(crate) fn writes(&self) -> Vec<usize> {
        self.writes.lock().expect("no thread panicked").clone()
    }

    fn note(&self, written: io::Result<usize>) -> io::Result<usize> {
        if let Ok(bytes) = written {
            self.writes.lock().expect("no thread panicked").push(bytes);
        }
        written
    }

    pub(crate) fn sleeps(&self) -> usize {
        self.sleeps.load(Ordering::SeqCst)
    }
}

impl Runtime for Probe {
    type Stream = Watched;

    async fn connect(&self, address: SocketAddr) -> io::Result<Watched> {
        self.dialled.lock().expect("no thread panicked").push(address);
        if self.black_hole == Some(address) {
            return pending().await;
        }
        let stream = AsyncStdRuntime.connect(address).await?;
        Ok(Watched { stream, probe: self.clone(), reads: false, writes: false })
    }

    async fn resolve(&self, _: &str, _: u16) -> io::Result<Vec<SocketAddr>> {
        self.lookups.fetch_add(1, Ordering::SeqCst);
        if let Some(message) = self.lookup_waits.clone() {
            AsyncStdRuntime.unblock(move || message.lock().expect("no thread panicked").recv().ok()).await;
        }
        if let Some(error) = self.lookup_error {
            return Err(error());
        }
        if self.addresses.is_empty() {
            return Err(io::Error::other("no host has this name"));
        }
        Ok(self.addresses.clone())
    }

    async fn sleep(&self, time: Duration) {
        self.sleeps.fetch_add(1, Ordering::SeqCst);
        if self.is_timeless {
            return pending().await;
        }
        AsyncStdRuntime.sleep(time).await;
    }

    async fn unblock<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        if self.is_busy {
            return pending().await;
        }
        AsyncStdRuntime.unblock(work).await
    }
}

pub(crate) struct Watched {
    stream: <AsyncStdRuntime as Runtime>::Stream,
    probe: Probe,
    /// The read, or the write, has been pending once.
    reads: bool,
    writes: bool,
}

impl Fits {
    /// Ready with the number of bytes that are transferred.
    fn poll(self, asked: &mut bool, cx: &mut Context<'_>, bytes: usize) -> Poll<usize> {
        let Self::Bytes(most) = self else { return Poll::Ready(bytes) };
        *asked = !*asked;
        if *asked {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(bytes.min(most))
    }
}

impl AsyncRead for Watched {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut [u8]) -> Poll<io::Result<usize>> {
        let fits = self.probe.fits;
        let fit = ready!(fits.poll(&mut self.reads, cx, buffer.len()));
        Pin::new(&mut self.stream).poll_read(cx, &mut buffer[..fit])
    }
}

impl AsyncWrite for Watched {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let fits = self.probe.fits;
        let fit = ready!(fits.poll(&mut self.writes, cx, bytes.len()));
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &bytes[..fit]));
        Poll::Ready(self.probe.note(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if let Fits::Bytes(_) = self.probe.fits {
            let first = slices.iter().find(|slice| !slice.is_empty()).map_or(&[][..], |slice| slice);
            return self.poll_write(cx, first);
        }
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, slices));
        Poll::Ready(self.probe.note(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_close(cx)
    }
}
