//! The machine of a feed: it subscribes, polls, delivers events, and retries with backoff for as long as necessary.

mod debug;
mod resume;

use alloc::{boxed::Box, string::String};
use core::{mem, time::Duration};

use super::{
    Checkpoint, FeedEnd, FeedEvent, FeedOptions, Retrying,
    delivery::Delivery,
    failures::{Failures, MIN_BACKOFF},
    item::{FeedItem, Hidden},
    long_poll::LongPollDuration,
    pace::Pace,
    report::FeedReport,
    timing::Timing,
};
use crate::{
    effect::{Moment, Now},
    error::{Error, ErrorKind, UnexpectedResponse},
    flow::{
        call::{Call, invalidates_idle_connections},
        ready,
    },
    machine::{Feed, Machine, Reply, Step, Ticket},
    pacing::MAX_PAUSE,
    protocol::{Batch, FeedSource, Lease, PollRequest, Signal},
    session::Session,
};

/// A feed. See the [module](super) for its states.
#[must_use = "a feed does nothing until it is driven"]
pub struct Poller<T> {
    session: Session,
    delivery: Delivery<T>,
    subscription: Option<String>,
    /// Position at which the feed was created to start.
    start: Option<Box<Checkpoint>>,
    long_poll: LongPollDuration,
    pace: Pace,
    failures: Failures,
    /// Makes the next request require a new connection: see [`invalidates_idle_connections`].
    requires_new_connection: bool,
    is_stopped: bool,
    report: FeedReport,
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

#[expect(private_bounds, reason = "the kinds of events are fixed")]
impl<T: FeedItem> Poller<T> {
    /// Creates a feed of the events of `source`, without the messages that the configuration or the options hide.
    pub(crate) fn new(session: &Session, source: FeedSource, options: FeedOptions) -> Self {
        let FeedOptions { after, long_poll, hidden_author } = options;
        let start = after.clone().map(Box::new);
        let (cursor, state) = match after.map(|checkpoint| checkpoint.into_cursor(&source)).transpose() {
            Ok(cursor) => (cursor, State::Ready),
            Err(mut error) => {
                error.set_operation(source.operation(), source.chat(), &session.redaction());
                (None, State::Done(Err(error)))
            }
        };
        let hidden = Hidden { deleted: session.config().hide_deleted_messages, author: hidden_author };
        Self {
            session: session.clone(),
            delivery: Delivery::new(session, source, hidden, cursor),
            subscription: None,
            start,
            long_poll: LongPollDuration::new(long_poll),
            pace: Pace::default(),
            failures: Failures::default(),
            requires_new_connection: false,
            is_stopped: false,
            report: FeedReport::new(session),
            state,
        }
    }

    fn next_request(&mut self) -> State<T> {
        let requires_new_connection = mem::take(&mut self.requires_new_connection);
        let (protocol, source) = (self.session.protocol(), self.delivery.source());
        if self.subscription.is_none()
            && let Some(lease) = protocol.subscribe(source).transpose()
        {
            let call = self.session.call_once(lease).requires_new_connection(requires_new_connection);
            return State::Subscribing(Box::new(call));
        }
        let (lease, cursor) = (self.subscription.as_deref(), self.delivery.cursor().map(|cursor| &**cursor));
        let poll = PollRequest::new(lease, cursor, self.long_poll.current());
        let call = self.session.call_once(T::updates(protocol, source, poll));
        State::Polling(Box::new(call.requires_new_connection(requires_new_connection)))
    }

    fn on_lease(&mut self, lease: Lease) -> State<T> {
        self.subscription = Some(lease.id);
        if let (None, Some(cursor)) = (self.delivery.cursor(), lease.cursor) {
            self.delivery.start_at(cursor);
        }
        State::Ready
    }

    fn on_batch(&mut self, now: Now, timing: Timing, batch: Batch<T>) -> State<T> {
        if batch.items.is_empty() && batch.cursor.is_none() {
            return self.on_error(now, UnexpectedResponse::new("the batch has no valid cursor").into());
        }
        let Some(from) = self.delivery.cursor().cloned() else { return self.on_start(now, batch) };
        let pause = batch.pause;
        let effect = self.delivery.add_batch(now.moment, &from, batch);
        let is_stuck = effect.passed < effect.events;
        if !is_stuck || effect.passed > 0 {
            self.failures.on_success();
            self.long_poll.on_success(timing.elapsed, now.moment);
        }
        if is_stuck {
            return self.on_error(now, UnexpectedResponse::new("the batch has events but no new cursor").into());
        }
        let is_paced = effect.is_idle || effect.has_returned;
        let due = if is_paced {
            timing.sent_at.saturating_add(self.pace.on_idle_poll(effect.events, timing.elapsed))
        } else {
            self.pace.on_delivery();
            now.moment
        };
        // The protocol knows the pace of a server that does not wait for events. The pause may be one that the server
        // suggests, so it must neither stop the feed nor let it poll without pause.
        let min_pause = if is_paced { MIN_BACKOFF } else { Duration::ZERO };
        let due = pause.map_or(due, |pause| now.moment.saturating_add(pause.clamp(min_pause, MAX_PAUSE)));
        if now.moment < due { State::Backoff(due) } else { State::Ready }
    }

