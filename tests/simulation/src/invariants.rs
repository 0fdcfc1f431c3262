//! Watches one feed: everything it says must follow from what it was told.

use std::time::Duration;

use teamwire_core::{Checkpoint, End, Error, ErrorKind, FaultKind, FeedEvent, Now, Ticket, Trouble};

use super::{
    oracle::{Item, Oracle},
    protocol::{Meaning, RequestKind},
    scenario::Topic,
    violation::{Violation, violation},
};

const MIN_BACKOFF: Duration = Duration::from_millis(250);
const INITIAL_BACKOFF: Duration = Duration::from_millis(500);
const MAX_BACKOFF: Duration = Duration::from_secs(30);
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(600);

#[derive(Debug)]
pub(super) struct FeedInvariants {
    pub(super) topic: Topic,
    hides_deleted: bool,
    /// What comes next.
    pub(super) position: usize,
    /// Until where its answers told of what happened.
    received: usize,
    /// The cursor that was seen last, and the place that it stands for.
    last_cursor: (String, usize),
    has_cursor: bool,
    has_started: bool,
    subscription: Option<String>,
    /// The last one it had, which it may not know to be over.
    last_subscription: Option<String>,
    pending: Option<Ticket>,
    expected: Expected,
    failures: u32,
    /// Those of them by which the waits grow.
    outages: u32,
    /// Set if the server has forgotten a cursor or a subscription since it was last read.
    server_lost_state: bool,
    /// Its last request, and when it first sent that, on the clock of the process.
    last_request: Option<(Ticket, Duration)>,
    /// When it may ask again, on the clock of the process.
    not_before: Duration,
    is_stopped: bool,
    unsubscribes: u32,
    pace: (u64, usize),
    /// When it last told a checkpoint, and for what place; and whether that was too long ago when it last asked.
    last_checkpoint: (Duration, usize),
    is_checkpoint_old: bool,
    /// Whether it was read since it began, and since it last asked.
    was_polled: bool,
    was_polled_again: bool,
    pub(super) end: Option<FeedEnd>,
}

/// What must come next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Nothing,
    Start(usize),
    RetryNotice(Option<Duration>),
    /// Another request; or, if it is not the first time, trouble.
    Request,
    End(FeedEnd),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FeedEnd {
    Stopped,
    Unsubscribed,
    Revoked,
    Gone,
}

impl FeedInvariants {
    /// Of a feed that begins from now, or at this place.
    pub(super) fn new(topic: Topic, hides_deleted: bool, start: Option<usize>) -> Self {
        let position = start.unwrap_or_default();
        Self {
            topic,
            hides_deleted,
            position,
            received: position,
            last_cursor: (String::new(), position),
            has_cursor: start.is_some(),
            has_started: start.is_some(),
            subscription: None,
            last_subscription: None,
            pending: None,
            expected: Expected::Nothing,
            failures: 0,
            outages: 0,
            server_lost_state: false,
            last_request: None,
            not_before: Duration::ZERO,
            is_stopped: false,
            unsubscribes: 0,
            pace: (0, 0),
            last_checkpoint: (Duration::ZERO, position),
            is_checkpoint_old: false,
            was_polled: false,
            was_polled_again: false,
            end: None,
        }
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.pending == Some(ticket)
    }

    /// Whether all is told that happened.
    pub(super) fn is_complete(&self, oracle: &Oracle) -> bool {
        self.has_started && self.check_delivered(oracle, oracle.len()).is_ok()
    }

    fn check_delivered(&self, oracle: &Oracle, until: usize) -> Result<(), Violation> {
        match oracle.first_undelivered(self.topic, self.hides_deleted, self.position, until) {
            None => Ok(()),
            Some(change) => violation("nothing is lost", || format!("{:?} was never told of {change:?}", self.topic)),
        }
    }

