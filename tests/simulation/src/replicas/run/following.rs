//! The feeds of a process: their turns, requests and events.

use std::time::Duration;

use http::{Request, Response};
use teamwire_core::{
    Checkpoint, FeedEvent,
    claim::FollowStep,
    effect::{Exchange as FeedExchange, TransportError, TransportErrorKind},
    machine::{Machine, Reply, Step, Ticket},
};

use super::{Event, Exchange, ProcessStatus, ReplicaDefect, Simulation};
use crate::{
    replicas::process::{Process, Stop, describe},
    violation::{SIMULATOR, Violation, violation},
};

/// Maximum latency of a request or response, in milliseconds.
const MAX_LATENCY_MS: u64 = 40;

impl Simulation<'_> {
    /// Performs the turns of a feed.
    pub(super) fn follow(&mut self, process: &mut Process, feed: usize) -> Result<ProcessStatus, Violation> {
        loop {
            self.count_step()?;
            let is_busy = process.limit.is_none() && process.handlers.values().any(|handler| handler.feed == feed);
            if is_busy || process.stop != Stop::No {
                return Ok(ProcessStatus::Runs);
            }
            let now = process.now(self.clock);
            let follower = &mut process.followers[feed];
            let until = match follower.following.turn(&mut process.replica, now) {
                FollowStep::Follow(after) => {
                    self.resume(process, feed, after)?;
                    continue;
                }
                FollowStep::Abandon => {
                    self.log(|| format!("process {} drops feed {feed}", process.id));
                    process.followers[feed].abandon();
                    self.deliver_after_loss(process, feed)?;
                    continue;
                }
                FollowStep::Handle(handed_out) => {
                    if self.start_handler(process, feed, *handed_out)? == ProcessStatus::Killed {
                        return Ok(ProcessStatus::Killed);
                    }
                    continue;
                }
                FollowStep::Poll(until) => {
                    if self.poll_feed(process, feed)? {
                        continue;
                    }
                    until
                }
                FollowStep::Wait(until) => until,
                FollowStep::End(result) => {
                    self.log(|| format!("process {}: feed {feed} ends {}", process.id, describe(&result)));
                    if result.is_ok() || !self.promises.may_be_missing(self.clock, feed) {
                        return violation("a feed fails only if the store has lost its checkpoint", || {
                            format!("{:?}: {}", self.scenario.topics[feed], describe(&result))
                        });
                    }
                    process.has_failed = true;
                    process.stop(self.random.chance(500));
                    return Ok(ProcessStatus::Runs);
                }
            };
            if let Some(until) = until {
                if until <= now.moment {
                    return violation("a wait ends in the future", || {
                        format!("of feed {feed}: at {now:?}, until {until:?}")
                    });
                }
                self.run_at(process, process.clock.time_of(until));
            }
            return Ok(ProcessStatus::Runs);
        }
    }

    fn resume(&mut self, process: &mut Process, feed: usize, after: Option<Checkpoint>) -> Result<(), Violation> {
        let follower = &mut process.followers[feed];
        let memory = follower.memory.take().filter(|_| self.defect == ReplicaDefect::ResumedFromMemory);
        let after = memory.or(after);
        if let Some(checkpoint) = &after {
            follower.start = self.backend.position(checkpoint)?;
        }
        follower.arrived.clear();
        let start = after.as_ref().map(|_| follower.start);
        follower.resume(after);
        self.log(|| format!("process {} follows feed {feed} from {start:?} on", process.id));
        Ok(())
    }

    /// Hands out the events that had arrived, if that is the defect of this run.
    fn deliver_after_loss(&mut self, process: &mut Process, feed: usize) -> Result<(), Violation> {
        let arrived = std::mem::take(&mut process.followers[feed].arrived);
        if self.defect == ReplicaDefect::DeliveredAfterLoss {
            for event in arrived {
                self.check_hand_out(process, feed, &event)?;
            }
        }
        Ok(())
    }

    /// Polls a feed. Returns `false` if it waits.
    fn poll_feed(&mut self, process: &mut Process, feed: usize) -> Result<bool, Violation> {
        let now = process.now(self.clock);
        let follower = &mut process.followers[feed];
        if let Some(until) = follower.sleeps_until.take_if(|until| *until > now.moment) {
            follower.sleeps_until = Some(until);
            self.run_at(process, process.clock.time_of(until));
            return Ok(false);
        }
        follower.sleeps_until = None;
        let (Some(poller), None) = (&mut follower.feed, follower.exchange) else { return Ok(false) };
        match poller.poll(now) {
            Step::Send(ticket, exchange) => {
                follower.exchange = Some((self.send(process.id, feed, ticket, *exchange), ticket));
                Ok(false)
            }
            Step::Sleep(until) => {
                follower.sleeps_until = Some(until);
                Ok(true)
            }
            Step::Event(event) => {
                if let FeedEvent::Started(start) = &event {
                    follower.start = self.backend.position(start)?;
                }
                if !matches!(event, FeedEvent::Retrying(_)) {
                    follower.arrived.push_back(event.clone());
                }
                follower.following.push(&mut process.replica, event);
                Ok(true)
            }
            step @ (Step::Done(_) | Step::File(..)) => {
                violation(SIMULATOR, || format!("a feed does not end on its own: {step:?}"))
            }
        }
    }

    /// Sends a request. Returns the number of the exchange.
    fn send(&mut self, process: usize, feed: usize, ticket: Ticket, exchange: FeedExchange) -> usize {
        let id = self.number();
        let timeout = exchange.timeout.max_idle();
        let (parts, body) = exchange.request.into_parts();
        let body = body.as_bytes().expect("a feed sends no files").to_vec();
        let latency = self.random.millis(1..=MAX_LATENCY_MS);
        let is_faulty = self.has_faults() && self.random.chance(self.scenario.server_fault_permille);
        let (is_request_lost, is_silent) = (is_faulty && self.random.chance(500), self.random.chance(300));
        let request = Some(Request::from_parts(parts, body)).filter(|_| !is_request_lost);
        self.exchanges.insert(id, Exchange { process, feed, ticket, request, is_lost: is_faulty });
        if is_faulty && is_silent {
            self.schedule_error(id, timeout, TransportErrorKind::Timeout);
        } else if is_request_lost {
            self.schedule_error(id, latency, TransportErrorKind::Disconnected);
        }
        self.schedule(latency, Event::RequestArrives(id));
        id
    }

    fn schedule_error(&mut self, exchange: usize, after: Duration, kind: TransportErrorKind) {
        let reply = Reply::Error(TransportError::new(kind, "the connection broke").with_sent(true));
        self.schedule(after, Event::ReplyArrives(exchange, Box::new(reply)));
    }

    pub(super) fn on_request(&mut self, id: usize) -> Result<(), Violation> {
        let Some(request) = self.exchanges.get_mut(&id).and_then(|exchange| exchange.request.take()) else {
            return Ok(());
        };
        if self.clock < self.is_server_down_until {
            self.schedule_error(id, Duration::from_millis(5), TransportErrorKind::Connect);
            return Ok(());
        }
        if let Some(response) = self.backend.handle(self.clock, id, request)? {
            self.on_response(id, response);
        }
        Ok(())
    }

    pub(super) fn on_response(&mut self, id: usize, response: Response<Vec<u8>>) {
        let Some(exchange) = self.exchanges.get(&id) else { return };
        let (is_lost, latency) = (exchange.is_lost, self.random.millis(1..=MAX_LATENCY_MS));
        if is_lost {
            self.schedule_error(id, latency, TransportErrorKind::Disconnected);
        } else {
            self.schedule(latency, Event::ReplyArrives(id, Box::new(Reply::Response(response))));
        }
    }

    pub(super) fn on_reply(&mut self, id: usize, reply: Box<Reply>) -> Result<(), Violation> {
        let Some(Exchange { process, feed, ticket, .. }) = self.exchanges.remove(&id) else { return Ok(()) };
        self.backend.drop_polls(|exchange| exchange == id);
        self.run_process(process, |simulation, process| {
            let now = process.now(simulation.clock);
            let follower = &mut process.followers[feed];
            if follower.exchange.take_if(|(pending, _)| *pending == id).is_some()
                && let Some(poller) = &mut follower.feed
            {
                poller.handle(now, ticket, *reply);
            }
            ProcessStatus::Runs
        })
    }
}
