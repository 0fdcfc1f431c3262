//! Bots that run on every adapter.

use alloc::boxed::Box;
use core::{future::Future, pin::Pin, time::Duration};

use super::Executor;
use crate::{error::Error, feed::Waited, machine::Feed, stop_handle::StopHandle};

/// Future of the result of an operation: see [`Portable::wait`].
pub type Operation<'a, T> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

/// An executor whose operations and feeds can be awaited by code that does not know it: the trait for logic that
/// synchronous and asynchronous programs share. [`Script`](crate::Script) and the executors of both adapters implement
/// it.
///
/// ```
/// use teamwire_core::{Client, Error, FeedOptions, executor::Portable};
///
/// async fn echo<X: Portable>(client: &Client<X>) -> Result<(), Error> {
///     let me = X::wait(client.contacts().me()).await?;
///     let mut events = client.chats().new_messages(FeedOptions::from_now().without_messages_of(me));
///     while let Some(event) = X::next(&mut events).await {
///         if let Some(item) = event?.into_item() {
///             X::wait(client.chats().chat(&item.tid).post(item.text.unwrap_or_default())).await?;
///         }
///     }
///     Ok(())
/// }
/// ```
///
/// The future of such a function is `Send`. An asynchronous program spawns it; a synchronous one runs it with
/// `teamwire_blocking::block_on`.
///
/// # Limits
///
/// - `?` and `.await` do not work on a [`Run`](Executor::Run) itself, as its type is that of the executor: pass it to
///   [`wait`](Self::wait) in the same expression.
/// - On a synchronous executor, the futures block the thread that polls them, until the result: they are never pending,
///   so two of them do not run at the same time, and `select` or `join` over them has no use. A bot that waits for a
///   feed and something else at once is written for one adapter.
/// - The rest of a feed is in the types of the adapters: stop handles, concurrent handlers. For a feed that can be
///   stopped, take it from a client that is [stopped by](crate::Client::stopped_by) a handle.
#[diagnostic::on_unimplemented(
    message = "operations of `{Self}` cannot be awaited by code that is generic over its executor",
    note = "`Portable` is implemented for `Script` and for the executors of teamwire-blocking and teamwire-async-std",
    note = "an executor of your own implements it with one line for each method"
)]
pub trait Portable: Executor {
    /// Returns the result of an operation. Does nothing until it is polled, if the executor is asynchronous.
    ///
    /// # Errors
    ///
    /// Those of the operation.
    // Boxed, because the compiler cannot prove yet that a generic future that awaits an opaque one is `Send`.
    fn wait<'a, T: Send + 'a>(run: Self::Run<'a, T>) -> Operation<'a, T>;

    /// Returns the next event of a feed; `None` after its end.
    fn next<F: Feed + 'static>(
        events: &mut Self::Events<F>,
    ) -> impl Future<Output = Option<Result<F::Event, Error>>> + Send;

    /// Returns the next event of a feed, or [`TimedOut`](Waited::TimedOut) once this time has passed or the handle is
    /// stopped: for a loop that does something else as well. `None` is no limit of time. Nothing is lost by the end of
    /// a wait: the request in progress continues, and the next wait resumes there.
    ///
    /// A script takes no time: on one, only a handle that is stopped before the call ends the wait.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed.
    fn next_within<'a, F: Feed + 'static>(
        events: &'a mut Self::Events<F>,
        time: Option<Duration>,
        interrupt: &'a StopHandle,
    ) -> Operation<'a, Waited<F::Event>>;

    /// Returns a future as the result of an operation of this executor, the inverse of [`wait`](Self::wait): a library
    /// of operations for all adapters is written as futures, and used like those of the client. A synchronous executor
    /// blocks until the output.
    fn run_future<'a, T: Send + 'a>(future: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self::Run<'a, T>;

    /// Returns the result of work that may block, such as writing a file. By default, and on a virtual clock, it is
    /// done by the thread that polls the future.
    ///
    /// Work that has started is completed even if the future is dropped.
    fn unblock<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
        Box::pin(async move { work() })
    }
}
