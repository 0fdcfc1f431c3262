use alloc::{boxed::Box, collections::VecDeque, string::String, sync::Arc, vec::Vec};
use core::{fmt, mem, time::Duration};

use super::{
    Checkpoint, End, FeedEvent, Follow, Trouble,
    pace::Pace,
    position::{self, Delivered},
    wait::{Wait, passes},
};
use crate::{
    backoff,
    brake::LONGEST_PAUSE,
    call::{Call, makes_suspect},
    clock::{Moment, Now},
    error::{Error, ErrorKind, UnexpectedAnswer},
    machine::{Feed, Machine, Reply, Step, Ticket, ready},
    model::Message,
    session::Session,
    wire::updates::{self, Batch, Happens, Item, Lease, Signal, Source},
};

/// The shortest waits between attempts, whatever the retry policy or the server says: a feed has no last attempt. They
/// double, up to eight seconds.
const SHORTEST_WAIT: Duration = Duration::from_millis(250);
const DOUBLINGS: u32 = 5;
/// How old a checkpoint may become before there is another one, though nothing has happened: servers forget old cursors.
const QUIET: Duration = Duration::from_secs(10 * 60);

/// A feed: see the [module](super) for its states.
pub struct Poller<T> {
    session: Session,
    source: Source,
    wait: Wait,
    pace: Pace,
    hidden: fn(&T) -> bool,
    /// Where the feed is; `None` until that is known, and after the server has forgotten it.
    cursor: Option<Arc<str>>,
    /// Whether something was delivered before: without a cursor, something may then have been missed.
    began: bool,
    subscription: Option<String>,
    arrived: VecDeque<FeedEvent<T>>,
    /// The events after the position that were delivered all the same.
    delivered: Delivered,
    /// When the user last got a checkpoint; of one that the feed began at, when it was first read after that.
    told_at: Option<Moment>,
    /// Whether there is a newer one by now.
    newer: bool,
    /// Attempts in a row that failed; and those that were not cut polls, by which the waits grow.
    failures: u32,
    outages: u32,
    /// Whether it began anew, at the server's word, since it was last read. The second time in a row is trouble.
    renewed: bool,
    /// Has the next request require a connection of its own: see [`makes_suspect`].
    fresh: bool,
    state: State<T>,
}

enum State<T> {
    /// Whatever is next: a subscription where one is needed, else a poll.
    Next,
    Subscribing(Box<Call<Lease>>),
    Polling(Box<Call<Batch<T>>>),
    Backoff(Moment),
    Unsubscribing(Box<Call<()>>),
    Ending(Result<End, Error>),
    Over,
}

/// The time at which a poll was sent, and how long it took.
#[derive(Clone, Copy)]
struct Timing {
    sent_at: Moment,
    lasted: Duration,
}

impl Timing {
    fn of<T: Send>(call: &Call<T>) -> Self {
        Self { sent_at: call.sent_at(), lasted: call.lasted() }
    }
}

#[expect(private_bounds, reason = "which kinds of events there are is for the wire contract to say")]
impl<T: Happens> Poller<T> {
    /// A feed of what `source` has, without the items that are `hidden`.
    pub(crate) fn new(session: &Session, source: Source, follow: Follow, hidden: fn(&T) -> bool) -> Self {
        let (cursor, state) = match follow.after.map(|checkpoint| checkpoint.into_cursor(&source)).transpose() {
            Ok(cursor) => (cursor, State::Next),
            Err(error) => (None, State::Ending(Err(error))),
        };
        Self {
            session: session.clone(),
            source,
            wait: Wait::new(follow.wait),
            pace: Pace::default(),
            hidden,
            began: cursor.is_some(),
            cursor,
            subscription: None,
            arrived: VecDeque::new(),
            delivered: Delivered::default(),
            told_at: None,
            newer: false,
            failures: 0,
            outages: 0,
            renewed: false,
            fresh: false,
            state,
        }
    }

    fn next(&mut self) -> State<T> {
        let fresh = mem::take(&mut self.fresh);
        if self.source.is_leased() && self.subscription.is_none() {
            return State::Subscribing(Box::new(self.session.once(updates::subscribe(&self.source)).fresh(fresh)));
        }
        let (subscription, cursor) = (self.subscription.as_deref(), self.cursor.as_deref());
        let endpoint = updates::updates(&self.source, subscription, cursor, self.wait.current());
        State::Polling(Box::new(self.session.once(endpoint).fresh(fresh)))
    }

    fn checkpoint(&self, cursor: &Arc<str>) -> Checkpoint {
        Checkpoint::new(&self.source, cursor.clone(), self.session.config().credentials.redaction())
    }

