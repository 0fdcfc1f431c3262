//! A store of claims, whose state can be copied and replaced. It checks each save against the promises.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use teamwire_core::claim::{
    Call, ClaimRequest, Claimed, FeedRecord, Member, MemberRecord, Outcome, Release, Save, Saved, View,
};

use super::{ReplicaDefect, backend::Backend, promises::Promises};
use crate::violation::{SIMULATOR, Violation, violation};

/// The time of the store's clock at the start of a run, in microseconds.
const EPOCH: i64 = 1 << 50;

/// A server with the state of the store, and the copies of that state.
#[derive(Debug)]
pub(super) struct Store {
    current: State,
    /// A copy that is not up to date. It becomes the state after a failover.
    copy: State,
    /// The former state, while some processes still use it.
    former: Option<(State, BTreeSet<usize>)>,
    /// Names of the feeds, by their number.
    feeds: Vec<String>,
    /// Difference of its clock from that of the run, in microseconds.
    clock_offset: i64,
    pub(super) down_until: Duration,
    /// Set once it has lost what it had acknowledged.
    pub(super) has_gone_back: bool,
    defect: ReplicaDefect,
}

/// The state of the store.
#[derive(Clone, Debug, Default)]
struct State {
    members: BTreeMap<String, MemberRecord>,
    feeds: BTreeMap<String, FeedRecord>,
    /// The greatest number of a member so far.
    newest: u64,
    /// The claims and checkpoints that the records must have.
    expected: BTreeMap<String, Expected>,
}

/// The expected content of a record.
#[derive(Clone, Debug, Default)]
struct Expected {
    /// The claim that was granted last, and its fence.
    claim: String,
    fence: u64,
    /// The position of the checkpoint.
    position: Option<usize>,
    /// Number of changes, for a store that ignores the numbers of saves.
    changes: u64,
}

/// A call, with what the store's checks need.
pub(super) struct Request<'a> {
    pub(super) clock: Duration,
    pub(super) process: usize,
    pub(super) member: &'a Member,
    pub(super) call: &'a Call,
    /// The feeds that its process may begin.
    pub(super) may_begin: &'a BTreeSet<usize>,
    pub(super) backend: &'a Backend,
    pub(super) promises: &'a mut Promises,
}

impl Store {
    pub(super) fn new(feeds: Vec<String>, defect: ReplicaDefect) -> Self {
        Self {
            current: State::default(),
            copy: State::default(),
            former: None,
            feeds,
            clock_offset: 0,
            down_until: Duration::ZERO,
            has_gone_back: false,
            defect,
        }
    }

    /// Sets the clock, by this number of milliseconds.
    pub(super) const fn shift_clock(&mut self, millis: i64) {
        self.clock_offset += millis * 1_000;
    }

    /// Brings the copy up to date.
    pub(super) fn copy(&mut self) {
        self.copy = self.current.clone();
    }

    /// Replaces the state by the copy. Processes that are split off still use the former one.
    pub(super) fn fail_over(&mut self, split_off: BTreeSet<usize>, promises: &mut Promises) {
        self.end_split(promises);
        self.has_gone_back = true;
        let former = std::mem::replace(&mut self.current, self.copy.clone());
        self.check_lost(&former, &self.current, promises);
        self.former = Some((former, split_off)).filter(|(_, split_off)| !split_off.is_empty());
    }

    /// All processes use the current state.
    pub(super) fn end_split(&mut self, promises: &mut Promises) {
        if let Some((former, _)) = self.former.take() {
            self.check_lost(&former, &self.current, promises);
        }
    }

    /// Removes everything.
    pub(super) fn wipe(&mut self, promises: &mut Promises) {
        self.end_split(promises);
        self.has_gone_back = true;
        let former = std::mem::take(&mut self.current);
        self.check_lost(&former, &self.current, promises);
    }

    /// Returns `true` if the store has a checkpoint of this feed.
    pub(super) fn has_checkpoint(&self, feed: usize) -> bool {
        self.current.has_checkpoint(&self.feeds[feed])
    }

    /// Reports the feeds of which one state has a checkpoint, and the other one does not.
    fn check_lost(&self, former: &State, current: &State, promises: &mut Promises) {
        for (number, feed) in self.feeds.iter().enumerate() {
            if former.has_checkpoint(feed) && !current.has_checkpoint(feed) {
                promises.lost(number);
            }
        }
    }

