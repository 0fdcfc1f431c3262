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
    network::{self, Fate, Loss},
    protocol::{Ask, Word},
    random::Random,
    scenario::Plan,
    server::{Answer, Server},
    violation::{Broken, Trace, broken},
};

/// Who sent a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Feed(usize),
    Chore(usize),
}

/// Something that happens at its time.
#[derive(Debug)]
pub(super) enum Happening {
    Arrives(usize),
    Hears(usize, Box<Word>),
    GivesUp(usize),
    Looks,
    /// Somebody does something, or something befalls them.
    Something,
    OutageEnds,
    KeyReturns,
    BotReturns(&'static str),
    Calm,
    Reboots,
}

/// An exchange on its way.
#[derive(Debug)]
pub(super) struct Transit {
    pub(super) life: u32,
    pub(super) owner: Owner,
    pub(super) ticket: Ticket,
    /// Whether the client still waits for its answer.
    pub(super) is_open: bool,
    /// Whether a late answer can still reach it.
    pub(super) is_dead: bool,
    ask: Ask,
    request: Option<Request<Vec<u8>>>,
    pub(super) fate: Fate,
    /// How long its answer takes.
    down: Duration,
    gives_up: Duration,
}

#[derive(Debug)]
pub(super) struct Universe {
    pub(super) random: Random,
    pub(super) plan: Plan,
    pub(super) clock: Duration,
    /// When the process was started.
    pub(super) born: Duration,
    pub(super) life: u32,
    /// From when until when the machine of the process is suspended, and for how long it was before that, in this life.
    suspended: (Duration, Duration),
    stood: Duration,
    /// What the client's clock of the day is off by.
    pub(super) skew: TimeDelta,
    pub(super) server: Server,
    pub(super) disk: Disk,
    pub(super) defect: Defect,
    /// The operations that have succeeded, by life and number.
    pub(super) done: HashSet<(u32, usize)>,
    pub(super) trace: Trace,
    pub(super) outage: bool,
    pub(super) stormy: bool,
    pub(super) upheavals: usize,
    pub(super) transits: Vec<Transit>,
    queue: BTreeMap<(Duration, u64), Happening>,
    queued: u64,
    looks_at: Option<Duration>,
    busy: (u64, usize),
}

fn beginning() -> DateTime<Utc> {
    DateTime::from_timestamp(1_767_225_600, 0).expect("it is a time")
}

impl Universe {
    /// What the clock of a process shows when it is started.
    pub(super) const EPOCH: Duration = Duration::from_secs(77);

    pub(super) fn new(seed: u64, trace: Trace, defect: Defect) -> Self {
        let mut random = Random::new(seed);
        let plan = Plan::draw(&mut random);
        let mut universe = Self {
            server: Server::new(random.next(), beginning()),
            random,
            plan,
            clock: Duration::ZERO,
            born: Duration::ZERO,
            life: 0,
            suspended: (Duration::ZERO, Duration::ZERO),
            stood: Duration::ZERO,
            skew: TimeDelta::zero(),
            disk: Disk::default(),
            defect,
            done: HashSet::new(),
            trace,
            outage: false,
            stormy: true,
            upheavals: 0,
            transits: Vec::new(),
            queue: BTreeMap::new(),
            queued: 0,
            looks_at: None,
            busy: (0, 0),
        };
        universe.server.defect = defect;
        universe.server.world.set_rate_limit(universe.plan.limit);
        universe.at(universe.plan.lasts, Happening::Calm);
        universe.at(Duration::from_millis(500), Happening::Something);
        universe
    }

    pub(super) fn note(&mut self, line: impl FnOnce() -> String) {
        let clock = self.clock;
        self.trace.note(|| format!("{clock:?} {}", line()));
    }

    pub(super) const fn is_stormy(&self) -> bool {
        self.stormy
    }

    /// What the server's clock of the day shows.
    pub(super) fn utc(&self) -> DateTime<Utc> {
        self.server.now(self.clock).utc
    }

    /// What the clocks of the process show. While the machine is suspended, the monotonic one stands still.
    pub(super) fn client_now(&self) -> Now {
        let awake = self.clock.saturating_sub(self.born).saturating_sub(self.stood_still());
        Now::new(Moment::after_epoch(Self::EPOCH + awake), self.utc() + self.skew)
    }

    /// The same, as a process is given it.
    pub(super) fn given_now(&self) -> Now {
        let mut now = self.client_now();
        if self.defect == Defect::SuspensionUnseen {
            now.utc -= self.stood_still();
        }
        now
    }

    /// The time at which the monotonic clock of the process shows this.
    pub(super) fn time_of(&self, moment: Moment) -> Duration {
        self.born + self.stood_still() + moment.since_epoch().saturating_sub(Self::EPOCH)
    }

    /// How long the monotonic clock has stood still.
    fn stood_still(&self) -> Duration {
        let (from, until) = self.suspended;
        self.stood + self.clock.min(until).saturating_sub(from)
    }

