//! The operations of a session, and their events.

mod checks;

use std::{
    collections::{BTreeMap, BTreeSet},
    mem,
    time::Duration,
};

use chrono::DateTime;
use http::Request;
use teamwire_core::{
    ChatRef, Client, Config, Credentials, Error,
    effect::{Body, Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Reply, Step, Ticket},
};

use super::{
    LoginDefect,
    network::Delivery,
    protocol::{LOGIN, LoginProtocol},
    server::Server,
};
use crate::{
    Outcome,
    random::Random,
    violation::{SIMULATOR, Trace, Violation, violation},
};

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum wait until an operation checks again that the login has ended.
const MAX_LOOK: Duration = Duration::from_millis(160);
/// The time in which operations start and faults happen.
const FAULT_PHASE: Duration = Duration::from_secs(120);
/// The time at which all operations have ended: after the retries of a request, and of its login.
const END: Duration = Duration::from_secs(1_000);

pub(super) struct Simulation<'a> {
    random: Random,
    trace: &'a mut Trace,
    defect: LoginDefect,
    clock: Duration,
    fault_permille: u64,
    /// Probability that an operation is dropped or not polled for a while, after each of its steps.
    neglect_permille: u64,
    server: Server,
    events: BTreeMap<(Duration, usize), Event>,
    sequence: usize,
    callers: Vec<Caller<'a>>,
    takeover: Option<Takeover>,
    requests: usize,
}

/// An operation, as its owner sees it.
struct Caller<'a> {
    flow: Option<Box<dyn Flow<Output = ()> + 'a>>,
    /// The exchange that it waits for.
    in_flight: Option<InFlight>,
    polled_at: Duration,
    neglected_until: Duration,
    /// Set while it waits for the login of another operation.
    waits: bool,
}

#[derive(Clone, Copy)]
struct InFlight {
    ticket: Ticket,
    is_login: bool,
}

/// Operations of which one has to log in, and until when.
struct Takeover {
    waiting: BTreeSet<usize>,
    until: Duration,
}

enum Event {
    Polls(usize),
    /// A request arrives at the server. The client sees the response if there is a ticket.
    Arrives {
        caller: usize,
        ticket: Option<Ticket>,
        request: Box<Request<Body>>,
    },
    Replies {
        caller: usize,
        ticket: Ticket,
        reply: Box<Reply>,
    },
    Expires,
}

/// Runs one seed.
pub(super) fn run(seed: u64, trace: &mut Trace, defect: LoginDefect) -> Result<Outcome, Violation> {
    let mut random = Random::new(seed);
    let is_once = random.chance(500);
    let config = config(is_once).or_else(|error| violation(SIMULATOR, || error.to_string()))?;
    let start = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH);
    let client = Client::new(Manual::new(config, random.entropy(), start));
    let chats: Vec<_> = (0..random.within(2..=40)).map(|chat| client.chats().chat(format!("chat-{chat}"))).collect();
    Simulation::new(random, &chats, trace, defect).run()
}

fn config(is_once: bool) -> Result<Config, Error> {
    let config = Config::new("https://teamwire.example", Credentials::new("app-id", "a secret")?)?;
    Ok(config.with_protocol(LoginProtocol { is_once }))
}

impl<'a> Simulation<'a> {
    fn new(mut random: Random, chats: &'a [ChatRef<Manual>], trace: &'a mut Trace, defect: LoginDefect) -> Self {
        let lifetime_ms = *random.pick(&[(2_000, 20_000), (15_000, 60_000), (60_000, 600_000)]);
        let mut simulation = Self {
            server: Server::new(chats.len(), lifetime_ms, random.chance(500)),
            fault_permille: *random.pick(&[0, 50, 200]),
            neglect_permille: *random.pick(&[0, 20, 100]),
            trace,
            defect,
            clock: Duration::ZERO,
            events: BTreeMap::new(),
            sequence: 0,
            callers: chats.iter().map(Caller::new).collect(),
            takeover: None,
            requests: 0,
            random,
        };
        // Often all start at once.
        let spread = *simulation.random.pick(&[0, 2_000, 100_000]);
        for caller in 0..chats.len() {
            let start = simulation.random.millis(0..=spread);
            simulation.schedule(start, Event::Polls(caller));
        }
        for _ in 0..simulation.random.below(4) {
            let time = simulation.random.millis(0..=100_000);
            simulation.schedule(time, Event::Expires);
        }
        simulation
    }

    fn schedule(&mut self, after: Duration, event: Event) {
        self.sequence += 1;
        self.events.insert((self.clock + after, self.sequence), event);
    }

    fn now(&self) -> Now {
        Now::new(Moment::from_epoch(self.clock), DateTime::UNIX_EPOCH + self.clock)
    }

    fn log(&mut self, line: impl FnOnce() -> String) {
        let clock = self.clock;
        self.trace.log(|| format!("{clock:>12?}  {}", line()));
    }

    fn run(mut self) -> Result<Outcome, Violation> {
        let mut events = 0;
        while let Some(((time, _), event)) = self.events.pop_first() {
            self.clock = time;
            events += 1;
            if self.clock > END {
                return violation("all operations end", || format!("one has not at {:?}", self.clock));
            }
            self.check_takeover()?;
            self.on_event(event)?;
        }
        if let Some(caller) = self.callers.iter().position(|caller| caller.flow.is_some()) {
            return violation("all operations end", || format!("operation {caller} waits for nothing"));
        }
        Ok(Outcome { requests: self.requests, events, incarnations: 1 })
    }

