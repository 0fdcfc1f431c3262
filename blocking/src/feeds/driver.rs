use std::{collections::BTreeSet, fmt, io, sync::Arc};

use teamwire_core::{Delivery, Exchange, Feed, FeedSet, Next, Script, Step, Ticket};
use teamwire_std::Clock;

use super::{means::Means, queue::Queue, stop_handle::StopHandle};
use crate::transport::Transport;

/// Many feeds, driven by a bounded number of threads: an iterator over what they deliver. It ends when all feeds have.
///
/// Each thread waits for one answer at a time. With more feeds than threads they take turns, and each turn may last as long
/// as the server waits for something to happen: to be quick, give each feed a thread, or let the server wait
/// [less](teamwire_core::Follow::wait). One more thread ends the subscriptions of feeds that are stopped, which so wait for
/// nobody's turn.
///
/// Dropping it gives the feeds up: nothing more is sent, and their subscriptions end by themselves within minutes.
pub struct FeedDriver<K, F: Feed> {
    set: FeedSet<K, F>,
    means: Arc<Means>,
    /// `None` for a script: its answers are there at once.
    queue: Option<Queue<K>>,
    stop_handle: StopHandle,
    stop_requested: bool,
    /// Who was stopped, each by itself, and has not ended yet.
    stopping: BTreeSet<K>,
}

impl<K: Ord + Clone + Send + 'static, F: Feed> FeedDriver<K, F> {
    /// Drives the feeds with so many threads (at least one), and with a transport of their own. What they send after they
    /// were stopped goes by the other one. Fails if the operating system has no more threads.
    pub fn new(
        set: FeedSet<K, F>,
        threads: usize,
        clock: Clock,
        transport: Arc<dyn Transport>,
        unsubscribe_transport: Arc<dyn Transport>,
    ) -> io::Result<Self> {
        let mut drive = Self::with(set, Means::Network { clock, transport, unsubscribe_transport });
        drive.queue = Some(Queue::new(threads.max(1), &drive.means, &drive.stop_handle)?);
        Ok(drive)
    }

    /// Drives the feeds by what the script says. Each ends where it has nothing more to say to it.
    pub fn scripted(set: FeedSet<K, F>, script: &Script) -> Self {
        Self::with(set, Means::Script(script.clone()))
    }

    fn with(set: FeedSet<K, F>, means: Means) -> Self {
        let (stop_handle, means) = (means.stop_handle(), Arc::new(means));
        Self { set, means, queue: None, stop_handle, stop_requested: false, stopping: BTreeSet::new() }
    }

    /// What ends all the feeds from another thread.
    pub fn stop_handle(&self) -> StopHandle {
        self.stop_handle.clone()
    }

    /// Adds a feed: see [`FeedSet::insert`]. After [`StopHandle::stop`] it is stopped at once.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        self.forget(&key);
        let previous = self.set.insert(key.clone(), feed);
        if self.stop_requested {
            self.set.stop(self.means.now(), &key);
        }
        previous
    }

    /// Ends one of the feeds: see [`FeedSet::stop`]. What it delivers until its end is still to come. Its request under way is
    /// left to itself, and keeps a thread for as long as it lasts.
    pub fn stop(&mut self, key: &K) {
        self.take_replies();
        self.forget(key);
        self.stopping.insert(key.clone());
        self.set.stop(self.means.now(), key);
    }

    fn forget(&mut self, key: &K) {
        self.stopping.remove(key);
        if let Some(queue) = &self.queue {
            queue.cancel_pending(key);
        }
    }

    /// Hands over what has been received.
    fn take_replies(&mut self) {
        for (key, ticket, reply) in self.queue.iter().flat_map(Queue::drain_replies) {
            self.set.handle(self.means.now(), &key, ticket, reply);
        }
    }

    fn stop_all(&mut self) {
        if std::mem::replace(&mut self.stop_requested, true) {
            return;
        }
        if let Some(queue) = &self.queue {
            queue.begin_shutdown();
        }
        self.set.stop_all(self.means.now());
    }

    fn send(&mut self, key: K, ticket: Ticket, exchange: Box<Exchange>) {
        let is_unsubscribe = self.stop_requested || self.stopping.contains(&key);
        if let Some(queue) = &self.queue {
            return queue.push(key, ticket, exchange, is_unsubscribe);
        }
        match self.means.send(*exchange, is_unsubscribe) {
            Some(reply) => self.set.handle(self.means.now(), &key, ticket, reply),
            None => drop(self.set.remove(&key)),
        }
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Iterator for FeedDriver<K, F> {
    type Item = (K, Delivery<F::Event, F::Output>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.take_replies();
            // Asked after that: what failed because it was told to give up is no trouble, as it is stopped before it is asked.
            if self.stop_handle.is_stopped() {
                self.stop_all();
            }
            match self.set.next(self.means.now()) {
                Next::Step(key, Step::Event(event)) => return Some((key, Delivery::Event(event))),
                Next::Step(key, Step::Done(result)) => {
                    self.stopping.remove(&key);
                    return Some((key, Delivery::Ended(result)));
                }
                Next::Step(key, Step::Send(ticket, exchange)) => self.send(key, ticket, exchange),
                Next::Step(key, Step::File(ticket, task)) => {
                    let reply = self.means.file(task);
                    self.set.handle(self.means.now(), &key, ticket, reply);
                }
                Next::Step(_, Step::Sleep(_)) => {}
                Next::Sleep(until) => self.means.sleep(until, &self.stop_handle),
                Next::Wait => self.stop_handle.wait(None),
                Next::Empty => return None,
            }
        }
    }
}

/// Lets the threads go, whatever they are waiting for.
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
