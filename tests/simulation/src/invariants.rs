//! Watches one feed: everything it says must follow from what it was told.

use std::time::Duration;

use teamwire_core::{Checkpoint, End, Error, ErrorKind, FaultKind, FeedEvent, Now, Ticket, Trouble};

use super::{
    oracle::{Item, Truth},
    protocol::{Ask, Heard},
    scenario::Topic,
    violation::{Broken, broken},
};

const SHORTEST: Duration = Duration::from_millis(250);
const FIRST: Duration = Duration::from_millis(500);
const LONGEST: Duration = Duration::from_secs(30);
const QUIET: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct Watch {
    pub(super) topic: Topic,
    hides: bool,
    /// What comes next.
    pub(super) position: usize,
    /// Until where its answers told of what happened.
    arrived: usize,
    /// The cursor that was seen last, and the place that it stands for.
    latest: (String, usize),
    has_cursor: bool,
    began: bool,
    subscription: Option<String>,
    /// The last one it had, which it may not know to be over.
    last_subscription: Option<String>,
    awaited: Option<Ticket>,
    owed: Owed,
    failures: u32,
    /// Those of them by which the waits grow.
    outages: u32,
    /// Set if the server has forgotten a cursor or a subscription since it was last read.
    was_forgotten: bool,
    /// Its last request, and when it first sent that, on the clock of the process.
    sent: Option<(Ticket, Duration)>,
    /// When it may ask again, on the clock of the process.
    not_before: Duration,
    stopped: bool,
    farewells: u32,
    pace: (u64, usize),
    /// When it last told a checkpoint, and for what place; and whether that was too long ago when it last asked.
    fresh: (Duration, usize),
    is_old: bool,
    /// Whether it was read since it began, and since it last asked.
    was_read: bool,
    was_read_again: bool,
    pub(super) ended: Option<Ended>,
}

/// What must come next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Owed {
    Nothing,
    Begin(usize),
    Trouble(Option<Duration>),
    /// Another request; or, if it is not the first time, trouble.
    Request,
    End(Ended),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Stopped,
    Unsubscribed,
    Revoked,
    Gone,
}

impl Watch {
    /// Of a feed that begins from now, or at this place.
    pub(super) fn new(topic: Topic, hides: bool, from: Option<usize>) -> Self {
        let position = from.unwrap_or_default();
        Self {
            topic,
            hides,
            position,
            arrived: position,
            latest: (String::new(), position),
            has_cursor: from.is_some(),
            began: from.is_some(),
            subscription: None,
            last_subscription: None,
            awaited: None,
            owed: Owed::Nothing,
            failures: 0,
            outages: 0,
            was_forgotten: false,
            sent: None,
            not_before: Duration::ZERO,
            stopped: false,
            farewells: 0,
            pace: (0, 0),
            fresh: (Duration::ZERO, position),
            is_old: false,
            was_read: false,
            was_read_again: false,
            ended: None,
        }
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.awaited == Some(ticket)
    }

    /// Whether all is told that happened.
    pub(super) fn is_complete(&self, truth: &Truth) -> bool {
        self.began && self.owes(truth, truth.len()).is_ok()
    }

    fn owes(&self, truth: &Truth, until: usize) -> Result<(), Broken> {
        match truth.owed(self.topic, self.hides, self.position, until) {
            None => Ok(()),
            Some(news) => broken("nothing is lost", || format!("{:?} was never told of {news:?}", self.topic)),
        }
    }

