//! The backend over a network.

use std::sync::Arc;

use teamwire_core::{
    Config, Error,
    effect::{Exchange, FileTask, Moment, Now},
    executor::Session,
    machine::Reply,
};
use teamwire_std::{Clock, files};

use crate::{
    backend::{Backend, BoxFuture},
    engine::Engine,
    runtime::Runtime,
};

/// A session with the system's clock and files, and the HTTP client.
pub(crate) struct Network<R: Runtime> {
    session: Session,
    clock: Clock,
    engine: Engine<R>,
}

impl<R: Runtime> Network<R> {
    pub(crate) fn new(runtime: R, config: Config) -> Result<Self, Error> {
        let engine = Engine::new(runtime, &config)?;
        let session = teamwire_std::session(config)?;
        Ok(Self { session, clock: Clock::start(), engine })
    }
}

impl<R: Runtime> Backend for Network<R> {
    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        self.clock.now()
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        Box::pin(async move { self.engine.perform(exchange).await })
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply> {
        Box::pin(async move { Reply::File(self.engine.runtime().unblock(move || files::perform(&task)).await) })
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move { self.engine.runtime().sleep(self.clock.until(until)).await })
    }
}
