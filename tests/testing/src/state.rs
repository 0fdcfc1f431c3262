//! The state of a world: the server, the clock, and what is going to happen.

use std::{
    collections::BTreeMap,
    mem,
    sync::Arc,
    task::{Context, Poll, Waker},
    thread::ThreadId,
    time::Duration,
};

use chrono::{DateTime, Utc};
use http::{Request, Response};
use teamwire_core::effect::Exchange;
use teamwire_sandbox::world::{self, Handled, Now, Parked, Polls, PostedMessage, Repeated};

use crate::{
    agenda::{Action, Agenda, Due, Id},
    downtimes::Downtimes,
    exchange::{self, Pending},
    latency::Latency,
    outcome::Outcome,
    sent_request::SentRequest,
};

/// Maximum time without an action of the test, when none is to come: a bot that is never stopped polls forever.
const MAX_QUIET: Duration = Duration::from_secs(30 * 24 * 3600);

/// Time after which the polls of feeds are repeated without their clients, if nothing has happened: a feed has
/// delivered its heartbeat by then, and does nothing but repeat its poll.
const QUIET: Duration = Duration::from_secs(11 * 60);

/// A function that is called with each message of a bot.
pub(crate) type Hook<W> = Arc<dyn Fn(&W, &PostedMessage) + Send + Sync>;

/// The state of a world of the type `W`, which actions and hooks get.
pub(crate) struct State<W> {
    /// `None` while a person or an admin acts, for which the state is not locked.
    server: Option<world::World>,
    seed: u64,
    start: DateTime<Utc>,
    pub(crate) clock: Duration,
    /// The time of the last action.
    last_action: Duration,
    /// The last time at which anything else happened than a long poll without updates.
    busy_at: Duration,
    pub(crate) agenda: Agenda<W>,
    exchanges: BTreeMap<Id, Pending>,
    polls: Polls<Id>,
    /// The timers that are to come, with the tasks that wait for them.
    timers: BTreeMap<Id, Option<Waker>>,
    ids: Id,
    pub(crate) latency: Latency,
    downtimes: Downtimes,
    /// The number of messages that the hooks have seen.
    seen: usize,
    pub(crate) hooks: Vec<Hook<W>>,
    pub(crate) requests: Vec<SentRequest>,
    /// The number of clients so far.
    clients: u64,
    /// The number of calls of [`World::run`](crate::World::run) that have not returned.
    pub(crate) runs: usize,
    /// The thread that moves the clock, and its number of nested waits.
    pub(crate) driver: Option<(ThreadId, usize)>,
    /// Tasks to be woken once the state is not locked any more.
    pub(crate) woken: Vec<Waker>,
}