    /// It hands out a request, when so much has happened in all.
    pub(super) fn sends(
        &mut self,
        now: Now,
        ticket: Ticket,
        ask: &Ask,
        truth: &Truth,
        all: usize,
    ) -> Result<(), Broken> {
        if self.ended.is_some() {
            return broken("the end is the end", || format!("{:?} sends {ask:?}", self.topic));
        }
        if self.awaited.is_some() {
            return broken("a feed has one request under way at most", || format!("{:?} sends {ask:?}", self.topic));
        }
        if !matches!(self.owed, Owed::Nothing | Owed::Request) {
            return broken("what came of a request is told", || {
                format!("{:?} owes {:?}, and sends {ask:?}", self.topic, self.owed)
            });
        }
        self.owed = Owed::Nothing;
        self.awaited = Some(ticket);
        if self.stopped {
            self.farewells += 1;
            let right = matches!(ask, Ask::Unsubscribe(id) if Some(id) == self.last_subscription.as_ref());
            return if right && self.farewells <= 2 {
                Ok(())
            } else {
                broken("after a stop it unsubscribes, and sends nothing else", || format!("{:?}: {ask:?}", self.topic))
            };
        }
        let right = match ask {
            Ask::Subscribe => self.topic.is_leased() && self.subscription.is_none(),
            Ask::Poll { subscription, cursor } => {
                self.topic.is_leased() == subscription.is_some()
                    && *subscription == self.subscription
                    && cursor.is_some() == self.has_cursor
            }
            Ask::Unsubscribe(_) | Ask::Other => false,
        };
        if !right {
            return broken("it goes on where it was", || {
                format!("{:?} has the subscription {:?}, and sends {ask:?}", self.topic, self.subscription)
            });
        }
        if now.moment.since_epoch() < self.not_before {
            return broken("waits are kept", || format!("{:?} was to wait until {:?}", self.topic, self.not_before));
        }
        self.owes(truth, self.arrived)?;
        if let Ask::Poll { cursor: Some(cursor), .. } = ask {
            self.latest = (cursor.clone(), self.arrived);
        }
        if self.sent.is_none_or(|(last, _)| last != ticket) {
            self.sent = Some((ticket, now.moment.since_epoch()));
        }
        self.freshens(now)?;
        self.was_read_again = false;
        self.paces(now, all)
    }

    /// No checkpoint grows old while there is a newer one, whether or not there is anything to tell.
    fn freshens(&mut self, now: Now) -> Result<(), Broken> {
        let clock = now.moment.since_epoch();
        if !self.was_read {
            (self.fresh.0, self.was_read) = (clock, self.was_read_again);
        }
        let age = clock.saturating_sub(self.fresh.0);
        let was_old = std::mem::replace(&mut self.is_old, self.arrived > self.fresh.1 && age >= QUIET);
        if was_old && self.was_read_again {
            return broken("no checkpoint grows old", || format!("{:?} is from {:?}", self.topic, self.fresh.0));
        }
        Ok(())
    }

    /// No more requests in a second than what happened in it can explain.
    fn paces(&mut self, now: Now, all: usize) -> Result<(), Broken> {
        let second = now.moment.since_epoch().as_secs();
        if second != self.pace.0 {
            self.pace = (second, all);
        }
        // Four attempts a second at the least wait, twice where connections are stale, and some to begin.
        self.pace.1 += 1;
        if self.pace.1 > all + 16 {
            return broken("no feed runs hot", || format!("{:?} sends too much", self.topic));
        }
        Ok(())
    }

    /// The reply that it awaits was handed to it.
    pub(super) fn hears(&mut self, heard: Heard) {
        self.awaited = None;
        if self.stopped {
            return;
        }
        self.owed = match heard {
            Heard::Batch(position) => {
                (self.failures, self.outages, self.was_forgotten) = (0, 0, false);
                (self.arrived, self.was_read_again) = (position, true);
                Owed::Nothing
            }
            Heard::Cursor(position) => {
                if !self.was_forgotten {
                    (self.failures, self.outages) = (0, 0);
                }
                self.has_cursor = true;
                Owed::Begin(position)
            }
            Heard::Lease { id, at } => {
                self.last_subscription = Some(id.clone());
                self.subscription = Some(id);
                if std::mem::replace(&mut self.has_cursor, true) { Owed::Nothing } else { Owed::Begin(at) }
            }
            Heard::Stale => Owed::Request,
            Heard::LeaseExpired => {
                (self.subscription, self.was_forgotten) = (None, true);
                Owed::Request
            }
            Heard::CursorExpired => {
                (self.has_cursor, self.was_forgotten) = (false, true);
                Owed::Request
            }
            Heard::NotFound if self.subscription.take().is_some() => {
                self.was_forgotten = true;
                Owed::Request
            }
            Heard::NotFound => Owed::End(Ended::Gone),
            Heard::Unsubscribed => Owed::End(Ended::Unsubscribed),
            Heard::Unauthorized => Owed::End(Ended::Revoked),
            Heard::Trouble(retry_after) => Owed::Trouble(retry_after),
            Heard::Else => Owed::Nothing,
        };
    }