    /// It hands out a request, when so much has happened in all.
    pub(super) fn on_request(
        &mut self,
        now: Now,
        ticket: Ticket,
        kind: &RequestKind,
        oracle: &Oracle,
        event_count: usize,
    ) -> Result<(), Violation> {
        if self.end.is_some() {
            return violation("the end is the end", || format!("{:?} sends {kind:?}", self.topic));
        }
        if self.pending.is_some() {
            return violation("a feed has one request under way at most", || {
                format!("{:?} sends {kind:?}", self.topic)
            });
        }
        if !matches!(self.expected, Expected::Nothing | Expected::Request) {
            return violation("what came of a request is told", || {
                format!("{:?} owes {:?}, and sends {kind:?}", self.topic, self.expected)
            });
        }
        self.expected = Expected::Nothing;
        self.pending = Some(ticket);
        if self.is_stopped {
            self.unsubscribes += 1;
            let is_valid = matches!(kind, RequestKind::Unsubscribe(id) if Some(id) == self.last_subscription.as_ref());
            return if is_valid && self.unsubscribes <= 2 {
                Ok(())
            } else {
                violation("after a stop it unsubscribes, and sends nothing else", || {
                    format!("{:?}: {kind:?}", self.topic)
                })
            };
        }
        let is_valid = match kind {
            RequestKind::Subscribe => self.topic.needs_subscription() && self.subscription.is_none(),
            RequestKind::Poll { subscription, cursor } => {
                self.topic.needs_subscription() == subscription.is_some()
                    && *subscription == self.subscription
                    && cursor.is_some() == self.has_cursor
            }
            RequestKind::Unsubscribe(_) | RequestKind::Other => false,
        };
        if !is_valid {
            return violation("it goes on where it was", || {
                format!("{:?} has the subscription {:?}, and sends {kind:?}", self.topic, self.subscription)
            });
        }
        if now.moment.since_epoch() < self.not_before {
            return violation("waits are kept", || format!("{:?} was to wait until {:?}", self.topic, self.not_before));
        }
        self.check_delivered(oracle, self.received)?;
        if let RequestKind::Poll { cursor: Some(cursor), .. } = kind {
            self.last_cursor = (cursor.clone(), self.received);
        }
        if self.last_request.is_none_or(|(last, _)| last != ticket) {
            self.last_request = Some((ticket, now.moment.since_epoch()));
        }
        self.check_checkpoint_age(now)?;
        self.was_polled_again = false;
        self.check_pace(now, event_count)
    }

    /// No checkpoint grows old while there is a newer one, whether or not there is anything to tell.
    fn check_checkpoint_age(&mut self, now: Now) -> Result<(), Violation> {
        let clock = now.moment.since_epoch();
        if !self.was_polled {
            (self.last_checkpoint.0, self.was_polled) = (clock, self.was_polled_again);
        }
        let age = clock.saturating_sub(self.last_checkpoint.0);
        let was_old = std::mem::replace(
            &mut self.is_checkpoint_old,
            self.received > self.last_checkpoint.1 && age >= HEARTBEAT_INTERVAL,
        );
        if was_old && self.was_polled_again {
            return violation("no checkpoint grows old", || {
                format!("{:?} is from {:?}", self.topic, self.last_checkpoint.0)
            });
        }
        Ok(())
    }

    /// No more requests in a second than what happened in it can explain.
    fn check_pace(&mut self, now: Now, event_count: usize) -> Result<(), Violation> {
        let second = now.moment.since_epoch().as_secs();
        if second != self.pace.0 {
            self.pace = (second, event_count);
        }
        // Four attempts a second at the least wait, twice where connections are stale, and some to begin.
        self.pace.1 += 1;
        if self.pace.1 > event_count + 16 {
            return violation("no feed runs hot", || format!("{:?} sends too much", self.topic));
        }
        Ok(())
    }

