//! Backends, which perform the steps of machines: [`Network`](crate::network::Network) on a runtime, a [`Script`] in
//! memory.

use std::{
    future::{Future, poll_fn, ready},
    mem,
    pin::Pin,
    sync::Arc,
    task::Poll,
};

use teamwire_core::{
    Script,
    effect::{Exchange, FileTask, Moment, Now},
    executor::Executor,
    machine::Reply,
};

/// Boxed future that owns what it uses.
pub(crate) type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// Performs the steps of machines. Its type, and so the types of feeds, do not depend on the runtime.
pub(crate) trait Backend: Send + Sync {
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

/// Replies are ready at once. A wait yields first, so that a task that only waits lets the others continue.
impl Backend for Script {
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
            self.advance(until.saturating_duration_since(Executor::now(&*self).moment));
        })
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }
}
