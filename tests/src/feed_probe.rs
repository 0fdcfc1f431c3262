//! A feed of whatever kind, of whatever executor: what it tells is a text.

use std::fmt;

use teamwire_core::{Checkpoint, Error, Executor, Feed, FeedEvent, Poller, Trouble};

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
    /// A feed, and what is told of what it has.
    pub fn new<T: 'static>(events: EventsOf<H, T>, text: fn(T) -> String) -> Self
    where
        Poller<T>: Feed<Event = FeedEvent<T>>,
    {
        Self { events: Box::new(TypedFeed::<H, T> { events, text }) }
    }

    /// What comes next; `None` after the end.
    pub fn event(&mut self) -> Option<Result<FeedEvent<String>, Error>> {
        self.events.next()
    }

    /// Waits until it begins.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_started(&mut self) -> Checkpoint {
        match self.event() {
            Some(Ok(FeedEvent::Started(checkpoint))) => checkpoint,
            other => panic!("it begins, rather than {other:?}"),
        }
    }

    /// Waits until something happens: what, and what to save then.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_update(&mut self) -> (String, Checkpoint) {
        match self.event() {
            Some(Ok(FeedEvent::Update { item, checkpoint })) => (item, checkpoint),
            other => panic!("it tells something, rather than {other:?}"),
        }
    }

    /// Waits for so many things to happen.
    ///
    /// # Panics
    /// If anything else comes.
    #[track_caller]
    pub fn expect_updates(&mut self, many: usize) -> Vec<String> {
        (0..many).map(|_| self.expect_update().0).collect()
    }

    /// Waits for trouble.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_trouble(&mut self) -> Trouble {
        match self.event() {
            Some(Ok(FeedEvent::Trouble(trouble))) => trouble,
            other => panic!("it has trouble, rather than {other:?}"),
        }
    }

    /// Waits for what can have been missed.
    ///
    /// # Panics
    /// If anything else comes first.
    #[track_caller]
    pub fn expect_gap(&mut self) -> Checkpoint {
        match self.event() {
            Some(Ok(FeedEvent::Missed(checkpoint))) => checkpoint,
            other => panic!("it has missed something, rather than {other:?}"),
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
            assert!(event.is_none(), "it ends, rather than {event:?}");
        }
    }

    /// Waits for its end by an error.
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
            other => panic!("it ends by an error, rather than {other:?}"),
        }
    }

    /// Ends it. What it has is still to come.
    pub fn stop(&mut self) {
        self.events.stop();
    }

    /// What ends it from another thread, if this executor has such a thing.
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
        FeedEvent::Unread { item, checkpoint } => FeedEvent::Unread { item, checkpoint },
        FeedEvent::Quiet(checkpoint) => FeedEvent::Quiet(checkpoint),
        FeedEvent::Missed(checkpoint) => FeedEvent::Missed(checkpoint),
        FeedEvent::Trouble(trouble) => FeedEvent::Trouble(trouble),
        _ => panic!("an event of a kind that is to come"),
    }
}
