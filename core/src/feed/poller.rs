//! The machine of a feed: it subscribes, polls, delivers events, and retries with backoff for as long as necessary.

use alloc::{boxed::Box, collections::VecDeque, string::String, sync::Arc, vec::Vec};
use core::{fmt, mem, time::Duration};

use super::{
    Checkpoint, FeedEnd, FeedEvent, FeedOptions, Retrying,
    item::FeedItem,
    long_poll::{LongPollDuration, is_retryable},
    pace::Pace,
    position::{self, DeliveredEvents, RecentPositions},
};
use crate::{
    effect::{Moment, Now},
    error::{Error, ErrorKind, UnexpectedResponse},
    flow::{
        backoff,
        call::{Call, invalidates_idle_connections},
        ready,
    },
    machine::{Feed, Machine, Reply, Step, Ticket},
    model::Message,
    pacing::MAX_PAUSE,
    protocol::{Batch, BatchItem, FeedSource, Lease, PollRequest, Signal},
    session::Session,
};

/// Minimum backoff, whatever the retry policy or the server says, because feeds retry forever. It doubles, up to eight
/// seconds.
const MIN_BACKOFF: Duration = Duration::from_millis(250);
const MAX_DOUBLINGS: u32 = 5;
/// Maximum age of the last checkpoint of an idle feed: servers expire old cursors.
const HEARTBEAT_INTERVAL: Duration = Duration::from_secs(10 * 60);

/// A feed. See the [module](super) for its states.
pub struct Poller<T> {
    session: Session,
    source: FeedSource,
    long_poll: LongPollDuration,
    pace: Pace,
    is_hidden: fn(&T) -> bool,
    /// Position of the feed; `None` until it is known, and after it has expired.
    cursor: Option<Arc<str>>,
    /// Set once the feed has had a position: a feed that loses it may miss events.
    started: bool,
    subscription: Option<String>,
    pending: VecDeque<FeedEvent<T>>,
    /// Events after the position that have been delivered already.
    delivered: DeliveredEvents,
    recent: RecentPositions,
    /// Time at which the last checkpoint was delivered or, if the feed started at one, of the first poll after it.
    last_checkpoint_at: Option<Moment>,
    /// Cursor of the last delivered checkpoint or, if the feed started at one, of that.
    last_checkpoint: Option<Arc<str>>,
    /// Number of consecutive failures.
    failures: u32,
    /// Number of consecutive failures other than cut polls; the backoff grows with it.
    outages: u32,
    /// Set if the server expired the lease or the cursor since the last successful poll. A second time counts as a
    /// failure.
    restarted: bool,
    /// Makes the next request require a new connection: see [`invalidates_idle_connections`].
    requires_new_connection: bool,
    state: State<T>,
}

enum State<T> {
    /// To subscribe, if the feed needs that, or to poll.
    Ready,
    Subscribing(Box<Call<Lease>>),
    Polling(Box<Call<Batch<T>>>),
    Backoff(Moment),
    Unsubscribing(Box<Call<()>>),
    Done(Result<FeedEnd, Error>),
    Finished,
}

/// Start and duration of a poll.
#[derive(Clone, Copy)]
struct Timing {
    sent_at: Moment,
    elapsed: Duration,
}

impl Timing {
    fn of<T: Send>(call: &Call<T>) -> Self {
        Self { sent_at: call.sent_at(), elapsed: call.elapsed() }
    }
}

#[expect(private_bounds, reason = "the kinds of events are fixed")]
impl<T: FeedItem> Poller<T> {
    /// Creates a feed of the events of `source`, except those for which `hidden` returns `true`.
    pub(crate) fn new(session: &Session, source: FeedSource, options: FeedOptions, hidden: fn(&T) -> bool) -> Self {
        let (cursor, state) = match options.after.map(|checkpoint| checkpoint.into_cursor(&source)).transpose() {
            Ok(cursor) => (cursor, State::Ready),
            Err(error) => (None, State::Done(Err(error))),
        };
        Self {
            session: session.clone(),
            source,
            long_poll: LongPollDuration::new(options.long_poll),
            pace: Pace::default(),
            is_hidden: hidden,
            started: cursor.is_some(),
            last_checkpoint: cursor.clone(),
            cursor,
            subscription: None,
            pending: VecDeque::new(),
            delivered: DeliveredEvents::default(),
            recent: RecentPositions::default(),
            last_checkpoint_at: None,
            failures: 0,
            outages: 0,
            restarted: false,
            requires_new_connection: false,
            state,
        }
    }

