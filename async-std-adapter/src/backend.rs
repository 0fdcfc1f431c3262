//! Backends, which perform the steps of machines: [`Network`](crate::network::Network) does over a runtime, a [`Script`] from
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

/// A future that can be kept anywhere.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Performs the steps of machines. The runtime is not in its type, and so in no type of a feed.
pub(crate) trait Backend: Send + Sync {
    fn session(&self) -> &Session;

    fn now(&self) -> Now;

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply>;

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply>;

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()>;

    /// Returns whether no response to this request will ever come, so that a feed ends here.
    fn has_ended(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        false
    }
}

/// All of its futures are ready at once.
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