    /// Suspends the machine of the process for that time.
    pub(super) fn suspend(&mut self, length: Duration) {
        self.stood = self.stood_still();
        self.suspended = (self.clock, self.clock + length);
    }

    /// Returns until when the machine is suspended, if it is.
    pub(super) fn is_suspended(&self) -> Option<Duration> {
        Some(self.suspended.1).filter(|until| self.clock < *until)
    }

    /// How much has happened in all, whatever it was.
    pub(super) const fn happened(&self) -> usize {
        self.server.truth.len() + self.upheavals
    }

    /// A process starts: its executor.
    pub(super) fn boot(&mut self) -> ByHand {
        self.life += 1;
        (self.born, self.looks_at) = (self.clock, None);
        (self.stood, self.suspended) = (Duration::ZERO, (self.clock, self.clock));
        let key = self.server.world.bot_key();
        let credentials = Credentials::new(key.app_id, key.secret).expect("the world gives good keys");
        let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
        let config = config.with_hide_deleted_messages(self.plan.hides_deleted);
        let retries = if self.plan.tries_once && self.defect != Defect::RetriedThoughNever { 0 } else { 3 };
        let config = config.with_retry(RetryPolicy { retries, ..RetryPolicy::default() });
        ByHand::new(config, self.random.entropy(), self.given_now())
    }

    /// The process is gone, and its connections with it.
    pub(super) fn bury(&mut self) {
        self.note(|| "the process dies".into());
        self.give_up(|_| true);
    }

    /// Nobody waits for these any more; no answer of theirs arrives.
    pub(super) fn give_up(&mut self, which: impl Fn(&Transit) -> bool) {
        for transit in self.transits.iter_mut().filter(|transit| which(transit)) {
            (transit.is_open, transit.is_dead) = (false, true);
        }
        let transits = &self.transits;
        self.server.forget(|exchange| transits[exchange].is_dead);
    }

    /// The feed with this key is stopped: what is under way is given up, and may still arrive.
    pub(super) fn stops(&mut self, key: usize) {
        self.note(|| format!("{:?} is stopped", Owner::Feed(key)));
        let life = self.life;
        for transit in self.transits.iter_mut().filter(|it| it.life == life && it.owner == Owner::Feed(key)) {
            transit.is_open = false;
        }
    }

    pub(super) fn at(&mut self, time: Duration, happening: Happening) {
        self.queued += 1;
        self.queue.insert((time, self.queued), happening);
    }

    pub(super) fn after(&mut self, wait: Duration, happening: Happening) {
        self.at(self.clock + wait, happening);
    }

    /// Lets the process look at its machines at that time.
    pub(super) fn look_at(&mut self, time: Duration) {
        let time = time.max(self.clock);
        if self.looks_at.is_none_or(|it| it > time || it <= self.clock) {
            self.looks_at = Some(time);
            self.at(time, Happening::Looks);
        }
    }

    /// The next thing that happens, at its time; `None`: the server's polls are to be asked again.
    pub(super) fn next(&mut self) -> Result<Option<Happening>, Broken> {
        let queued = self.queue.first_key_value().map_or(Duration::MAX, |((time, _), _)| *time);
        if let Some(due) = self.server.next_due().filter(|due| *due < queued) {
            self.clock = self.clock.max(due);
            return Ok(None);
        }
        let Some(((time, _), happening)) = self.queue.pop_first() else {
            return broken("nobody waits for ever", || "nothing is under way, and the run has not ended".into());
        };
        self.clock = time;
        if matches!(happening, Happening::Looks) && self.looks_at == Some(time) {
            self.looks_at = None;
        }
        Ok(Some(happening))
    }

    /// Counts the steps of machines: so many in a second would be a machine that runs in a circle.
    pub(super) fn steps(&mut self) -> Result<(), Broken> {
        let second = self.clock.as_secs();
        if self.busy.0 != second {
            self.busy = (second, 0);
        }
        self.busy.1 += 1;
        if self.busy.1 > 2_000 {
            return broken("no machine runs in a circle", || format!("at {:?}", self.clock));
        }
        Ok(())
    }

