//! Backends, which perform the steps of machines: the network over a [transport](crate::transport) and a runtime, a
//! [`Script`] in memory, or one of your own, such as a simulated server with a virtual clock.
//!
//! A backend has no settings of a bot: these are in the [session](crate::executor::Session), so that clients with their
//! own retry policy, deadline or stop handle share the backend.

use std::{
    future::{Future, poll_fn, ready},
    mem,
    pin::Pin,
    sync::Arc,
    task::Poll,
    time::Duration,
};

use teamwire_core::{
    Script, StopHandle,
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now},
    executor::Executor,
    machine::Reply,
};

/// Boxed future that owns what it uses.
pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Performs the steps of machines: the trait to implement for a world of your own. Its type, and so the types of feeds,
/// do not depend on the runtime.
///
/// Pass it to [`AsyncExecutor::over_backend`](crate::AsyncExecutor::over_backend). For another HTTP stack, implement
/// the simpler [`Transport`](crate::transport::Transport).
///
/// The futures may be dropped at any time, which abandons their step: when an operation is dropped or stopped, or its
/// feed is.
///
/// ```
/// use std::{future::ready, sync::{Arc, Mutex}};
///
/// use teamwire_async_std::{
///     AsyncExecutor, AsyncStdRuntime, Client, Config, Credentials, Error, ErrorKind,
///     backend::{Backend, BoxFuture},
///     effect::{
///         Exchange, FileError, FileErrorKind, FileOutcome, FileTask, Moment, Now, TransportError, TransportErrorKind,
///     },
///     executor::Session,
///     machine::Reply,
/// };
/// # use chrono::DateTime;
///
/// /// A machine without a network, on a virtual clock.
/// #[derive(Default)]
/// struct Offline(Mutex<Moment>);
///
/// impl Backend for Offline {
///     fn now(&self) -> Now {
///         Now::new(*self.0.lock().unwrap(), DateTime::UNIX_EPOCH)
///     }
///
///     fn send(self: Arc<Self>, _: Box<Exchange>) -> BoxFuture<Reply> {
///         let error = TransportError::new(TransportErrorKind::Connect, "there is no network");
///         Box::pin(ready(Reply::Error(error)))
///     }
///
///     fn file(self: Arc<Self>, _: FileTask) -> BoxFuture<Result<FileOutcome, FileError>> {
///         Box::pin(ready(Err(FileError::new("", FileErrorKind::NotFound, "there are no files"))))
///     }
///
///     fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
///         Box::pin(async move {
///             let mut moment = self.0.lock().unwrap();
///             *moment = until.max(*moment);
///         })
///     }
/// }
///
/// let config = Config::new("https://backend.example", Credentials::new("app-id", "secret")?)?;
/// let executor = AsyncExecutor::<AsyncStdRuntime>::over_backend(Session::new(config, [7; 32]), Offline::default());
/// let client: Client = Client::new(executor);
/// let error = async_std::task::block_on(client.contacts().me()).expect_err("there is no network");
/// assert_eq!(error.kind(), ErrorKind::Connection);
/// assert!(client.now().moment > Moment::EPOCH, "the waits before the retries have moved the clock");
/// # Ok::<(), Error>(())
/// ```
pub trait Backend: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Now;

    /// Performs this exchange. The future is polled at once.
    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply>;

    /// Performs a file task.
    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Result<FileOutcome, FileError>>;

    /// Performs work that may block, such as writing a file. By default the task that polls the future does it, which
    /// suits a virtual clock.
    fn unblock(self: Arc<Self>, work: Box<dyn FnOnce() + Send>) -> BoxFuture<()> {
        Box::pin(async move { work() })
    }

    /// Waits until this time. On a virtual clock, let the other tasks continue first.
    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()>;

    /// Stops this handle after a time: see [`Executor::stop_after`]. By default a thread does so on the clock of the
    /// operating system.
    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        teamwire_std::stop_after(time, stop);
    }

    /// Returns `true` if this request of a feed will never have a response, so that the feed ends. Default: `false`.
    fn has_ended(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        false
    }
}

/// Replies are ready at once. A wait yields first, so that a task that only waits lets the others continue.
impl Backend for Script {
    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        Box::pin(ready(self.perform(&exchange)))
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Result<FileOutcome, FileError>> {
        Box::pin(ready(self.perform_file_task(task)))
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move {
            let mut has_yielded = false;
            poll_fn(|cx| {
                if mem::replace(&mut has_yielded, true) {
                    return Poll::Ready(());
                }
                cx.waker().wake_by_ref();
                Poll::Pending
            })
            .await;
            self.advance_to(until);
        })
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        Executor::stop_after(self, time, stop);
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }
}
