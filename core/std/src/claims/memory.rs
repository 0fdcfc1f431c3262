//! A store in the memory of one process.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use teamwire_core::claim::{ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, View};

use super::{ClaimStore, FeedRecord, MemberRecord};

/// A store in memory, for tests: replicas of the same process can share it. Clones are the same store.
#[derive(Clone)]
pub struct MemoryStore {
    fleets: Arc<Mutex<BTreeMap<String, Fleet>>>,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

#[derive(Default)]
struct Fleet {
    members: BTreeMap<String, MemberRecord>,
    feeds: BTreeMap<String, FeedRecord>,
    /// The greatest number of a member so far.
    newest: u64,
}

impl MemoryStore {
    /// Creates an empty store, with the clock of the operating system.
    pub fn new() -> Self {
        Self::with_clock(system_time)
    }

    /// Creates an empty store with this clock, which returns microseconds.
    pub fn with_clock(clock: impl Fn() -> u64 + Send + Sync + 'static) -> Self {
        Self { fleets: Arc::default(), clock: Arc::new(clock) }
    }

    /// Removes everything, as a loss of the data does.
    pub fn wipe(&self) {
        self.fleets().clear();
    }

    fn fleets(&self) -> MutexGuard<'_, BTreeMap<String, Fleet>> {
        self.fleets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn with<T>(&self, member: &Member, change: impl FnOnce(&mut Fleet, u64) -> T) -> T {
        let mut fleets = self.fleets();
        change(fleets.entry(member.fleet.clone()).or_default(), (self.clock)())
    }
}

/// Returns the microseconds since 1970 on the clock of the operating system.
pub(super) fn system_time() -> u64 {
    let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since_epoch.as_micros()).unwrap_or(u64::MAX)
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl ClaimStore for MemoryStore {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        Ok(self.with(member, |fleet, now| {
            fleet.members.retain(|id, record| {
                record.adjust(now);
                record.is_active(now) || *id == member.id
            });
            let earlier = fleet.members.get(&member.id).copied();
            let record = MemberRecord::renew(earlier, member, now, fleet.newest);
            fleet.newest = fleet.newest.max(record.joined());
            fleet.members.insert(member.id.clone(), record);
            let mut members: Vec<_> = fleet.members.iter().map(|(id, record)| (record.joined(), id.clone())).collect();
            members.sort();
            View { members: members.into_iter().map(|(_, id)| id).collect(), joined: record.joined() }
        }))
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        Ok(self.with(member, |Fleet { members, feeds, .. }, now| {
            for record in members.values_mut() {
                record.adjust(now);
            }
            let mut granted = 0;
            let claim = |wanted: &ClaimRequest| {
                let record = feeds.entry(wanted.feed.clone()).or_default();
                let is_active = |id| members.get(id).is_some_and(|record| record.is_active(now));
                let (is_active, fence) = (record.holder().is_some_and(is_active), record.fence());
                let claimed = record.claim(member, wanted, now, is_active, granted < at_most);
                granted += usize::from(record.fence() != fence);
                claimed
            };
            wanted.iter().filter_map(claim).collect()
        }))
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        let save = |fleet: &mut Fleet, save: &Save| {
            fleet.feeds.get_mut(&save.claim.feed).map_or(Saved::Lost, |record| record.save(save))
        };
        Ok(self.with(member, |fleet, _| saves.iter().map(|it| save(fleet, it)).collect()))
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        self.with(member, |fleet, _| {
            for release in releases {
                if let Some(record) = fleet.feeds.get_mut(&release.claim.feed) {
                    record.release(release);
                }
            }
        });
        Ok(())
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        self.with(member, |fleet, _| fleet.members.remove(&member.id));
        Ok(())
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MemoryStore")
    }
}

#[cfg(test)]
mod tests {
    use std::{
        sync::atomic::{AtomicU64, Ordering},
        time::Duration,
    };

    use super::*;
    use crate::claims::conformance::{self, Subject};

    struct Shared {
        store: MemoryStore,
        now: Arc<AtomicU64>,
    }

    impl Shared {
        fn new() -> Self {
            let now = Arc::new(AtomicU64::new(1 << 50));
            let clock = Arc::clone(&now);
            Self { store: MemoryStore::with_clock(move || clock.load(Ordering::SeqCst)), now }
        }
    }

    fn micros(time: Duration) -> u64 {
        u64::try_from(time.as_micros()).expect("it is short")
    }

    impl Subject for Shared {
        type Store = MemoryStore;

        fn connect(&self) -> MemoryStore {
            self.store.clone()
        }

        fn wipe(&self) {
            self.store.wipe();
            // As a real clock would have moved on.
            self.pass(Duration::from_micros(1));
        }

        fn pass(&self, time: Duration) {
            self.now.fetch_add(micros(time), Ordering::SeqCst);
        }

        fn set_clock_back(&self, time: Duration) -> bool {
            self.now.fetch_sub(micros(time), Ordering::SeqCst);
            true
        }
    }

    #[test]
    fn the_store_in_memory_conforms() {
        conformance::check(Shared::new);
    }
}
