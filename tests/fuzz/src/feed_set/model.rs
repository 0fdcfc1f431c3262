//! A model of a set of feeds, which checks every step of the set.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use http::Method;
use serde_json::json;
use teamwire_core::{ErrorKind, 
    Checkpoint, Client, Config, Error, FeedSet,
    effect::{Exchange, Moment, Now},
    executor::Manual,
    feed::FeedSetStep,
    machine::{Step, Ticket},
};

use super::{
    action::{Action, CannedReply, Cursor, Failure, FeedKey, FeedKind},
    any_feed::{AnyFeed, EventSummary},
};
use crate::bot::{assert_no_credentials, credentials, now};

/// Maximum number of steps without a reply. Exceeding it means that the set loops.
const MAX_STEPS: usize = 1 << 20;

/// A set of feeds with its expected state.
pub struct FeedSetModel {
    client: Client<Manual>,
    set: FeedSet<FeedKey, AnyFeed>,
    now: Now,
    /// The expected state of each feed in the set.
    feeds: BTreeMap<FeedKey, FeedState>,
    /// All tickets issued so far.
    issued_tickets: Vec<Ticket>,
}

/// The expected state of a feed.
#[derive(Clone, Copy, Default)]
struct FeedState {
    stopped: bool,
    /// The pending request.
    pending: Option<Ticket>,
    /// True if the pending request may be issued again.
    may_reissue: bool,
}

/// The event that an idle set waits for.
#[derive(Debug, PartialEq)]
enum Idle {
    Time(Moment),
    Replies,
    Nothing,
}

impl Default for FeedSetModel {
    fn default() -> Self {
        let config = Config::new("https://teamwire.example.org", credentials()).expect("the URL is valid");
        let client = Client::new(Manual::new(config, [7; 32], now()));
        Self { client, set: FeedSet::new(), now: now(), feeds: BTreeMap::new(), issued_tickets: Vec::new() }
    }
}

impl FeedSetModel {
    /// Performs an action, and checks the set.
    pub fn perform(&mut self, action: &Action) {
        match action {
            Action::Insert(key, kind, after) => self.insert(*key, *kind, *after),
            Action::Remove(key, reinsert) => self.remove(*key, *reinsert),
            Action::Stop(key) => self.stop(*key),
            Action::StopAll => self.stop_all(),
            Action::Next => drop(self.step()),
            Action::Drain => drop(self.drain()),
            Action::Reply(which, canned) => self.reply(*which, canned),
            Action::LateReply(which, key, canned) => self.late_reply(*which, *key, canned),
            Action::Reissue => self.reissue(),
            Action::AdvanceTime(time, jump) => {
                self.now.moment = self.now.moment.saturating_add(*time);
                let utc = TimeDelta::try_milliseconds(*jump).and_then(|by| self.now.utc.checked_add_signed(by));
                self.now.utc = utc.unwrap_or(self.now.utc);
            }
        }
        assert_eq!(self.set.len(), self.feeds.len(), "the set and the model disagree about the number of feeds");
    }

    /// Stops all feeds, and checks that each of them ends.
    pub fn finish(mut self) {
        self.stop_all();
        loop {
            match self.drain() {
                Idle::Nothing => return,
                Idle::Replies => self.reply(0, &CannedReply::Error(Failure::Disconnected, true, true, 0)),
                Idle::Time(until) => panic!("a stopped feed sleeps until {until:?}"),
            }
        }
    }

    fn insert(&mut self, key: FeedKey, kind: FeedKind, after: Option<Cursor>) {
        let after = after.map(|cursor| checkpoint(kind, cursor));
        let previous = self.set.insert(key, AnyFeed::new(&self.client, kind, after));
        assert_eq!(previous.is_some(), self.feeds.insert(key, FeedState::default()).is_some());
    }

    fn remove(&mut self, key: FeedKey, reinsert: bool) {
        let (feed, state) = (self.set.remove(&key), self.feeds.remove(&key));
        assert_eq!(feed.is_some(), state.is_some());
        if let (Some(feed), Some(state), true) = (feed, state, reinsert) {
            // The set has no record of the pending request, so it issues it again.
            self.feeds.insert(key, FeedState { may_reissue: true, ..state });
            assert!(self.set.insert(key, feed).is_none());
        }
    }

    fn stop(&mut self, key: FeedKey) {
        self.set.stop(self.now, &key);
        self.feeds.entry(key).and_modify(FeedState::stop);
    }

    fn stop_all(&mut self) {
        self.set.stop_all(self.now);
        self.feeds.values_mut().for_each(FeedState::stop);
    }

    fn reissue(&mut self) {
        self.set.reissue();
        self.feeds.values_mut().for_each(|state| state.may_reissue = true);
    }

