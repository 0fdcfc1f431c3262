//! Backends, which perform the steps of machines: [`Network`](crate::network::Network) on a runtime, a [`Script`] in
//! memory.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

use teamwire_core::{
    Script,
    effect::{Exchange, FileTask, Moment, Now},
    executor::{Executor, Session},
    machine::Reply,
};

/// Boxed future that owns what it uses.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Performs the steps of machines. Its type, and so the types of feeds, do not depend on the runtime.
pub(crate) trait Backend: Send + Sync {
    fn session(&self) -> &Session;

    fn now(&self) -> Now;

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply>;

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply>;

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()>;

    /// Returns whether this request will never have a response, so that the feed ends.
    fn has_ended(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        false
    }
}

/// Its futures are always ready.
impl Backend for Script {
    fn session(&self) -> &Session {
        Executor::session(self)
    }

    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        Box::pin(ready(self.perform(&exchange)))
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply> {
        Box::pin(ready(Reply::File(self.perform_file_task(task))))
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        self.advance(until.saturating_duration_since(Executor::now(&*self).moment));
        Box::pin(ready(()))
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }
}
