//! Backends, which perform the steps of machines: the network over a [transport](crate::transport), a [`Script`] in
//! memory, or one of your own, such as a simulated server with a virtual clock.
//!
//! A backend has no settings of a bot: these are in the [session](crate::executor::Session), so that clients with their
//! own retry policy, deadline or stop handle share the backend.

use std::time::Duration;

use teamwire_core::{
    Script, StopHandle,
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now},
    executor::Executor,
    machine::Reply,
    script,
};

use crate::transport::stopped;

/// Performs the steps of machines in the calling thread: the trait to implement for a world of your own.
///
/// Pass it to [`BlockingExecutor::over_backend`](crate::BlockingExecutor::over_backend). For another HTTP stack,
/// implement the simpler [`Transport`](crate::transport::Transport).
///
/// ```
/// use std::{sync::Mutex, time::Duration};
///
/// use teamwire_blocking::{
///     BlockingExecutor, Client, Config, Credentials, Error, ErrorKind, StopHandle,
///     backend::{Backend, PendingReply, Ready},
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
///     fn begin(&self, _: Box<Exchange>) -> Box<dyn PendingReply> {
///         Ready::boxed(Reply::Error(TransportError::new(TransportErrorKind::Connect, "there is no network")))
///     }
///
///     fn file(&self, _: FileTask) -> Result<FileOutcome, FileError> {
///         Err(FileError::new("", FileErrorKind::NotFound, "there are no files"))
///     }
///
///     fn sleep(&self, until: Moment, _: Option<&StopHandle>) {
///         let mut moment = self.0.lock().unwrap();
///         *moment = until.max(*moment);
///     }
///
///     fn is_virtual(&self) -> bool {
///         true
///     }
/// }
///
/// let config = Config::new("https://backend.example", Credentials::new("app-id", "secret")?)?;
/// let client = Client::new(BlockingExecutor::over_backend(Session::new(config, [7; 32]), Offline::default()));
/// let error = client.contacts().me().expect_err("there is no network");
/// assert_eq!(error.kind(), ErrorKind::Connection);
/// assert!(client.now().moment > Moment::EPOCH, "the waits before the retries have moved the clock");
/// # Ok::<(), Error>(())
/// ```
pub trait Backend: Send + Sync + 'static {
    /// Returns the current time.
    fn now(&self) -> Now;

    /// Begins an exchange. It makes progress while its reply is waited for; it may also do so meanwhile.
    fn begin(&self, exchange: Box<Exchange>) -> Box<dyn PendingReply>;

    /// Performs a file task.
    ///
    /// # Errors
    ///
    /// A [`FileError`] if the file cannot be used.
    fn file(&self, task: FileTask) -> Result<FileOutcome, FileError>;

    /// Waits until this time, or until the handle is stopped.
    fn sleep(&self, until: Moment, stop: Option<&StopHandle>);

    /// Stops this handle after a time: see [`Executor::stop_after`]. By default a thread does so on the clock of the
    /// operating system.
    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        teamwire_std::stop_after(time, stop);
    }

    /// Performs an exchange. It fails soon after the handle is stopped, and is not begun after that.
    fn perform(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
        if stop.is_some_and(StopHandle::is_stopped) {
            return Reply::Error(stopped());
        }
        let reply = self.begin(exchange).wait(None, stop);
        // It may have been sent.
        reply.unwrap_or_else(|| Reply::Error(stopped().with_sent(true)))
    }

    /// Returns `true` if this request of a feed will never have a response, so that the feed ends. Default: `false`.
    fn has_ended(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        false
    }

    /// Returns `true` if the clock is virtual: it moves only while a thread waits. Many feeds are then driven by the
    /// thread that takes their events, one step after the other. Default: `false`.
    fn is_virtual(&self) -> bool {
        false
    }

    /// Returns the time of the next event on a virtual clock, after which a reply may be ready; `None`, the default, if
    /// there is none, or if the backend does not know.
    fn next_event(&self) -> Option<Moment> {
        None
    }
}

/// An exchange that has begun. Dropping it abandons the exchange.
pub trait PendingReply: Send {
    /// Waits for the reply until this time, or until the handle is stopped. `None` if there is none by then: it can be
    /// waited for again. A time that has passed makes it return at once.
    ///
    /// Not called again after it has returned the reply.
    fn wait(&mut self, until: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply>;

    /// Returns the time at which the reply will be ready, on a virtual clock; `None`, the default, if it is not known.
    fn due(&self) -> Option<Moment> {
        None
    }
}

/// A reply that is ready at once.
#[derive(Debug)]
pub struct Ready(Option<Reply>);

impl Ready {
    /// Returns the reply as one that can be waited for.
    pub fn boxed(reply: Reply) -> Box<dyn PendingReply> {
        Box::new(Self(Some(reply)))
    }
}

impl PendingReply for Ready {
    fn wait(&mut self, _: Option<Moment>, _: Option<&StopHandle>) -> Option<Reply> {
        self.0.take()
    }
}

/// A reply of a script, for which its clock has to be advanced.
struct Scripted {
    script: Script,
    pending: Option<script::PendingReply>,
}

impl PendingReply for Scripted {
    fn wait(&mut self, until: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply> {
        let due = self.due()?;
        if !self.script.wait_until(until.map_or(due, |until| until.min(due)), stop) {
            return None;
        }
        let arrived = self.pending.take_if(|_| until.is_none_or(|until| until >= due))?;
        Some(arrived.into_reply())
    }

    fn due(&self) -> Option<Moment> {
        self.pending.as_ref().map(script::PendingReply::due)
    }
}

/// The steps of a script take no time, except on its clock.
impl Backend for Script {
    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn begin(&self, exchange: Box<Exchange>) -> Box<dyn PendingReply> {
        let pending = Some(Script::begin(self, &exchange));
        Box::new(Scripted { script: self.clone(), pending })
    }

    fn file(&self, task: FileTask) -> Result<FileOutcome, FileError> {
        self.perform_file_task(task)
    }

    fn sleep(&self, until: Moment, stop: Option<&StopHandle>) {
        self.wait_until(until, stop);
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        Executor::stop_after(self, time, stop);
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }

    fn is_virtual(&self) -> bool {
        true
    }
}
