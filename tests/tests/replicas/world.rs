//! A world of processes, a store and a server, on a virtual clock.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use teamwire_core::claim::{Call, Grant};
use teamwire_std::claims::MemoryStore;
use teamwire_test_support::Rng;

use crate::{
    network::{Faults, Flight},
    process::Process,
};

pub(crate) const LEASE: Duration = Duration::from_secs(3);
pub(crate) const HANDLER_TIMEOUT: Duration = Duration::from_secs(8);
/// The time of the store at the beginning, in microseconds.
const STORE_EPOCH: u64 = 1 << 50;

/// The world.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) time: Duration,
    pub(crate) random: Rng,
    pub(crate) faults: Faults,
    pub(crate) store: MemoryStore,
    clock: Arc<AtomicU64>,
    pub(crate) processes: Vec<Process>,
    pub(crate) backend: Backend,
    feeds: Vec<String>,
    /// The time between two looks at the processes.
    pub(crate) step: Duration,
    started: usize,
    /// Set while two processes must not hand out events of a feed at the same time.
    pub(crate) is_exclusive: bool,
}

/// The server with its feeds, and what has happened to their events.
#[derive(Debug, Default)]
pub(crate) struct Backend {
    ends: BTreeMap<String, u64>,
    log: BTreeMap<String, Log>,
    late: Vec<Flight>,
    calls: BTreeMap<&'static str, usize>,
    /// Events of a thousand whose handler hangs.
    pub(crate) hanging: u64,
    pub(crate) resumes: usize,
    pub(crate) repeats: usize,
}

/// The handling of the events of a feed, by all processes.
#[derive(Debug, Default)]
struct Log {
    /// The event after which the feed began.
    begun: Option<u64>,
    last_handed_out: u64,
    handled: BTreeSet<u64>,
    saved: u64,
}

impl Backend {
    pub(crate) fn end(&self, feed: &str) -> u64 {
        self.ends.get(feed).copied().unwrap_or_default()
    }

    pub(crate) fn post(&mut self, feed: &str) {
        *self.ends.entry(feed.to_owned()).or_default() += 1;
    }

    /// Checks the position at which a feed resumes.
    pub(crate) fn resumed(&mut self, feed: &str, grant: &Grant) {
        self.resumes += 1;
        let end = self.end(feed);
        let log = self.log.entry(feed.to_owned()).or_default();
        match &grant.checkpoint {
            None => {
                assert!(log.handled.is_empty(), "nothing is handed out before the start is saved");
                (log.begun, log.last_handed_out) = (Some(end), end);
            }
            Some(checkpoint) => {
                let json = serde_json::to_value(checkpoint).expect("it is JSON");
                let number = json["cursor"].as_str().and_then(|it| it.parse().ok()).expect("it is a number");
                assert!(number >= log.saved, "the checkpoint of {feed} goes back from {} to {number}", log.saved);
                let begun = log.begun.expect("its start was saved");
                let is_handled = |event| log.handled.contains(&event);
                assert!((begun + 1..=number).all(is_handled), "the checkpoint {number} of {feed} passes an event");
                log.saved = number;
            }
        }
    }

    pub(crate) fn handed_out(&mut self, feed: &str, event: u64) {
        let log = self.log.entry(feed.to_owned()).or_default();
        if log.handled.contains(&event) || event <= log.last_handed_out {
            self.repeats += 1;
        } else {
            assert_eq!(event, log.last_handed_out + 1, "events of {feed} are in order without their repeats");
            log.last_handed_out = event;
        }
    }

    pub(crate) fn handled(&mut self, feed: &str, event: u64) {
        self.log.entry(feed.to_owned()).or_default().handled.insert(event);
    }

    pub(crate) fn hangs(&self, random: &mut Rng) -> bool {
        random.below(1_000) < self.hanging
    }

    /// Keeps a call that arrives after its caller has given up.
    pub(crate) fn keep_late(&mut self, flight: Flight) {
        if flight.is_on_its_way() {
            self.late.push(flight);
        }
    }

    pub(crate) fn count(&mut self, call: &Call) {
        let name = match call {
            Call::Renew => "renew",
            Call::Claim(..) => "claim",
            Call::Save(_) => "save",
            Call::Release(_) => "release",
            Call::Leave => "leave",
        };
        *self.calls.entry(name).or_default() += 1;
    }

