//! What has happened to a set of feeds, and what may happen next.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use http::Method;
use serde_json::json;
use teamwire_core::{ByHand, Checkpoint, Client, Config, Error, Exchange, FeedSet, Moment, Next, Now, Step, Ticket};

use super::{
    act::{Act, Canned, Cursor, Failure, Key, Kind},
    any::{AnyFeed, Happened},
};
use crate::bot::{assert_private, credentials, now};

/// How many steps a set is asked for at most without a reply: then it would never end.
const MOST_STEPS: usize = 1 << 20;

/// A set of feeds that is acted upon, and held to its rules at every step.
pub struct Course {
    client: Client<ByHand>,
    set: FeedSet<Key, AnyFeed>,
    now: Now,
    /// The feeds in the set.
    feeds: BTreeMap<Key, Known>,
    /// All tickets that were handed out.
    issued: Vec<Ticket>,
}

/// What is known of a feed.
#[derive(Clone, Copy, Default)]
struct Known {
    stopped: bool,
    /// The request that it waits for.
    awaits: Option<Ticket>,
    /// Whether that may be handed out again.
    again: bool,
}

/// What a set waits for.
#[derive(Debug, PartialEq)]
enum Idle {
    Time(Moment),
    Replies,
    Nothing,
}

impl Default for Course {
    fn default() -> Self {
        let config = Config::new("https://teamwire.example.org", credentials()).expect("a URL");
        let client = Client::new(ByHand::new(config, [7; 32], now()));
        Self { client, set: FeedSet::new(), now: now(), feeds: BTreeMap::new(), issued: Vec::new() }
    }
}

impl Course {
    /// Lets this happen.
    pub fn perform(&mut self, act: &Act) {
        match act {
            Act::Insert(key, kind, after) => self.insert(*key, *kind, *after),
            Act::Remove(key, back) => self.remove(*key, *back),
            Act::Stop(key) => self.stop(*key),
            Act::StopAll => self.stop_all(),
            Act::Next => drop(self.step()),
            Act::Drain => drop(self.drain()),
            Act::Reply(which, canned) => self.reply(*which, canned),
            Act::Late(which, key, canned) => self.late(*which, *key, canned),
            Act::Reissue => self.reissue(),
            Act::Pass(time, jump) => {
                self.now.moment = self.now.moment.plus(*time);
                let jumped = TimeDelta::try_milliseconds(*jump).and_then(|by| self.now.utc.checked_add_signed(by));
                self.now.utc = jumped.unwrap_or(self.now.utc);
            }
        }
        assert_eq!(self.set.len(), self.feeds.len(), "it is not known how many there are");
    }

    /// Stops all feeds, and checks that each of them ends.
    pub fn end(mut self) {
        self.stop_all();
        loop {
            match self.drain() {
                Idle::Nothing => return,
                Idle::Replies => self.reply(0, &Canned::Fault(Failure::Lost, true, true, 0)),
                Idle::Time(until) => panic!("a feed that was stopped waits until {until:?}"),
            }
        }
    }

    fn insert(&mut self, key: Key, kind: Kind, after: Option<Cursor>) {
        let after = after.map(|cursor| checkpoint(kind, cursor));
        let previous = self.set.insert(key, AnyFeed::new(&self.client, kind, after));
        assert_eq!(previous.is_some(), self.feeds.insert(key, Known::default()).is_some());
    }

    fn remove(&mut self, key: Key, back: bool) {
        let (feed, known) = (self.set.remove(&key), self.feeds.remove(&key));
        assert_eq!(feed.is_some(), known.is_some());
        if let (Some(feed), Some(known), true) = (feed, known, back) {
            // The set knows nothing of it any more.
            self.feeds.insert(key, Known { again: true, ..known });
            assert!(self.set.insert(key, feed).is_none());
        }
    }

    fn stop(&mut self, key: Key) {
        self.set.stop(self.now, &key);
        self.feeds.entry(key).and_modify(Known::stop);
    }

    fn stop_all(&mut self) {
        self.set.stop_all(self.now);
        self.feeds.values_mut().for_each(Known::stop);
    }

    fn reissue(&mut self) {
        self.set.reissue();
        self.feeds.values_mut().for_each(|known| known.again = true);
    }