    fn next_request(&mut self) -> State<T> {
        let requires_new_connection = mem::take(&mut self.requires_new_connection);
        let protocol = self.session.protocol();
        if self.subscription.is_none()
            && let Some(lease) = protocol.subscribe(&self.source).transpose()
        {
            let call = self.session.call_once(lease).requires_new_connection(requires_new_connection);
            return State::Subscribing(Box::new(call));
        }
        let (lease, cursor) = (self.subscription.as_deref(), self.cursor.as_deref());
        let poll = PollRequest::new(lease, cursor, self.long_poll.current());
        let call = self.session.call_once(T::updates(protocol, &self.source, poll));
        State::Polling(Box::new(call.requires_new_connection(requires_new_connection)))
    }

    fn checkpoint(&self, cursor: &Arc<str>) -> Checkpoint {
        Checkpoint::new(&self.source, cursor.clone(), self.session.config().credentials.redaction().clone())
    }

    /// Continues from this cursor, the current end of the feed.
    fn start_at(&mut self, cursor: Arc<str>) {
        let checkpoint = self.checkpoint(&cursor);
        self.pending.push_back(if self.started { FeedEvent::Gap(checkpoint) } else { FeedEvent::Started(checkpoint) });
        (self.started, self.last_checkpoint_at, self.last_checkpoint) = (true, None, Some(cursor.clone()));
        (self.delivered, self.recent) = (DeliveredEvents::default(), RecentPositions::default());
        self.cursor = Some(cursor);
    }

    fn on_lease(&mut self, lease: Lease) -> State<T> {
        self.subscription = Some(lease.id);
        if let (None, Some(cursor)) = (&self.cursor, lease.cursor) {
            self.start_at(cursor);
        }
        State::Ready
    }

    fn on_batch(&mut self, now: Now, timing: Timing, mut batch: Batch<T>) -> State<T> {
        if batch.items.is_empty() && batch.cursor.is_none() {
            return self.on_error(now, UnexpectedResponse::new("the batch has no valid cursor").into());
        }
        let Some(from) = self.cursor.take() else { return self.on_start_cursor(now, batch.cursor) };
        position::complete_last_cursor(&mut batch, &from);
        position::keep_last_cursors(&mut batch.items);
        let (to, passed) = position::after(&batch, &from);
        let events = batch.items.len();
        let is_stuck = passed < events;
        if !is_stuck || passed > 0 {
            (self.failures, self.outages, self.restarted) = (0, 0, false);
            self.long_poll.on_success(timing.elapsed, now.moment);
        }
        let (mut cursor, mut unpassed) = (from.clone(), Vec::new());
        self.pending.reserve_exact(events);
        for (index, BatchItem { cursor: item_cursor, fingerprint, result }) in batch.items.into_iter().enumerate() {
            if index < passed {
                cursor = item_cursor.unwrap_or(cursor);
            } else {
                unpassed.push(fingerprint);
            }
            let checkpoint = self.checkpoint(&cursor);
            let event = match result {
                _ if self.delivered.contains(fingerprint) => None,
                Ok(item) if (self.is_hidden)(&item) => None,
                Ok(item) => Some(FeedEvent::Update { item, checkpoint }),
                Err(item) => Some(FeedEvent::Undecoded { item, checkpoint }),
            };
            if event.is_some() {
                self.last_checkpoint = Some(cursor.clone());
            }
            self.pending.extend(event);
        }
        let to = to.unwrap_or(cursor);
        self.delivered.replace(unpassed, to != from);
        // The server returns events in a circle, as it may after each of these cursors.
        let has_returned = to != from && {
            self.recent.add(&from);
            self.recent.add(&to)
        };
        self.cursor = Some(to);
        let is_idle = self.pending.is_empty();
        self.add_heartbeat_if_due(now.moment);
        if is_stuck {
            return self.on_error(now, UnexpectedResponse::new("the batch has events but no new cursor").into());
        }
        let due = if is_idle || has_returned {
            timing.sent_at.saturating_add(self.pace.on_idle_poll(events, timing.elapsed))
        } else {
            self.pace.on_delivery();
            now.moment
        };
        // The protocol knows the pace of a server that does not wait for events. The pause may be one that the server
        // suggests, so it must neither stop the feed nor let it poll without pause.
        let min_pause = if is_idle || has_returned { MIN_BACKOFF } else { Duration::ZERO };
        let due = batch.pause.map_or(due, |pause| now.moment.saturating_add(pause.clamp(min_pause, MAX_PAUSE)));
        if now.moment < due { State::Backoff(due) } else { State::Ready }
    }