    /// Starts the feed at the cursor of the batch that a poll without one returned.
    fn on_start(&mut self, now: Now, batch: Batch<T>) -> State<T> {
        let Some(cursor) = batch.cursor else {
            return self.on_error(now, UnexpectedResponse::new("no cursor to start from").into());
        };
        self.failures.on_start();
        self.delivery.start_at(cursor);
        match batch.pause {
            Some(pause) => State::Backoff(now.moment.saturating_add(pause.clamp(MIN_BACKOFF, MAX_PAUSE))),
            None => State::Ready,
        }
    }

    /// Same as [`on_error`](Self::on_error) for a poll, which an intermediary may have cut off.
    fn on_poll_error(&mut self, now: Now, timing: Timing, error: Error) -> State<T> {
        if !self.has_expired(now) && self.long_poll.on_failure(&error, timing.elapsed, now.moment) {
            // Not a failure of the server, and polls of that duration are rare enough: a longer backoff only adds
            // delay.
            return self.back_off(now, error, MIN_BACKOFF);
        }
        self.on_error(now, error)
    }

    fn on_error(&mut self, now: Now, error: Error) -> State<T> {
        if self.is_stopped || self.has_expired(now) {
            // It has ended, or the next poll stops it.
            return State::Ready;
        }
        let signal = error.signal();
        // Without a subscription, it is an error like any other.
        if signal == Some(Signal::Unsubscribed) && self.subscription.is_some() {
            return State::Done(Ok(FeedEnd::Unsubscribed));
        }
        let renews = match signal {
            Some(Signal::CursorExpired) => self.delivery.expire(),
            // The subscription may be gone; subscribing again distinguishes that from a deleted chat.
            _ if signal == Some(Signal::LeaseExpired) || error.kind() == ErrorKind::NotFound => {
                self.subscription.take().is_some()
            }
            _ => false,
        };
        if renews && self.failures.on_expiry() {
            return State::Ready;
        }
        if !(renews || signal.is_some() || error.may_recover()) {
            // A request that was repeated, such as after a new login, is one failure of the feed.
            let failures = self.failures.count().saturating_add(error.attempts().min(1));
            return State::Done(Err(self.named(error, failures, false)));
        }
        let delay = self.failures.on_outage(self.session.retry(), self.session.next_random());
        let retry_after = error.retry_after().unwrap_or_default().min(MAX_PAUSE);
        self.back_off(now, error, retry_after.saturating_add(delay))
    }

    /// Returns `true` once the session's stop handle is stopped, or its deadline has passed.
    fn has_expired(&self, now: Now) -> bool {
        !self.is_stopped
            && (self.session.are_feeds_stopped()
                || self.session.deadline().is_some_and(|deadline| deadline <= now.moment))
    }

    /// Returns the error as that of this feed, after this number of consecutive failures.
    fn named(&self, mut error: Error, failures: u32, will_retry: bool) -> Error {
        let source = self.delivery.source();
        error.set_operation(source.operation(), source.chat(), &self.session.redaction());
        error.set_failures(failures, will_retry);
        error
    }

    /// Reports the failure and waits.
    fn back_off(&mut self, now: Now, error: Error, wait: Duration) -> State<T> {
        self.requires_new_connection = invalidates_idle_connections(&error);
        let retry_at = now.moment.saturating_add(wait);
        let attempt = self.failures.next_attempt();
        let error = self.named(error, attempt, true);
        self.delivery.add(FeedEvent::Retrying(Retrying { attempt, error, retry_at }));
        State::Backoff(retry_at)
    }
}

impl<T: FeedItem> Machine for Poller<T> {
    type Event = FeedEvent<T>;
    type Output = FeedEnd;

    fn poll(&mut self, now: Now) -> Step<FeedEvent<T>, Result<FeedEnd, Error>> {
        loop {
            if let Some(event) = self.delivery.next_event() {
                self.report.on_event(&self.session, self.delivery.source(), now, &event);
                return Step::Event(event);
            }
            if self.has_expired(now) {
                self.stop(now);
            }
            self.state = match &mut self.state {
                State::Ready => {
                    let next = self.next_request();
                    if let State::Polling(_) = next {
                        self.report.on_poll(&self.session, self.delivery.source(), now);
                    }
                    next
                }
                State::Subscribing(call) => match ready!(call.poll(now)) {
                    Ok(lease) => {
                        self.report.on_subscribed(&self.session, self.delivery.source(), now);
                        self.on_lease(lease)
                    }
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
                State::Backoff(until) if now.moment < *until => {
                    let deadline = self.session.deadline().filter(|_| !self.is_stopped);
                    return Step::Sleep(deadline.map_or(*until, |deadline| deadline.min(*until)));
                }
                State::Backoff(_) => State::Ready,
                State::Unsubscribing(call) => {
                    // If this fails, the lease expires on its own.
                    let _ = ready!(call.poll(now));
                    State::Done(Ok(FeedEnd::Stopped))
                }
                State::Done(result) => {
                    let result = mem::replace(result, Err(Error::finished()));
                    self.report.on_end(&self.session, self.delivery.source(), now, result.as_ref().err());
                    self.state = State::Finished;
                    return Step::Done(result);
                }
                State::Finished => return Step::Done(Err(Error::finished())),
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
        self.is_stopped = true;
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
                let unsubscribe = self.session.protocol().unsubscribe(self.delivery.source(), &id);
                let call = self.session.unlimited().call_once(unsubscribe);
                State::Unsubscribing(Box::new(call.without_login()))
            }
            None => State::Done(Ok(FeedEnd::Stopped)),
        };
    }

    fn is_stopped(&self) -> bool {
        self.is_stopped
    }

    fn has_started(&self) -> bool {
        self.delivery.has_started()
    }
}
