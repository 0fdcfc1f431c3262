//! A feed of any kind and any executor, whose items are shown as text.

use std::fmt;

use teamwire_core::{
    Checkpoint, Error, FeedEvent,
    executor::Executor,
    feed::{Poller, Retrying},
    machine::Feed,
};

use crate::harness::{Harness, Stop};

/// A feed that is followed.
pub struct FeedProbe<H> {
    events: Box<dyn AnyFeed<H>>,
}

type EventsOf<H, T> = <<H as Harness>::X as Executor>::Events<Poller<T>>;

struct TypedFeed<H: Harness, T: 'static>
where
    Poller<T>: Feed<Event = FeedEvent<T>>,
{
    events: EventsOf<H, T>,
    text: fn(T) -> String,
}

trait AnyFeed<H> {
    fn next(&mut self) -> Option<Result<FeedEvent<String>, Error>>;
    fn stop(&mut self);
    fn stopper(&self) -> Option<Stop>;
}

impl<H: Harness, T: 'static> AnyFeed<H> for TypedFeed<H, T>
where
    Poller<T>: Feed<Event = FeedEvent<T>>,
{
    fn next(&mut self) -> Option<Result<FeedEvent<String>, Error>> {
        H::next(&mut self.events).map(|event| event.map(|event| in_words(event, self.text)))
    }

    fn stop(&mut self) {
        H::stop(&mut self.events);
    }

    fn stopper(&self) -> Option<Stop> {
        H::stopper(&self.events)
    }
}

impl<H: Harness> FeedProbe<H> {
    /// A feed, with a function that shows its items.
    pub fn new<T: 'static>(events: EventsOf<H, T>, text: fn(T) -> String) -> Self
    where
        Poller<T>: Feed<Event = FeedEvent<T>>,
    {
        Self { events: Box::new(TypedFeed::<H, T> { events, text }) }
    }

    /// The next event; `None` after the end.
    pub fn event(&mut self) -> Option<Result<FeedEvent<String>, Error>> {
        self.events.next()
    }

    /// Waits for its start.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_started(&mut self) -> Checkpoint {
        match self.event() {
            Some(Ok(FeedEvent::Started(checkpoint))) => checkpoint,
            other => panic!("a start is expected, not {other:?}"),
        }
    }

    /// Waits for an update. Returns its item and its checkpoint.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_update(&mut self) -> (String, Checkpoint) {
        match self.event() {
            Some(Ok(FeedEvent::Update { item, checkpoint })) => (item, checkpoint),
            other => panic!("an update is expected, not {other:?}"),
        }
    }

    /// Waits for this many updates. Returns their items.
    ///
    /// # Panics
    /// If anything else comes.
    #[track_caller]
    pub fn expect_updates(&mut self, many: usize) -> Vec<String> {
        (0..many).map(|_| self.expect_update().0).collect()
    }

    /// Waits for a failure that is retried.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_failure(&mut self) -> Retrying {
        match self.event() {
            Some(Ok(FeedEvent::Retrying(retrying))) => retrying,
            other => panic!("a failure is expected, not {other:?}"),
        }
    }

    /// Waits for a gap. Returns the checkpoint behind it.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_gap(&mut self) -> Checkpoint {
        match self.event() {
            Some(Ok(FeedEvent::Gap(checkpoint))) => checkpoint,
            other => panic!("a gap is expected, not {other:?}"),
        }
    }

    /// Waits for its end.
    ///
    /// # Panics
    /// If anything else comes first, or after it.
    #[track_caller]
    pub fn expect_end(&mut self) {
        for _ in 0..2 {
            let event = self.event();
            assert!(event.is_none(), "an end is expected, not {event:?}");
        }
    }

    /// Waits for its end with an error.
    ///
    /// # Panics
    /// If anything else comes first, or after it.
    #[track_caller]
    pub fn expect_error(&mut self) -> Error {
        match self.event() {
            Some(Err(error)) => {
                self.expect_end();
                error
            }
            other => panic!("an error is expected, not {other:?}"),
        }
    }

    /// Stops it. Events that have arrived are still delivered.
    pub fn stop(&mut self) {
        self.events.stop();
    }

    /// A handle that stops it from another thread, if this executor has one.
    pub fn stopper(&self) -> Option<Stop> {
        self.events.stopper()
    }
}

impl<H: Harness> fmt::Debug for FeedProbe<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedProbe").field("executor", &H::NAME).finish_non_exhaustive()
    }
}

fn in_words<T>(event: FeedEvent<T>, text: fn(T) -> String) -> FeedEvent<String> {
    match event {
        FeedEvent::Started(checkpoint) => FeedEvent::Started(checkpoint),
        FeedEvent::Update { item, checkpoint } => FeedEvent::Update { item: text(item), checkpoint },
        FeedEvent::Undecoded { item, checkpoint } => FeedEvent::Undecoded { item, checkpoint },
        FeedEvent::Heartbeat(checkpoint) => FeedEvent::Heartbeat(checkpoint),
        FeedEvent::Gap(checkpoint) => FeedEvent::Gap(checkpoint),
        FeedEvent::Retrying(retrying) => FeedEvent::Retrying(retrying),
        _ => panic!("an event of an unknown kind"),
    }
}
