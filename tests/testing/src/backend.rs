//! The world as the backend of both adapters.
//!
//! Files are those of the operating system: a bot writes and reads its files itself, and the library has to see the
//! same ones.

use std::{
    future::{poll_fn, ready},
    sync::Arc,
    time::Duration,
};

use teamwire_async_std::backend::{Backend as AsyncBackend, BoxFuture};
use teamwire_blocking::backend::{Backend, PendingReply, Ready};
use teamwire_core::{
    StopHandle,
    effect::{Exchange, FileError, FileOutcome, FileTask, Moment, Now, TransportError},
    machine::Reply,
};
use teamwire_std::files;

use crate::{
    World,
    agenda::{Id, Key},
    clock::Driving,
    exchange,
};

/// Performs the steps of machines in a world.
pub(crate) struct Steps(pub(crate) World);

impl Steps {
    fn now(&self) -> Now {
        self.0.with(|state| Now::new(Moment::from_epoch(state.clock), state.now().utc))
    }

    /// Begins an exchange.
    ///
    /// # Errors
    ///
    /// The error of a file of its body that cannot be read.
    fn begin(&self, exchange: &Exchange) -> Result<Begun, TransportError> {
        let request = exchange::request_of(exchange)?;
        let id = self.0.with(|state| state.begin(request, exchange));
        Ok(Begun { world: self.0.clone(), id })
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        let stop = stop.clone();
        self.0.after(time, move |_| stop.stop());
    }

    /// Asserts that a task waits within [`World::run`]: nothing else would wake it.
    fn assert_running(&self) {
        let is_running = self.0.with(|state| state.runs > 0);
        assert!(is_running, "a future of a client of a world is polled outside of `World::run`");
    }
}

/// An exchange that has begun. It is abandoned when this is dropped.
struct Begun {
    world: World,
    id: Id,
}

impl Drop for Begun {
    fn drop(&mut self) {
        self.world.with(|state| state.abandon(self.id));
    }
}

impl Backend for Steps {
    fn now(&self) -> Now {
        self.now()
    }

    fn begin(&self, exchange: Box<Exchange>) -> Box<dyn PendingReply> {
        Driving::new(&self.0).catch_up();
        match self.begin(&exchange) {
            Ok(begun) => Box::new(begun),
            Err(error) => Ready::boxed(Reply::Error(error)),
        }
    }

    fn file(&self, task: FileTask) -> Result<FileOutcome, FileError> {
        files::perform(&task)
    }

    fn sleep(&self, until: Moment, stop: Option<&StopHandle>) {
        Driving::new(&self.0).wait(Some(until.since_epoch()), stop, || None::<()>);
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        self.stop_after(time, stop);
    }

    fn is_virtual(&self) -> bool {
        true
    }

    fn next_event(&self) -> Option<Moment> {
        self.0.with(|state| state.next_due(Duration::MAX)).map(Moment::from_epoch)
    }
}

impl PendingReply for Begun {
    fn wait(&mut self, until: Option<Moment>, stop: Option<&StopHandle>) -> Option<Reply> {
        let ended = || self.world.with(|state| state.take_ended(self.id));
        let pending = Driving::new(&self.world).wait(until.map(Moment::since_epoch), stop, ended)?;
        Some(exchange::reply(pending))
    }
}

impl AsyncBackend for Steps {
    fn now(&self) -> Now {
        self.now()
    }

    fn send(self: Arc<Self>, exchange: Box<Exchange>) -> BoxFuture<Reply> {
        Box::pin(async move {
            self.assert_running();
            let begun = match self.begin(&exchange) {
                Ok(begun) => begun,
                Err(error) => return Reply::Error(error),
            };
            let pending = poll_fn(|cx| begun.world.with(|state| state.poll_ended(begun.id, cx))).await;
            exchange::reply(pending.expect("only the end of the exchange and its drop remove it"))
        })
    }

    fn file(self: Arc<Self>, task: FileTask) -> BoxFuture<Result<FileOutcome, FileError>> {
        Box::pin(ready(files::perform(&task)))
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        self.stop_after(time, stop);
    }

    fn sleep(self: Arc<Self>, until: Moment) -> BoxFuture<()> {
        Box::pin(async move {
            self.assert_running();
            let (id, key) = self.0.with(|state| state.add_timer(until.since_epoch()));
            let timer = Timer { world: self.0.clone(), id, key };
            poll_fn(|cx| timer.world.with(|state| state.poll_timer(timer.id, cx))).await;
        })
    }
}

/// A timer, which is removed when this is dropped.
struct Timer {
    world: World,
    id: Id,
    key: Key,
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.world.with(|state| state.remove_timer(self.id, self.key));
    }
}
