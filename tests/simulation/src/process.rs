//! One process of the bot: its feeds, its operations, and the bot author's code around them.

mod expected_shares;
mod operations;

use std::{collections::BTreeMap, time::Duration};

use http::StatusCode;
use teamwire_core::{
    Chat, Client, Error, FeedEvent,
    effect::{Moment, Now},
    executor::Manual,
    feed::{FeedEnd, FeedSetStep},
    machine::{Machine, Reply, Step, Ticket},
};

use super::{
    disk::PostState,
    environment::{Environment, Owner},
    feed_driver::FeedDriver,
    feed_under_test::{self, FeedUnderTest, Violations},
    invariants::{Ending, FeedInvariants},
    oracle::Item,
    protocol::{InterpretedReply, RequestKind},
    scenario::Topic,
    shares::Shares,
    violation::{Violation, violation},
    workload::{ChatRefs, Operation},
};

/// A process, from its start to its crash or to the end of the run.
pub(super) struct Process<'c> {
    pub(super) client: &'c Client<Manual>,
    chats: &'c ChatRefs,
    /// Snapshots of the lobby that no operation has used yet.
    lobby_snapshots: Vec<&'c mut Chat<Manual>>,
    driver: FeedDriver,
    pub(super) invariants: Vec<FeedInvariants>,
    operations: BTreeMap<usize, Operation<'c>>,
    /// Time at which a request was last limited.
    limited_at: Option<Moment>,
    next_operation: usize,
    violations: Violations,
    pub(super) shares: Shares,
    /// The end of the current event handler, on the run's clock.
    busy_until: Duration,
}

/// The state of the process after a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProcessState {
    Running,
    Crashed,
}

impl<'c> Process<'c> {
    pub(super) fn new(
        client: &'c Client<Manual>,
        chats: &'c ChatRefs,
        lobby_snapshots: &'c mut [Chat<Manual>],
        env: &mut Environment,
    ) -> Result<Self, Violation> {
        let mut process = Self {
            client,
            chats,
            lobby_snapshots: lobby_snapshots.iter_mut().collect(),
            driver: FeedDriver::new(env.scenario.uses_feed_set),
            invariants: Vec::new(),
            operations: BTreeMap::new(),
            limited_at: None,
            next_operation: 0,
            violations: Violations::default(),
            shares: Shares::default(),
            busy_until: Duration::ZERO,
        };
        process.restore_shares(env)?;
        for key in 0..env.scenario.topics.len() {
            process.start_feed(env, key)?;
        }
        for post in &mut env.disk.outbox {
            if post.state == PostState::InProgress {
                post.state = PostState::Queued;
            }
        }
        Ok(process)
    }

    /// Starts a feed at its saved checkpoint.
    pub(super) fn start_feed(&mut self, env: &mut Environment, key: usize) -> Result<(), Violation> {
        let topic = env.scenario.topics[key];
        let saved = env.disk.checkpoints.get(&key);
        let checkpoint = match saved.map(|(json, _)| serde_json::from_str(json)).transpose() {
            Ok(checkpoint) => checkpoint,
            Err(error) => return violation("a saved checkpoint can be loaded", || error.to_string()),
        };
        let options =
            teamwire_core::FeedOptions::from(checkpoint).long_poll(Duration::from_secs(env.scenario.long_poll_secs));
        let feed = match topic {
            Topic::Messages(tid) => feed_under_test::messages(self.client.chats().chat(tid).new_messages(options)),
            Topic::AllMessages => feed_under_test::messages(self.client.chats().new_messages(options)),
            Topic::Reactions => feed_under_test::reactions(self.client.chats().reaction_updates(options)),
            Topic::Locations(tid) => feed_under_test::locations(self.client.chats().chat(tid).live_locations(options)),
            Topic::Events => feed_under_test::events(self.client.chats().events(options)),
        };
        let invariants = FeedInvariants::new(topic, env.scenario.hides_deleted, saved.map(|(_, position)| *position));
        env.log(|| format!("{topic:?} starts at {:?}", invariants.position));
        self.driver.insert(key, FeedUnderTest::new(feed, self.violations.clone()));
        if key < self.invariants.len() {
            self.invariants[key] = invariants;
        } else {
            self.invariants.push(invariants);
        }
        Ok(())
    }