    /// Performs a call.
    pub(super) fn perform(&mut self, request: Request<'_>) -> Result<Outcome, Violation> {
        let micros = i64::try_from(request.clock.as_micros()).unwrap_or_default();
        let now = u64::try_from(EPOCH + self.clock_offset + micros).unwrap_or_default();
        if let Some((former, _)) = &self.former {
            // A feed that begins in one of the states is still missing in the other.
            self.check_lost(former, &self.current, request.promises);
            self.check_lost(&self.current, former, request.promises);
        }
        let state = match &mut self.former {
            Some((former, split_off)) if split_off.contains(&request.process) => former,
            _ => &mut self.current,
        };
        let member = request.member;
        Ok(match request.call {
            Call::Renew => Outcome::Renew(Ok(state.renew(member, now))),
            Call::Claim(wanted, at_most) => Outcome::Claim(Ok(state.claim(member, wanted, *at_most, now))),
            Call::Save(saves) => {
                let mut request = request;
                let (feeds, defect) = (&self.feeds, self.defect);
                let saved = saves.iter().map(|save| {
                    let Some(feed) = feeds.iter().position(|feed| *feed == save.claim.feed) else {
                        return violation(SIMULATOR, || format!("an unknown feed: {save:?}"));
                    };
                    state.save(&mut request, feed, save, defect)
                });
                Outcome::Save(Ok(saved.collect::<Result<_, _>>()?))
            }
            Call::Release(releases) => {
                state.release(releases);
                Outcome::Release(Ok(()))
            }
            Call::Leave => {
                state.members.remove(&member.id);
                Outcome::Leave(Ok(()))
            }
        })
    }
}

impl State {
    fn has_checkpoint(&self, feed: &str) -> bool {
        self.expected.get(feed).is_some_and(|expected| expected.position.is_some())
    }

    fn renew(&mut self, member: &Member, now: u64) -> View {
        self.members.retain(|id, record| {
            record.adjust(now);
            record.is_active(now) || *id == member.id
        });
        let record = MemberRecord::renew(self.members.get(&member.id).copied(), member, now, self.newest);
        self.newest = self.newest.max(record.joined());
        self.members.insert(member.id.clone(), record);
        let mut members: Vec<_> = self.members.iter().map(|(id, record)| (record.joined(), id.clone())).collect();
        members.sort();
        View { members: members.into_iter().map(|(_, id)| id).collect(), joined: record.joined() }
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize, now: u64) -> Vec<Claimed> {
        let Self { members, feeds, expected, .. } = self;
        for record in members.values_mut() {
            record.adjust(now);
        }
        let mut granted = 0;
        let claim = |wanted: &ClaimRequest| {
            let record = feeds.entry(wanted.feed.clone()).or_default();
            let is_active = |id| members.get(id).is_some_and(|record| record.is_active(now));
            let (is_active, fence) = (record.holder().is_some_and(is_active), record.fence());
            let claimed = record.claim(member, wanted, now, is_active, granted < at_most);
            if record.fence() != fence {
                granted += 1;
                let expected = expected.entry(wanted.feed.clone()).or_default();
                (expected.claim, expected.fence) = (wanted.id.clone(), record.fence());
            }
            claimed
        };
        wanted.iter().filter_map(claim).collect()
    }

    fn save(
        &mut self,
        request: &mut Request<'_>,
        feed: usize,
        save: &Save,
        defect: ReplicaDefect,
    ) -> Result<Saved, Violation> {
        let Some(record) = self.feeds.get_mut(&save.claim.feed) else { return Ok(Saved::Lost) };
        let expected = self.expected.entry(save.claim.feed.clone()).or_default();
        if defect.fakes_save(save, expected.position.is_some()) && save.claim.id == expected.claim {
            return Ok(Saved::Yes);
        }
        let mut performed = save.clone();
        if defect.accepts(save, expected.fence) {
            performed.claim.id.clone_from(&expected.claim);
        }
        if defect == ReplicaDefect::NumberOfSaveIgnored && save.seq > 0 {
            expected.changes += 1;
            performed.seq = expected.changes;
        }
        let before = record.clone();
        let saved = record.save(&performed);
        let position = request.backend.position(&save.checkpoint)?;
        if *record != before {
            if save.claim.id != expected.claim {
                return violation("once a newer claim was granted, no older one saves", || {
                    format!("{save:?}, although {} was granted", expected.claim)
                });
            }
            if expected.position.is_some_and(|earlier| position < earlier) {
                return violation("the checkpoint of the store never goes back", || {
                    format!("from {:?} to {position}: {save:?}", expected.position)
                });
            }
            let (clock, log) = (request.clock, request.backend.log());
            match expected.position {
                Some(_) => request.promises.passes(feed, position, log)?,
                None => request.promises.begins(clock, feed, position, request.may_begin.contains(&feed), log)?,
            }
            expected.position = Some(position);
        }
        if saved == Saved::Yes && save.seq > 0 && expected.position < Some(position) {
            return violation("an acknowledged checkpoint, or a later one, is saved", || {
                format!("{save:?} at {position}, but the store has {:?}", expected.position)
            });
        }
        Ok(saved)
    }

    fn release(&mut self, releases: &[Release]) {
        for release in releases {
            if let Some(record) = self.feeds.get_mut(&release.claim.feed) {
                record.release(release);
            }
        }
    }
}
