//! A feed of any kind. Repeated polls and unexpected replies check that neither changes its state.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{
    Error, FeedEvent, Message, Reaction, ReactionType,
    effect::{Moment, Now},
    feed::{FeedEnd, Poller},
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::LiveLocationUpdate,
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

/// The poller of any feed.
pub(super) enum AnyPoller {
    Messages(Poller<Message>),
    Reactions(Poller<Reaction>),
    Locations(Poller<LiveLocationUpdate>),
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
    poller: AnyPoller,
    last_step: StepSummary,
    polls: u32,
    violations: Violations,
}

type FeedStep = Step<FeedEvent<Item>, Result<FeedEnd, Error>>;

impl FeedUnderTest {
    pub(super) const fn new(poller: AnyPoller, violations: Violations) -> Self {
        Self { poller, last_step: StepSummary::Other, polls: 0, violations }
    }

    fn poll_once(&mut self, now: Now) -> FeedStep {
        match &mut self.poller {
            AnyPoller::Messages(poller) => {
                let item = |it: Message| Item::Message { mid: it.mid.as_str().into(), deleted: it.deleted };
                map_items(poller.poll(now), item)
            }
            AnyPoller::Reactions(poller) => map_items(poller.poll(now), |it: Reaction| Item::Reaction {
                id: it.reaction_id.as_str().into(),
                kind: reaction_name(&it.reaction_type),
            }),
            AnyPoller::Locations(poller) => map_items(poller.poll(now), |it: LiveLocationUpdate| {
                #[expect(clippy::cast_possible_truncation, reason = "latitudes are small")]
                let lat = (it.coordinates.lat() * 1000.0).round() as i64;
                Item::Location(Location { uid: it.user.uid.as_str().into(), lat, ended: it.ended })
            }),
        }
    }

    fn check_repeated_poll(&mut self, now: Now, first: &FeedStep) {
        let again = self.poll_once(now);
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
            (Step::Done(_), Step::Done(Err(Error::Finished))) => Ok(()),
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
        let step = self.poll_once(now);
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
        match &mut self.poller {
            AnyPoller::Messages(poller) => poller.handle(now, ticket, reply),
            AnyPoller::Reactions(poller) => poller.handle(now, ticket, reply),
            AnyPoller::Locations(poller) => poller.handle(now, ticket, reply),
        }
        let is_unexpected = match self.last_step {
            StepSummary::Send(pending) => pending != ticket,
            StepSummary::Sleep(until) => now.moment < until,
            StepSummary::Other => return,
        };
        if is_unexpected {
            let step = self.poll_once(now);
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
        match &mut self.poller {
            AnyPoller::Messages(poller) => poller.stop(now),
            AnyPoller::Reactions(poller) => poller.stop(now),
            AnyPoller::Locations(poller) => poller.stop(now),
        }
    }
}

fn map_items<T>(step: Step<FeedEvent<T>, Result<FeedEnd, Error>>, item_of: impl Fn(T) -> Item) -> FeedStep {
    match step {
        Step::Send(ticket, exchange) => Step::Send(ticket, exchange),
        Step::File(ticket, task) => Step::File(ticket, task),
        Step::Sleep(until) => Step::Sleep(until),
        Step::Done(result) => Step::Done(result),
        Step::Event(event) => Step::Event(match event {
            FeedEvent::Update { item, checkpoint } => FeedEvent::Update { item: item_of(item), checkpoint },
            FeedEvent::Undecoded { item, checkpoint } => FeedEvent::Undecoded { item, checkpoint },
            FeedEvent::Started(checkpoint) => FeedEvent::Started(checkpoint),
            FeedEvent::Heartbeat(checkpoint) => FeedEvent::Heartbeat(checkpoint),
            FeedEvent::Gap(checkpoint) => FeedEvent::Gap(checkpoint),
            FeedEvent::Retrying(retrying) => FeedEvent::Retrying(retrying),
            _ => return unknown_event(),
        }),
    }
}

fn unknown_event() -> FeedStep {
    Step::Done(Err(Error::Finished))
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
