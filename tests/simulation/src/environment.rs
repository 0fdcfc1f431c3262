//! The environment of the process: time, network, server, disk, and random decisions.

mod event_queue;
mod exchanges;
mod in_flight;

use std::{collections::HashSet, time::Duration};

use chrono::{DateTime, TimeDelta, Utc};
use teamwire_core::{
    Config, Credentials,
    config::RetryPolicy,
    effect::{Moment, Now},
    executor::Manual,
};

use self::event_queue::EventQueue;
pub(super) use self::{
    event_queue::Event,
    in_flight::{InFlight, Owner},
};
use super::{
    defect::Defect,
    disk::Disk,
    random::Random,
    scenario::Scenario,
    server::Server,
    violation::{Trace, Violation, violation},
};

/// Everything that a run consists of besides the process.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) random: Random,
    pub(super) scenario: Scenario,
    pub(super) clock: Duration,
    /// Start time of the current process.
    pub(super) process_started_at: Duration,
    /// The number of the current process.
    pub(super) incarnation: u32,
    /// The start and the end of the last suspension of the process's machine.
    suspension: (Duration, Duration),
    /// The duration of the suspensions before that, since the process started.
    earlier_suspensions: Duration,
    /// The skew of the client's wall clock.
    pub(super) clock_skew: TimeDelta,
    pub(super) server: Server,
    pub(super) disk: Disk,
    pub(super) defect: Defect,
    /// The operations that have succeeded, by incarnation and number.
    pub(super) succeeded: HashSet<(u32, usize)>,
    pub(super) trace: Trace,
    /// True during an outage of the server.
    pub(super) is_down: bool,
    pub(super) in_fault_phase: bool,
    pub(super) disruptions: usize,
    pub(super) exchanges: Vec<InFlight>,
    queue: EventQueue,
    /// The current second, and the number of machine steps in it.
    steps_in_second: (u64, usize),
}

/// Returns the server's wall-clock time at the start of a run.
fn start_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("the timestamp is in range")
}

impl Environment {
    /// The monotonic clock of a process when it starts.
    pub(super) const PROCESS_CLOCK_START: Duration = Duration::from_secs(77);

    pub(super) fn new(seed: u64, trace: Trace, defect: Defect) -> Self {
        let mut random = Random::new(seed);
        let scenario = Scenario::draw(&mut random);
        let mut environment = Self {
            server: Server::new(random.next(), start_time()),
            random,
            scenario,
            clock: Duration::ZERO,
            process_started_at: Duration::ZERO,
            incarnation: 0,
            suspension: (Duration::ZERO, Duration::ZERO),
            earlier_suspensions: Duration::ZERO,
            clock_skew: TimeDelta::zero(),
            disk: Disk::default(),
            defect,
            succeeded: HashSet::new(),
            trace,
            is_down: false,
            in_fault_phase: true,
            disruptions: 0,
            exchanges: Vec::new(),
            queue: EventQueue::default(),
            steps_in_second: (0, 0),
        };
        environment.server.defect = defect;
        environment.server.world.set_rate_limit(environment.scenario.rate_limit);
        environment.schedule_at(environment.scenario.fault_phase, Event::FaultsEnd);
        environment.schedule_at(Duration::from_millis(500), Event::RandomAction);
        environment
    }

    /// Adds a line to the trace.
    pub(super) fn log(&mut self, line: impl FnOnce() -> String) {
        let clock = self.clock;
        self.trace.log(|| format!("{clock:?} {}", line()));
    }

    /// Returns the server's wall-clock time.
    pub(super) fn utc(&self) -> DateTime<Utc> {
        self.server.now(self.clock).utc
    }

    /// Returns the time by the clocks of the process. The monotonic one stands still while the machine is suspended.
    pub(super) fn client_now(&self) -> Now {
        let awake = self.clock.saturating_sub(self.process_started_at).saturating_sub(self.suspended_time());
        Now::new(Moment::from_epoch(Self::PROCESS_CLOCK_START + awake), self.utc() + self.clock_skew)
    }