    /// It delivers something. Answers where it may begin again, if that can be saved.
    pub(super) fn tells(
        &mut self,
        now: Now,
        event: FeedEvent<Item>,
        truth: &Truth,
    ) -> Result<Option<(Checkpoint, usize)>, Broken> {
        let told = self.told(now, event, truth)?;
        if let Some((_, at)) = &told {
            (self.fresh, self.is_old) = ((now.moment.since_epoch(), *at), false);
        }
        Ok(told)
    }

    fn told(&mut self, now: Now, event: FeedEvent<Item>, truth: &Truth) -> Result<Option<(Checkpoint, usize)>, Broken> {
        match event {
            FeedEvent::Started(checkpoint) => self.begins(false).map(|at| Some((checkpoint, at))),
            FeedEvent::Missed(checkpoint) => self.begins(true).map(|at| Some((checkpoint, at))),
            FeedEvent::Update { item, checkpoint } => {
                self.delivers(truth, &item)?;
                let at = self.stands_for(&checkpoint);
                Ok(Some((checkpoint, at)))
            }
            FeedEvent::Unread { item, checkpoint } => {
                self.delivers(truth, &Item::Unread(item.json))?;
                let at = self.stands_for(&checkpoint);
                Ok(Some((checkpoint, at)))
            }
            FeedEvent::Quiet(checkpoint) => {
                self.owes(truth, self.arrived)?;
                // The user may have taken a while over the event before.
                if self.owed != Owed::Nothing || now.moment.since_epoch().saturating_sub(self.fresh.0) < QUIET / 2 {
                    return broken("a feed is quiet only after a while", || format!("{:?}", self.topic));
                }
                Ok(Some((checkpoint, self.arrived)))
            }
            FeedEvent::Trouble(trouble) => self.is_troubled(now, &trouble).map(|()| None),
            _ => broken("the simulation holds", || "an event of a kind that it does not know".into()),
        }
    }

    /// The place that a checkpoint stands for. An event without a cursor of its own, or with that of the one before it, is
    /// told again to a feed that begins there.
    fn stands_for(&mut self, checkpoint: &Checkpoint) -> usize {
        let json = serde_json::to_value(checkpoint).expect("a checkpoint can be written");
        let cursor = json["cursor"].as_str().unwrap_or_default();
        if self.latest.0 != cursor {
            self.latest = (cursor.to_owned(), self.position);
        }
        self.latest.1
    }

    fn begins(&mut self, missed: bool) -> Result<usize, Broken> {
        let Owed::Begin(position) = self.owed else {
            return broken("a feed begins, or has missed something, only at the server's word", || {
                format!("{:?} owes {:?}", self.topic, self.owed)
            });
        };
        if missed != self.began {
            return broken("`Started` is the first event, and `Missed` never is", || format!("{:?}", self.topic));
        }
        self.owed = Owed::Nothing;
        (self.began, self.was_read) = (true, false);
        (self.position, self.arrived) = (position, position);
        Ok(position)
    }

    fn delivers(&mut self, truth: &Truth, item: &Item) -> Result<(), Broken> {
        let after_a_gap = matches!(self.owed, Owed::Begin(_)) || !self.has_cursor;
        if after_a_gap {
            return broken("a gap is told before what comes after it", || format!("{:?}: {item:?}", self.topic));
        }
        self.position = truth.after(self.topic, self.hides, self.position, self.arrived, item)?;
        Ok(())
    }