    /// The reply that it awaits was handed to it.
    pub(super) fn on_reply(&mut self, meaning: Meaning) {
        self.pending = None;
        if self.is_stopped {
            return;
        }
        self.expected = match meaning {
            Meaning::Batch(position) => {
                (self.failures, self.outages, self.server_lost_state) = (0, 0, false);
                (self.received, self.was_polled_again) = (position, true);
                Expected::Nothing
            }
            Meaning::Cursor(position) => {
                if !self.server_lost_state {
                    (self.failures, self.outages) = (0, 0);
                }
                self.has_cursor = true;
                Expected::Start(position)
            }
            Meaning::Lease { id, at } => {
                self.last_subscription = Some(id.clone());
                self.subscription = Some(id);
                if std::mem::replace(&mut self.has_cursor, true) { Expected::Nothing } else { Expected::Start(at) }
            }
            Meaning::StaleConnection => Expected::Request,
            Meaning::LeaseExpired => {
                (self.subscription, self.server_lost_state) = (None, true);
                Expected::Request
            }
            Meaning::CursorExpired => {
                (self.has_cursor, self.server_lost_state) = (false, true);
                Expected::Request
            }
            Meaning::NotFound if self.subscription.take().is_some() => {
                self.server_lost_state = true;
                Expected::Request
            }
            Meaning::NotFound => Expected::End(FeedEnd::Gone),
            Meaning::Unsubscribed => Expected::End(FeedEnd::Unsubscribed),
            Meaning::Unauthorized => Expected::End(FeedEnd::Revoked),
            Meaning::TransientFailure(retry_after) => Expected::RetryNotice(retry_after),
            Meaning::Irrelevant => Expected::Nothing,
        };
    }

    /// It delivers something. Answers where it may begin again, if that can be saved.
    pub(super) fn on_event(
        &mut self,
        now: Now,
        event: FeedEvent<Item>,
        oracle: &Oracle,
    ) -> Result<Option<(Checkpoint, usize)>, Violation> {
        let checkpoint = self.check_event(now, event, oracle)?;
        if let Some((_, at)) = &checkpoint {
            (self.last_checkpoint, self.is_checkpoint_old) = ((now.moment.since_epoch(), *at), false);
        }
        Ok(checkpoint)
    }

    fn check_event(
        &mut self,
        now: Now,
        event: FeedEvent<Item>,
        oracle: &Oracle,
    ) -> Result<Option<(Checkpoint, usize)>, Violation> {
        match event {
            FeedEvent::Started(checkpoint) => self.on_start(false).map(|at| Some((checkpoint, at))),
            FeedEvent::Missed(checkpoint) => self.on_start(true).map(|at| Some((checkpoint, at))),
            FeedEvent::Update { item, checkpoint } => {
                self.on_item(oracle, &item)?;
                let at = self.position_of(&checkpoint);
                Ok(Some((checkpoint, at)))
            }
            FeedEvent::Unread { item, checkpoint } => {
                self.on_item(oracle, &Item::Undecoded(item.json))?;
                let at = self.position_of(&checkpoint);
                Ok(Some((checkpoint, at)))
            }
            FeedEvent::Quiet(checkpoint) => {
                self.check_delivered(oracle, self.received)?;
                // The user may have taken a while over the event before.
                if self.expected != Expected::Nothing
                    || now.moment.since_epoch().saturating_sub(self.last_checkpoint.0) < HEARTBEAT_INTERVAL / 2
                {
                    return violation("a feed is quiet only after a while", || format!("{:?}", self.topic));
                }
                Ok(Some((checkpoint, self.received)))
            }
            FeedEvent::Trouble(notice) => self.on_retry_notice(now, &notice).map(|()| None),
            _ => violation("the simulation holds", || "an event of a kind that it does not know".into()),
        }
    }

    /// The place that a checkpoint stands for. An event without a cursor of its own, or with that of the one before it, is
    /// told again to a feed that begins there.
    fn position_of(&mut self, checkpoint: &Checkpoint) -> usize {
        let json = serde_json::to_value(checkpoint).expect("a checkpoint can be written");
        let cursor = json["cursor"].as_str().unwrap_or_default();
        if self.last_cursor.0 != cursor {
            self.last_cursor = (cursor.to_owned(), self.position);
        }
        self.last_cursor.1
    }

    fn on_start(&mut self, is_gap: bool) -> Result<usize, Violation> {
        let Expected::Start(position) = self.expected else {
            return violation("a feed begins, or has missed something, only at the server's word", || {
                format!("{:?} owes {:?}", self.topic, self.expected)
            });
        };
        if is_gap != self.has_started {
            return violation("`Started` is the first event, and `Missed` never is", || format!("{:?}", self.topic));
        }
        self.expected = Expected::Nothing;
        (self.has_started, self.was_polled) = (true, false);
        (self.position, self.received) = (position, position);
        Ok(position)
    }