    /// Delivers a checkpoint of the position if the last one is older, and there has been no event for a while.
    fn add_heartbeat_if_due(&mut self, now: Moment) {
        if !self.pending.is_empty() {
            self.last_checkpoint_at = Some(now);
            return;
        }
        // Without the memory that was reserved for the events of the batch.
        self.pending = VecDeque::new();
        let age = now.saturating_duration_since(*self.last_checkpoint_at.get_or_insert(now));
        if age >= HEARTBEAT_INTERVAL
            && self.cursor != self.last_checkpoint
            && let Some(cursor) = self.cursor.clone()
        {
            self.pending.push_back(FeedEvent::Heartbeat(self.checkpoint(&cursor)));
            (self.last_checkpoint_at, self.last_checkpoint) = (Some(now), Some(cursor));
        }
    }

    /// Starts the feed at the cursor that a poll without one returned.
    fn on_start_cursor(&mut self, now: Now, cursor: Option<Arc<str>>) -> State<T> {
        let Some(cursor) = cursor else {
            return self.on_error(now, UnexpectedResponse::new("no cursor to start from").into());
        };
        // Only a poll with a cursor counts as success after a restart: the next one may restart the feed again.
        if !self.restarted {
            (self.failures, self.outages) = (0, 0);
        }
        self.start_at(cursor);
        State::Ready
    }

    /// Same as [`on_error`](Self::on_error) for a poll, which an intermediary may have cut off.
    fn on_poll_error(&mut self, now: Now, timing: Timing, error: Error) -> State<T> {
        if self.long_poll.on_failure(&error, timing.elapsed, now.moment) {
            // Not a failure of the server, and polls of that duration are rare enough: a longer backoff only adds
            // delay.
            return self.back_off(now, error, MIN_BACKOFF);
        }
        self.on_error(now, error)
    }

    fn on_error(&mut self, now: Now, error: Error) -> State<T> {
        let signal = error.signal();
        // Without a subscription, it is an error like any other.
        if signal == Some(Signal::Unsubscribed) && self.subscription.is_some() {
            return State::Done(Ok(FeedEnd::Unsubscribed));
        }
        let renews = match signal {
            Some(Signal::CursorExpired) => self.cursor.take().is_some(),
            // The subscription may be gone; subscribing again distinguishes that from a deleted chat.
            _ if signal == Some(Signal::LeaseExpired) || error.kind() == ErrorKind::NotFound => {
                self.subscription.take().is_some()
            }
            _ => false,
        };
        if renews && !mem::replace(&mut self.restarted, true) {
            return State::Ready;
        }
        if !(renews || signal.is_some() || is_retryable(&error)) {
            return State::Done(Err(error));
        }
        self.outages = self.outages.saturating_add(1);
        let min_backoff = MIN_BACKOFF * (1 << (self.outages - 1).min(MAX_DOUBLINGS));
        let delay =
            backoff::delay(&self.session.config().retry, self.outages, self.session.next_random()).max(min_backoff);
        let retry_after = error.retry_after().unwrap_or_default().min(MAX_PAUSE);
        self.back_off(now, error, retry_after.saturating_add(delay))
    }

    /// Reports the failure and waits.
    fn back_off(&mut self, now: Now, error: Error, wait: Duration) -> State<T> {
        self.requires_new_connection = invalidates_idle_connections(&error);
        self.failures = self.failures.saturating_add(1);
        let retry_at = now.moment.saturating_add(wait);
        self.pending.push_back(FeedEvent::Retrying(Retrying { attempt: self.failures, error, retry_at }));
        State::Backoff(retry_at)
    }
}

