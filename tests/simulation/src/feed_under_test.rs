//! A feed of any kind, which is asked twice, and told lies, to see that neither changes anything.

use std::sync::{Arc, Mutex, PoisonError};

use teamwire_core::{
    End, Error, Feed, FeedEvent, LiveLocationUpdate, Machine, Message, Moment, Now, Poller, Reaction, ReactionType,
    Reply, Step, Ticket,
};

use super::{
    oracle::{Item, Place},
    violation::{Broken, broken},
};

/// What is wrong with machines, as far as only who holds them can see it.
#[derive(Clone, Debug, Default)]
pub(super) struct Complaints(Arc<Mutex<Option<Broken>>>);

impl Complaints {
    fn add<T>(&self, found: Result<T, Broken>) {
        if let Err(found) = found {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(found);
        }
    }

    pub(super) fn check(&self) -> Result<(), Broken> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).take().map_or(Ok(()), Err)
    }
}

pub(super) enum Kind {
    Messages(Poller<Message>),
    Reactions(Poller<Reaction>),
    Locations(Poller<LiveLocationUpdate>),
}

/// What it said when it was last asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Said {
    Send(Ticket),
    Sleep(Moment),
    Other,
}

pub(super) struct Followed {
    kind: Kind,
    said: Said,
    asked: u32,
    complaints: Complaints,
}

type Next = Step<FeedEvent<Item>, Result<End, Error>>;

impl Followed {
    pub(super) const fn new(kind: Kind, complaints: Complaints) -> Self {
        Self { kind, said: Said::Other, asked: 0, complaints }
    }

    fn ask(&mut self, now: Now) -> Next {
        match &mut self.kind {
            Kind::Messages(poller) => {
                let item = |it: Message| Item::Message { mid: it.mid.as_str().into(), deleted: it.deleted };
                translate(poller.poll(now), item)
            }
            Kind::Reactions(poller) => translate(poller.poll(now), |it: Reaction| Item::Reaction {
                id: it.reaction_id.as_str().into(),
                kind: name_of(&it.reaction_type),
            }),
            Kind::Locations(poller) => translate(poller.poll(now), |it: LiveLocationUpdate| {
                #[expect(clippy::cast_possible_truncation, reason = "a latitude is small")]
                let lat = (it.coordinates.lat() * 1000.0).round() as i64;
                Item::Location(Place { uid: it.user.uid.as_str().into(), lat, ended: it.ended })
            }),
        }
    }

    fn ask_again(&mut self, now: Now, first: &Next) {
        let again = self.ask(now);
        self.complaints.add(match (first, &again) {
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
            _ => broken("asking again is harmless", || format!("first {first:?}, then {again:?}")),
        });
    }
}

fn said(step: &Next) -> Said {
    match step {
        Step::Send(ticket, _) => Said::Send(*ticket),
        Step::Sleep(until) => Said::Sleep(*until),
        _ => Said::Other,
    }
}

impl Machine for Followed {
    type Event = FeedEvent<Item>;
    type Output = End;

    fn poll(&mut self, now: Now) -> Next {
        let step = self.ask(now);
        self.said = said(&step);
        self.asked += 1;
        if let Said::Sleep(until) = self.said
            && until <= now.moment
        {
            self.complaints
                .add::<()>(broken("no wait is in the past", || format!("at {now:?} it sleeps to {until:?}")));
        }
        if matches!(step, Step::Done(_)) || (self.asked.is_multiple_of(4) && self.said != Said::Other) {
            self.ask_again(now, &step);
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.kind {
            Kind::Messages(poller) => poller.handle(now, ticket, reply),
            Kind::Reactions(poller) => poller.handle(now, ticket, reply),
            Kind::Locations(poller) => poller.handle(now, ticket, reply),
        }
        let untouched = match self.said {
            Said::Send(awaited) => awaited != ticket,
            Said::Sleep(until) => now.moment < until,
            Said::Other => return,
        };
        if untouched {
            let step = self.ask(now);
            if said(&step) != self.said {
                self.complaints.add::<()>(broken("a reply that is not awaited changes nothing", || {
                    format!("it had said {:?}; after a reply to {ticket:?} it says {step:?}", self.said)
                }));
            }
        } else {
            self.said = Said::Other;
        }
    }
}

impl Feed for Followed {
    fn stop(&mut self, now: Now) {
        self.said = Said::Other;
        match &mut self.kind {
            Kind::Messages(poller) => poller.stop(now),
            Kind::Reactions(poller) => poller.stop(now),
            Kind::Locations(poller) => poller.stop(now),
        }
    }
}

fn translate<T>(step: Step<FeedEvent<T>, Result<End, Error>>, item_of: impl Fn(T) -> Item) -> Next {
    match step {
        Step::Send(ticket, exchange) => Step::Send(ticket, exchange),
        Step::File(ticket, task) => Step::File(ticket, task),
        Step::Sleep(until) => Step::Sleep(until),
        Step::Done(result) => Step::Done(result),
        Step::Event(event) => Step::Event(match event {
            FeedEvent::Update { item, checkpoint } => FeedEvent::Update { item: item_of(item), checkpoint },
            FeedEvent::Unread { item, checkpoint } => FeedEvent::Unread { item, checkpoint },
            FeedEvent::Started(checkpoint) => FeedEvent::Started(checkpoint),
            FeedEvent::Quiet(checkpoint) => FeedEvent::Quiet(checkpoint),
            FeedEvent::Missed(checkpoint) => FeedEvent::Missed(checkpoint),
            FeedEvent::Trouble(trouble) => FeedEvent::Trouble(trouble),
            _ => return unknown(),
        }),
    }
}

fn unknown() -> Next {
    Step::Done(Err(Error::Finished))
}

fn name_of(kind: &ReactionType) -> String {
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
