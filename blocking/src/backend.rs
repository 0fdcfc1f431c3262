//! Backends, which perform the steps of machines: [`Network`](crate::network::Network) over a transport, a [`Script`]
//! in memory.

use std::{sync::Arc, time::Duration};

use teamwire_core::{
    Script,
    effect::{Exchange, FileTask, Moment, Now},
    executor::{Executor, Session},
    machine::Reply,
};

/// Performs the steps of machines in the calling thread.
pub(crate) trait Backend: Send + Sync {
    fn session(&self) -> &Session;

    fn now(&self) -> Now;

    fn send(&self, exchange: Box<Exchange>) -> Reply;

    fn file(&self, task: FileTask) -> Reply;

    /// Waits until this moment. A real clock calls `wait`, which may return early.
    fn sleep(&self, until: Moment, wait: &dyn Fn(Duration));

    /// Returns a backend with the same settings that can be aborted without harm to this one.
    fn fork(&self) -> Arc<dyn Backend>;

    /// Fails all exchanges, those in flight at once.
    fn abort(&self) {}

    /// Returns whether this request will never have a response, so that the feed ends.
    fn has_ended(&self, exchange: &Exchange) -> bool {
        let _ = exchange;
        false
    }

    /// Returns whether steps take no time, so that many feeds need no threads.
    fn is_instant(&self) -> bool {
        false
    }
}

impl Backend for Script {
    fn session(&self) -> &Session {
        Executor::session(self)
    }

    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn send(&self, exchange: Box<Exchange>) -> Reply {
        self.perform(&exchange)
    }

    fn file(&self, task: FileTask) -> Reply {
        Reply::File(self.perform_file_task(task))
    }

    fn sleep(&self, until: Moment, _: &dyn Fn(Duration)) {
        self.advance(until.saturating_duration_since(Executor::now(self).moment));
    }

    fn fork(&self) -> Arc<dyn Backend> {
        Arc::new(self.clone())
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }

    fn is_instant(&self) -> bool {
        true
    }
}

/// The backends of feeds: one that a stop aborts, and one that then ends the subscriptions.
#[derive(Clone)]
pub(crate) struct FeedBackends {
    polls: Arc<dyn Backend>,
    unsubscribes: Arc<dyn Backend>,
}

impl FeedBackends {
    pub(crate) fn fork(backend: &Arc<dyn Backend>) -> Self {
        Self { polls: backend.fork(), unsubscribes: Arc::clone(backend) }
    }

    pub(crate) fn send(&self, exchange: Box<Exchange>, is_unsubscribe: bool) -> Reply {
        if is_unsubscribe { self.unsubscribes.send(exchange) } else { self.polls.send(exchange) }
    }

    /// Returns the backend that stopping the feeds aborts.
    pub(crate) const fn polls(&self) -> &Arc<dyn Backend> {
        &self.polls
    }
}
