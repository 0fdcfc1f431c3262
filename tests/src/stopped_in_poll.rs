//! A feed whose session is stopped at the worst moment.

use teamwire_core::{
    Error, FeedEvent, StopHandle,
    effect::Now,
    machine::{Feed, Machine, Reply, Step, Ticket},
};

/// A feed that uses a stop handle between its start and its first poll of the server, within a call of its executor.
///
/// With the stop handle of its session, the feed is stopped before the executor can know.
#[derive(Debug)]
pub struct StoppedInPoll<F> {
    feed: F,
    stop: Option<StopHandle>,
    has_delivered: bool,
}

impl<F> StoppedInPoll<F> {
    /// Creates one of this feed. Without a stop handle, it is the feed alone.
    pub const fn new(feed: F, stop: Option<StopHandle>) -> Self {
        Self { feed, stop, has_delivered: false }
    }
}

impl<T: Send, F: Feed<Event = FeedEvent<T>>> Machine for StoppedInPoll<F> {
    type Event = F::Event;
    type Output = F::Output;

    fn poll(&mut self, now: Now) -> Step<F::Event, Result<F::Output, Error>> {
        if let (true, Some(stop)) = (self.has_delivered, &self.stop) {
            stop.stop();
        }
        let step = self.feed.poll(now);
        self.has_delivered |= matches!(step, Step::Event(FeedEvent::Started(_)));
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.feed.handle(now, ticket, reply);
    }
}

impl<T: Send, F: Feed<Event = FeedEvent<T>>> Feed for StoppedInPoll<F> {
    fn stop(&mut self, now: Now) {
        self.feed.stop(now);
    }

    fn is_stopped(&self) -> bool {
        self.feed.is_stopped()
    }

    fn has_started(&self) -> bool {
        self.feed.has_started()
    }
}
