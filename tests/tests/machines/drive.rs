//! Drives a machine by a list of inputs, and checks the rules of all machines at every step.

use std::{collections::BTreeMap, time::Duration};

use chrono::TimeDelta;
use teamwire_core::{
    config::RetryPolicy,
    effect::{Exchange, Moment, Now, Timeout, TransportError, TransportErrorKind},
    flow::Flow,
    machine::{Machine, Reply, Step, Ticket},
    model::ChatInfo,
};
use teamwire_tests::operations::{ByHandBot, ENTROPY, Operation, config, now};

use super::inputs::{Canned, Input, Noise};

/// The observed steps of a machine.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Seen {
    Sent(Ticket, Sent),
    Slept(Moment),
    Done(String),
}

/// The parts of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sent {
    pub(crate) line: String,
    pub(crate) headers: Vec<(String, Vec<u8>)>,
    pub(crate) body: Vec<u8>,
    pub(crate) limit: u64,
    pub(crate) timeout: Timeout,
    pub(crate) max_duration: Option<Duration>,
}

/// The result of a run: every step, and the chat's snapshot at the end.
pub(crate) type Trace = (Vec<Seen>, ChatInfo);

/// Runs an operation to its end by these inputs, with or without their noise.
pub(crate) fn run(operation: Operation, policy: RetryPolicy, inputs: &[Input], noisy: bool) -> Trace {
    let mut bot = ByHandBot::by_hand(config().with_retry(policy), ENTROPY);
    let other = bot.client.chats().chat("another");
    let Step::Send(stranger, _) = other.post("for another chat").poll(now()) else {
        panic!("it begins with a request")
    };
    let seen = bot.drive(operation, |flow| {
        let (now, trace) = (now(), Vec::new());
        let mut drive = Drive {
            flow,
            operation,
            policy,
            now,
            replied: now.moment,
            stranger,
            completed: Vec::new(),
            in_progress: 0,
            limited: 0,
            noisy,
            trace,
        };
        drive.step();
        for input in inputs {
            drive.input(input);
        }
        drive.end();
        drive.trace
    });
    (seen, bot.chat.info().clone())
}

struct Drive<'m> {
    flow: &'m mut dyn Flow<Output = String>,
    operation: Operation,
    policy: RetryPolicy,
    now: Now,
    /// Time of the last reply.
    replied: Moment,
    /// Ticket of another machine in the same session.
    stranger: Ticket,
    completed: Vec<Ticket>,
    /// Number of responses that the request is still in progress.
    in_progress: usize,
    /// Number of responses that the request was limited.
    limited: usize,
    noisy: bool,
    trace: Vec<Seen>,
}

