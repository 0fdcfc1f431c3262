//! A process with a replica of the bot.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use teamwire_core::{
    Client, Error, FeedEvent, Message,
    claim::{Call, ClaimStatus, Claimed, EventHandle, Following, Member, Outcome, Replica, Saved},
    effect::{Moment, Now},
    executor::Manual,
    feed::{Poller, Resume},
    machine::Ticket,
};

use super::{clock::Clock, scenario::Topic};

/// A process.
pub(super) struct Process {
    pub(super) id: usize,
    /// The place that it has among the processes: its host name, for example.
    pub(super) slot: usize,
    /// Set if it asks for the beginning of feeds that the store does not have.
    pub(super) begins: bool,
    pub(super) replica: Replica,
    pub(super) clock: Clock,
    pub(super) is_wall_clock_set: bool,
    /// Time until which it is stopped, as by SIGSTOP, or its machine is suspended.
    pub(super) paused_until: Duration,
    pub(super) followers: Vec<Follower>,
    /// Number of handlers at the same time. With `None`, the loop of the feed itself runs each of them.
    pub(super) limit: Option<usize>,
    pub(super) handlers: BTreeMap<usize, Handler>,
    /// The call to the store that is on its way.
    pub(super) call: Option<usize>,
    /// The feeds of which the store has returned a checkpoint.
    seen: BTreeSet<usize>,
    /// Time at which the last successful renewal was sent.
    pub(super) renewed_at: Option<Duration>,
    pub(super) runs_at: Option<Duration>,
    pub(super) stop: Stop,
    /// Set once a feed cannot be followed.
    pub(super) has_failed: bool,
}

/// The end of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    No,
    /// It waits for the handlers that run.
    Requested,
    Leaving,
}

/// A feed of a process.
pub(super) struct Follower {
    name: String,
    pub(super) following: Following<Message>,
    /// The feed from which each claim starts one.
    template: Poller<Message>,
    pub(super) feed: Option<Poller<Message>>,
    pub(super) exchange: Option<(usize, Ticket)>,
    pub(super) sleeps_until: Option<Moment>,
    /// The position at which it was resumed.
    pub(super) start: usize,
    /// The last save whose outcome is unknown, and the events that have arrived: for defects.
    pub(super) memory: Option<teamwire_core::Checkpoint>,
    pub(super) arrived: VecDeque<FeedEvent<Message>>,
}

/// A handler that runs.
pub(super) struct Handler {
    pub(super) feed: usize,
    pub(super) handed: Option<EventHandle>,
    pub(super) event: FeedEvent<Message>,
    /// The number of the message.
    pub(super) number: Option<usize>,
    /// The id of the claim.
    pub(super) claim: Option<String>,
    pub(super) fails: bool,
}

/// The settings of a process.
pub(super) struct Settings {
    pub(super) id: usize,
    pub(super) slot: usize,
    pub(super) member: String,
    pub(super) lease: Duration,
    pub(super) handler_timeout: Duration,
    pub(super) begins: bool,
    pub(super) limit: Option<usize>,
}

impl Process {
    pub(super) fn start(settings: Settings, client: &Client<Manual>, topics: &[Topic], clock: Clock) -> Self {
        let Settings { id, slot, member, lease, handler_timeout, begins, limit } = settings;
        let member = Member { fleet: "fleet".into(), id: member, lease };
        let mut replica = Replica::new(member).with_handler_timeout(handler_timeout);
        let follower = |topic: &Topic| {
            let template = topic.feed(client);
            let name = template.name();
            replica.follow(name.clone(), begins);
            Follower {
                following: Following::new(name.clone(), limit.unwrap_or(1)),
                name,
                template,
                feed: None,
                exchange: None,
                sleeps_until: None,
                start: 0,
                memory: None,
                arrived: VecDeque::new(),
            }
        };
        let followers = topics.iter().map(follower).collect();
        Self {
            id,
            slot,
            begins,
            replica,
            clock,
            is_wall_clock_set: false,
            paused_until: Duration::ZERO,
            followers,
            limit,
            handlers: BTreeMap::new(),
            call: None,
            seen: BTreeSet::new(),
            renewed_at: None,
            runs_at: None,
            stop: Stop::No,
            has_failed: false,
        }
    }

