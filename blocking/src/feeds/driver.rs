use std::{fmt, io, mem, sync::Arc, time::Duration};

use teamwire_core::{
    FeedSet, OnStop, StopHandle,
    effect::{Exchange, Moment, Now},
    feed::{FeedSetEvent, FeedSetStep, Waited},
    machine::{Feed, Reply, Step, Ticket},
};
use teamwire_std::fleet::Drive;

use super::{
    queue::Queue,
    wake::{Turns, WaitOutcome, Wake},
};
use crate::{
    backend::{Backend, PendingReply},
    signal::Signal,
};

/// Iterator over the events of many feeds, driven by a fixed number of threads. It ends when all feeds have ended.
///
/// Each thread waits for one response at a time. If there are more feeds than threads, they take turns, each of which
/// may last for a whole long poll. For prompt delivery, use a thread per feed, or a shorter [long
/// poll](teamwire_core::FeedOptions::long_poll). One more thread ends the subscriptions of stopped feeds, so that they
/// do not have to wait for a turn.
///
/// Dropping it abandons the feeds: nothing more is sent, and their subscriptions expire within minutes.
#[must_use = "dropping a driver abandons its feeds"]
pub struct FeedDriver<K, F: Feed> {
    set: FeedSet<K, F>,
    backend: Arc<dyn Backend>,
    /// `None` on a virtual clock: the exchanges are then pending here.
    queue: Option<Queue<K>>,
    pending: Vec<Pending<K>>,
    /// Notified of replies and of the stop.
    signal: Signal,
    stop_handle: StopHandle,
    _on_stop: OnStop,
    stop_requested: bool,
    turns: Turns,
}

/// The result of polling a driver.
pub(super) enum Progress<E> {
    Event(E),
    /// Nothing is due until this time, or before something changes.
    Waiting(Option<Moment>),
    Ended,
}

/// An exchange on a virtual clock.
struct Pending<K> {
    key: K,
    ticket: Ticket,
    reply: Box<dyn PendingReply>,
    is_unsubscribe: bool,
}

