//! The handlers of events.

use std::time::Duration;

use teamwire_core::{FeedEvent, Message, claim::HandedEvent};

use super::{BotPost, Event, ProcessStatus, ReplicaDefect, Simulation};
use crate::{
    replicas::process::{Handler, Process},
    violation::{SIMULATOR, Violation, violation},
};

/// Tolerance for clocks whose time is rounded.
const TOLERANCE: Duration = Duration::from_micros(2);

impl Simulation<'_> {
    /// Starts the handler of an event.
    pub(super) fn start_handler(
        &mut self,
        process: &mut Process,
        feed: usize,
        handed_out: HandedEvent<Message>,
    ) -> Result<ProcessStatus, Violation> {
        let HandedEvent { event, handed, claim } = handed_out;
        let Some(handed) = handed else { return Ok(ProcessStatus::Runs) };
        let Process { followers, replica, .. } = process;
        let follower = &mut followers[feed];
        if let FeedEvent::Retrying(_) = event {
            follower.following.finish(replica, handed);
            return Ok(ProcessStatus::Runs);
        }
        if let Some(at) = follower.arrived.iter().position(|arrived| arrived.checkpoint() == event.checkpoint()) {
            follower.arrived.remove(at);
        }
        let number = self.check_hand_out(process, feed, &event)?;
        let has_faults = self.has_faults();
        if has_faults && self.random.chance(self.scenario.crash_permille) {
            self.log(|| format!("process {} is killed by an event", process.id));
            return Ok(ProcessStatus::Killed);
        }
        let takes = self.handler_time();
        let mut fails = has_faults && self.random.chance(self.scenario.failing_permille);
        if let (Some(number), FeedEvent::Update { item, .. }) = (number, &event) {
            let posted = self.backend.log()[number];
            if !posted.is_by_bot && !number.is_multiple_of(3) {
                let key = event.key("reply").unwrap_or_default();
                let text = format!("re {} in feed {feed}", item.mid);
                fails |= !self.post_reply(takes, BotPost { tid: posted.tid, key, text });
            }
        }
        let id = self.number();
        let claim = claim.map(|claim| claim.id);
        process.handlers.insert(id, Handler { feed, handed: Some(handed), event, number, claim, fails });
        self.schedule(takes, Event::HandlerEnds(process.id, id));
        Ok(ProcessStatus::Runs)
    }

    fn handler_time(&mut self) -> Duration {
        if !self.has_faults() {
            return self.random.millis(0..=5);
        }
        if self.random.chance(self.scenario.hanging_permille) {
            return self.scenario.handler_timeout + self.random.millis(0..=1_000) * 10;
        }
        if self.random.chance(self.scenario.slow_permille) {
            return self.random.millis(100..=4_000);
        }
        self.random.millis(0..=60)
    }

    /// Sends a message of a handler. Returns `false` if the handler fails, because it sees no response.
    fn post_reply(&mut self, takes: Duration, post: BotPost) -> bool {
        let during = takes / 2;
        let fate = if self.has_faults() { self.random.below(1_000) } else { 1_000 };
        let permille = self.scenario.server_fault_permille / 2;
        if self.clock < self.is_server_down_until || fate < permille {
            return false;
        }
        if fate < permille * 2 {
            // It arrives, perhaps late, and its response is lost.
            let late = *self.random.pick(&[Duration::ZERO, takes, Duration::from_secs(20)]);
            self.schedule(during + late, Event::BotPosts(Box::new(post)));
            return false;
        }
        self.schedule(during, Event::BotPosts(Box::new(post)));
        true
    }

    /// Checks an event that is handed out. Returns the number of its message.
    pub(super) fn check_hand_out(
        &mut self,
        process: &Process,
        feed: usize,
        event: &FeedEvent<Message>,
    ) -> Result<Option<usize>, Violation> {
        let number = match event {
            FeedEvent::Update { item, .. } => match self.backend.number(item.mid.as_str()) {
                Some(number) => Some(number),
                None => return violation(SIMULATOR, || format!("unknown message: {item:?}")),
            },
            FeedEvent::Started(_) | FeedEvent::Heartbeat(_) => None,
            other => return violation(SIMULATOR, || format!("an unexpected event: {other:?}")),
        };
        self.log(|| format!("process {} handles event {number:?} of feed {feed}", process.id));
        let allowed = process.clock.longest(self.scenario.lease * 2 / 3, process.is_wall_clock_set);
        if process.renewed_at.is_none_or(|renewed_at| self.clock > renewed_at + allowed + TOLERANCE) {
            return violation("nothing is handed out after two thirds of the lease", || {
                format!("process {} has renewed it at {:?}", process.id, process.renewed_at)
            });
        }
        if self.scenario.is_exclusive()
            && let Some(other) = self.holder(feed)
        {
            return violation("two processes never hand out events of a feed at the same time", || {
                format!("processes {} and {other}, feed {feed}", process.id)
            });
        }
        let is_handled_already = |handler: &Handler| handler.feed == feed && handler.number == number;
        if number.is_some() && process.handlers.values().any(is_handled_already) {
            return violation("a process does not handle an event twice at the same time", || {
                format!("process {}, event {number:?}", process.id)
            });
        }
        if let Some(number) = number {
            let start = process.followers[feed].start;
            self.promises.handed_out(self.clock, feed, start, number, self.backend.log())?;
        }
        Ok(number)
    }

    pub(super) fn end_handler(&mut self, process: &mut Process, id: usize) -> ProcessStatus {
        let Some(handler) = process.handlers.remove(&id) else { return ProcessStatus::Runs };
        let Handler { feed, handed, event, number, claim, fails } = handler;
        if self.has_faults() && self.random.chance(self.scenario.crash_permille) {
            self.log(|| format!("process {} is killed before the end of event {number:?}", process.id));
            return ProcessStatus::Killed;
        }
        self.log(|| {
            let verb = if fails { "fails to handle" } else { "has handled" };
            format!("process {} {verb} event {number:?} of feed {feed}", process.id)
        });
        let now = process.now(self.clock).moment;
        let Process { followers, replica, .. } = process;
        let following = &mut followers[feed].following;
        let Some(handed) = handed else { return ProcessStatus::Runs };
        if fails {
            following.fail(replica, handed, event, now);
            return ProcessStatus::Runs;
        }
        if let Some(number) = number {
            self.promises.handled(feed, number);
        }
        let name = self.feeds[feed].clone();
        if let (ReplicaDefect::SlowHandlerPassed, Some(claim), Some(checkpoint)) =
            (self.defect, &claim, event.checkpoint())
        {
            replica.save(&name, claim, checkpoint.clone());
        }
        following.finish(replica, handed);
        ProcessStatus::Runs
    }
}
