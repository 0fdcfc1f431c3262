//! What an adapter implements: the effects that the core describes.

mod manual;

pub use self::manual::Manual;
pub use crate::session::Session;
use crate::{effect::Now, flow::Flow, machine::Feed};

/// Carries out what machines ask for. Every operation of this crate is generic over it.
///
/// What [`run`](Self::run) returns is up to the executor: a synchronous one gives `Result<T, Error>`, an asynchronous
/// one a future of that, one for tests the machine itself ([`Manual`](crate::executor::Manual)). Its loop is the same in all:
///
/// ```
/// # use teamwire_core::{effect::{Exchange, Moment, Now}, flow::Flow, machine::{Reply, Step}, Error};
/// # fn now() -> Now { unimplemented!() }
/// # fn perform(exchange: Exchange) -> Reply { unimplemented!() }
/// # fn file(task: teamwire_core::effect::FileTask) -> Result<teamwire_core::effect::FileOutcome, teamwire_core::effect::FileError> { unimplemented!() }
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
/// Clones are the same executor: they share its session and its connections.
pub trait Executor: Clone + Send + Sync + 'static {
    /// What an operation with the answer `T` looks like to the caller.
    type Run<'a, T: Send + 'a>
    where
        Self: 'a;

    /// What a subscription looks like to the caller: an iterator, or a stream.
    type Events<F: Feed + 'static>;

    /// What all operations of this executor share.
    fn session(&self) -> &Session;

    /// What time it is.
    fn now(&self) -> Now;

    /// Runs an operation to its end.
    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a;

    /// Follows a feed. Nothing is sent before somebody asks for its first event.
    fn events<F: Feed + 'static>(&self, feed: F) -> Self::Events<F>;
}