    /// Polls all machines that are due.
    pub(super) fn poll(&mut self, env: &mut Environment) -> Result<ProcessState, Violation> {
        if let Some(until) = env.suspended_until() {
            env.poll_process_at(until);
            return Ok(ProcessState::Running);
        }
        if env.clock < self.busy_until {
            env.poll_process_at(self.busy_until);
            return Ok(ProcessState::Running);
        }
        let now = env.process_now();
        self.client.executor().set_now(now);
        loop {
            env.count_step()?;
            let step = self.driver.next(now);
            self.violations.check()?;
            match step {
                FeedSetStep::Step(key, step) => {
                    if self.on_step(env, now, key, step)? == ProcessState::Crashed {
                        return Ok(ProcessState::Crashed);
                    }
                    if env.clock < self.busy_until {
                        env.poll_process_at(self.busy_until);
                        return Ok(ProcessState::Running);
                    }
                }
                FeedSetStep::Sleep(until) if until <= now.moment => {
                    return violation("wake-up times are in the future", || {
                        format!("at {now:?} the set sleeps until {until:?}")
                    });
                }
                FeedSetStep::Sleep(until) => {
                    env.poll_process_at(env.clock_at(until));
                    break;
                }
                FeedSetStep::Idle | FeedSetStep::Empty => break,
            }
        }
        self.poll_operations(env, now)?;
        if let Some(due) = self.operations.values().filter_map(|operation| operation.poll_at).min() {
            env.poll_process_at(env.clock_at(due));
        }
        self.check_shares(env)?;
        Ok(ProcessState::Running)
    }

    fn on_step(
        &mut self,
        env: &mut Environment,
        now: Now,
        key: usize,
        step: Step<FeedEvent<Item>, Result<FeedEnd, Error>>,
    ) -> Result<ProcessState, Violation> {
        let topic = self.invariants[key].topic;
        match step {
            Step::Send(ticket, exchange) => {
                let kind = RequestKind::of(&exchange.request);
                env.log(|| format!("{topic:?} sends {kind:?} as {ticket:?}"));
                self.invariants[key].on_request(now, ticket, &kind, &env.server.oracle, env.event_count())?;
                env.send(Owner::Feed(key), ticket, kind, *exchange);
            }
            Step::Event(event) => return self.on_event(env, now, key, event),
            Step::Done(result) => {
                env.log(|| format!("{topic:?} ends: {result:?}"));
                self.invariants[key].on_end(result, &env.server.oracle)?;
            }
            Step::Sleep(_) | Step::File(..) => {
                return violation("a set returns no sleep, and a feed no file task", || format!("{step:?}"));
            }
        }
        Ok(ProcessState::Running)
    }

    /// Handles an event and saves its checkpoint, unless the process crashes before or after that.
    fn on_event(
        &mut self,
        env: &mut Environment,
        now: Now,
        key: usize,
        event: FeedEvent<Item>,
    ) -> Result<ProcessState, Violation> {
        let invariants = &mut self.invariants[key];
        env.log(|| format!("{:?} delivers {}", invariants.topic, describe(&event)));
        let saved = invariants.on_event(now, event, &env.server.oracle)?;
        let crashes = env.in_fault_phase && env.random.chance(env.scenario.crash_permille);
        if crashes && env.random.chance(500) {
            return Ok(ProcessState::Crashed);
        }
        if let Some((checkpoint, position)) = saved
            && (!env.in_fault_phase || env.random.chance(env.scenario.save_permille))
        {
            let json = serde_json::to_string(&checkpoint).expect("a checkpoint is serializable");
            env.disk.checkpoints.insert(key, (json, position));
        }
        if env.in_fault_phase && env.random.chance(env.scenario.stop_permille) {
            self.stop(env, key);
        }
        if env.in_fault_phase && env.random.chance(env.scenario.slow_handler_permille) {
            self.busy_until = env.clock + env.random.millis(10..=8_000);
        }
        Ok(if crashes { ProcessState::Crashed } else { ProcessState::Running })
    }

