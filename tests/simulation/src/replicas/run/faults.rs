//! The faults of a run, and their end.

use std::{collections::BTreeSet, time::Duration};

use super::{Event, HELD, Phase, Process, ProcessStatus, Simulation};
use crate::{
    replicas::{process::Stop, scenario::Fault},
    violation::Violation,
};

/// Maximum number of processes.
const MAX_PROCESSES: usize = 6;
/// Maximum time for which some processes use the former store after a failover.
const SPLIT: Duration = Duration::from_secs(8);

impl Simulation<'_> {
    pub(super) fn on_fault(&mut self) -> Result<(), Violation> {
        if !self.has_faults() || self.scenario.faults.is_empty() {
            return Ok(());
        }
        let pause = self.random.millis(1..=self.scenario.max_fault_pause_ms);
        self.schedule(pause, Event::FaultHappens);
        let fault = *self.random.pick(&self.scenario.faults);
        if self.random.chance(400) {
            self.store.copy();
        }
        self.events += 1;
        let running: Vec<usize> = self.processes.keys().copied().collect();
        let process = if running.is_empty() { 0 } else { *self.random.pick(&running) };
        self.log(|| format!("{fault:?}, perhaps of process {process}"));
        self.inflict(fault, process)
    }

    fn inflict(&mut self, fault: Fault, process: usize) -> Result<(), Violation> {
        let lease = self.scenario.lease;
        // Often longer than the lease.
        let time = lease * u32::try_from(self.random.within(1..=30)).unwrap_or(1) / 10;
        let clock = self.clock;
        match fault {
            Fault::Kill => return self.run_process(process, |_, _| ProcessStatus::Killed),
            Fault::Stop => {
                let is_impatient = self.random.chance(300);
                return self.run_process(process, |_, process| {
                    process.stop(is_impatient);
                    ProcessStatus::Runs
                });
            }
            Fault::Pause | Fault::Suspend => {
                let is_replaced = self.random.chance(300);
                let Some(process) = self.processes.get_mut(&process).filter(|it| it.paused_until <= clock) else {
                    return Ok(());
                };
                process.paused_until = clock + time;
                if fault == Fault::Suspend {
                    process.clock.suspend(clock, clock + time);
                }
                let (id, slot) = (process.id, process.slot);
                self.schedule(time, Event::ProcessRuns(id));
                if is_replaced && self.processes.len() < MAX_PROCESSES {
                    // As it does not respond, another one is started in its place.
                    self.schedule(time / 2, Event::ProcessStarts { slot, begins: false });
                }
            }
            Fault::SetWallClock => {
                let seconds = i64::try_from(self.random.within(0..=7_200)).unwrap_or_default() - 3_600;
                if let Some(process) = self.processes.get_mut(&process) {
                    process.is_wall_clock_set = true;
                    process.clock.shift_wall_clock(seconds);
                }
            }
            Fault::Start => {
                if self.processes.len() < MAX_PROCESSES {
                    let slot = self.processes.len();
                    self.schedule(Duration::ZERO, Event::ProcessStarts { slot, begins: false });
                }
            }
            Fault::ServerOutage => self.is_server_down_until = clock + time,
            Fault::StoreOutage => self.store.down_until = clock + time,
            Fault::SetStoreBack => self.shift_store_clock(-1),
            Fault::SetStoreForward => self.shift_store_clock(1),
            Fault::Failover | Fault::Split => {
                let split_off: BTreeSet<usize> = match fault {
                    Fault::Split => self.processes.keys().copied().filter(|_| self.random.chance(500)).collect(),
                    _ => BTreeSet::new(),
                };
                self.store.fail_over(split_off, &mut self.promises);
                // The clock of the other machine differs.
                let direction = *self.random.pick(&[-1, 0, 0, 1]);
                self.shift_store_clock(direction);
                self.schedule(SPLIT.min(lease * 2), Event::SplitEnds);
            }
            Fault::Wipe => self.store.wipe(&mut self.promises),
        }
        Ok(())
    }

    fn shift_store_clock(&mut self, direction: i64) {
        let max = *self.random.pick(&[500, 5_000, 3_600_000]);
        self.store.shift_clock(direction * i64::try_from(self.random.within(1..=max)).unwrap_or_default());
    }

    /// Ends all faults. From then on, everything has to be handled.
    pub(super) fn end_faults(&mut self) {
        self.log(|| "the faults end".into());
        self.phase = Phase::Settling(self.clock);
        (self.is_server_down_until, self.store.down_until) = (self.clock, self.clock);
        self.store.end_split(&mut self.promises);
        self.schedule(HELD + self.hanging_time(), Event::FeedsAreHeld);
    }

    /// Ends a process that holds a feed, unless there is no other one, or one that cannot follow a feed.
    pub(super) fn hand_over(&mut self) -> Result<(), Violation> {
        let index = self.random.below(self.scenario.topics.len() as u64);
        let feed = usize::try_from(index).unwrap_or_default();
        let is_ready = |process: &Process| {
            process.paused_until <= self.clock && process.stop == Stop::No && process.handlers.is_empty()
        };
        // A failover may have lost the start of a quiet feed, which its holder does not notice.
        let are_ready = self.processes.len() > 1
            && self.processes.values().all(|process| is_ready(process))
            && self.store.has_checkpoint(feed);
        let Some(holder) = self.holder(feed).filter(|_| are_ready) else {
            self.phase = Phase::Finished;
            return Ok(());
        };
        let is_killed = self.random.chance(500);
        let mut within = if is_killed { self.scenario.lease + Duration::from_secs(2) } else { Duration::from_secs(1) };
        if self.store.has_gone_back {
            // A member may believe that it has a feed which the store has given to another one. Until it has an event
            // of that to save, it looks for others only once per lease.
            within += self.scenario.lease * 2;
        }
        self.phase = Phase::HandingOver(feed, self.clock + within);
        self.log(|| format!("process {holder} is {}", if is_killed { "killed" } else { "stopped" }));
        self.run_process(holder, |_, process| {
            process.stop(false);
            if is_killed { ProcessStatus::Killed } else { ProcessStatus::Runs }
        })
    }
}