    fn reply(&mut self, which: u8, canned: &CannedReply) {
        let mut awaiting: Vec<_> = self.feeds.iter_mut().filter(|(_, state)| state.pending.is_some()).collect();
        if awaiting.is_empty() {
            return;
        }
        let (key, state) = awaiting.swap_remove(usize::from(which) % awaiting.len());
        let ticket = state.pending.take().expect("the feed was selected for its pending request");
        self.set.handle(self.now, key, ticket, canned.reply());
    }

    fn late_reply(&mut self, which: u8, key: FeedKey, canned: &CannedReply) {
        if self.issued_tickets.is_empty() {
            return;
        }
        let ticket = self.issued_tickets[usize::from(which) % self.issued_tickets.len()];
        if self.feeds.get(&key).is_none_or(|state| state.pending != Some(ticket)) {
            self.set.handle(self.now, &key, ticket, canned.reply());
        }
    }

    /// Polls the set until it is idle.
    fn drain(&mut self) -> Idle {
        (0..MAX_STEPS).find_map(|_| self.step()).expect("a set becomes idle without replies")
    }

    /// Polls the set once. Returns `None` if it made a step.
    fn step(&mut self) -> Option<Idle> {
        let (key, step) = match self.set.next(self.now) {
            FeedSetStep::Step(key, step) => (key, step),
            idle => return Some(self.idle(&idle)),
        };
        let state = self.feeds.get_mut(&key).expect("a step belongs to a feed in the set");
        match step {
            Step::Send(ticket, exchange) => {
                if state.on_request(ticket, &exchange) {
                    assert!(!self.issued_tickets.contains(&ticket), "a ticket is issued twice");
                    self.issued_tickets.push(ticket);
                }
            }
            Step::Event(event) => state.on_event(&event),
            Step::Done(result) => {
                state.on_end(result.as_ref().err());
                self.feeds.remove(&key);
            }
            other => panic!("a set never returns this step: {other:?}"),
        }
        None
    }

    fn idle<E, T>(&self, idle: &FeedSetStep<FeedKey, E, T>) -> Idle {
        let all_wait = self.feeds.values().all(|state| state.pending.is_some());
        match idle {
            FeedSetStep::Empty => {
                assert!(self.feeds.is_empty(), "the set has feeds, but returns `Empty`");
                Idle::Nothing
            }
            FeedSetStep::Idle => {
                assert!(
                    !self.feeds.is_empty() && all_wait,
                    "the set waits for replies, but not all feeds have a pending request"
                );
                Idle::Replies
            }
            FeedSetStep::Sleep(until) => {
                assert!(
                    *until > self.now.moment && !all_wait,
                    "the set sleeps until {until:?}, which is past or not needed"
                );
                Idle::Time(*until)
            }
            FeedSetStep::Step(..) => unreachable!("steps are handled before"),
        }
    }
}

impl FeedState {
    /// Abandons the pending request. The unsubscribe request of a feed that has been stopped before stays pending.
    fn stop(&mut self) {
        if !self.stopped {
            (self.stopped, self.pending) = (true, None);
        }
    }

    /// Checks a request. Returns `true` if it is a new one.
    fn on_request(&mut self, ticket: Ticket, exchange: &Exchange) -> bool {
        let unsubscribes = exchange.request.method() == Method::DELETE;
        assert_eq!(unsubscribes, self.stopped, "a feed unsubscribes if and only if it is stopped");
        if self.pending == Some(ticket) {
            assert!(self.may_reissue, "a request is issued twice");
        } else {
            assert!(self.pending.is_none(), "a feed has two requests in flight");
        }
        self.may_reissue = false;
        self.pending.replace(ticket).is_none()
    }

    fn on_event(&self, event: &EventSummary) {
        assert!(self.pending.is_none(), "a feed delivers an event while a request is pending");
        if let Some(checkpoint) = &event.checkpoint {
            let json = serde_json::to_string(checkpoint).expect("a checkpoint is serializable");
            assert_eq!(serde_json::from_str::<Checkpoint>(&json).ok().as_ref(), Some(checkpoint));
        }
        event.failure.iter().for_each(assert_no_credentials);
    }

    fn on_end(&self, error: Option<&Error>) {
        assert!(self.pending.is_none(), "a feed ends while a request is pending");
        assert!(error.is_none_or(|error| error.kind() != ErrorKind::Finished), "a feed ends twice");
        error.into_iter().for_each(assert_no_credentials);
    }
}

/// Returns a checkpoint of a feed of this kind.
fn checkpoint(kind: FeedKind, cursor: Cursor) -> Checkpoint {
    let (feed, chat) = match kind {
        FeedKind::AllMessages => ("all_messages", None),
        FeedKind::Messages => ("messages", Some("c1")),
        FeedKind::Reactions => ("reactions", None),
        FeedKind::Locations => ("live_locations", Some("c1")),
    };
    let json = json!({ "version": 1, "feed": feed, "chat": chat, "cursor": cursor.text() });
    serde_json::from_value(json).expect("the JSON is a valid checkpoint")
}
