//! Who carries out what feeds ask for.

use std::{
    future::{Future, ready},
    pin::Pin,
    sync::Arc,
};

use teamwire_core::{Exchange, Executor, FileTask, Moment, Now, Reply, Script};

/// A future that can be kept anywhere.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// An executor without its runtime in its type, so that it is in no stream's type either. Its futures do nothing before
/// they are polled.
pub(crate) trait Backend: Send + Sync {
    fn now(&self) -> Now;

    /// Carries out this exchange. `None` if no answer will ever come: a script is at its end.
    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> Option<BoxFuture<Reply>>;

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply>;

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()>;
}

/// All of its futures are ready when they are asked.
impl Backend for Script {
    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> Option<BoxFuture<Reply>> {
        self.reply(&exchange).map(|reply| Box::pin(ready(reply)) as BoxFuture<Reply>)
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply> {
        Box::pin(ready(Reply::File(self.do_with_file(task))))
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        self.advance(until.since(Executor::now(&*self).moment));
        Box::pin(ready(()))
    }
}