    /// Returns `true` if it may hand out events of this feed.
    pub(super) fn is_open(&self, clock: Duration, feed: usize) -> bool {
        let is_running = self.paused_until <= clock && self.stop == Stop::No;
        let status = self.replica.status(&self.followers[feed].name, self.clock.now(clock));
        is_running && matches!(status, ClaimStatus::Held { is_open: true, .. })
    }

    /// Returns the feeds that it may begin: if that was asked for, those of which it has never seen a checkpoint.
    pub(super) fn may_begin(&self) -> BTreeSet<usize> {
        (0..self.followers.len()).filter(|feed| self.begins && !self.seen.contains(feed)).collect()
    }

    /// Takes note of the outcome of a call, as the process sees it.
    pub(super) fn on_outcome(&mut self, call: &Call, outcome: &Outcome, sent_at: Duration) {
        let names: Vec<_> = self.followers.iter().map(|follower| follower.name.clone()).collect();
        let number = |feed: &str| names.iter().position(|name| name == feed);
        match (call, outcome) {
            (_, Outcome::Renew(Ok(_))) => self.renewed_at = Some(sent_at),
            (_, Outcome::Claim(Ok(claimed))) => self.seen.extend(claimed.iter().filter_map(|claimed| {
                let (Claimed::Held { checkpoint, .. } | Claimed::Taken { checkpoint, .. }) = claimed;
                checkpoint.as_ref().and_then(|_| number(&claimed.claim().feed))
            })),
            (Call::Save(saves), Outcome::Save(Ok(saved))) => {
                for (save, saved) in saves.iter().zip(saved) {
                    if let (Some(feed), Saved::Yes) = (number(&save.claim.feed), saved) {
                        self.seen.insert(feed);
                        self.followers[feed].memory = None;
                    }
                }
            }
            (Call::Save(saves), Outcome::Save(Err(_))) => {
                for save in saves.iter().filter(|save| save.seq > 0) {
                    if let Some(feed) = number(&save.claim.feed) {
                        self.followers[feed].memory = Some(save.checkpoint.clone());
                    }
                }
            }
            _ => {}
        }
    }

    pub(super) fn now(&self, clock: Duration) -> Now {
        self.clock.now(clock)
    }

    /// Asks the process to stop. An impatient one does not wait for its handlers.
    pub(super) fn stop(&mut self, is_impatient: bool) {
        if self.stop == Stop::No {
            self.stop = Stop::Requested;
        }
        if is_impatient {
            self.handlers.clear();
        }
    }

    /// Leaves the fleet once no handler runs.
    pub(super) fn leave_if_idle(&mut self) {
        if self.stop == Stop::Requested && self.handlers.is_empty() {
            self.stop = Stop::Leaving;
            for follower in &mut self.followers {
                follower.following.unfollow();
                follower.abandon();
            }
            self.replica.leave();
        }
    }
}

impl Follower {
    /// Resumes the feed.
    pub(super) fn resume(&mut self, after: Option<teamwire_core::Checkpoint>) {
        self.abandon();
        self.feed = Some(self.template.resumed(after));
    }

    /// Drops the feed.
    pub(super) fn abandon(&mut self) {
        (self.feed, self.exchange, self.sleeps_until) = (None, None, None);
    }
}

impl Topic {
    fn feed(self, client: &Client<Manual>) -> Poller<Message> {
        match self {
            Self::AllMessages => client.chats().new_messages(None),
            Self::Messages(tid) => client.chats().chat(tid).new_messages(None),
        }
    }

    /// Returns the name of the feed.
    pub(super) fn name(self, client: &Client<Manual>) -> String {
        self.feed(client).name()
    }
}

/// Returns the kind of an error, for the trace.
pub(super) fn describe(result: &Result<(), Error>) -> String {
    match result {
        Ok(()) => "without an error".into(),
        Err(error) => error.to_string(),
    }
}
