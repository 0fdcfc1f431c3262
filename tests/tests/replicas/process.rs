//! A process with a replica, which handles the events of its feeds.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, TimeDelta};
use teamwire_core::{
    Checkpoint,
    claim::{ClaimStatus, Member, Replica, ReplicaStep, Work},
    effect::{Moment, Now},
};
use teamwire_test_support::Rng;

use crate::{
    network::{Faults, Flight},
    world::{Backend, HANDLER_TIMEOUT, LEASE},
};

/// Returns a checkpoint behind the event with this number; zero is the start of the feed.
pub(crate) fn checkpoint(number: u64) -> Checkpoint {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{number}" }}"#);
    serde_json::from_str(&json).expect("it is a checkpoint")
}

fn number(checkpoint: &Checkpoint) -> u64 {
    let json = serde_json::to_value(checkpoint).expect("it is JSON");
    json["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).expect("its cursor is a number")
}

/// A process.
#[derive(Debug)]
pub(crate) struct Process {
    pub(crate) replica: Replica,
    pub(crate) flight: Option<Flight>,
    followers: BTreeMap<String, Follower>,
    started_at: Duration,
    /// Time until which it is stopped, as by SIGSTOP.
    pub(crate) paused_until: Duration,
    /// Difference of its wall clock from that of the world.
    wall_clock: TimeDelta,
}

/// The handling of a feed: one event after the other.
#[derive(Debug, Default)]
struct Follower {
    claim: Option<String>,
    position: u64,
    running: Option<Running>,
}

#[derive(Debug)]
struct Running {
    claim: String,
    event: u64,
    since: Moment,
    until: Duration,
}

impl Process {
    pub(crate) fn start(id: String, feeds: &[String], time: Duration, random: &mut Rng) -> Self {
        let mut replica =
            Replica::new(Member { fleet: "fleet".into(), id, lease: LEASE }).with_handler_timeout(HANDLER_TIMEOUT);
        for feed in feeds {
            assert!(replica.follow(feed, true), "it is followed once");
        }
        let followers = feeds.iter().map(|feed| (feed.clone(), Follower::default())).collect();
        let skew = i64::try_from(random.below(7_200)).expect("it is small") - 3_600;
        Self {
            replica,
            flight: None,
            followers,
            started_at: time,
            paused_until: time,
            wall_clock: TimeDelta::seconds(skew),
        }
    }

    pub(crate) fn now(&self, time: Duration) -> Now {
        let utc = DateTime::UNIX_EPOCH + time + self.wall_clock;
        Now::new(Moment::from_epoch(time.saturating_sub(self.started_at)), utc)
    }

    /// Returns the feeds whose events it may hand out.
    pub(crate) fn open_feeds(&self, time: Duration) -> Vec<&str> {
        let is_open = |feed: &&String| {
            matches!(self.replica.status(feed, self.now(time)), ClaimStatus::Held { is_open: true, .. })
        };
        self.followers.keys().filter(is_open).map(String::as_str).collect()
    }

    /// Performs what is due.
    pub(crate) fn step(&mut self, time: Duration, random: &mut Rng, faults: Faults, backend: &mut Backend) {
        let now = self.now(time);
        if let Some(flight) = self.flight.take_if(|flight| flight.ends_at <= time) {
            self.replica.handle(flight.sent, now, flight.outcome());
            backend.keep_late(flight);
        }
        let feeds: Vec<String> = self.followers.keys().cloned().collect();
        for feed in &feeds {
            self.follow(feed, time, random, backend);
        }
        if self.flight.is_none() {
            match self.replica.next(now) {
                ReplicaStep::Call(call) => {
                    backend.count(&call);
                    self.flight = Some(Flight::new(random, faults, time, now, self.replica.member(), call));
                }
                ReplicaStep::Wait(until) => {
                    assert!(until.is_none_or(|until| until > now.moment), "a wait for the past is a busy loop");
                }
                ReplicaStep::Left => {}
            }
        }
    }

    /// Returns `true` once the replica has left.
    pub(crate) fn has_left(&mut self, time: Duration) -> bool {
        let now = self.now(time);
        self.flight.is_none() && self.replica.next(now) == ReplicaStep::Left
    }

    fn follow(&mut self, feed: &str, time: Duration, random: &mut Rng, backend: &mut Backend) {
        let now = self.now(time);
        let Some(follower) = self.followers.get_mut(feed) else { return };
        if let Some(Running { claim, event, .. }) = follower.running.take_if(|running| running.until <= time) {
            backend.handled(feed, event);
            self.replica.save(feed, &claim, checkpoint(event));
        }
        match self.replica.status(feed, now) {
            ClaimStatus::Failed(error) => panic!("{error}"),
            ClaimStatus::Waiting => follower.claim = None,
            ClaimStatus::Held { grant, is_open } => {
                if follower.claim.as_ref() != Some(&grant.claim.id) {
                    assert!(follower.running.is_none(), "no handler of an earlier claim runs");
                    follower.claim = Some(grant.claim.id.clone());
                    backend.resumed(feed, grant);
                    follower.position = grant.checkpoint.as_ref().map_or_else(|| backend.end(feed), number);
                    if grant.checkpoint.is_none() {
                        let claim = grant.claim.id.clone();
                        self.replica.save(feed, &claim, checkpoint(follower.position));
                    }
                } else if is_open && follower.running.is_none() && follower.position < backend.end(feed) {
                    follower.position += 1;
                    let event = follower.position;
                    backend.handed_out(feed, event);
                    let hangs = backend.hangs(random);
                    let takes = if hangs { HANDLER_TIMEOUT * 2 } else { Duration::from_millis(random.below(80)) };
                    let claim = grant.claim.id.clone();
                    follower.running = Some(Running { claim, event, since: now.moment, until: time + takes });
                }
            }
        }
        let busy_since = follower.running.as_ref().map(|running| running.since);
        self.replica.set_work(feed, Work { busy_since, is_unfinished: busy_since.is_some() });
    }
}
