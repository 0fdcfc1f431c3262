//! The backend over a network.

use std::{sync::Arc, time::Duration};

use teamwire_core::{
    effect::{Exchange, FileTask, Moment, Now},
    executor::Session,
    machine::Reply,
};
use teamwire_std::{Clock, files};

use crate::{backend::Backend, transport::AbortableTransport};

/// A session with the system's clock and files, and a transport.
pub(crate) struct Network {
    session: Session,
    clock: Clock,
    transport: Arc<dyn AbortableTransport>,
}

impl Network {
    pub(crate) fn new(session: Session, transport: impl AbortableTransport) -> Self {
        Self { session, clock: Clock::start(), transport: Arc::new(transport) }
    }
}

impl Backend for Network {
    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn send(&self, exchange: Box<Exchange>) -> Reply {
        self.transport.perform(*exchange)
    }

    fn file(&self, task: FileTask) -> Reply {
        Reply::File(files::perform(&task))
    }

    fn sleep(&self, until: Moment, wait: &dyn Fn(Duration)) {
        wait(self.clock.until(until));
    }

    fn fork(&self) -> Arc<dyn Backend> {
        Arc::new(Self { session: self.session.clone(), clock: self.clock, transport: self.transport.fork() })
    }

    fn abort(&self) {
        self.transport.abort();
    }
}