    /// Goes on at this cursor, which is where the feed is now.
    fn begin_at(&mut self, cursor: Arc<str>) {
        let checkpoint = self.checkpoint(&cursor);
        self.arrived.push_back(if self.began { FeedEvent::Missed(checkpoint) } else { FeedEvent::Started(checkpoint) });
        (self.began, self.told_at, self.newer) = (true, None, false);
        self.delivered = Delivered::default();
        self.cursor = Some(cursor);
    }

    fn subscribed(&mut self, lease: Lease) -> State<T> {
        self.subscription = Some(lease.id);
        if self.cursor.is_none() {
            self.begin_at(lease.cursor);
        }
        State::Next
    }

    fn polled(&mut self, now: Now, timing: Timing, batch: Batch<T>) -> State<T> {
        let Some(from) = self.cursor.take() else { return self.located(now, batch.cursor) };
        let (to, passed) = position::after(&batch, &from);
        let events = batch.items.len();
        let is_stuck = passed < events;
        if !is_stuck || passed > 0 {
            (self.failures, self.outages, self.renewed) = (0, 0, false);
            self.wait.went_well(timing.lasted, now.moment);
        }
        let (mut cursor, mut kept) = (from, Vec::new());
        self.arrived.reserve_exact(events);
        for (at, Item { cursor: after, mark, what }) in batch.items.into_iter().enumerate() {
            if at < passed {
                cursor = after.unwrap_or(cursor);
            } else {
                kept.push(mark);
            }
            let checkpoint = self.checkpoint(&cursor);
            let event = match what {
                _ if self.delivered.has(mark) => None,
                Ok(item) if (self.hidden)(&item) => None,
                Ok(item) => Some(FeedEvent::Update { item, checkpoint }),
                Err(item) => Some(FeedEvent::Unread { item, checkpoint }),
            };
            self.newer = event.is_none();
            self.arrived.extend(event);
        }
        self.delivered = Delivered::new(kept);
        let to = to.unwrap_or_else(|| cursor.clone());
        self.newer |= to != cursor;
        self.cursor = Some(to.clone());
        let told_at = *self.told_at.get_or_insert(now.moment);
        let is_idle = self.arrived.is_empty();
        if is_idle {
            self.arrived = VecDeque::new();
        } else {
            self.told_at = Some(now.moment);
            self.pace.delivered();
        }
        if is_stuck {
            return self.failed(now, UnexpectedAnswer::new("no cursor leads on after the events").into());
        }
        let due = if is_idle { timing.sent_at.plus(self.pace.in_vain(events, timing.lasted)) } else { now.moment };
        if is_idle && self.newer && now.moment.since(told_at) >= QUIET {
            (self.told_at, self.newer) = (Some(now.moment), false);
            self.arrived.push_back(FeedEvent::Quiet(self.checkpoint(&to)));
        }
        if now.moment < due { State::Backoff(due) } else { State::Next }
    }

    /// The feed begins at the cursor of a poll without one.
    fn located(&mut self, now: Now, cursor: Option<Arc<str>>) -> State<T> {
        let Some(cursor) = cursor else {
            return self.failed(now, UnexpectedAnswer::new("there is no cursor to begin at").into());
        };
        // It is read only when it is read at a cursor: until then, what made it begin anew may come again.
        if !self.renewed {
            (self.failures, self.outages) = (0, 0);
        }
        self.begin_at(cursor);
        State::Next
    }

    /// The same of a poll, which something in between may have cut.
    fn poll_failed(&mut self, now: Now, timing: Timing, error: Error) -> State<T> {
        if self.wait.is_cut(&error, timing.lasted, now.moment) {
            // The server may be well, and the poll has lasted: a pause would only make the feed deaf.
            return self.retries(now, error, SHORTEST_WAIT);
        }
        self.failed(now, error)
    }

    fn failed(&mut self, now: Now, error: Error) -> State<T> {
        let signal = updates::signal(&error);
        if signal == Some(Signal::Unsubscribed) {
            return State::Ending(Ok(End::Unsubscribed));
        }
        let renews = match signal {
            Some(Signal::CursorExpired) => self.cursor.take().is_some(),
            // The server may have forgotten the subscription: if it is the chat that is gone, subscribing will tell.
            _ if signal == Some(Signal::LeaseExpired) || error.kind() == ErrorKind::NotFound => {
                self.subscription.take().is_some()
            }
            _ => false,
        };
        if renews && !mem::replace(&mut self.renewed, true) {
            return State::Next;
        }
        if !(renews || signal.is_some() || passes(&error)) {
            return State::Ending(Err(error));
        }
        self.outages = self.outages.saturating_add(1);
        let shortest = SHORTEST_WAIT * (1 << (self.outages - 1).min(DOUBLINGS));
        let ours = backoff::wait(&self.session.config().retry, self.outages, self.session.jitter()).max(shortest);
        let asked = error.retry_after().unwrap_or_default().min(LONGEST_PAUSE);
        self.retries(now, error, asked.saturating_add(ours))
    }

