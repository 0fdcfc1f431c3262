//! A feed of any kind, because a set has feeds of one type.

use teamwire_core::{
    Checkpoint, Error, FeedEvent, FeedOptions, Message, Reaction,
    effect::Now,
    executor::Manual,
    feed::{FeedEnd, Poller},
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::LiveLocationUpdate,
};

use crate::feed_set::action::FeedKind;

/// A client that returns its machines.
type Client = teamwire_core::Client<Manual>;

/// A feed of any kind.
pub(crate) enum AnyFeed {
    Messages(Poller<Message>),
    Reactions(Poller<Reaction>),
    Locations(Poller<LiveLocationUpdate>),
}

/// The parts of an event that the model checks.
#[derive(Debug)]
pub(crate) struct EventSummary {
    pub(crate) checkpoint: Option<Checkpoint>,
    pub(crate) failure: Option<Error>,
}

impl AnyFeed {
    pub(crate) fn new(client: &Client, kind: FeedKind, after: Option<Checkpoint>) -> Self {
        let (chats, follow) = (client.chats(), FeedOptions::from(after));
        match kind {
            FeedKind::AllMessages => Self::Messages(chats.new_messages(follow)),
            FeedKind::Messages => Self::Messages(chats.chat("c1").new_messages(follow)),
            FeedKind::Reactions => Self::Reactions(chats.reaction_updates(follow)),
            FeedKind::Locations => Self::Locations(chats.chat("c1").live_locations(follow)),
        }
    }
}

fn summarise<T>(step: Step<FeedEvent<T>, Result<FeedEnd, Error>>) -> Step<EventSummary, Result<FeedEnd, Error>> {
    match step {
        Step::Event(event) => {
            let checkpoint = event.checkpoint().cloned();
            let failure = if let FeedEvent::Retrying(retrying) = event { Some(retrying.error) } else { None };
            Step::Event(EventSummary { checkpoint, failure })
        }
        Step::Send(ticket, exchange) => Step::Send(ticket, exchange),
        Step::File(ticket, task) => Step::File(ticket, task),
        Step::Sleep(until) => Step::Sleep(until),
        Step::Done(result) => Step::Done(result),
    }
}

impl Machine for AnyFeed {
    type Event = EventSummary;
    type Output = FeedEnd;

    fn poll(&mut self, now: Now) -> Step<EventSummary, Result<FeedEnd, Error>> {
        match self {
            Self::Messages(feed) => summarise(feed.poll(now)),
            Self::Reactions(feed) => summarise(feed.poll(now)),
            Self::Locations(feed) => summarise(feed.poll(now)),
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match self {
            Self::Messages(feed) => feed.handle(now, ticket, reply),
            Self::Reactions(feed) => feed.handle(now, ticket, reply),
            Self::Locations(feed) => feed.handle(now, ticket, reply),
        }
    }
}

impl Feed for AnyFeed {
    fn stop(&mut self, now: Now) {
        match self {
            Self::Messages(feed) => feed.stop(now),
            Self::Reactions(feed) => feed.stop(now),
            Self::Locations(feed) => feed.stop(now),
        }
    }

    fn is_stopped(&self) -> bool {
        match self {
            Self::Messages(feed) => feed.is_stopped(),
            Self::Reactions(feed) => feed.is_stopped(),
            Self::Locations(feed) => feed.is_stopped(),
        }
    }

    fn has_started(&self) -> bool {
        match self {
            Self::Messages(feed) => feed.has_started(),
            Self::Reactions(feed) => feed.has_started(),
            Self::Locations(feed) => feed.has_started(),
        }
    }
}