    /// Returns the time that the process is given: that by its clocks, unless a defect alters it.
    pub(super) fn process_now(&self) -> Now {
        let mut now = self.client_now();
        if self.defect == Defect::SuspensionHidden {
            now.utc -= self.suspended_time();
        }
        now
    }

    /// Converts a time of the process's monotonic clock to a time of the run's clock.
    pub(super) fn clock_at(&self, moment: Moment) -> Duration {
        let awake = moment.since_epoch().saturating_sub(Self::PROCESS_CLOCK_START);
        self.process_started_at + self.suspended_time() + awake
    }

    /// Returns the time for which the machine was suspended since the process started.
    fn suspended_time(&self) -> Duration {
        let (start, end) = self.suspension;
        self.earlier_suspensions + self.clock.min(end).saturating_sub(start)
    }

    /// Suspends the machine of the process.
    pub(super) fn suspend(&mut self, duration: Duration) {
        self.earlier_suspensions = self.suspended_time();
        self.suspension = (self.clock, self.clock + duration);
    }

    /// Returns the end of the suspension, if the machine is suspended.
    pub(super) fn suspended_until(&self) -> Option<Duration> {
        Some(self.suspension.1).filter(|end| self.clock < *end)
    }

    /// Returns the number of changes and disruptions so far.
    pub(super) const fn event_count(&self) -> usize {
        self.server.oracle.len() + self.disruptions
    }

    /// Starts the next process, and returns its executor.
    pub(super) fn start_process(&mut self) -> Manual {
        self.incarnation += 1;
        self.process_started_at = self.clock;
        (self.earlier_suspensions, self.suspension) = (Duration::ZERO, (self.clock, self.clock));
        self.queue.forget_process_poll();
        let key = self.server.world.bot_key();
        let credentials = Credentials::new(key.app_id, key.secret).expect("the world issues valid keys");
        let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
        let config = config.with_hide_deleted_messages(self.scenario.hides_deleted);
        let retries = if self.scenario.single_attempt && self.defect != Defect::RetriedAgainstPolicy { 0 } else { 3 };
        let config = config.with_retry(RetryPolicy { max_retries: retries, ..RetryPolicy::default() });
        Manual::new(config, self.random.entropy(), self.process_now())
    }

    /// Ends the process and its connections.
    pub(super) fn end_process(&mut self) {
        self.log(|| "the process ends".into());
        self.abandon(|_| true);
    }

    pub(super) fn schedule_at(&mut self, time: Duration, event: Event) {
        self.queue.push(time, event);
    }

    pub(super) fn schedule_after(&mut self, wait: Duration, event: Event) {
        self.schedule_at(self.clock + wait, event);
    }

    /// Lets the process poll its machines at this time, unless it polls them earlier.
    pub(super) fn poll_process_at(&mut self, time: Duration) {
        self.queue.push_process_poll(time.max(self.clock), self.clock);
    }

    /// Advances the clock to the next event. `None` means that the server's parked polls are due.
    pub(super) fn next_event(&mut self) -> Result<Option<Event>, Violation> {
        let next = self.queue.next_time().unwrap_or(Duration::MAX);
        if let Some(due) = self.server.next_due().filter(|due| *due < next) {
            self.clock = self.clock.max(due);
            return Ok(None);
        }
        let Some((time, event)) = self.queue.pop() else {
            return violation("no operation and no feed waits forever", || {
                "the event queue is empty, and the run has not finished".into()
            });
        };
        self.clock = time;
        Ok(Some(event))
    }

    /// Counts the steps of machines. Too many in one second mean that a machine loops.
    pub(super) fn count_step(&mut self) -> Result<(), Violation> {
        let second = self.clock.as_secs();
        if self.steps_in_second.0 != second {
            self.steps_in_second = (second, 0);
        }
        self.steps_in_second.1 += 1;
        if self.steps_in_second.1 > 2_000 {
            return violation("no machine loops", || format!("at {:?}", self.clock));
        }
        Ok(())
    }
}