    fn reply(&mut self, which: u8, canned: &Canned) {
        let mut awaiting: Vec<_> = self.feeds.iter_mut().filter(|(_, known)| known.awaits.is_some()).collect();
        if awaiting.is_empty() {
            return;
        }
        let (key, known) = awaiting.swap_remove(usize::from(which) % awaiting.len());
        let ticket = known.awaits.take().expect("it awaits one");
        self.set.handle(self.now, key, ticket, canned.reply());
    }

    fn late(&mut self, which: u8, key: Key, canned: &Canned) {
        if self.issued.is_empty() {
            return;
        }
        let ticket = self.issued[usize::from(which) % self.issued.len()];
        if self.feeds.get(&key).is_none_or(|known| known.awaits != Some(ticket)) {
            self.set.handle(self.now, &key, ticket, canned.reply());
        }
    }

    /// Asks for what is next until there is nothing more.
    fn drain(&mut self) -> Idle {
        (0..MOST_STEPS).find_map(|_| self.step()).expect("without a reply, it comes to what it waits for")
    }

    /// Asks for what is next.
    fn step(&mut self) -> Option<Idle> {
        let (key, step) = match self.set.next(self.now) {
            Next::Step(key, step) => (key, step),
            idle => return Some(self.idle(&idle)),
        };
        let known = self.feeds.get_mut(&key).expect("a step is of a feed in the set");
        match step {
            Step::Send(ticket, exchange) => {
                if known.sends(ticket, &exchange) {
                    assert!(!self.issued.contains(&ticket), "a ticket is used twice");
                    self.issued.push(ticket);
                }
            }
            Step::Event(event) => known.delivers(&event),
            Step::Done(result) => {
                known.ends(result.as_ref().err());
                self.feeds.remove(&key);
            }
            other => panic!("a set never hands this out: {other:?}"),
        }
        None
    }

    fn idle<E, T>(&self, idle: &Next<Key, E, T>) -> Idle {
        let all_wait = self.feeds.values().all(|known| known.awaits.is_some());
        match idle {
            Next::Empty => {
                assert!(self.feeds.is_empty(), "there are feeds");
                Idle::Nothing
            }
            Next::Wait => {
                assert!(!self.feeds.is_empty() && all_wait, "it waits for replies to nothing");
                Idle::Replies
            }
            Next::Sleep(until) => {
                assert!(*until > self.now.moment && !all_wait, "it waits until {until:?} for nothing");
                Idle::Time(*until)
            }
            Next::Step(..) => unreachable!("it is a step"),
        }
    }
}

impl Known {
    /// What it waits for is given up. A feed that was stopped before waits for the reply to its last request.
    fn stop(&mut self) {
        if !self.stopped {
            (self.stopped, self.awaits) = (true, None);
        }
    }

    /// It sends a request. Returns whether that is a new one.
    fn sends(&mut self, ticket: Ticket, exchange: &Exchange) -> bool {
        let unsubscribes = exchange.request.method() == Method::DELETE;
        assert_eq!(unsubscribes, self.stopped, "it sends what it does not have to");
        if self.awaits == Some(ticket) {
            assert!(self.again, "it sends the same twice");
        } else {
            assert!(self.awaits.is_none(), "it sends a request while there is another");
        }
        self.again = false;
        self.awaits.replace(ticket).is_none()
    }

    fn delivers(&self, event: &Happened) {
        assert!(self.awaits.is_none(), "it has events while it waits for a reply");
        if let Some(checkpoint) = &event.checkpoint {
            let json = serde_json::to_string(checkpoint).expect("a checkpoint can be saved");
            assert_eq!(serde_json::from_str::<Checkpoint>(&json).ok().as_ref(), Some(checkpoint));
        }
        event.failure.iter().for_each(assert_private);
    }

    fn ends(&self, error: Option<&Error>) {
        assert!(self.awaits.is_none(), "it ends while it waits for a reply");
        assert!(!matches!(error, Some(Error::Finished)), "it has ended before");
        error.into_iter().for_each(assert_private);
    }
}

/// A checkpoint of such a feed.
fn checkpoint(kind: Kind, cursor: Cursor) -> Checkpoint {
    let (feed, chat) = match kind {
        Kind::AllMessages => ("all_messages", None),
        Kind::Messages => ("messages", Some("c1")),
        Kind::Reactions => ("reactions", None),
        Kind::Locations => ("live_locations", Some("c1")),
    };
    let json = json!({ "version": 1, "feed": feed, "chat": chat, "cursor": cursor.text() });
    serde_json::from_value(json).expect("it has what a checkpoint has")
}
