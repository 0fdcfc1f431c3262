//! The backend over a network.

use std::sync::Arc;

use teamwire_core::{
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now},
    machine::Reply,
};
use teamwire_std::{Clock, files};

use crate::{
    backend::{Backend, BoxFuture},
    runtime::Runtime,
    transport::Transport,
};

/// The system's clock and files, a runtime, and a transport.
pub(crate) struct Network<R, T> {
    clock: Clock,
    runtime: R,
    transport: T,
}

impl<R: Runtime, T: Transport> Network<R, T> {
    pub(crate) fn new(runtime: R, transport: T) -> Self {
        Self { clock: Clock::start(), runtime, transport }
    }
}

/// Work in a type without a lifetime. With that of the box, Rust 1.88 cannot prove that a future is `Send`.
struct Work(Box<dyn FnOnce() + Send>);

impl Work {
    fn perform(self) {
        (self.0)();
    }
}

impl<R: Runtime, T: Transport> Backend for Network<R, T> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        Box::pin(async move { self.transport.perform(exchange).await })
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Result<FileOutcome, FileError>> {
        Box::pin(async move { self.runtime.unblock(move || files::perform(&task)).await })
    }

    fn unblock(self: Arc<Self>, work: Box<dyn FnOnce() + Send>) -> BoxFuture<()> {
        let work = Work(work);
        Box::pin(async move { self.runtime.unblock(move || work.perform()).await })
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move { self.runtime.sleep(self.clock.until(until)).await })
    }
}
