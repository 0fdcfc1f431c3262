//! Everything around the process: time, the network, the server, the disk, and chance.

use std::{
    collections::{BTreeMap, HashSet},
    time::Duration,
};

use chrono::{DateTime, TimeDelta, Utc};
use http::Request;
use teamwire_core::{Body, ByHand, Config, Credentials, Exchange, Moment, Now, Reply, RetryPolicy, Ticket};

use super::{
    defect::Defect,
    disk::Disk,
    network::{self, Delivery, Loss},
    protocol::{InterpretedReply, RequestKind},
    random::Random,
    scenario::Scenario,
    server::{Server, ServerResponse},
    violation::{Trace, Violation, violation},
};

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Feed(usize),
    Operation(usize),
}

/// Something that happens at its time.
#[derive(Debug)]
pub(super) enum Event {
    RequestArrives(usize),
    ReplyArrives(usize, Box<InterpretedReply>),
    TimesOut(usize),
    PollProcess,
    /// Somebody does something, or something befalls them.
    RandomAction,
    OutageEnds,
    KeyRestored,
    BotReadded(&'static str),
    FaultsEnd,
    ProcessStarts,
}

/// An exchange on its way.
#[derive(Debug)]
pub(super) struct InFlight {
    pub(super) incarnation: u32,
    pub(super) owner: Owner,
    pub(super) ticket: Ticket,
    /// Whether the client still waits for its answer.
    pub(super) is_awaited: bool,
    /// Whether a late answer can still reach it.
    pub(super) is_abandoned: bool,
    kind: RequestKind,
    request: Option<Request<Vec<u8>>>,
    pub(super) delivery: Delivery,
    /// How long its answer takes.
    response_latency: Duration,
    times_out_at: Duration,
}

#[derive(Debug)]
pub(super) struct Environment {
    pub(super) random: Random,
    pub(super) scenario: Scenario,
    pub(super) clock: Duration,
    /// When the process was started.
    pub(super) process_started_at: Duration,
    pub(super) incarnation: u32,
    /// The start and the end of the last suspension of the process's machine.
    suspension: (Duration, Duration),
    /// The duration of the suspensions before that, since the process started.
    earlier_suspensions: Duration,
    /// What the client's clock of the day is off by.
    pub(super) clock_skew: TimeDelta,
    pub(super) server: Server,
    pub(super) disk: Disk,
    pub(super) defect: Defect,
    /// The operations that have succeeded, by life and number.
    pub(super) succeeded: HashSet<(u32, usize)>,
    pub(super) trace: Trace,
    pub(super) is_down: bool,
    pub(super) in_fault_phase: bool,
    pub(super) disruptions: usize,
    pub(super) exchanges: Vec<InFlight>,
    queue: BTreeMap<(Duration, u64), Event>,
    next_sequence: u64,
    polls_process_at: Option<Duration>,
    steps_in_second: (u64, usize),
}

fn start_time() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("it is a time")
}