    /// Sends a request on its way.
    pub(super) fn send(&mut self, owner: Owner, ticket: Ticket, ask: Ask, exchange: Exchange) {
        let bad = if self.stormy { self.plan.bad } else { 0 };
        let latency = if self.stormy { self.plan.latency } else { 30 };
        let (up, down) = (self.random.millis(0..=latency), self.random.millis(0..=latency));
        let mut fate = Fate::draw(&mut self.random, bad);
        if matches!(fate, Fate::Forgotten) && !matches!(ask, Ask::Poll { subscription: Some(_), .. }) {
            fate = Fate::Passes;
        }
        if self.outage {
            fate = *self.random.pick(&[Fate::Refused, Fate::LostBefore(Loss::Silent), Fate::LostBefore(Loss::Noticed)]);
        }
        let patience = exchange.timeout.silence();
        let gives_up = self.clock + patience;
        let id = self.transits.len();
        let (head, body) = exchange.request.into_parts();
        let body = match body {
            Body::Bytes(bytes) => bytes.to_vec(),
            Body::Empty | Body::File { .. } => Vec::new(),
        };
        let mut request = Request::from_parts(head, body);
        self.defect.spoil_request(&mut request, id);
        let request = Some(request);
        let life = self.life;
        let transit =
            Transit { life, owner, ticket, is_open: true, is_dead: false, ask, request, fate, down, gives_up };
        self.transits.push(transit);
        self.at(gives_up, Happening::GivesUp(id));
        match fate {
            Fate::Refused => self.hears(up, id, network::refused()),
            Fate::LostBefore(Loss::Silent) => {}
            Fate::LostBefore(loss) => self.hears(up, id, network::lost(loss)),
            Fate::Held(loss, time) => {
                if loss != Loss::Silent {
                    self.hears(up, id, network::lost(loss));
                }
                self.after(up + time, Happening::Arrives(id));
            }
            Fate::Gateway(gateway, false) => self.hears(up + down, id, gateway.answer(self.utc())),
            _ => self.after(up, Happening::Arrives(id)),
        }
    }

    fn hears(&mut self, after: Duration, id: usize, mut word: Word) {
        if let Reply::Response(response) = &mut word.reply {
            self.defect.spoil_word(response);
        }
        self.after(after, Happening::Hears(id, Box::new(word)));
    }

    /// A request arrives at the server.
    pub(super) fn arrives(&mut self, id: usize) -> Result<(), Broken> {
        let transit = &mut self.transits[id];
        let Some(mut request) = transit.request.take() else { return Ok(()) };
        if matches!(transit.fate, Fate::Forgotten) {
            let forgotten = request.uri().to_string().replace("subscription=", "subscription=x");
            if let Ok(uri) = forgotten.parse() {
                *request.uri_mut() = uri;
            }
        }
        if self.plan.is_hasty {
            let hasty = request.uri().to_string().replace("wait=", "wait=0&was=");
            if let Ok(uri) = hasty.parse() {
                *request.uri_mut() = uri;
            }
        }
        let heard = self.clock + transit.down;
        if let Some(answer) = self.server.take(self.clock, heard, id, request)? {
            self.is_not_done_again(id, answer.performed)?;
            self.answered(id, answer);
        }
        Ok(())
    }

    /// What has succeeded is done: an attempt that arrives after that changes nothing, not even what was changed since.
    fn is_not_done_again(&self, id: usize, performed: bool) -> Result<(), Broken> {
        let Transit { life, owner, .. } = self.transits[id];
        match owner {
            Owner::Chore(key) if performed && self.done.contains(&(life, key)) => {
                broken("what has succeeded is not done again by a late attempt", || format!("{owner:?} of life {life}"))
            }
            _ => Ok(()),
        }
    }

    /// Asks the polls that wait at the server, and sends the answers of those that need not any longer.
    pub(super) fn flush(&mut self) {
        for (id, answer) in self.server.answers(self.clock) {
            self.answered(id, answer);
        }
    }

    fn answered(&mut self, id: usize, Answer { mut response, position, .. }: Answer) {
        self.defect.spoil_response(&mut response);
        if self.outage {
            return;
        }
        let Transit { ref ask, fate, down, gives_up, .. } = self.transits[id];
        let word = match fate {
            Fate::LostAfter(Loss::Silent) | Fate::Held(..) => return,
            Fate::LostAfter(loss) => network::lost(loss),
            Fate::Gateway(gateway, _) => gateway.answer(self.utc()),
            Fate::Cut | Fate::Short => network::cut(response, ask, matches!(fate, Fate::Cut), position),
            Fate::Hostile(how, which) => network::hostile(response, ask, how, which, position),
            Fate::Odd => network::odd(response, ask, position),
            Fate::Garbled(with_cursor) => network::garbled(response, ask, with_cursor, position),
            _ => Word::answer(ask, response, position),
        };
        match fate {
            Fate::Repeated => {
                self.hears(down, id, word.clone());
                self.hears(down * 2, id, word);
            }
            Fate::Late => {
                let late = gives_up.saturating_sub(self.clock) + down;
                self.hears(late, id, word);
            }
            _ => self.hears(down, id, word),
        }
    }

    /// The client no longer waits; `true`: it did.
    pub(super) fn close(&mut self, id: usize) -> bool {
        std::mem::replace(&mut self.transits[id].is_open, false)
    }

    /// What the wrong machines may hear of it, too.
    pub(super) fn astray(&self, id: usize, word: &Word) -> Option<Reply> {
        matches!(self.transits[id].fate, Fate::Astray).then(|| word.reply.clone())
    }
}