impl<K: Ord + Clone + Send + 'static, F: Feed> FeedDriver<K, F> {
    /// Creates a driver with this number of threads, at least one.
    ///
    /// # Errors
    ///
    /// Fails if the operating system cannot start a thread.
    pub(crate) fn new(
        set: FeedSet<K, F>,
        threads: usize,
        backend: &Arc<dyn Backend>,
        stop: Option<&StopHandle>,
    ) -> io::Result<Self> {
        let (backend, signal, stop_handle) = (Arc::clone(backend), Signal::default(), StopHandle::any(stop));
        let stopped = signal.clone();
        let on_stop = stop_handle.on_stop(move || stopped.notify());
        let start = || Queue::new(threads.max(1), &backend, &stop_handle, &signal);
        let queue = (!backend.is_virtual()).then(start).transpose()?;
        Ok(Self {
            set,
            backend,
            queue,
            pending: Vec::new(),
            signal,
            stop_handle,
            _on_stop: on_stop,
            stop_requested: false,
            turns: Turns::default(),
        })
    }

    /// Returns a handle that stops all the feeds from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Adds a feed: see [`FeedSet::insert`]. After [`StopHandle::stop`] it is stopped at once.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        self.cancel_pending(&key);
        let previous = self.set.insert(key.clone(), feed);
        if self.stop_requested {
            self.set.stop(self.now(), &key);
        }
        previous
    }

    /// Stops one of the feeds: see [`FeedSet::stop`]. Its remaining events and its end are still delivered. Its request
    /// in flight is abandoned, but occupies a thread until it ends.
    pub fn stop(&mut self, key: &K) {
        self.take_replies();
        if !self.set.is_stopped(key) {
            self.cancel_pending(key);
            self.set.stop(self.now(), key);
        }
    }

    /// Returns the next event, or [`TimedOut`](Waited::TimedOut) if there is none within this time. The requests in
    /// progress continue meanwhile.
    pub fn next_timeout(&mut self, timeout: Duration) -> Waited<<Self as Iterator>::Item> {
        self.next_within(Some(self.now().moment.saturating_add(timeout)), None)
    }

    /// Returns the next event, or [`Woken`](WaitOutcome::Woken) if another thread has used this handle: see
    /// [`Events::next_until`](crate::Events::next_until).
    pub fn next_until(
        &mut self,
        wake: &Wake,
        timeout: impl Into<Option<Duration>>,
    ) -> WaitOutcome<<Self as Iterator>::Item> {
        if self.turns.is_woken(wake) {
            return WaitOutcome::Woken;
        }
        let until = timeout.into().map(|timeout| self.now().moment.saturating_add(timeout));
        let handle = wake.interrupt().handle();
        match self.next_within(until, Some(&handle)) {
            Waited::Event(event) => WaitOutcome::Event(event),
            Waited::Ended => WaitOutcome::Ended,
            Waited::TimedOut if self.turns.take(wake, &handle) => WaitOutcome::Woken,
            Waited::TimedOut => WaitOutcome::TimedOut,
        }
    }

    /// Returns the next event, or `TimedOut` once the time has passed or the handle is stopped.
    fn next_within(
        &mut self,
        limit: Option<Moment>,
        interrupt: Option<&StopHandle>,
    ) -> Waited<<Self as Iterator>::Item> {
        let signal = self.signal.clone();
        let _on_interrupt = interrupt.map(|interrupt| interrupt.on_stop(move || signal.notify()));
        loop {
            let until = match self.poll() {
                Progress::Event(event) => return Waited::Event(event),
                Progress::Waiting(until) => until,
                Progress::Ended => return Waited::Ended,
            };
            let is_late = limit.is_some_and(|limit| limit <= self.now().moment);
            if is_late || interrupt.is_some_and(StopHandle::is_stopped) {
                return Waited::TimedOut;
            }
            self.wait_unless(interrupt, until.into_iter().chain(limit).min());
        }
    }

    /// Performs the steps that are due, up to the next event.
    pub(super) fn poll(&mut self) -> Progress<<Self as Iterator>::Item> {
        loop {
            self.take_replies();
            // The feeds are stopped before they are polled, so that an aborted request is not reported as a failure.
            if self.stop_handle.is_stopped() {
                self.stop_all();
            }
            match self.set.next(self.now()) {
                FeedSetStep::Step(key, Step::Event(event)) => {
                    return Progress::Event((key, FeedSetEvent::Event(event)));
                }
                FeedSetStep::Step(key, Step::Done(result)) => {
                    return Progress::Event((key, FeedSetEvent::Ended(result)));
                }
                FeedSetStep::Step(key, Step::Send(ticket, exchange)) => self.send(key, ticket, exchange),
                FeedSetStep::Step(key, Step::File(ticket, task)) => {
                    let reply = Reply::File(self.backend.file(task));
                    self.set.handle(self.now(), &key, ticket, reply);
                }
                FeedSetStep::Step(_, Step::Sleep(_)) => {}
                FeedSetStep::Sleep(until) => return Progress::Waiting(Some(until)),
                FeedSetStep::Idle => return Progress::Waiting(None),
                FeedSetStep::Empty => return Progress::Ended,
            }
        }
    }

    /// Waits until this time, or for a reply, the stop or the [signal](Self::signal).
    pub(super) fn wait(&mut self, until: Option<Moment>) {
        self.wait_unless(None, until);
    }

    /// Same as [`wait`](Self::wait), unless the interrupt comes first.
    fn wait_unless(&mut self, interrupt: Option<&StopHandle>, until: Option<Moment>) {
        if self.queue.is_none() {
            self.wait_virtually(until, interrupt);
        } else {
            // The interrupt notifies the signal.
            self.signal.wait(until.map(|until| until.saturating_duration_since(self.now().moment)));
        }
    }

    /// Returns the signal that ends a wait.
    pub(super) const fn signal(&self) -> &Signal {
        &self.signal
    }

    pub(super) fn backend(&self) -> &dyn Backend {
        &*self.backend
    }

    /// Takes the feeds out.
    pub(super) fn take_feeds(&mut self) -> FeedSet<K, F> {
        mem::take(&mut self.set)
    }

    fn now(&self) -> Now {
        self.backend.now()
    }

    fn cancel_pending(&mut self, key: &K) {
        if let Some(queue) = &self.queue {
            queue.cancel_pending(key);
        }
        self.pending.retain(|pending| pending.key != *key);
    }

    /// Passes the received replies to their feeds.
    fn take_replies(&mut self) {
        for (key, ticket, reply) in self.queue.iter().flat_map(Queue::drain_replies) {
            self.set.handle(self.backend.now(), &key, ticket, reply);
        }
        let now = self.now();
        let mut index = 0;
        while let Some(Pending { reply, .. }) = self.pending.get_mut(index) {
            if let Some(reply) = reply.wait(Some(now.moment), None) {
                let Pending { key, ticket, .. } = self.pending.remove(index);
                self.set.handle(now, &key, ticket, reply);
            } else {
                index += 1;
            }
        }
    }

    /// Waits until this time on a virtual clock, or until the next event on it.
    fn wait_virtually(&mut self, until: Option<Moment>, interrupt: Option<&StopHandle>) {
        let stop = Some(&self.stop_handle).filter(|_| !self.stop_requested);
        let stop = &StopHandle::any(stop.into_iter().chain(interrupt));
        let replies = self.pending.iter().filter_map(|pending| pending.reply.due());
        match replies.chain(until).chain(self.backend.next_event()).min() {
            Some(until) => self.backend.sleep(until, Some(stop)),
            // The backend knows no event, so that only a reply can be next.
            None => match self.pending.first_mut() {
                Some(Pending { reply, .. }) => {
                    if let Some(reply) = reply.wait(None, Some(stop)) {
                        let Pending { key, ticket, .. } = self.pending.remove(0);
                        self.set.handle(self.backend.now(), &key, ticket, reply);
                    }
                }
                // All feeds are paused.
                None => self.signal.wait(None),
            },
        }
    }

    fn stop_all(&mut self) {
        if mem::replace(&mut self.stop_requested, true) {
            return;
        }
        if let Some(queue) = &self.queue {
            queue.begin_shutdown();
        }
        self.pending.retain(|pending| pending.is_unsubscribe);
        self.set.stop_all(self.now());
    }

    fn send(&mut self, key: K, ticket: Ticket, exchange: Box<Exchange>) {
        let is_unsubscribe = self.set.is_stopped(&key);
        if let Some(queue) = &self.queue {
            return queue.push(key, ticket, exchange, is_unsubscribe);
        }
        if self.backend.has_ended(&exchange) {
            return drop(self.set.remove(&key));
        }
        let reply = self.backend.begin(exchange);
        self.pending.push(Pending { key, ticket, reply, is_unsubscribe });
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Drive<K, F> for FeedDriver<K, F> {
    fn insert(&mut self, key: &K, feed: F) {
        Self::insert(self, key.clone(), feed);
    }

    fn remove(&mut self, key: &K) {
        self.cancel_pending(key);
        self.set.remove(key);
    }

    fn set_paused(&mut self, key: &K, is_paused: bool) {
        self.set.set_paused(key, is_paused);
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Iterator for FeedDriver<K, F> {
    type Item = (K, FeedSetEvent<F::Event, F::Output>);

    fn next(&mut self) -> Option<Self::Item> {
        // Without a limit, the wait does not time out.
        self.next_within(None, None).event()
    }
}

/// Aborts the requests of the threads, so that they end.
impl<K, F: Feed> Drop for FeedDriver<K, F> {
    fn drop(&mut self) {
        self.stop_handle.stop();
    }
}

impl<K, F: Feed> fmt::Debug for FeedDriver<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FeedDriver")
            .field("set", &self.set)
            .field("stop_handle", &self.stop_handle)
            .finish_non_exhaustive()
    }
}