impl<W: 'static> State<W> {
    pub(crate) fn new(seed: u64, start: DateTime<Utc>) -> Self {
        Self {
            server: Some(world::World::new(seed)),
            seed,
            start,
            clock: Duration::ZERO,
            last_action: Duration::ZERO,
            busy_at: Duration::ZERO,
            agenda: Agenda::default(),
            exchanges: BTreeMap::new(),
            polls: Polls::default(),
            timers: BTreeMap::new(),
            ids: 0,
            latency: Latency::default(),
            downtimes: Downtimes::default(),
            seen: 0,
            hooks: Vec::new(),
            requests: Vec::new(),
            clients: 0,
            runs: 0,
            driver: None,
            woken: Vec::new(),
        }
    }

    /// Returns the entropy of the next client.
    pub(crate) fn entropy(&mut self) -> [u8; 32] {
        self.clients += 1;
        let mut entropy = [0; 32];
        entropy[..8].copy_from_slice(&self.seed.to_be_bytes());
        entropy[8..16].copy_from_slice(&self.clients.to_be_bytes());
        entropy[24..].copy_from_slice(&(self.seed ^ self.clients.rotate_left(32)).to_be_bytes());
        entropy
    }

    pub(crate) fn now(&self) -> Now {
        Now::after(self.start, self.clock)
    }

    pub(crate) fn server(&mut self) -> &mut world::World {
        self.server.as_mut().expect("`act` and `administer` do not use the world in their closures")
    }

    /// Takes the server out, so that code of the test can use it without a lock.
    pub(crate) fn take_server(&mut self) -> world::World {
        (self.last_action, self.busy_at) = (self.clock, self.clock);
        self.server.take().expect("`act` and `administer` do not use the world in their closures")
    }

    pub(crate) fn put_server(&mut self, server: world::World) {
        self.server = Some(server);
        self.settle();
    }

    /// Returns the time of the next event, if the bot and the test do nothing before this time.
    pub(crate) fn next_due(&self, limit: Duration) -> Option<Duration> {
        let next = self.agenda.next();
        let polls = if self.clock < self.busy_at.saturating_add(QUIET) {
            self.polls.next_due()
        } else {
            // Otherwise the bot is about to be forgotten.
            let end = self.last_action.saturating_add(MAX_QUIET + QUIET);
            self.polls.next_due_before(next.unwrap_or(end).min(limit))
        };
        next.into_iter().chain(polls).min()
    }

    /// Returns `true` if only the bot itself could end, and has not done so for a long time.
    pub(crate) fn is_forgotten(&self) -> bool {
        !self.agenda.has_actions() && self.clock.saturating_sub(self.last_action) > MAX_QUIET
    }

    pub(crate) fn move_clock(&mut self, to: Duration) {
        self.clock = self.clock.max(to);
    }

    /// Lets the next event happen, which is due at this time: returns the action to perform, if it is one.
    pub(crate) fn happen(&mut self, due: Duration) -> Option<Action<W>> {
        self.move_clock(due);
        if self.agenda.next().is_none_or(|next| next > self.clock) {
            self.settle();
            return None;
        }
        match self.agenda.pop()? {
            Due::Action(action) => {
                (self.last_action, self.busy_at) = (self.clock, self.clock);
                return Some(action);
            }
            Due::Arrival(id) => self.arrive(id),
            Due::End(id, outcome) => self.end(id, outcome),
            Due::Timer(id) => self.woken.extend(self.timers.remove(&id).flatten()),
        }
        None
    }

    /// Begins an exchange.
    pub(crate) fn begin(&mut self, request: Request<Vec<u8>>, exchange: &Exchange) -> Id {
        let (id, now) = (self.next_id(), self.clock);
        let path = request.uri().path_and_query().map_or("", |path| path.as_str());
        let latency = self.latency.of(path);
        let is_down = self.downtimes.concern(path, now);
        let sent = SentRequest { at: now, method: request.method().clone(), path: path.to_owned(), status: None };
        self.requests.push(sent);
        let limit = now.saturating_add(exchange.max_idle());
        let timers = if is_down {
            vec![self.agenda.add(now.saturating_add(latency), Due::End(id, Outcome::Refused))]
        } else {
            let arrival = self.agenda.add(now.saturating_add(latency / 2), Due::Arrival(id));
            vec![arrival, self.agenda.add(limit, Due::End(id, Outcome::TimedOut))]
        };
        let index = self.requests.len() - 1;
        let pending = Pending {
            request: Some(request),
            timeout: exchange.timeout,
            policy: exchange.body_policy(),
            index,
            timers,
            limit,
            is_repeated: exchange::is_repeated(exchange),
            outcome: None,
            waker: None,
        };
        self.exchanges.insert(id, pending);
        id
    }

    fn arrive(&mut self, id: Id) {
        let now = self.now();
        let Some(request) = self.exchanges.get_mut(&id).and_then(|pending| pending.request.take()) else { return };
        let handled = self.server().handle(now, request);
        if !matches!(handled, Handled::Park { .. }) {
            self.busy_at = self.clock;
        }
        // What the request has changed comes before its response.
        self.settle();
        self.respond(id, handled);
    }

    /// Notifies hooks and pending polls of changes.
    pub(crate) fn settle(&mut self) {
        let (now, seen) = (self.now(), self.seen);
        let server = self.server.as_mut().expect("nothing happens while a person acts");
        let messages = server.messages_after(seen);
        for Repeated { key, number, cycle } in self.polls.repeat(server, now) {
            if let Some(pending) = self.exchanges.get_mut(key) {
                (0..number).for_each(|_| pending.repeat(&mut self.requests, cycle));
            }
        }
        if self.polls.is_outdated(server) {
            self.busy_at = self.clock;
        }
        let complete = self.polls.resume(server, now);
        self.seen = seen + messages.len();
        for message in messages.into_iter().filter(|message| message.is_from_bot) {
            for hook in self.hooks.clone() {
                let message = message.clone();
                self.agenda.add(self.clock, Due::Action(Box::new(move |world| hook(world, &message))));
            }
        }
        for (id, handled) in complete {
            self.respond(id, handled);
        }
    }

    fn respond(&mut self, id: Id, handled: Handled) {
        let response = match handled {
            Handled::Response(response) => response,
            Handled::Park { until, poll } => return self.park(id, until, poll),
            // The world keeps files in memory, unless its driver stores them.
            Handled::File(file) => Response::from_parts(file.head.into_parts().0, Vec::new()),
        };
        let Some(pending) = self.exchanges.get_mut(&id) else { return };
        let latency = self.latency.of(&self.requests[pending.index].path);
        let at = self.clock.saturating_add(latency.saturating_sub(latency / 2));
        if pending.timers.is_empty() && pending.limit <= at {
            pending.timers.push(self.agenda.add(pending.limit, Due::End(id, Outcome::TimedOut)));
        }
        pending.timers.push(self.agenda.add(at, Due::End(id, Outcome::Response(response))));
    }

    /// Keeps a long poll until there are updates.
    fn park(&mut self, id: Id, until: Duration, poll: Parked) {
        let Some(pending) = self.exchanges.get_mut(&id) else { return };
        let latency = self.latency.of(&self.requests[pending.index].path);
        let response_at = until.saturating_add(latency);
        if !pending.is_repeated || response_at >= pending.limit {
            return self.polls.park(id, until, poll);
        }
        // The response comes before the limit.
        for timer in mem::take(&mut pending.timers) {
            self.agenda.remove(timer);
        }
        let cycle = response_at.saturating_sub(self.clock);
        self.polls.park_repeated(id, until, poll, cycle);
    }

    fn end(&mut self, id: Id, outcome: Outcome) {
        let Some(pending) = self.exchanges.get_mut(&id) else { return };
        for timer in mem::take(&mut pending.timers) {
            self.agenda.remove(timer);
        }
        if let (Outcome::Response(response), Some(sent)) = (&outcome, self.requests.get_mut(pending.index)) {
            sent.status = Some(response.status());
        }
        if !matches!(outcome, Outcome::Response(_)) {
            self.busy_at = self.clock;
        }
        pending.outcome = Some(outcome);
        self.woken.extend(pending.waker.take());
        self.polls.retain(|other| *other != id);
    }

    /// Ends the exchange, if its outcome is known.
    pub(crate) fn take_ended(&mut self, id: Id) -> Option<Pending> {
        self.exchanges.get(&id)?.outcome.as_ref()?;
        self.exchanges.remove(&id)
    }

    /// Same as [`take_ended`](Self::take_ended), for a task that is woken once the outcome is known.
    pub(crate) fn poll_ended(&mut self, id: Id, cx: &Context<'_>) -> Poll<Option<Pending>> {
        match self.exchanges.get_mut(&id) {
            Some(pending) if pending.outcome.is_none() => {
                pending.waker = Some(cx.waker().clone());
                Poll::Pending
            }
            _ => Poll::Ready(self.exchanges.remove(&id)),
        }
    }

    /// Abandons an exchange. A request that has not arrived yet never does.
    pub(crate) fn abandon(&mut self, id: Id) {
        let Some(pending) = self.exchanges.remove(&id) else { return };
        for timer in pending.timers {
            self.agenda.remove(timer);
        }
        self.polls.retain(|other| *other != id);
    }

    /// Makes the requests of a chat fail for this time, or all, and cuts those in progress.
    pub(crate) fn down_for(&mut self, time: Duration, tid: Option<&str>) {
        self.downtimes.set(tid, self.clock.saturating_add(time));
        let is_down = |it: &Pending| self.downtimes.concern(&self.requests[it.index].path, self.clock);
        let is_cut = |it: &Pending| it.outcome.is_none() && (tid.is_none() || is_down(it));
        let cut: Vec<_> = self.exchanges.iter().filter(|(_, it)| is_cut(it)).map(|(id, _)| *id).collect();
        for id in cut {
            self.end(id, Outcome::Cut);
        }
    }

    /// Sets a timer.
    pub(crate) fn add_timer(&mut self, at: Duration) -> (Id, (Duration, u64)) {
        let id = self.next_id();
        self.timers.insert(id, None);
        (id, self.agenda.add(at.max(self.clock), Due::Timer(id)))
    }

    pub(crate) fn poll_timer(&mut self, id: Id, cx: &Context<'_>) -> Poll<()> {
        match self.timers.get_mut(&id) {
            Some(waker) => {
                *waker = Some(cx.waker().clone());
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }

    pub(crate) fn remove_timer(&mut self, id: Id, key: (Duration, u64)) {
        self.timers.remove(&id);
        self.agenda.remove(key);
    }

    fn next_id(&mut self) -> Id {
        self.ids += 1;
        self.ids
    }
}
