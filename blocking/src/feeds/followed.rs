//! Feeds that are followed by claim.

use std::{fmt, sync::Arc, time::Duration};

use teamwire_core::{
    Error, FeedEvent, OnStop, StopHandle,
    feed::{FeedEnd, InChat, Resume, Waited},
    machine::Feed,
};
use teamwire_std::fleet::{Fleet, FleetEvent, Follow, Follower, Running, Turn};

use super::{
    events::{Events, Limit},
    handling::{Next, Source},
    workers::Interrupt,
};
use crate::{backend::Backend, signal};

/// Iterator over the events of a feed that one replica of a bot follows at a time: see [`Fleet::follow`]. It blocks
/// until this replica holds the feed and has an event.
///
/// Dropping it releases the feed.
#[must_use = "a feed is not handled until its events are requested"]
pub struct Followed<F: Feed<Event = FeedEvent<T>>, T: InChat> {
    follower: Follower<T>,
    /// The feed as it was given, from which each claim starts one.
    feed: F,
    backend: Arc<dyn Backend>,
    events: Option<Events<F>>,
    stop_handle: StopHandle,
    interrupt: Interrupt,
    _on_stop: OnStop,
    has_ended: bool,
}

impl<F, T> Follow for Events<F>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Followed = Followed<F, T>;

    fn follow(self, fleet: &Fleet, begins: bool) -> Followed<F, T> {
        let (backend, stop_handle) = (Arc::clone(&self.backend), self.stop_handle());
        let feed = self.into_feed();
        let interrupt = Interrupt::default();
        let (woken, stopped) = (interrupt.clone(), interrupt.clone());
        let follower = Follower::new(fleet, &feed.name(), begins, feed.observer(), move || woken.notify());
        let on_stop = stop_handle.on_stop(move || stopped.notify());
        Followed { follower, feed, backend, events: None, stop_handle, interrupt, _on_stop: on_stop, has_ended: false }
    }
}

impl<F, T> Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    /// Returns a handle that stops the feed from another thread. What is being handled is finished and saved, then the
    /// feed is released.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Calls `report` with each error of a handler, before its event comes again, such as to log it.
    pub fn on_failure(mut self, report: impl FnMut(&dyn fmt::Display) + Send + 'static) -> Self {
        self.follower.on_failure(report);
        self
    }

    /// Passes each event to `handler`, one after the other, until the feed is stopped or fails.
    ///
    /// If the handler returns an error, the event comes again after a backoff of one second, which doubles up to a
    /// minute. A panic of the handler continues in the calling thread; the next replica gets the event.
    ///
    /// # Errors
    ///
    /// Fails with the error that ends the feed, and with the kind `Store` if the store cannot be used or has no
    /// checkpoint of the feed.
    #[doc(alias = "handler")]
    pub fn for_each<E: fmt::Display>(
        mut self,
        mut handler: impl FnMut(FleetEvent<T>) -> Result<(), E>,
    ) -> Result<(), Error>
    where
        T: Clone,
    {
        self.follower.set_limit(1);
        self.handle_each(|event| handler(*event))
    }

    /// Passes the events to `handler` in up to `limit` threads at once, until the feed is stopped or fails. Those of
    /// the same chat are handled one after the other, in the order of the feed: see
    /// [`Tracker`](teamwire_core::feed::Tracker).
    ///
    /// If the handler returns an error, the event comes again after a backoff, and the later events of its chat wait
    /// for it; others are handled meanwhile. A handler that does not return costs its chat and, after the
    /// [handler timeout](teamwire_std::fleet::FleetBuilder::handler_timeout) of the fleet, the claim. After a panic,
    /// the other handlers are finished, and it continues in the calling thread.
    ///
    /// On the virtual clock of a script or of a simulated server, the handlers run one after the other in the calling
    /// thread.
    ///
    /// # Errors
    ///
    /// Those of [`for_each`](Self::for_each).
    #[doc(alias = "handler")]
    pub fn for_each_concurrent<E: fmt::Display + Send>(
        mut self,
        limit: usize,
        handler: impl Fn(FleetEvent<T>) -> Result<(), E> + Sync,
    ) -> Result<(), Error>
    where
        T: Clone,
    {
        if self.backend.is_virtual() {
            return self.for_each(handler);
        }
        self.follower.set_limit(limit);
        self.handle_in_threads(limit, |event: Box<_>| handler(*event))
    }

    fn end(&mut self, result: Result<(), Error>) -> Next<Box<FleetEvent<T>>> {
        self.has_ended = true;
        Next::Ended(result)
    }

    fn next_turn(&mut self, interrupted: &StopHandle) -> Next<Box<FleetEvent<T>>> {
        if self.has_ended {
            return Next::Ended(Ok(()));
        }
        if self.stop_handle.is_stopped() {
            if let Some(mut events) = self.events.take() {
                // Its subscription is ended on the server. What has arrived is left to the next replica.
                while let Ok(Waited::Event(_)) = events.next_within(Limit::Never) {}
            }
            return self.end(Ok(()));
        }
        match self.follower.turn() {
            Turn::Follow(after) => {
                let feed = self.feed.resumed(after);
                self.events = Some(Events::new(feed, &self.backend, Some(&self.stop_handle)));
            }
            Turn::Abandon => self.events = None,
            Turn::Handle(event) => return Next::Event(event),
            Turn::Poll(time) => {
                let until = time.map(|time| self.backend.now().moment.saturating_add(time));
                let Some(events) = &mut self.events else { return Next::Woken };
                match events.next_within(Limit::Interrupt(interrupted, until)) {
                    Ok(Waited::Event(event)) => self.follower.push(event),
                    Ok(Waited::TimedOut) => {}
                    Ok(Waited::Ended) => self.follower.end(Ok(())),
                    Err(error) => self.follower.end(Err(error)),
                }
            }
            Turn::Wait(time) => signal::sleep(time.unwrap_or(Duration::from_secs(3_600)), Some(interrupted)),
            Turn::End(result) => return self.end(result),
        }
        Next::Woken
    }
}

impl<F, T> Source for Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Clone + Send + 'static,
{
    type Event = Box<FleetEvent<T>>;
    type Running = Running<T>;

    // The limit of the follower leaves room for each of its events.
    fn step(&mut self, interrupted: &StopHandle, _: bool) -> Next<Box<FleetEvent<T>>> {
        self.next_turn(interrupted)
    }

    fn interrupt(&self) -> &Interrupt {
        &self.interrupt
    }

    fn run(&self, event: &mut Box<FleetEvent<T>>) -> Running<T> {
        self.follower.run(event)
    }

    fn finish<E: fmt::Display>(&mut self, running: Running<T>, result: Result<(), E>) {
        self.follower.finish(running, result);
    }
}

impl<F, T> Iterator for Followed<F, T>
where
    F: Resume<Event = FeedEvent<T>, Output = FeedEnd> + 'static,
    T: InChat + Send + 'static,
{
    type Item = Result<FleetEvent<T>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            // Before the turn, so that a change that comes later ends the wait.
            let interrupted = self.interrupt.arm();
            match self.next_turn(&interrupted) {
                Next::Event(event) => return Some(Ok(*event)),
                Next::Woken => {}
                Next::Ended(result) => return result.err().map(Err),
            }
        }
    }
}

impl<F: Feed<Event = FeedEvent<T>>, T: InChat> fmt::Debug for Followed<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").field("follower", &self.follower).finish_non_exhaustive()
    }
}
