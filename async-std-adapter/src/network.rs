//! The executor's means over a network: the loop that carries out what machines ask for, as a future.

use std::sync::Arc;

use teamwire_core::{Config, Error, Exchange, FileTask, Flow, Moment, Now, Reply, Session, Step};
use teamwire_std::{Clock, files};

use crate::{
    backend::{Backend, BoxFuture},
    engine::Engine,
    runtime::Runtime,
};

/// A session, and what carries out its exchanges.
pub(crate) struct Network<R: Runtime> {
    pub(crate) session: Session,
    clock: Clock,
    engine: Engine<R>,
}

impl<R: Runtime> Network<R> {
    pub(crate) fn new(runtime: R, config: Config) -> Result<Self, Error> {
        let engine = Engine::new(runtime, &config)?;
        let session = teamwire_std::session(config)?;
        Ok(Self { session, clock: Clock::start(), engine })
    }

    pub(crate) async fn run<F: Flow>(&self, flow: &mut F) -> Result<F::Output, Error> {
        let mut now = self.clock.now();
        loop {
            let (ticket, reply) = match flow.poll(now) {
                Step::Send(ticket, exchange) => (ticket, self.engine.perform(exchange).await),
                Step::File(ticket, task) => (ticket, self.perform(task).await),
                Step::Sleep(moment) => {
                    self.sleep_until(moment).await;
                    now = self.clock.now();
                    continue;
                }
                Step::Event(never) => match never {},
                Step::Done(result) => return result,
            };
            now = self.clock.now();
            flow.handle(now, ticket, reply);
        }
    }

    async fn perform(&self, task: FileTask) -> Reply {
        Reply::File(self.engine.runtime().unblock(move || files::perform(&task)).await)
    }

    async fn sleep_until(&self, moment: Moment) {
        self.engine.runtime().sleep(self.clock.until(moment)).await;
    }
}

impl<R: Runtime> Backend for Network<R> {
    fn now(&self) -> Now {
        self.clock.now()
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> Option<BoxFuture<Reply>> {
        Some(Box::pin(async move { self.engine.perform(exchange).await }))
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Reply> {
        Box::pin(async move { self.perform(task).await })
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move { self.sleep_until(until).await })
    }
}
