//! The invariants of one feed: every request and event must follow from the replies that the feed has received.
//!
//! Positions are indices into the oracle's log of changes.

mod checkpoints;
mod events;
mod pace;
mod retries;

use std::time::Duration;

use teamwire_core::{Error, ErrorKind, effect::Now, feed::FeedEnd, machine::Ticket};

use self::{checkpoints::Checkpoints, pace::Pace, retries::Retries};
use super::{
    oracle::Oracle,
    protocol::{Meaning, RequestKind},
    scenario::Topic,
    violation::{Violation, violation},
};

/// A model of one feed, which checks each step of the real one.
#[derive(Debug)]
pub(super) struct FeedInvariants {
    pub(super) topic: Topic,
    hides_deleted: bool,
    /// The position of the next change to deliver.
    pub(super) position: usize,
    /// The position up to which replies have contained all changes.
    received: usize,
    /// True if the last batch had the maximum size, so that it may lack changes before that position.
    is_full: bool,
    has_started: bool,
    pending: Option<Ticket>,
    expected: Expected,
    server: ServerState,
    checkpoints: Checkpoints,
    retries: Retries,
    pace: Pace,
    is_stopped: bool,
    unsubscribes: u32,
    pub(super) end: Option<Ending>,
}

/// The server's state for this feed, as far as replies have shown it.
#[derive(Debug)]
struct ServerState {
    has_cursor: bool,
    subscription: Option<String>,
    /// The last known subscription; the feed might not know yet that it has expired.
    last_subscription: Option<String>,
    /// True if a cursor or subscription was lost since the last successful poll.
    is_lost: bool,
}

/// The step that the feed has to take next.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Expected {
    Nothing,
    /// A start or a gap, at this position.
    Start(usize),
    /// A retry event, after at least the requested wait.
    RetryNotice(Option<Duration>),
    /// Another request; or a retry event, if this is a repeated failure.
    Request,
    End(Ending),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    Stopped,
    Unsubscribed,
    Revoked,
    Gone,
}

impl FeedInvariants {
    /// Creates the model of a feed that starts at a saved position, or from now.
    pub(super) fn new(topic: Topic, hides_deleted: bool, start: Option<usize>) -> Self {
        let position = start.unwrap_or_default();
        Self {
            topic,
            hides_deleted,
            position,
            received: position,
            has_started: start.is_some(),
            pending: None,
            expected: Expected::Nothing,
            server: ServerState {
                has_cursor: start.is_some(),
                subscription: None,
                last_subscription: None,
                is_lost: false,
            },
            checkpoints: Checkpoints::new(position),
            retries: Retries::default(),
            pace: Pace::default(),
            is_full: false,
            is_stopped: false,
            unsubscribes: 0,
            end: None,
        }
    }

    pub(super) fn awaits(&self, ticket: Ticket) -> bool {
        self.pending == Some(ticket)
    }

    /// Returns `true` if every change so far has been delivered.
    pub(super) fn is_complete(&self, oracle: &Oracle) -> bool {
        self.has_started && self.check_delivered(oracle, oracle.len()).is_ok()
    }

    /// Checks that all received changes have been delivered.
    fn check_received(&mut self, oracle: &Oracle) -> Result<(), Violation> {
        if std::mem::take(&mut self.is_full) {
            // The next batch shows whether the end of this one was delivered, as its changes have to follow.
            self.received = self.position;
        }
        self.check_delivered(oracle, self.received)
    }

    fn check_delivered(&self, oracle: &Oracle, until: usize) -> Result<(), Violation> {
        match oracle.first_undelivered(self.topic, self.hides_deleted, self.position, until) {
            None => Ok(()),
            Some(change) => violation("no change is lost", || format!("{:?} has not delivered {change:?}", self.topic)),
        }
    }

    /// Checks a request. `event_count` is the number of simulation events so far.
    pub(super) fn on_request(
        &mut self,
        now: Now,
        ticket: Ticket,
        kind: &RequestKind,
        oracle: &Oracle,
        event_count: usize,
    ) -> Result<(), Violation> {
        if self.end.is_some() {
            return violation("a feed does nothing after its end", || format!("{:?} sends {kind:?}", self.topic));
        }
        if self.pending.is_some() {
            return violation("a feed has at most one request in flight", || {
                format!("{:?} sends {kind:?}", self.topic)
            });
        }
        if !matches!(self.expected, Expected::Nothing | Expected::Request) {
            return violation("the result of a request is reported", || {
                format!("{:?}: expected {:?}, but it sends {kind:?}", self.topic, self.expected)
            });
        }
        self.expected = Expected::Nothing;
        self.pending = Some(ticket);
        if self.is_stopped {
            return self.check_unsubscribe(kind);
        }
        if !self.server.allows(self.topic, kind) {
            return violation("a feed resumes where it was", || {
                format!("{:?} has the subscription {:?}, and sends {kind:?}", self.topic, self.server.subscription)
            });
        }
        self.retries.check_wait(now, self.topic)?;
        self.check_received(oracle)?;
        if let RequestKind::Poll { cursor: Some(cursor), .. } = kind {
            self.checkpoints.on_cursor(cursor, self.received);
        }
        self.retries.on_request(now, ticket);
        self.checkpoints.check_age(now, self.received, self.topic)?;
        self.pace.check(now, event_count, self.topic)
    }

