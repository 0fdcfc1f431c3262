//! A run: the events of processes, store and server in the order of their times.

mod faults;
mod following;
mod handling;
mod processes;
mod progress;

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use teamwire_core::{
    Client,
    effect::{Moment, Now},
    executor::Manual,
    machine::{Reply, Ticket},
};

use super::{
    ReplicaDefect,
    backend::{Backend, BotPost},
    calls::StoreCall,
    process::Process,
    promises::Promises,
    scenario::Scenario,
    store::Store,
};
use crate::{
    Outcome,
    random::Random,
    violation::{SIMULATOR, Trace, Violation, violation},
};

/// Maximum time from the end of the faults until every feed is followed, besides the time of hanging handlers.
const HELD: Duration = Duration::from_secs(20);
/// Maximum time until everything is handled, besides that. It includes the longest waits after failures.
const SETTLED: Duration = Duration::from_secs(150);
/// Maximum number of steps of all processes in a second of the run.
const MAX_STEPS: usize = 20_000;

pub(super) struct Simulation<'t> {
    random: Random,
    trace: &'t mut Trace,
    defect: ReplicaDefect,
    scenario: Scenario,
    clock: Duration,
    queue: BTreeMap<(Duration, usize), Event>,
    /// The number of the last event, process, call, exchange or handler.
    last_number: usize,
    backend: Backend,
    /// Names of the feeds.
    feeds: Vec<String>,
    store: Store,
    promises: Promises,
    processes: BTreeMap<usize, Box<Process>>,
    calls: BTreeMap<usize, StoreCall>,
    exchanges: BTreeMap<usize, Exchange>,
    is_server_down_until: Duration,
    phase: Phase,
    started: usize,
    events: usize,
    /// The current second, and the number of steps in it.
    steps: (u64, usize),
}

/// A request of a feed.
struct Exchange {
    process: usize,
    feed: usize,
    ticket: Ticket,
    request: Option<http::Request<Vec<u8>>>,
    /// Set if the response is lost.
    is_lost: bool,
}

/// The phases of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Faults,
    /// Since this time, there are no faults: everything has to be handled.
    Settling(Duration),
    /// Everything is handled. Until this time, the processes learn that others have ended.
    Resting(Duration),
    /// A process that held a feed has ended. Another one has to follow it before this time.
    HandingOver(usize, Duration),
    Finished,
}

enum Event {
    ProcessStarts { slot: usize, begins: bool },
    ProcessRuns(usize),
    CallArrives(usize),
    CallEnds(usize),
    RequestArrives(usize),
    ReplyArrives(usize, Box<Reply>),
    HandlerEnds(usize, usize),
    BotPosts(Box<BotPost>),
    PersonPosts,
    FaultHappens,
    SplitEnds,
    FaultsEnd,
    FeedsAreHeld,
}

/// The state of a process after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum ProcessStatus {
    Runs,
    Killed,
    Left,
}

fn start_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("the timestamp is in range")
}

/// Runs one seed.
pub(super) fn run(seed: u64, trace: &mut Trace, defect: ReplicaDefect) -> Result<Outcome, Violation> {
    let mut simulation = Simulation::new(seed, trace, defect)?;
    while simulation.phase != Phase::Finished {
        simulation.step()?;
    }
    Ok(Outcome {
        requests: simulation.backend.requests,
        events: simulation.events,
        incarnations: simulation.started as u64,
    })
}

impl<'t> Simulation<'t> {
    fn new(seed: u64, trace: &'t mut Trace, defect: ReplicaDefect) -> Result<Self, Violation> {
        let mut random = Random::new(seed);
        let scenario = Scenario::draw(&mut random, defect);
        let backend = Backend::new(random.next(), start_time());
        let promises = Promises::new(&scenario.topics);
        let mut simulation = Self {
            store: Store::new(Vec::new(), defect),
            feeds: Vec::new(),
            random,
            trace,
            defect,
            scenario,
            clock: Duration::ZERO,
            queue: BTreeMap::new(),
            last_number: 0,
            backend,
            promises,
            processes: BTreeMap::new(),
            calls: BTreeMap::new(),
            exchanges: BTreeMap::new(),
            is_server_down_until: Duration::ZERO,
            phase: Phase::Faults,
            started: 0,
            events: 0,
            steps: (0, 0),
        };
        let client = simulation.client(start_time())?;
        simulation.feeds = simulation.scenario.topics.iter().map(|topic| topic.name(&client)).collect();
        simulation.store = Store::new(simulation.feeds.clone(), defect);
        for slot in 0..simulation.scenario.processes {
            let begins = slot == 0 || simulation.scenario.all_begin;
            let after = simulation.random.millis(0..=3_000);
            simulation.schedule(after, Event::ProcessStarts { slot, begins });
        }
        let end = simulation.scenario.fault_phase;
        simulation.schedule(end, Event::FaultsEnd);
        simulation.schedule(Duration::from_secs(1), Event::PersonPosts);
        simulation.schedule(Duration::from_secs(2), Event::FaultHappens);
        Ok(simulation)
    }