impl Drive<'_> {
    fn input(&mut self, input: &Input) {
        match input {
            Input::Reply(canned) => self.reply(canned),
            Input::Pass(time, jump) => self.pass(*time, *jump),
            Input::Noise(noise) if self.noisy => self.noise(noise),
            Input::Noise(_) => {}
        }
    }

    fn reply(&mut self, canned: &Canned) {
        if let Seen::Slept(until) = self.last() {
            self.now.moment = self.now.moment.max(*until);
            self.step();
        }
        let Seen::Sent(ticket, _) = *self.last() else { return };
        self.in_progress += usize::from(canned.is_in_progress());
        self.limited += usize::from(canned.is_limited());
        self.flow.handle(self.now, ticket, canned.reply(self.operation));
        self.replied = self.now.moment;
        self.completed.push(ticket);
        self.step();
        assert_ne!(self.trace.last(), self.trace.iter().rev().nth(1), "a reply was taken");
    }

    fn pass(&mut self, time: Duration, jump: i64) {
        self.now.moment = self.now.moment.saturating_add(time);
        let set = TimeDelta::try_milliseconds(jump).and_then(|jump| self.now.utc.checked_add_signed(jump));
        self.now.utc = set.unwrap_or(self.now.utc);
        let seen = self.poll();
        if *self.last() != seen {
            self.step();
        }
    }

    fn noise(&mut self, noise: &Noise) {
        match noise {
            Noise::Polls(times) => (0..*times).for_each(|_| self.nothing_changed()),
            Noise::Late(which, canned) if !self.completed.is_empty() => {
                let ticket = *which.get(&self.completed);
                self.flow.handle(self.now, ticket, canned.reply(self.operation));
            }
            Noise::Late(..) => {}
            Noise::Strange(canned) => self.flow.handle(self.now, self.stranger, canned.reply(self.operation)),
        }
        self.nothing_changed();
    }

    /// Sends no further reply: the machine has to end, and to stay finished.
    fn end(&mut self) {
        let lost = Canned::Fault(TransportErrorKind::Disconnected, true, true, 0);
        for _ in 0..=self.policy.max_retries + 2 {
            self.reply(&lost);
        }
        let Seen::Done(_) = self.last() else { panic!("it does not end: {:?}", self.trace) };
        let tickets: Vec<Ticket> = self.completed.iter().copied().chain([self.stranger]).collect();
        for ticket in tickets {
            self.nothing_changed();
            if self.noisy {
                let fault = TransportError::new(TransportErrorKind::Disconnected, "after the end");
                self.flow.handle(self.now, ticket, Reply::Error(fault));
                self.flow.handle(self.now, ticket, Reply::Response(self.operation.response()));
            }
        }
        self.nothing_changed();
    }

    fn nothing_changed(&mut self) {
        let again = self.poll();
        if let Seen::Done(_) = self.last() {
            let is_finished = |text: &str| text.ends_with(": the operation has already completed)");
            assert!(matches!(&again, Seen::Done(text) if is_finished(text)), "{again:?}");
        } else {
            assert_eq!(again, *self.last());
        }
    }

    fn last(&self) -> &Seen {
        self.trace.last().expect("the machine was asked before anything else")
    }

    /// Polls the machine, and records its step.
    fn step(&mut self) {
        if let Some(Seen::Done(_)) = self.trace.last() {
            return;
        }
        let seen = self.poll();
        self.trace.push(seen);
        self.check_sends();
    }

    fn poll(&mut self) -> Seen {
        match self.flow.poll(self.now) {
            Step::Send(ticket, exchange) => {
                assert!(!self.completed.contains(&ticket) && ticket != self.stranger, "a ticket is used twice");
                Seen::Sent(ticket, Sent::new(&exchange))
            }
            Step::File(_, task) => panic!("no operation of the table has a file: {task:?}"),
            Step::Sleep(until) => {
                assert!(until > self.now.moment, "the deadline has passed");
                // The wait that the server requests, a backoff, and a place in the queue of requests.
                let longest = self.policy.max_retry_after.saturating_mul(2).saturating_add(self.policy.max_backoff);
                assert!(until <= self.replied.saturating_add(longest), "it is a wait that could end");
                Seen::Slept(until)
            }
            Step::Event(never) => match never {},
            Step::Done(result) => Seen::Done(format!("{result:?}")),
        }
    }

    /// Checks the number of attempts: one, the retries of the policy, those while the request is in progress, and one
    /// replacement of a stale connection. All are the same request with the same idempotency key.
    fn check_sends(&self) {
        let mut calls: BTreeMap<&str, Vec<&Sent>> = BTreeMap::new();
        for seen in &self.trace {
            if let Seen::Sent(_, sent) = seen {
                calls.entry(&sent.line).or_default().push(sent);
            }
        }
        for sends in calls.values() {
            let retries = self.policy.max_retries as usize;
            // Those after a limit are counted separately.
            let most = if retries == 0 { 1 } else { retries + 2 + self.in_progress + self.limited.min(retries) };
            assert!(sends.len() <= most, "it was sent {} times", sends.len());
            let first = sends[0];
            for sent in sends {
                assert_eq!(sent.within_time_of(first), *first, "a repeated request is another one");
                let has_less_time = sent.timeout.max_idle() <= first.timeout.max_idle();
                assert!(*sent == first || self.policy.give_up_after.is_some() && has_less_time, "{sent:?}");
            }
        }
    }
}

impl Sent {
    /// Returns this request with the time of another one, as a retry has only the time that is left.
    fn within_time_of(&self, other: &Self) -> Self {
        Self { timeout: other.timeout, max_duration: other.max_duration, ..self.clone() }
    }

    fn new(exchange: &Exchange) -> Self {
        let headers = exchange.request.headers().iter();
        Self {
            line: format!("{} {}", exchange.request.method(), exchange.request.uri()),
            headers: headers.map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect(),
            body: exchange.request.body().as_bytes().unwrap_or_default().to_vec(),
            limit: exchange.limit,
            timeout: exchange.timeout,
            max_duration: exchange.max_duration,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&[u8]> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_slice())
    }
}