    fn check_unsubscribe(&mut self, kind: &RequestKind) -> Result<(), Violation> {
        self.unsubscribes += 1;
        let is_valid =
            matches!(kind, RequestKind::Unsubscribe(id) if Some(id) == self.server.last_subscription.as_ref());
        if is_valid && self.unsubscribes <= 2 {
            return Ok(());
        }
        violation("a stopped feed unsubscribes, and sends nothing else", || format!("{:?}: {kind:?}", self.topic))
    }

    /// Takes note of the reply to the pending request.
    pub(super) fn on_reply(&mut self, meaning: Meaning) {
        self.pending = None;
        if self.is_stopped {
            return;
        }
        let server = &mut self.server;
        self.expected = match meaning {
            Meaning::Batch(position) | Meaning::FullBatch(position) => {
                self.is_full = matches!(meaning, Meaning::FullBatch(_));
                self.retries.reset();
                server.is_lost = false;
                self.received = position;
                self.checkpoints.on_batch();
                Expected::Nothing
            }
            Meaning::Cursor(position) => {
                if !server.is_lost {
                    self.retries.reset();
                }
                server.has_cursor = true;
                Expected::Start(position)
            }
            Meaning::Lease { id, at } => {
                server.last_subscription = Some(id.clone());
                server.subscription = Some(id);
                if std::mem::replace(&mut server.has_cursor, true) { Expected::Nothing } else { Expected::Start(at) }
            }
            Meaning::StaleConnection => Expected::Request,
            Meaning::LeaseExpired => {
                (server.subscription, server.is_lost) = (None, true);
                Expected::Request
            }
            Meaning::CursorExpired => {
                (server.has_cursor, server.is_lost) = (false, true);
                Expected::Request
            }
            Meaning::NotFound if server.subscription.take().is_some() => {
                server.is_lost = true;
                Expected::Request
            }
            Meaning::NotFound => Expected::End(Ending::Gone),
            Meaning::Unsubscribed => Expected::End(Ending::Unsubscribed),
            Meaning::Unauthorized => Expected::End(Ending::Revoked),
            Meaning::TransientFailure(retry_after) => Expected::RetryNotice(retry_after),
            Meaning::Irrelevant => Expected::Nothing,
        };
    }

    pub(super) const fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    /// Takes note of a stop, which abandons the pending request.
    pub(super) fn on_stop(&mut self) {
        self.is_stopped = true;
        self.pending = None;
        // Of the replies that the feed has not evaluated yet, only a new start is still reported.
        if !matches!(self.expected, Expected::Start(_)) {
            self.expected = Expected::Nothing;
        }
    }

    /// Takes note that the pending reply is lost on the client's side, so that the request is issued again.
    pub(super) fn on_reissue(&mut self) {
        if self.pending.take().is_some() {
            self.expected = Expected::Request;
            self.unsubscribes = 0;
        }
    }

    pub(super) fn on_end(&mut self, result: Result<FeedEnd, Error>, oracle: &Oracle) -> Result<(), Violation> {
        let end = match result {
            Ok(FeedEnd::Stopped) => Ending::Stopped,
            Ok(FeedEnd::Unsubscribed) => Ending::Unsubscribed,
            Err(error) if error.kind() == ErrorKind::Auth => Ending::Revoked,
            Err(error) if error.kind() == ErrorKind::NotFound => Ending::Gone,
            other => return violation(VALID_END, || format!("{:?} ends with {other:?}", self.topic)),
        };
        let is_valid = if self.is_stopped { end == Ending::Stopped } else { self.expected == Expected::End(end) };
        if !is_valid && self.expected != Expected::End(end) {
            return violation(VALID_END, || {
                format!("{:?}: expected {:?}, but it ends with {end:?}", self.topic, self.expected)
            });
        }
        if end == Ending::Stopped && self.server.subscription.is_some() && self.unsubscribes == 0 {
            return violation("a stopped feed ends its subscription", || format!("{:?}", self.topic));
        }
        self.end = Some(end);
        self.check_received(oracle)
    }
}

const VALID_END: &str = "a feed ends for a valid reason";

impl ServerState {
    /// Returns `true` if a feed that is not stopped may send this request.
    fn allows(&self, topic: Topic, kind: &RequestKind) -> bool {
        match kind {
            RequestKind::Subscribe => topic.needs_subscription() && self.subscription.is_none(),
            RequestKind::Poll { subscription, cursor } => {
                topic.needs_subscription() == subscription.is_some()
                    && *subscription == self.subscription
                    && cursor.is_some() == self.has_cursor
            }
            RequestKind::Unsubscribe(_) | RequestKind::Other => false,
        }
    }
}