    fn client(&mut self, utc: DateTime<Utc>) -> Result<Client<Manual>, Violation> {
        let now = Now::new(Moment::EPOCH, utc);
        match self.backend.config() {
            Ok(config) => Ok(Client::new(Manual::new(config, self.random.entropy(), now))),
            Err(error) => violation(SIMULATOR, || error.to_string()),
        }
    }

    fn log(&mut self, line: impl FnOnce() -> String) {
        let clock = self.clock;
        self.trace.log(|| format!("{clock:?} {}", line()));
    }

    fn number(&mut self) -> usize {
        self.last_number += 1;
        self.last_number
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.schedule_at(self.clock + after, event);
    }

    fn schedule_at(&mut self, time: Duration, event: Event) {
        let number = self.number();
        self.queue.insert((time, number), event);
    }

    fn has_faults(&self) -> bool {
        self.phase == Phase::Faults
    }

    /// Performs the next event.
    fn step(&mut self) -> Result<(), Violation> {
        let next = self.queue.first_key_value().map_or(Duration::MAX, |((time, _), _)| *time);
        match self.backend.next_due().filter(|due| *due < next) {
            Some(due) => self.clock = self.clock.max(due),
            None => match self.queue.pop_first() {
                Some(((time, _), event)) => {
                    self.clock = time;
                    self.perform(event)?;
                }
                None => return violation("no process waits forever", || "nothing happens any more".into()),
            },
        }
        for (exchange, response) in self.backend.resume(self.clock) {
            self.on_response(exchange, response);
        }
        self.check_progress()
    }

    fn perform(&mut self, event: Event) -> Result<(), Violation> {
        if let Some(awake_at) = self.owner(&event).map(|process| process.paused_until).filter(|it| *it > self.clock) {
            self.schedule_at(awake_at, event);
            return Ok(());
        }
        match event {
            Event::ProcessStarts { slot, begins } => self.start_process(slot, begins),
            Event::ProcessRuns(process) => self.run_process(process, |_, _| ProcessStatus::Runs),
            Event::CallArrives(call) => self.on_call(call),
            Event::CallEnds(call) => self.on_outcome(call),
            Event::RequestArrives(exchange) => self.on_request(exchange),
            Event::ReplyArrives(exchange, reply) => self.on_reply(exchange, reply),
            Event::HandlerEnds(process, handler) => {
                self.run_process(process, |simulation, process| simulation.end_handler(process, handler))
            }
            Event::BotPosts(post) => {
                let is_new = self.backend.post_as_bot(self.clock, &post)?;
                self.log(|| format!("{post:?} arrives{}", if is_new { "" } else { " again" }));
                Ok(())
            }
            Event::PersonPosts => self.on_person(),
            Event::FaultHappens => self.on_fault(),
            Event::SplitEnds => {
                self.log(|| "all processes use the new store".into());
                self.store.end_split(&mut self.promises);
                Ok(())
            }
            Event::FaultsEnd => {
                self.end_faults();
                Ok(())
            }
            Event::FeedsAreHeld if matches!(self.phase, Phase::Settling(_)) => self.check_held(),
            Event::FeedsAreHeld => Ok(()),
        }
    }

    /// Returns the process in which an event happens.
    fn owner(&self, event: &Event) -> Option<&Process> {
        let process = match event {
            Event::ProcessRuns(process) | Event::HandlerEnds(process, _) => process,
            Event::CallEnds(call) => &self.calls.get(call)?.process,
            Event::ReplyArrives(exchange, _) => &self.exchanges.get(exchange)?.process,
            _ => return None,
        };
        self.processes.get(process).map(|process| &**process)
    }

    fn on_person(&mut self) -> Result<(), Violation> {
        if !self.has_faults() {
            return Ok(());
        }
        let number = self.backend.post(self.clock, &mut self.random)?;
        self.events += 1;
        self.log(|| format!("a person posts message {number}"));
        let pause = self.random.millis(1..=self.scenario.max_post_pause_ms);
        self.schedule(pause, Event::PersonPosts);
        Ok(())
    }

    fn count_step(&mut self) -> Result<(), Violation> {
        if self.steps.0 != self.clock.as_secs() {
            self.steps = (self.clock.as_secs(), 0);
        }
        self.steps.1 += 1;
        if self.steps.1 > MAX_STEPS {
            return violation("no machine loops", || format!("at {:?}", self.clock));
        }
        Ok(())
    }
}
