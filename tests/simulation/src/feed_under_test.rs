//! A feed of any kind. Repeated polls and unexpected replies check that neither changes its state.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{
    Error, ErrorKind, FeedEvent, Message, Reaction, ReactionType,
    effect::{Moment, Now},
    feed::{FeedEnd, MapItem, Poller},
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::{ChatEvent, LiveLocationUpdate},
};

use super::{
    oracle::{Item, Location},
    violation::{Violation, violation},
};

/// The first violation found by a feed. Machines cannot return one, so it is kept here.
#[derive(Clone, Debug, Default)]
pub(super) struct Violations(Arc<Mutex<Option<Violation>>>);

impl Violations {
    fn record<T>(&self, result: Result<T, Violation>) {
        if let Err(violation) = result {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(violation);
        }
    }

    pub(super) fn check(&self) -> Result<(), Violation> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}

/// A feed of any kind.
pub(super) type AnyFeed = Box<dyn Feed<Event = FeedEvent<Item>, Output = FeedEnd>>;

pub(super) fn messages(poller: Poller<Message>) -> AnyFeed {
    Box::new(MapItem::new(poller, message))
}

pub(super) fn reactions(poller: Poller<Reaction>) -> AnyFeed {
    Box::new(MapItem::new(poller, reaction))
}

pub(super) fn locations(poller: Poller<LiveLocationUpdate>) -> AnyFeed {
    Box::new(MapItem::new(poller, location))
}

pub(super) fn events(poller: Poller<ChatEvent>) -> AnyFeed {
    Box::new(MapItem::new(poller, |event| match event {
        ChatEvent::Message(it) => message(it),
        ChatEvent::Deleted(it) => Item::Deletion(it.mid.as_str().into()),
        ChatEvent::Reaction(it) => reaction(it),
        ChatEvent::Location(it) => location(it),
        _ => Item::ChatEvent,
    }))
}

fn message(it: Message) -> Item {
    Item::Message { mid: it.mid.as_str().into(), deleted: it.deleted }
}

fn reaction(it: Reaction) -> Item {
    Item::Reaction { id: it.reaction_id.as_str().into(), kind: reaction_name(&it.reaction_type) }
}

fn location(it: LiveLocationUpdate) -> Item {
    #[expect(clippy::cast_possible_truncation, reason = "latitudes are small")]
    let lat = (it.coordinates.lat() * 1000.0).round() as i64;
    Item::Location(Location { uid: it.user.uid.as_str().into(), lat, ended: it.ended })
}

/// The result of the last poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum StepSummary {
    Send(Ticket),
    Sleep(Moment),
    Other,
}

/// A feed whose machine is checked at every step.
pub(super) struct FeedUnderTest {
    feed: AnyFeed,
    last_step: StepSummary,
    polls: u32,
    violations: Violations,
}

type FeedStep = Step<FeedEvent<Item>, Result<FeedEnd, Error>>;

impl FeedUnderTest {
    pub(super) const fn new(feed: AnyFeed, violations: Violations) -> Self {
        Self { feed, last_step: StepSummary::Other, polls: 0, violations }
    }

    fn check_repeated_poll(&mut self, now: Now, first: &FeedStep) {
        let again = self.feed.poll(now);
        self.violations.record(match (first, &again) {
            (Step::Send(a, x), Step::Send(b, y))
                if a == b
                    && x.request.uri() == y.request.uri()
                    && x.request.method() == y.request.method()
                    && x.request.headers() == y.request.headers()
                    && x.timeout == y.timeout =>
            {
                Ok(())
            }
            (Step::Sleep(a), Step::Sleep(b)) if a == b => Ok(()),
            (Step::Done(_), Step::Done(Err(error))) if error.kind() == ErrorKind::Finished => Ok(()),
            _ => violation("polling is idempotent", || format!("{first:?}, then {again:?}")),
        });
    }
}

fn summary(step: &FeedStep) -> StepSummary {
    match step {
        Step::Send(ticket, _) => StepSummary::Send(*ticket),
        Step::Sleep(until) => StepSummary::Sleep(*until),
        _ => StepSummary::Other,
    }
}

impl Machine for FeedUnderTest {
    type Event = FeedEvent<Item>;
    type Output = FeedEnd;

    fn poll(&mut self, now: Now) -> FeedStep {
        let step = self.feed.poll(now);
        self.last_step = summary(&step);
        self.polls += 1;
        if let StepSummary::Sleep(until) = self.last_step
            && until <= now.moment
        {
            self.violations.record::<()>(violation("wake-up times are in the future", || {
                format!("at {now:?} it sleeps until {until:?}")
            }));
        }
        if matches!(step, Step::Done(_)) || (self.polls.is_multiple_of(4) && self.last_step != StepSummary::Other) {
            self.check_repeated_poll(now, &step);
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.feed.handle(now, ticket, reply);
        let is_unexpected = match self.last_step {
            StepSummary::Send(pending) => pending != ticket,
            StepSummary::Sleep(until) => now.moment < until,
            StepSummary::Other => return,
        };
        if is_unexpected {
            let step = self.feed.poll(now);
            if summary(&step) != self.last_step {
                self.violations.record::<()>(violation("an unexpected reply changes nothing", || {
                    format!("{:?}; after a reply to {ticket:?}: {step:?}", self.last_step)
                }));
            }
        } else {
            self.last_step = StepSummary::Other;
        }
    }
}

impl Feed for FeedUnderTest {
    fn stop(&mut self, now: Now) {
        self.last_step = StepSummary::Other;
        self.feed.stop(now);
    }

    fn is_stopped(&self) -> bool {
        self.feed.is_stopped()
    }

    fn has_started(&self) -> bool {
        self.feed.has_started()
    }
}

fn reaction_name(kind: &ReactionType) -> String {
    let name = match kind {
        ReactionType::Ok => "ok",
        ReactionType::Sos => "sos",
        ReactionType::ThumbsUp => "thumbs_up",
        ReactionType::Applause => "applause",
        ReactionType::Smile => "smile",
        ReactionType::Laugh => "laugh",
        ReactionType::Love => "love",
        _ => "unknown",
    };
    name.into()
}