    /// Returns the number of calls since the last time.
    pub(crate) fn take_calls(&mut self) -> usize {
        std::mem::take(&mut self.calls).into_values().sum()
    }

    fn is_complete(&self) -> bool {
        self.ends.iter().all(|(feed, end)| {
            let log = self.log.get(feed);
            log.is_some_and(|log| (log.begun.unwrap_or_default() + 1..=*end).all(|event| log.handled.contains(&event)))
        })
    }
}

impl World {
    pub(crate) fn new(seed: u64, feeds: usize) -> Self {
        let clock = Arc::new(AtomicU64::new(STORE_EPOCH));
        let store_clock = Arc::clone(&clock);
        let feeds: Vec<String> = (0..feeds).map(|number| format!("feed {number:05}")).collect();
        let ends = feeds.iter().map(|feed| (feed.clone(), 0)).collect();
        Self {
            time: Duration::ZERO,
            random: Rng::new(seed),
            faults: Faults::default(),
            store: MemoryStore::with_clock(move || store_clock.load(Ordering::SeqCst)),
            clock,
            processes: Vec::new(),
            backend: Backend { ends, ..Backend::default() },
            feeds,
            step: Duration::from_millis(10),
            started: 0,
            is_exclusive: true,
        }
    }

    /// Starts a process.
    pub(crate) fn start(&mut self) {
        self.started += 1;
        let process = Process::start(format!("m-{}", self.started), &self.feeds, self.time, &mut self.random);
        self.processes.push(process);
    }

    /// Ends a process without any preparation. What it has sent may still arrive.
    pub(crate) fn kill(&mut self, index: usize) {
        let process = self.processes.remove(index);
        process.flight.into_iter().for_each(|flight| self.backend.keep_late(flight));
    }

    pub(crate) fn set_store_clock(&mut self, change: impl FnOnce(u64) -> u64) {
        self.clock.store(change(self.clock.load(Ordering::SeqCst)), Ordering::SeqCst);
    }

    pub(crate) fn post(&mut self) {
        let feed = self.feeds[self.random.index(self.feeds.len())].clone();
        self.backend.post(&feed);
    }

    /// Lets time pass.
    pub(crate) fn run(&mut self, time: Duration) {
        let end = self.time + time;
        while self.time < end {
            self.step();
        }
    }

    /// Lets time pass until this is so. Returns the time that it took.
    #[track_caller]
    pub(crate) fn run_until(&mut self, limit: Duration, what: &str, is_so: impl Fn(&Self) -> bool) -> Duration {
        let begun = self.time;
        while !is_so(self) {
            assert!(self.time < begun + limit, "within {limit:?}: {what}");
            self.step();
        }
        self.time.saturating_sub(begun)
    }

    /// Returns the number of feeds that each process may hand out events of.
    pub(crate) fn shares(&self) -> Vec<usize> {
        self.processes.iter().map(|process| process.open_feeds(self.time).len()).collect()
    }

    /// Returns `true` if every feed is served.
    pub(crate) fn is_served(&self) -> bool {
        self.shares().iter().sum::<usize>() == self.feeds.len()
    }

    pub(crate) fn is_complete(&self) -> bool {
        self.backend.is_complete()
    }

    fn step(&mut self) {
        self.time += self.step;
        let micros = u64::try_from(self.step.as_micros()).expect("it is short");
        self.clock.fetch_add(micros, Ordering::SeqCst);
        let Self { time, store, processes, backend, .. } = self;
        let flights = processes.iter_mut().filter_map(|process| process.flight.as_mut()).chain(&mut backend.late);
        flights.for_each(|flight| flight.arrive(store, *time));
        backend.late.retain(Flight::is_on_its_way);
        for process in processes.iter_mut().filter(|process| process.paused_until <= *time) {
            process.step(*time, &mut self.random, self.faults, backend);
        }
        if self.is_exclusive {
            self.check_exclusive();
        }
    }

    fn check_exclusive(&self) {
        let mut open = BTreeSet::new();
        for process in self.processes.iter().filter(|process| process.paused_until <= self.time) {
            for feed in process.open_feeds(self.time) {
                assert!(open.insert(feed), "two processes may hand out events of {feed} at {:?}", self.time);
            }
        }
    }
}
