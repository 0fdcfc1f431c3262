use std::{
    collections::VecDeque,
    fmt, io,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread,
};

use teamwire_core::{Delivery, Exchange, Feed, FeedSet, Next, Reply, Step, Ticket};

use super::{Stopper, Transport};
use crate::{Clock, files};

/// Many feeds, driven by a bounded number of threads: an iterator over what they deliver. It ends when all feeds have.
///
/// Each thread waits for one answer at a time. With more feeds than threads they take turns, and each turn may last as long
/// as the server waits for something to happen: to be quick, give each feed a thread, or let the server wait
/// [less](teamwire_core::Follow::wait).
pub struct Drive<K, F: Feed> {
    set: FeedSet<K, F>,
    clock: Clock,
    jobs: Sender<Job<K>>,
    replies: Arc<Mutex<VecDeque<Answered<K>>>>,
    stopper: Stopper,
    told_to_stop: bool,
}

/// With whether it was asked for after the feeds were told to end.
type Job<K> = (K, Ticket, Box<Exchange>, bool);
type Answered<K> = (K, Ticket, Reply);

impl<K: Ord + Clone + Send + 'static, F: Feed> Drive<K, F> {
    /// Drives the feeds with so many threads (at least one), and with a transport of their own. What they send after they
    /// were stopped goes by the other one. Fails if the operating system has no more threads.
    pub fn new(
        set: FeedSet<K, F>,
        threads: usize,
        clock: Clock,
        transport: Arc<dyn Transport>,
        farewell: Arc<dyn Transport>,
    ) -> io::Result<Self> {
        let stopper = Stopper::new(Some(transport.clone()));
        let (jobs, queue) = mpsc::channel();
        let replies = Arc::new(Mutex::default());
        let worker =
            Worker { queue: Arc::new(Mutex::new(queue)), replies: Arc::clone(&replies), stopper, transport, farewell };
        for number in 1..=threads.max(1) {
            let worker = worker.clone();
            thread::Builder::new().name(format!("teamwire feeds {number}")).spawn(move || worker.work())?;
        }
        Ok(Self { set, clock, jobs, replies, stopper: worker.stopper, told_to_stop: false })
    }

    /// What ends all the feeds from another thread.
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// Adds a feed: see [`FeedSet::insert`]. After [`Stopper::stop`] it is stopped at once.
    pub fn insert(&mut self, key: K, feed: F) -> Option<F> {
        let previous = self.set.insert(key.clone(), feed);
        if self.told_to_stop {
            self.stop(&key);
        }
        previous
    }

    /// Ends one of the feeds: see [`FeedSet::stop`].
    pub fn stop(&mut self, key: &K) {
        self.set.stop(self.clock.now(), key);
    }

    fn stop_all(&mut self) {
        if !self.told_to_stop {
            self.told_to_stop = true;
            self.set.stop_all(self.clock.now());
        }
    }

    /// Hands over what has been answered.
    fn take_replies(&mut self) {
        let replies = std::mem::take(&mut *self.replies.lock().unwrap_or_else(PoisonError::into_inner));
        let stops = self.stopper.is_stopped();
        for (key, ticket, reply) in replies {
            // What arrived is taken; that something did not, after it was told to give up, is no trouble.
            if stops && matches!(reply, Reply::Fault(_)) {
                self.stop_all();
            }
            self.set.handle(self.clock.now(), &key, ticket, reply);
        }
        if stops {
            self.stop_all();
        }
    }
}

impl<K: Ord + Clone + Send + 'static, F: Feed> Iterator for Drive<K, F> {
    type Item = (K, Delivery<F::Event, F::Output>);

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            self.take_replies();
            match self.set.next(self.clock.now()) {
                Next::Step(key, Step::Event(event)) => return Some((key, Delivery::Event(event))),
                Next::Step(key, Step::Done(result)) => return Some((key, Delivery::Ended(result))),
                Next::Step(key, Step::Send(ticket, exchange)) => {
                    // The workers end when this is dropped, and not before.
                    self.jobs.send((key, ticket, exchange, self.told_to_stop)).ok();
                }
                Next::Step(key, Step::File(ticket, task)) => {
                    self.set.handle(self.clock.now(), &key, ticket, Reply::File(files::perform(&task)));
                }
                Next::Step(_, Step::Sleep(_)) => {}
                Next::Sleep(until) => self.stopper.wait(Some(self.clock.until(until))),
                Next::Wait => self.stopper.wait(None),
                Next::Empty => return None,
            }
        }
    }
}

/// What each thread has.
struct Worker<K> {
    queue: Arc<Mutex<Receiver<Job<K>>>>,
    replies: Arc<Mutex<VecDeque<Answered<K>>>>,
    stopper: Stopper,
    transport: Arc<dyn Transport>,
    farewell: Arc<dyn Transport>,
}

impl<K> Worker<K> {
    fn work(&self) {
        while let Some((key, ticket, exchange, is_farewell)) = self.job() {
            // What was to be asked before the end is no longer wanted.
            if self.stopper.is_stopped() && !is_farewell {
                continue;
            }
            let transport = if is_farewell { &self.farewell } else { &self.transport };
            let reply = transport.perform(*exchange);
            self.replies.lock().unwrap_or_else(PoisonError::into_inner).push_back((key, ticket, reply));
            self.stopper.tell();
        }
    }

    /// The next job; `None` when there will be none.
    fn job(&self) -> Option<Job<K>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).recv().ok()
    }
}

impl<K> Clone for Worker<K> {
    fn clone(&self) -> Self {
        Self {
            queue: Arc::clone(&self.queue),
            replies: Arc::clone(&self.replies),
            stopper: self.stopper.clone(),
            transport: Arc::clone(&self.transport),
            farewell: Arc::clone(&self.farewell),
        }
    }
}

/// Lets the threads go, whatever they are waiting for.
impl<K, F: Feed> Drop for Drive<K, F> {
    fn drop(&mut self) {
        self.stopper.stop();
    }
}

impl<K, F: Feed> fmt::Debug for Drive<K, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drive").field("set", &self.set).field("stopper", &self.stopper).finish_non_exhaustive()
    }
}