    fn on_event(&mut self, event: Event) -> Result<(), Violation> {
        match event {
            Event::Polls(caller) => self.poll(caller),
            Event::Arrives { caller, ticket, request } => {
                let (is_seen, random) = (ticket.is_some(), &mut self.random);
                let response = self.server.handle(self.clock, random, caller, &request, is_seen, self.defect)?;
                if let Some(ticket) = ticket {
                    let latency = self.random.millis(0..=2_000);
                    self.schedule(latency, Event::Replies { caller, ticket, reply: Reply::Response(response).into() });
                }
                Ok(())
            }
            Event::Replies { caller, ticket, reply } => self.reply(caller, ticket, reply),
            Event::Expires => {
                self.log(|| "all tokens expire".into());
                self.server.expire(self.clock);
                Ok(())
            }
        }
    }

    /// Delivers a reply. An operation that is not polled handles it now or when it is polled again.
    fn reply(&mut self, caller: usize, ticket: Ticket, reply: Box<Reply>) -> Result<(), Violation> {
        let neglected = self.callers[caller].neglected_until.saturating_sub(self.clock);
        if !neglected.is_zero() && self.random.chance(500) {
            self.schedule(neglected, Event::Replies { caller, ticket, reply });
            return Ok(());
        }
        let now = self.now();
        if let Some(flow) = &mut self.callers[caller].flow {
            flow.handle(now, ticket, *reply);
            self.callers[caller].in_flight = None;
        }
        self.poll(caller)
    }

    fn poll(&mut self, caller: usize) -> Result<(), Violation> {
        let now = self.now();
        let state = &mut self.callers[caller];
        let neglected = state.neglected_until.saturating_sub(self.clock);
        if !neglected.is_zero() {
            self.schedule(neglected, Event::Polls(caller));
            return Ok(());
        }
        let Some(flow) = &mut state.flow else { return Ok(()) };
        let step = flow.poll(now);
        (state.polled_at, state.waits) = (self.clock, false);
        match step {
            Step::Send(ticket, exchange) => self.send(caller, ticket, exchange.request)?,
            Step::Sleep(until) => {
                let wait = until.saturating_duration_since(now.moment);
                (state.waits, state.in_flight) = (wait <= MAX_LOOK, None);
                self.schedule(wait, Event::Polls(caller));
            }
            Step::Done(result) => {
                state.flow = None;
                self.check_result(caller, &result)?;
            }
            Step::File(..) | Step::Event(_) => return violation(SIMULATOR, || "an operation has requests only".into()),
        }
        self.neglect(caller);
        Ok(())
    }

    fn send(&mut self, caller: usize, ticket: Ticket, request: Request<Body>) -> Result<(), Violation> {
        let is_login = request.uri().path() == LOGIN;
        if self.callers[caller].in_flight.is_some_and(|in_flight| in_flight.ticket == ticket) {
            return Ok(());
        }
        if is_login {
            self.check_only_login(caller)?;
            self.takeover = None;
        }
        self.log(|| format!("operation {caller} sends {}", request.uri()));
        self.requests += 1;
        self.callers[caller].in_flight = Some(InFlight { ticket, is_login });
        let fault_permille = if self.clock < FAULT_PHASE { self.fault_permille } else { 0 };
        let (delivery, latency) = (Delivery::draw(&mut self.random, fault_permille), self.random.millis(0..=2_000));
        let failure = delivery.failure();
        if delivery.arrives() {
            let ticket = failure.is_none().then_some(ticket);
            self.schedule(latency, Event::Arrives { caller, ticket, request: request.into() });
        }
        if let Some(reply) = failure {
            let after = if delivery == Delivery::ResponseNeverArrives { TIMEOUT } else { latency * 2 };
            self.schedule(after, Event::Replies { caller, ticket, reply: reply.into() });
        }
        Ok(())
    }

    /// Drops the operation, or does not poll it for a while, at random.
    fn neglect(&mut self, caller: usize) {
        if self.callers[caller].flow.is_none() || self.clock >= FAULT_PHASE {
            return;
        }
        let [is_dropped, is_suspended] = [(); 2].map(|()| self.random.chance(self.neglect_permille));
        if is_dropped {
            self.log(|| format!("operation {caller} is dropped"));
            let state = &mut self.callers[caller];
            let has_login = state.in_flight.take().is_some_and(|in_flight| in_flight.is_login);
            let flow = state.flow.take();
            state.waits = false;
            if self.defect == LoginDefect::TurnKept {
                mem::forget(flow);
            } else {
                drop(flow);
            }
            let waiting: BTreeSet<_> = (0..self.callers.len()).filter(|caller| self.callers[*caller].waits).collect();
            if has_login && !waiting.is_empty() {
                self.takeover = Some(Takeover { waiting, until: self.clock + MAX_LOOK });
            }
        } else if is_suspended {
            let time = self.random.millis(100..=60_000);
            self.log(|| format!("operation {caller} is not polled for {time:?}"));
            let state = &mut self.callers[caller];
            (state.neglected_until, state.waits) = (self.clock + time, false);
        }
    }
}

impl<'a> Caller<'a> {
    fn new(chat: &'a ChatRef<Manual>) -> Self {
        Self {
            flow: Some(chat.leave()),
            in_flight: None,
            polled_at: Duration::ZERO,
            neglected_until: Duration::ZERO,
            waits: false,
        }
    }
}
