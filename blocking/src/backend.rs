//! Backends, which perform the steps of machines: [`Network`](crate::network::Network) over a transport, a [`Script`]
//! in memory.

use teamwire_core::{
    Script, StopHandle,
    effect::{Exchange, FileTask, Moment, Now},
    executor::Executor,
    machine::Reply,
};

/// Performs the steps of machines in the calling thread.
pub(crate) trait Backend: Send + Sync {
    fn now(&self) -> Now;

    /// Performs this exchange. It fails soon after the handle is stopped, whatever it waits for, and is not started
    /// after that.
    fn send(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply;

    fn file(&self, task: FileTask) -> Reply;

    /// Waits until this time, or until the handle is stopped.
    fn sleep(&self, until: Moment, stop: Option<&StopHandle>);

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
    fn now(&self) -> Now {
        Executor::now(self)
    }

    fn send(&self, exchange: Box<Exchange>, _: Option<&StopHandle>) -> Reply {
        self.perform(&exchange)
    }

    fn file(&self, task: FileTask) -> Reply {
        Reply::File(self.perform_file_task(task))
    }

    fn sleep(&self, until: Moment, _: Option<&StopHandle>) {
        self.advance(until.saturating_duration_since(Executor::now(self).moment));
    }

    fn has_ended(&self, exchange: &Exchange) -> bool {
        self.is_done(exchange)
    }

    fn is_instant(&self) -> bool {
        true
    }
}