impl<T: FeedItem> Machine for Poller<T> {
    type Event = FeedEvent<T>;
    type Output = FeedEnd;

    fn poll(&mut self, now: Now) -> Step<FeedEvent<T>, Result<FeedEnd, Error>> {
        loop {
            if let Some(event) = self.pending.pop_front() {
                if self.pending.is_empty() {
                    // Idle feeds keep no buffer, as there may be thousands of feeds.
                    self.pending = VecDeque::new();
                }
                return Step::Event(event);
            }
            self.state = match &mut self.state {
                State::Ready => self.next_request(),
                State::Subscribing(call) => match ready!(call.poll(now)) {
                    Ok(lease) => self.on_lease(lease),
                    Err(error) => self.on_error(now, error),
                },
                State::Polling(call) => {
                    let result = ready!(call.poll(now));
                    let timing = Timing::of(call);
                    match result {
                        Ok(batch) => self.on_batch(now, timing, batch),
                        Err(error) => self.on_poll_error(now, timing, error),
                    }
                }
                State::Backoff(until) if now.moment < *until => return Step::Sleep(*until),
                State::Backoff(_) => State::Ready,
                State::Unsubscribing(call) => {
                    // If this fails, the lease expires on its own.
                    let _ = ready!(call.poll(now));
                    State::Done(Ok(FeedEnd::Stopped))
                }
                State::Done(result) => {
                    let result = mem::replace(result, Err(Error::Finished));
                    self.state = State::Finished;
                    return Step::Done(result);
                }
                State::Finished => return Step::Done(Err(Error::Finished)),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Subscribing(call) => call.handle(now, ticket, reply),
            State::Polling(call) => call.handle(now, ticket, reply),
            State::Unsubscribing(call) => call.handle(now, ticket, reply),
            State::Ready | State::Backoff(_) | State::Done(_) | State::Finished => {}
        }
    }
}

impl<T: FeedItem> Feed for Poller<T> {
    fn stop(&mut self, now: Now) {
        match mem::replace(&mut self.state, State::Finished) {
            // A response that has been handled counts as received, although it has not been polled for yet.
            State::Polling(mut call) if call.has_result() => {
                if let Ok(Ok(batch)) = call.poll(now).into_output::<(), ()>() {
                    self.on_batch(now, Timing::of(&call), batch);
                }
            }
            State::Subscribing(mut call) if call.has_result() => {
                if let Ok(Ok(lease)) = call.poll(now).into_output::<(), ()>() {
                    self.on_lease(lease);
                }
            }
            state @ (State::Unsubscribing(_) | State::Done(_) | State::Finished) => {
                self.state = state;
                return;
            }
            State::Ready | State::Subscribing(_) | State::Polling(_) | State::Backoff(_) => {}
        }
        self.state = match self.subscription.take() {
            Some(id) => {
                let unsubscribe = self.session.protocol().unsubscribe(&self.source, &id);
                State::Unsubscribing(Box::new(self.session.call_once(unsubscribe)))
            }
            None => State::Done(Ok(FeedEnd::Stopped)),
        };
    }
}

impl Poller<Message> {
    /// Creates a feed of messages, without deleted ones if the configuration hides them.
    pub(crate) fn messages(session: &Session, source: FeedSource, options: FeedOptions) -> Self {
        let hides = session.config().hide_deleted_messages;
        Self::new(session, source, options, if hides { |message| message.deleted } else { |_| false })
    }
}

impl<T> fmt::Debug for Poller<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = match &self.state {
            State::Ready => "Ready",
            State::Subscribing(_) => "Subscribing",
            State::Polling(_) => "Polling",
            State::Backoff(_) => "Backoff",
            State::Unsubscribing(_) => "Unsubscribing",
            State::Done(_) => "Done",
            State::Finished => "Finished",
        };
        f.debug_struct("Poller")
            .field("source", &self.source)
            .field("state", &state)
            .field("failures", &self.failures)
            .finish_non_exhaustive()
    }
}