    /// Reports the failure, and waits.
    fn retries(&mut self, now: Now, cause: Error, wait: Duration) -> State<T> {
        self.fresh = makes_suspect(&cause);
        self.failures = self.failures.saturating_add(1);
        let next_try = now.moment.plus(wait);
        self.arrived.push_back(FeedEvent::Trouble(Trouble { attempt: self.failures, cause, next_try }));
        State::Backoff(next_try)
    }
}

impl<T: Happens> Machine for Poller<T> {
    type Event = FeedEvent<T>;
    type Output = End;

    fn poll(&mut self, now: Now) -> Step<FeedEvent<T>, Result<End, Error>> {
        loop {
            if let Some(event) = self.arrived.pop_front() {
                if self.arrived.is_empty() {
                    // An idle feed keeps no room for events: there may be thousands.
                    self.arrived = VecDeque::new();
                }
                return Step::Event(event);
            }
            self.state = match &mut self.state {
                State::Next => self.next(),
                State::Subscribing(call) => match ready!(call.poll(now)) {
                    Ok(lease) => self.subscribed(lease),
                    Err(error) => self.failed(now, error),
                },
                State::Polling(call) => {
                    let result = ready!(call.poll(now));
                    let timing = Timing::of(call);
                    match result {
                        Ok(batch) => self.polled(now, timing, batch),
                        Err(error) => self.poll_failed(now, timing, error),
                    }
                }
                State::Backoff(until) if now.moment < *until => return Step::Sleep(*until),
                State::Backoff(_) => State::Next,
                State::Unsubscribing(call) => {
                    // If that failed, the lease ends by itself.
                    let _ = ready!(call.poll(now));
                    State::Ending(Ok(End::Stopped))
                }
                State::Ending(result) => {
                    let result = mem::replace(result, Err(Error::Finished));
                    self.state = State::Over;
                    return Step::Done(result);
                }
                State::Over => return Step::Done(Err(Error::Finished)),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Subscribing(call) => call.handle(now, ticket, reply),
            State::Polling(call) => call.handle(now, ticket, reply),
            State::Unsubscribing(call) => call.handle(now, ticket, reply),
            State::Next | State::Backoff(_) | State::Ending(_) | State::Over => {}
        }
    }
}

impl<T: Happens> Feed for Poller<T> {
    fn stop(&mut self, now: Now) {
        match mem::replace(&mut self.state, State::Over) {
            // An answer that was handed over has arrived, though nobody has looked at it yet.
            State::Polling(mut call) if call.is_answered() => {
                if let Ok(Ok(batch)) = call.poll(now).answer::<(), ()>() {
                    self.polled(now, Timing::of(&call), batch);
                }
            }
            State::Subscribing(mut call) if call.is_answered() => {
                if let Ok(Ok(lease)) = call.poll(now).answer::<(), ()>() {
                    self.subscribed(lease);
                }
            }
            state @ (State::Unsubscribing(_) | State::Ending(_) | State::Over) => {
                self.state = state;
                return;
            }
            State::Next | State::Subscribing(_) | State::Polling(_) | State::Backoff(_) => {}
        }
        self.state = match self.subscription.take() {
            Some(id) => State::Unsubscribing(Box::new(self.session.once(updates::unsubscribe(&self.source, &id)))),
            None => State::Ending(Ok(End::Stopped)),
        };
    }
}

impl Poller<Message> {
    /// A feed of messages, without those that the session hides.
    pub(crate) fn messages(session: &Session, source: Source, follow: Follow) -> Self {
        let hides = session.config().hide_deleted_messages;
        Self::new(session, source, follow, if hides { |message| message.deleted } else { |_| false })
    }
}

impl<T> fmt::Debug for Poller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Next => "Next",
            State::Subscribing(_) => "Subscribing",
            State::Polling(_) => "Polling",
            State::Backoff(_) => "Backoff",
            State::Unsubscribing(_) => "Unsubscribing",
            State::Ending(_) => "Ending",
            State::Over => "Over",
        };
        f.debug_struct("Poller")
            .field("source", &self.source)
            .field("state", &state)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