impl Environment {
    /// What the clock of a process shows when it is started.
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
            queue: BTreeMap::new(),
            next_sequence: 0,
            polls_process_at: None,
            steps_in_second: (0, 0),
        };
        environment.server.defect = defect;
        environment.server.world.set_rate_limit(environment.scenario.rate_limit);
        environment.schedule_at(environment.scenario.fault_phase, Event::FaultsEnd);
        environment.schedule_at(Duration::from_millis(500), Event::RandomAction);
        environment
    }

    pub(super) fn log(&mut self, line: impl FnOnce() -> String) {
        let clock = self.clock;
        self.trace.log(|| format!("{clock:?} {}", line()));
    }

    pub(super) const fn is_stormy(&self) -> bool {
        self.in_fault_phase
    }

    /// What the server's clock of the day shows.
    pub(super) fn utc(&self) -> DateTime<Utc> {
        self.server.now(self.clock).utc
    }

    /// Returns the time by the clocks of the process. The monotonic one stands still while the machine is suspended.
    pub(super) fn client_now(&self) -> Now {
        let awake = self.clock.saturating_sub(self.process_started_at).saturating_sub(self.suspended_time());
        Now::new(Moment::after_epoch(Self::PROCESS_CLOCK_START + awake), self.utc() + self.clock_skew)
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

    /// How much has happened in all, whatever it was.
    pub(super) const fn event_count(&self) -> usize {
        self.server.oracle.len() + self.disruptions
    }

    /// A process starts: its executor.
    pub(super) fn start_process(&mut self) -> ByHand {
        self.incarnation += 1;
        (self.process_started_at, self.polls_process_at) = (self.clock, None);
        (self.earlier_suspensions, self.suspension) = (Duration::ZERO, (self.clock, self.clock));
        let key = self.server.world.bot_key();
        let credentials = Credentials::new(key.app_id, key.secret).expect("the world gives good keys");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        let config = config.with_hide_deleted_messages(self.scenario.hides_deleted);
        let retries = if self.scenario.single_attempt && self.defect != Defect::RetriedAgainstPolicy { 0 } else { 3 };
        let config = config.with_retry(RetryPolicy { retries, ..RetryPolicy::default() });
        ByHand::new(config, self.random.entropy(), self.process_now())
    }

    /// The process is gone, and its connections with it.
    pub(super) fn end_process(&mut self) {
        self.log(|| "the process dies".into());
        self.abandon(|_| true);
    }

    /// Nobody waits for these any more; no answer of theirs arrives.
    pub(super) fn abandon(&mut self, which: impl Fn(&InFlight) -> bool) {
        for exchange in self.exchanges.iter_mut().filter(|exchange| which(exchange)) {
            (exchange.is_awaited, exchange.is_abandoned) = (false, true);
        }
        let exchanges = &self.exchanges;
        self.server.drop_parked(|exchange| exchanges[exchange].is_abandoned);
    }

    /// The feed with this key is stopped: what is under way is given up, and may still arrive.
    pub(super) fn on_feed_stopped(&mut self, key: usize) {
        self.log(|| format!("{:?} is stopped", Owner::Feed(key)));
        let incarnation = self.incarnation;
        for exchange in
            self.exchanges.iter_mut().filter(|it| it.incarnation == incarnation && it.owner == Owner::Feed(key))
        {
            exchange.is_awaited = false;
        }
    }

    pub(super) fn schedule_at(&mut self, time: Duration, event: Event) {
        self.next_sequence += 1;
        self.queue.insert((time, self.next_sequence), event);
    }

    pub(super) fn schedule_after(&mut self, wait: Duration, event: Event) {
        self.schedule_at(self.clock + wait, event);
    }

    /// Lets the process look at its machines at that time.
    pub(super) fn poll_process_at(&mut self, time: Duration) {
        let time = time.max(self.clock);
        if self.polls_process_at.is_none_or(|it| it > time || it <= self.clock) {
            self.polls_process_at = Some(time);
            self.schedule_at(time, Event::PollProcess);
        }
    }

    /// The next thing that happens, at its time; `None`: the server's polls are to be asked again.
    pub(super) fn next_event(&mut self) -> Result<Option<Event>, Violation> {
        let queued = self.queue.first_key_value().map_or(Duration::MAX, |((time, _), _)| *time);
        if let Some(due) = self.server.next_due().filter(|due| *due < queued) {
            self.clock = self.clock.max(due);
            return Ok(None);
        }
        let Some(((time, _), event)) = self.queue.pop_first() else {
            return violation("nobody waits for ever", || "nothing is under way, and the run has not ended".into());
        };
        self.clock = time;
        if matches!(event, Event::PollProcess) && self.polls_process_at == Some(time) {
            self.polls_process_at = None;
        }
        Ok(Some(event))
    }

    /// Counts the steps of machines: so many in a second would be a machine that runs in a circle.
    pub(super) fn count_step(&mut self) -> Result<(), Violation> {
        let second = self.clock.as_secs();
        if self.steps_in_second.0 != second {
            self.steps_in_second = (second, 0);
        }
        self.steps_in_second.1 += 1;
        if self.steps_in_second.1 > 2_000 {
            return violation("no machine runs in a circle", || format!("at {:?}", self.clock));
        }
        Ok(())
    }

    /// Sends a request on its way.
    pub(super) fn send(&mut self, owner: Owner, ticket: Ticket, kind: RequestKind, exchange: Exchange) {
        let fault_permille = if self.in_fault_phase { self.scenario.fault_permille } else { 0 };
        let max_latency_ms = if self.in_fault_phase { self.scenario.max_latency_ms } else { 30 };
        let (request_latency, response_latency) =
            (self.random.millis(0..=max_latency_ms), self.random.millis(0..=max_latency_ms));
        let mut delivery = Delivery::draw(&mut self.random, fault_permille);
        if matches!(delivery, Delivery::UnknownSubscription)
            && !matches!(kind, RequestKind::Poll { subscription: Some(_), .. })
        {
            delivery = Delivery::Intact;
        }
        if self.is_down {
            delivery = *self.random.pick(&[
                Delivery::ConnectionRefused,
                Delivery::RequestLost(Loss::Silent),
                Delivery::RequestLost(Loss::Noticed),
            ]);
        }
        let timeout = exchange.timeout.silence();
        let times_out_at = self.clock + timeout;
        let id = self.exchanges.len();
        let (parts, body) = exchange.request.into_parts();
        let body = match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Empty | Body::File { .. } => Vec::new(),
        };
        let mut request = Request::from_parts(parts, body);
        self.defect.alter_request(&mut request, id);
        let request = Some(request);
        let incarnation = self.incarnation;
        let in_flight = InFlight {
            incarnation,
            owner,
            ticket,
            is_awaited: true,
            is_abandoned: false,
            kind,
            request,
            delivery,
            response_latency,
            times_out_at,
        };
        self.exchanges.push(in_flight);
        self.schedule_at(times_out_at, Event::TimesOut(id));
        match delivery {
            Delivery::ConnectionRefused => self.schedule_reply(request_latency, id, network::connection_refused()),
            Delivery::RequestLost(Loss::Silent) => {}
            Delivery::RequestLost(loss) => self.schedule_reply(request_latency, id, network::connection_lost(loss)),
            Delivery::RequestDelayed(loss, time) => {
                if loss != Loss::Silent {
                    self.schedule_reply(request_latency, id, network::connection_lost(loss));
                }
                self.schedule_after(request_latency + time, Event::RequestArrives(id));
            }
            Delivery::Gateway(gateway, false) => {
                self.schedule_reply(request_latency + response_latency, id, gateway.reply(self.utc()));
            }
            _ => self.schedule_after(request_latency, Event::RequestArrives(id)),
        }
    }

    fn schedule_reply(&mut self, after: Duration, id: usize, mut reply: InterpretedReply) {
        if let Reply::Response(response) = &mut reply.reply {
            self.defect.alter_reply(response);
        }
        self.schedule_after(after, Event::ReplyArrives(id, Box::new(reply)));
    }

    /// A request arrives at the server.
    pub(super) fn on_request(&mut self, id: usize) -> Result<(), Violation> {
        let exchange = &mut self.exchanges[id];
        let Some(mut request) = exchange.request.take() else { return Ok(()) };
        if matches!(exchange.delivery, Delivery::UnknownSubscription) {
            let uri = request.uri().to_string().replace("subscription=", "subscription=x");
            if let Ok(uri) = uri.parse() {
                *request.uri_mut() = uri;
            }
        }
        if self.scenario.disables_long_polls {
            let uri = request.uri().to_string().replace("wait=", "wait=0&was=");
            if let Ok(uri) = uri.parse() {
                *request.uri_mut() = uri;
            }
        }
        let reply_time = self.clock + exchange.response_latency;
        if let Some(response) = self.server.handle(self.clock, reply_time, id, request)? {
            self.check_late_attempt(id, response.had_effect)?;
            self.on_response(id, response);
        }
        Ok(())
    }

    /// What has succeeded is done: an attempt that arrives after that changes nothing, not even what was changed since.
    fn check_late_attempt(&self, id: usize, had_effect: bool) -> Result<(), Violation> {
        let InFlight { incarnation, owner, .. } = self.exchanges[id];
        match owner {
            Owner::Operation(key) if had_effect && self.succeeded.contains(&(incarnation, key)) => {
                violation("what has succeeded is not done again by a late attempt", || {
                    format!("{owner:?} of life {incarnation}")
                })
            }
            _ => Ok(()),
        }
    }

    /// Asks the polls that wait at the server, and sends the answers of those that need not any longer.
    pub(super) fn resume_polls(&mut self) {
        for (id, response) in self.server.resume_polls(self.clock) {
            self.on_response(id, response);
        }
    }

    fn on_response(&mut self, id: usize, ServerResponse { mut response, position, .. }: ServerResponse) {
        self.defect.alter_response(&mut response);
        if self.is_down {
            return;
        }
        let InFlight { ref kind, delivery, response_latency, times_out_at, .. } = self.exchanges[id];
        let reply = match delivery {
            Delivery::ResponseLost(Loss::Silent) | Delivery::RequestDelayed(..) => return,
            Delivery::ResponseLost(loss) => network::connection_lost(loss),
            Delivery::Gateway(gateway, _) => gateway.reply(self.utc()),
            Delivery::Truncated | Delivery::TruncatedUnnoticed => {
                network::truncate(response, kind, matches!(delivery, Delivery::Truncated), position)
            }
            Delivery::CorruptBatch(corruption, index_seed) => {
                network::corrupt_batch(response, kind, corruption, index_seed, position)
            }
            Delivery::MalformedProblem => network::malform_problem(response, kind, position),
            Delivery::Undecodable(with_cursor) => network::with_undecodable_item(response, kind, with_cursor, position),
            _ => InterpretedReply::from_response(kind, response, position),
        };
        match delivery {
            Delivery::Duplicated => {
                self.schedule_reply(response_latency, id, reply.clone());
                self.schedule_reply(response_latency * 2, id, reply);
            }
            Delivery::AfterTimeout => {
                let delay = times_out_at.saturating_sub(self.clock) + response_latency;
                self.schedule_reply(delay, id, reply);
            }
            _ => self.schedule_reply(response_latency, id, reply),
        }
    }

    /// The client no longer waits; `true`: it did.
    pub(super) fn stop_awaiting(&mut self, id: usize) -> bool {
        std::mem::replace(&mut self.exchanges[id].is_awaited, false)
    }

    /// What the wrong machines may hear of it, too.
    pub(super) fn misrouted(&self, id: usize, reply: &InterpretedReply) -> Option<Reply> {
        matches!(self.exchanges[id].delivery, Delivery::Misrouted).then(|| reply.reply.clone())
    }
}