    fn is_troubled(&mut self, now: Now, trouble: &Trouble) -> Result<(), Broken> {
        let asked = match self.owed {
            Owed::Trouble(asked) => asked,
            Owed::Request => None,
            _ => {
                return broken("trouble is told when there is some", || format!("{:?}: {trouble:?}", self.topic));
            }
        };
        self.owed = Owed::Nothing;
        self.failures += 1;
        if trouble.attempt != self.failures {
            return broken("attempts are counted", || format!("it is number {}: {trouble:?}", self.failures));
        }
        // The trouble may have been there for a while before somebody took it.
        let wait = trouble.next_try.since(now.moment);
        self.not_before = trouble.next_try.since_epoch();
        // A poll that lasted, and was cut, is repeated at once.
        let lasted = self.sent.map_or(Duration::ZERO, |(_, at)| now.moment.since_epoch().saturating_sub(at));
        if wait == SHORTEST && asked.is_none() && lasted >= Duration::from_secs(1) && may_be_cut(&trouble.cause) {
            return Ok(());
        }
        self.outages += 1;
        let full = FIRST.saturating_mul(1 << self.outages.min(8).saturating_sub(1)).min(LONGEST);
        let shortest = SHORTEST * (1 << (self.outages - 1).min(5));
        let ours = wait.saturating_sub(asked.unwrap_or_default());
        if ours < (full / 2).max(shortest) || ours > full.max(shortest) {
            return broken("waits grow, and what the server asks for is kept", || {
                format!("asked for {asked:?}, it waits {wait:?} after attempt {}", self.failures)
            });
        }
        Ok(())
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.stopped
    }

    /// It was told to stop; its request under way is given up.
    pub(super) fn stops(&mut self) {
        self.stopped = true;
        self.awaited = None;
        // What it was told and has not looked at does not matter any more, unless it was told of something.
        if !matches!(self.owed, Owed::Begin(_)) {
            self.owed = Owed::Nothing;
        }
    }

    /// The reply that it awaits will not come: it is to ask again.
    pub(super) fn reissues(&mut self) {
        if self.awaited.take().is_some() {
            self.owed = Owed::Request;
            self.farewells = 0;
        }
    }

    pub(super) fn ends(&mut self, result: Result<End, Error>, truth: &Truth) -> Result<(), Broken> {
        let ended = match result {
            Ok(End::Stopped) => Ended::Stopped,
            Ok(End::Unsubscribed) => Ended::Unsubscribed,
            Err(error) if error.kind() == ErrorKind::Auth => Ended::Revoked,
            Err(error) if error.kind() == ErrorKind::NotFound => Ended::Gone,
            other => return broken("a feed ends as it should", || format!("{:?} ends with {other:?}", self.topic)),
        };
        let right = if self.stopped { ended == Ended::Stopped } else { self.owed == Owed::End(ended) };
        if !right && self.owed != Owed::End(ended) {
            return broken("a feed ends as it should", || {
                format!("{:?} owes {:?} and ends with {ended:?}", self.topic, self.owed)
            });
        }
        if ended == Ended::Stopped && self.subscription.is_some() && self.farewells == 0 {
            return broken("a stopped feed ends its subscription", || format!("{:?}", self.topic));
        }
        self.ended = Some(ended);
        self.owes(truth, self.arrived)
    }
}

/// Returns `true` if something between here and the server may have ended the exchange.
fn may_be_cut(cause: &Error) -> bool {
    match cause {
        Error::Connection(fault) => fault.kind == FaultKind::Lost && fault.received == 0 && fault.head.is_none(),
        Error::Refused(refusal) => matches!(refusal.status, 408 | 502..=504) && refusal.code.is_none(),
        _ => false,
    }
}
