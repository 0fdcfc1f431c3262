//! The processes of a run, and their calls to the store.

use std::time::Duration;

use chrono::TimeDelta;
use teamwire_core::claim::{Outcome, ReplicaStep};

use super::{Event, Phase, ProcessStatus, Simulation, start_time};
use crate::{
    replicas::{
        ReplicaDefect,
        calls::{CallDelivery, StoreCall},
        clock::Clock,
        process::{Process, Settings},
        store::Request,
    },
    violation::{Violation, violation},
};

impl Simulation<'_> {
    pub(super) fn start_process(&mut self, slot: usize, begins: bool) -> Result<(), Violation> {
        self.started += 1;
        let id = self.number();
        let drift = self.random.within(0..=2 * self.scenario.max_drift_permille);
        let skew = i64::try_from(self.random.within(0..=7_200)).unwrap_or_default() - 3_600;
        let clock = Clock::new(
            self.clock,
            1_000 + drift - self.scenario.max_drift_permille,
            start_time() + TimeDelta::seconds(skew),
        );
        let client = self.client(clock.now(self.clock).utc)?;
        let member = if self.defect == ReplicaDefect::MemberIdReused { format!("m-{slot}") } else { format!("m-{id}") };
        let limit = *self.random.pick(&[None, Some(1), Some(2), Some(16)]);
        let (lease, handler_timeout) = (self.scenario.lease, self.scenario.handler_timeout);
        let asked = begins || self.scenario.always_begins;
        self.log(|| format!("process {id} starts as {member} (begins: {asked}, handlers: {limit:?})"));
        let really_begins = asked || self.defect == ReplicaDefect::BeginsAfterWipe;
        let settings = Settings { id, slot, member, lease, handler_timeout, begins: really_begins, limit };
        let mut process = Process::start(settings, &client, &self.scenario.topics, clock);
        process.begins = asked;
        self.processes.insert(id, Box::new(process));
        self.run_process(id, |_, _| ProcessStatus::Runs)
    }

    /// Runs a process after `change`.
    pub(super) fn run_process(
        &mut self,
        id: usize,
        change: impl FnOnce(&mut Self, &mut Process) -> ProcessStatus,
    ) -> Result<(), Violation> {
        let Some(mut process) = self.processes.remove(&id) else { return Ok(()) };
        process.runs_at.take_if(|runs_at| *runs_at <= self.clock);
        let mut fate = change(self, &mut process);
        if fate == ProcessStatus::Runs {
            fate = self.run_parts(&mut process)?;
        }
        match fate {
            ProcessStatus::Runs => drop(self.processes.insert(id, process)),
            ProcessStatus::Killed | ProcessStatus::Left => self.on_exit(&process, fate),
        }
        Ok(())
    }

    /// Runs the followers and the keeper of a process.
    fn run_parts(&mut self, process: &mut Process) -> Result<ProcessStatus, Violation> {
        for feed in 0..process.followers.len() {
            if self.follow(process, feed)? == ProcessStatus::Killed {
                return Ok(ProcessStatus::Killed);
            }
        }
        process.leave_if_idle();
        if process.call.is_some() {
            return Ok(ProcessStatus::Runs);
        }
        self.count_step()?;
        let now = process.now(self.clock);
        match process.replica.next(now) {
            ReplicaStep::Call(call) => {
                let has_faults = self.has_faults();
                let delivery = CallDelivery::draw(&mut self.random, &self.scenario, has_faults);
                let id = self.number();
                self.log(|| format!("process {} sends call {id}: {call:?}", process.id));
                let member = process.replica.member().clone();
                let may_begin = process.may_begin();
                if let Some(after) = delivery.arrives_after {
                    self.schedule(after, Event::CallArrives(id));
                }
                self.schedule(delivery.ends_after, Event::CallEnds(id));
                let call = StoreCall::new(process.id, member, call, may_begin, now, self.clock, delivery);
                self.calls.insert(id, call);
                process.call = Some(id);
            }
            ReplicaStep::Wait(Some(until)) if until <= now.moment => {
                return violation("a wait ends in the future", || {
                    format!("of the keeper: at {now:?}, until {until:?}")
                });
            }
            ReplicaStep::Wait(Some(until)) => self.run_at(process, process.clock.time_of(until)),
            ReplicaStep::Wait(None) => {}
            ReplicaStep::Left => return Ok(ProcessStatus::Left),
        }
        Ok(ProcessStatus::Runs)
    }

    /// Lets a process run at this time, unless it runs earlier.
    pub(super) fn run_at(&mut self, process: &mut Process, time: Duration) {
        if process.runs_at.is_none_or(|earlier| time < earlier) {
            process.runs_at = Some(time);
            self.schedule_at(time, Event::ProcessRuns(process.id));
        }
    }

    pub(super) fn on_call(&mut self, id: usize) -> Result<(), Violation> {
        let Some(call) = self.calls.get_mut(&id).filter(|_| self.clock >= self.store.down_until) else { return Ok(()) };
        let StoreCall { process, member, call: sent, may_begin, .. } = &*call;
        let outcome = self.store.perform(Request {
            clock: self.clock,
            process: *process,
            member,
            call: sent,
            may_begin,
            backend: &self.backend,
            promises: &mut self.promises,
        })?;
        let clock = self.clock;
        self.trace.log(|| format!("{clock:?} call {id} arrives: {outcome:?}"));
        call.outcome = Some(outcome);
        Ok(())
    }

    pub(super) fn on_outcome(&mut self, id: usize) -> Result<(), Violation> {
        let Some(owner) = self.calls.get(&id).map(|call| call.process) else { return Ok(()) };
        self.run_process(owner, |simulation, process| {
            let Some(call) = simulation.calls.get_mut(&id) else { return ProcessStatus::Runs };
            let (outcome, sent, sent_at) = (call.take_outcome(), call.sent, call.sent_at);
            process.call = None;
            process.on_outcome(&call.call, &outcome, sent_at);
            let now = process.now(simulation.clock);
            let sent = if simulation.defect == ReplicaDefect::RenewedByResponse { now } else { sent };
            simulation.log(|| format!("process {} gets the outcome of call {id}: {}", process.id, describe(&outcome)));
            process.replica.handle(sent, now, outcome);
            ProcessStatus::Runs
        })
    }

    fn on_exit(&mut self, process: &Process, fate: ProcessStatus) {
        self.log(|| format!("process {} ends: {fate:?}", process.id));
        let id = process.id;
        self.exchanges.retain(|_, exchange| exchange.process != id);
        let exchanges = &self.exchanges;
        self.backend.drop_polls(|exchange| !exchanges.contains_key(&exchange));
        if matches!(self.phase, Phase::HandingOver(..) | Phase::Finished) {
            return;
        }
        // After a failure, someone looks at it, sooner or later.
        let begins = process.has_failed && (!self.has_faults() || self.random.chance(300));
        let after = self.random.millis(100..=3_000);
        self.schedule(after, Event::ProcessStarts { slot: process.slot, begins });
    }
}

/// Returns an outcome for the trace.
fn describe(outcome: &Outcome) -> &'static str {
    let is_ok = match outcome {
        Outcome::Renew(result) => result.is_ok(),
        Outcome::Claim(result) => result.is_ok(),
        Outcome::Save(result) => result.is_ok(),
        Outcome::Release(result) | Outcome::Leave(result) => result.is_ok(),
    };
    if is_ok { "success" } else { "unknown" }
}
