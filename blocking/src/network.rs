//! The backend over a network.

use teamwire_core::{
    StopHandle,
    effect::{Exchange, FileTask, Moment, Now},
    machine::Reply,
};
use teamwire_std::{Clock, files};

use crate::{backend::Backend, signal, transport::StoppableTransport};

/// The system's clock and files, and a transport.
pub(crate) struct Network<T> {
    clock: Clock,
    transport: T,
}

impl<T: StoppableTransport> Network<T> {
    pub(crate) fn new(transport: T) -> Self {
        Self { clock: Clock::start(), transport }
    }
}

impl<T: StoppableTransport> Backend for Network<T> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn send(&self, exchange: Box<Exchange>, stop: Option<&StopHandle>) -> Reply {
        self.transport.perform(*exchange, stop)
    }

    fn file(&self, task: FileTask) -> Reply {
        Reply::File(files::perform(&task))
    }

    fn sleep(&self, until: Moment, stop: Option<&StopHandle>) {
        signal::sleep(self.clock.until(until), stop);
    }
}