    fn on_item(&mut self, oracle: &Oracle, item: &Item) -> Result<(), Violation> {
        let after_a_gap = matches!(self.expected, Expected::Start(_)) || !self.has_cursor;
        if after_a_gap {
            return violation("a gap is told before what comes after it", || format!("{:?}: {item:?}", self.topic));
        }
        self.position = oracle.position_after(self.topic, self.hides_deleted, self.position, self.received, item)?;
        Ok(())
    }

    fn on_retry_notice(&mut self, now: Now, notice: &Trouble) -> Result<(), Violation> {
        let requested = match self.expected {
            Expected::RetryNotice(requested) => requested,
            Expected::Request => None,
            _ => {
                return violation("trouble is told when there is some", || format!("{:?}: {notice:?}", self.topic));
            }
        };
        self.expected = Expected::Nothing;
        self.failures += 1;
        if notice.attempt != self.failures {
            return violation("attempts are counted", || format!("it is number {}: {notice:?}", self.failures));
        }
        // The trouble may have been there for a while before somebody took it.
        let wait = notice.next_try.since(now.moment);
        self.not_before = notice.next_try.since_epoch();
        // A poll that lasted, and was cut, is repeated at once.
        let request_duration =
            self.last_request.map_or(Duration::ZERO, |(_, at)| now.moment.since_epoch().saturating_sub(at));
        if wait == MIN_BACKOFF
            && requested.is_none()
            && request_duration >= Duration::from_secs(1)
            && may_be_interrupted(&notice.cause)
        {
            return Ok(());
        }
        self.outages += 1;
        let backoff = INITIAL_BACKOFF.saturating_mul(1 << self.outages.min(8).saturating_sub(1)).min(MAX_BACKOFF);
        let minimum = MIN_BACKOFF * (1 << (self.outages - 1).min(5));
        let own_wait = wait.saturating_sub(requested.unwrap_or_default());
        if own_wait < (backoff / 2).max(minimum) || own_wait > backoff.max(minimum) {
            return violation("waits grow, and what the server asks for is kept", || {
                format!("asked for {requested:?}, it waits {wait:?} after attempt {}", self.failures)
            });
        }
        Ok(())
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// It was told to stop; its request under way is given up.
    pub(super) fn on_stop(&mut self) {
        self.is_stopped = true;
        self.pending = None;
        // What it was told and has not looked at does not matter any more, unless it was told of something.
        if !matches!(self.expected, Expected::Start(_)) {
            self.expected = Expected::Nothing;
        }
    }

    /// The reply that it awaits will not come: it is to ask again.
    pub(super) fn on_reissue(&mut self) {
        if self.pending.take().is_some() {
            self.expected = Expected::Request;
            self.unsubscribes = 0;
        }
    }

    pub(super) fn on_end(&mut self, result: Result<End, Error>, oracle: &Oracle) -> Result<(), Violation> {
        let end = match result {
            Ok(End::Stopped) => FeedEnd::Stopped,
            Ok(End::Unsubscribed) => FeedEnd::Unsubscribed,
            Err(error) if error.kind() == ErrorKind::Auth => FeedEnd::Revoked,
            Err(error) if error.kind() == ErrorKind::NotFound => FeedEnd::Gone,
            other => return violation("a feed ends as it should", || format!("{:?} ends with {other:?}", self.topic)),
        };
        let is_valid = if self.is_stopped { end == FeedEnd::Stopped } else { self.expected == Expected::End(end) };
        if !is_valid && self.expected != Expected::End(end) {
            return violation("a feed ends as it should", || {
                format!("{:?} owes {:?} and ends with {end:?}", self.topic, self.expected)
            });
        }
        if end == FeedEnd::Stopped && self.subscription.is_some() && self.unsubscribes == 0 {
            return violation("a stopped feed ends its subscription", || format!("{:?}", self.topic));
        }
        self.end = Some(end);
        self.check_delivered(oracle, self.received)
    }
}

/// Returns `true` if something between here and the server may have ended the exchange.
fn may_be_interrupted(error: &Error) -> bool {
    match error {
        Error::Connection(fault) => fault.kind == FaultKind::Lost && fault.received == 0 && fault.head.is_none(),
        Error::Refused(rejection) => matches!(rejection.status, 408 | 502..=504) && rejection.code.is_none(),
        _ => false,
    }
}
