//! The trait an adapter implements to perform the core's effects.

mod manual;
mod portable;

pub use self::{
    manual::Manual,
    portable::{Operation, Portable},
};
pub use crate::session::Session;
use core::time::Duration;

use crate::{effect::Now, flow::Flow, machine::Feed, stop_handle::StopHandle};

/// Drives machines by performing the steps they request. Every operation of this crate is generic over it.
///
/// The executor chooses the type that [`run`](Self::run) returns: `Result<T, Error>` for a synchronous one, a future of
/// that for an asynchronous one, the machine itself for [`Manual`]. The loop is the same in all of them:
///
/// ```
/// # use teamwire_core::{
/// #     effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now}, flow::Flow, machine::{Reply, Step}, Error,
/// # };
/// # fn now() -> Now { unimplemented!() }
/// # fn perform(exchange: Exchange) -> Reply { unimplemented!() }
/// # fn file(task: FileTask) -> Result<FileOutcome, FileError> { unimplemented!() }
/// # fn sleep_until(moment: Moment) {}
/// fn run<F: Flow>(mut flow: F) -> Result<F::Output, Error> {
///     loop {
///         match flow.poll(now()) {
///             Step::Send(ticket, exchange) => {
///                 let reply = perform(*exchange);
///                 flow.handle(now(), ticket, reply);
///             }
///             Step::File(ticket, task) => flow.handle(now(), ticket, Reply::File(file(task))),
///             Step::Sleep(moment) => sleep_until(moment),
///             Step::Event(never) => match never {},
///             Step::Done(result) => return result,
///         }
///     }
/// }
/// ```
///
/// Clones share the session and the connections.
pub trait Executor: Clone + Send + Sync + 'static {
    /// The type that an operation with output `T` returns to the caller: `Result<T, Error>` in `teamwire_blocking` and
    /// for a [`Script`](crate::Script), a boxed future of that in `teamwire_async_std`, a machine for [`Manual`].
    ///
    /// So `client.contacts().me()?` compiles with the first, and `client.contacts().me().await?` with the second. Code
    /// that is generic over the executor can do neither: see [`Portable`].
    type Run<'a, T: Send + 'a>
    where
        Self: 'a;

    /// The type of a feed for the caller: an iterator in `teamwire_blocking` and for a [`Script`](crate::Script), a
    /// stream in `teamwire_async_std`, a machine for [`Manual`].
    type Events<F: Feed + 'static>: Send;

    /// Returns the session shared by all operations.
    fn session(&self) -> &Session;

    /// Returns an executor on the same connections and clock whose operations have this session: a view of
    /// [`session`](Self::session) with another retry policy, deadline or stop handle.
    ///
    /// Once the [stop handle](Session::stop_handle) of the session is stopped, the executor ends the exchange or wait
    /// in progress, and polls the machine again, which looks at the handle. An executor that cannot do so only delays
    /// the end of an operation.
    fn with_session(&self, session: Session) -> Self;

    /// Returns the current time.
    fn now(&self) -> Now;

    /// Stops this handle after a time on the clock of the executor: the end of the grace of
    /// [`stop_within`](StopHandle::stop_within). Does not wait. Called from a hook, so it must not block.
    ///
    /// By default it is stopped at once, so that there is no grace.
    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        let _ = time;
        stop.stop();
    }

    /// Runs an operation to completion.
    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a;

    /// Starts following a feed. Nothing is sent until its first event is requested.
    fn events<F: Feed + 'static>(&self, feed: F) -> Self::Events<F>;
}