    /// Delivers a reply to its owner.
    pub(super) fn deliver_reply(
        &mut self,
        env: &mut Environment,
        owner: Owner,
        ticket: Ticket,
        reply: InterpretedReply,
    ) -> Result<(), Violation> {
        let now = env.process_now();
        self.client.executor().set_now(now);
        let is_limited = matches!(&reply.reply, Reply::Response(it) if it.status() == StatusCode::TOO_MANY_REQUESTS);
        let limited_at = self.limited_at;
        if is_limited {
            self.limited_at = Some(now.moment);
        }
        match owner {
            Owner::Feed(key) => {
                let is_expected = self.invariants[key].awaits(ticket);
                env.log(|| {
                    let verb = if is_expected { "receives" } else { "ignores" };
                    format!("{:?} {verb} {:?} for {ticket:?}", self.invariants[key].topic, reply.meaning)
                });
                if is_expected {
                    self.invariants[key].on_reply(reply.meaning);
                }
                self.driver.handle(now, key, ticket, reply.reply, is_expected);
                self.violations.check()
            }
            Owner::Operation(key) => {
                let Some(operation) = self.operations.get_mut(&key) else { return Ok(()) };
                env.log(|| format!("{:?} receives {:?}", operation.action, reply.meaning));
                if operation.pending == Some(ticket) {
                    (operation.pending, operation.poll_at) = (None, Some(Moment::EPOCH));
                    operation.on_reply(&reply, limited_at);
                }
                operation.flow.handle(now, ticket, reply.reply);
                Ok(())
            }
        }
    }

    /// Delivers a reply to all machines except its owner.
    pub(super) fn misdeliver_reply(
        &mut self,
        env: &mut Environment,
        ticket: Ticket,
        reply: &Reply,
    ) -> Result<(), Violation> {
        let now = env.process_now();
        for key in 0..self.invariants.len() {
            if !self.invariants[key].awaits(ticket) {
                self.driver.handle(now, key, ticket, reply.clone(), false);
                self.violations.check()?;
            }
        }
        for operation in self.operations.values_mut().filter(|operation| operation.pending != Some(ticket)) {
            operation.flow.handle(now, ticket, reply.clone());
        }
        Ok(())
    }

    /// Stops a feed and abandons its pending request. If it has been stopped before, its unsubscribe request stays.
    pub(super) fn stop(&mut self, env: &mut Environment, key: usize) {
        let now = env.process_now();
        if self.invariants[key].is_stopped() {
            self.driver.stop_again(now, key);
            return;
        }
        env.on_feed_stopped(key);
        if self.invariants[key].end.is_none() {
            self.invariants[key].on_stop();
        }
        self.driver.stop(now, key);
    }

    /// Loses all pending replies on the client's side.
    pub(super) fn reissue(&mut self) {
        self.invariants.iter_mut().for_each(FeedInvariants::on_reissue);
        self.driver.reissue();
        self.operations.values_mut().for_each(Operation::on_reissue);
    }

    pub(super) fn all_ended(&self) -> bool {
        self.invariants.iter().all(|invariants| invariants.end.is_some())
    }

    pub(super) fn feed_end(&self, key: usize) -> Option<Ending> {
        self.invariants[key].end
    }
}

fn describe(event: &FeedEvent<Item>) -> String {
    match event {
        FeedEvent::Started(_) => "its start".into(),
        FeedEvent::Heartbeat(_) => "a heartbeat".into(),
        FeedEvent::Gap(_) => "a gap".into(),
        FeedEvent::Update { item, .. } => format!("{item:?}"),
        FeedEvent::Undecoded { item, .. } => format!("an undecoded item: {}", item.reason),
        FeedEvent::Retrying(notice) => format!("a failure: {}; retry at {:?}", notice.error, notice.retry_at),
        _ => "an unknown event".into(),
    }
}
