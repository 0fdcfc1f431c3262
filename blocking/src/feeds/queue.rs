use std::{
    collections::VecDeque,
    io,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    StopHandle,
    effect::{Exchange, TransportError, TransportErrorKind},
    machine::{Reply, Ticket},
};

use crate::{backend::Backend, signal::Signal, transport::unless_panicked};

/// Time after the stop of all feeds in which unsubscribe requests may start. Their timeouts are short enough for the
/// last of them to end within a second of the stop.
const UNSUBSCRIBE_GRACE: Duration = Duration::from_millis(300);

/// The exchanges that feeds wait for, and the threads that perform them. The threads end when it is dropped.
///
/// ```text
///   unsubscribes ──┬───────► a thread of their own, so that they never wait for a long poll
///                  ▼
///   polls ─────────┴───────► the other threads, which take both, polls first
/// ```
pub(super) struct Queue<K>(Arc<Shared<K>>);

struct Shared<K> {
    state: Mutex<State<K>>,
    /// Notified of a job for the threads that take both kinds.
    new_job: Condvar,
    /// Notified of a job for the thread that takes unsubscribes.
    new_unsubscribe: Condvar,
    backend: Arc<dyn Backend>,
    stop_handle: StopHandle,
    signal: Signal,
}

struct State<K> {
    polls: VecDeque<Job<K>>,
    unsubscribes: VecDeque<Job<K>>,
    replies: Vec<(K, Ticket, Reply)>,
    /// Time at which unsubscribes that have not started are abandoned: their leases expire.
    unsubscribe_deadline: Option<Instant>,
    closed: bool,
}

struct Job<K> {
    key: K,
    ticket: Ticket,
    exchange: Box<Exchange>,
    is_unsubscribe: bool,
}

impl<K: PartialEq + Send + 'static> Queue<K> {
    /// Starts this number of threads, and the one for unsubscribes. `signal` is notified of replies.
    pub(super) fn new(
        threads: usize,
        backend: &Arc<dyn Backend>,
        stop_handle: &StopHandle,
        signal: &Signal,
    ) -> io::Result<Self> {
        let state = State {
            polls: VecDeque::new(),
            unsubscribes: VecDeque::new(),
            replies: Vec::new(),
            unsubscribe_deadline: None,
            closed: false,
        };
        let queue = Self(Arc::new(Shared {
            state: Mutex::new(state),
            new_job: Condvar::new(),
            new_unsubscribe: Condvar::new(),
            backend: Arc::clone(backend),
            stop_handle: stop_handle.clone(),
            signal: signal.clone(),
        }));
        for number in 0..=threads {
            let shared = Arc::clone(&queue.0);
            let work = move || shared.work(number > 0);
            thread::Builder::new().name(format!("teamwire feeds {number}")).spawn(work)?;
        }
        Ok(queue)
    }

    pub(super) fn push(&self, key: K, ticket: Ticket, exchange: Box<Exchange>, is_unsubscribe: bool) {
        let mut state = self.0.state();
        let jobs = if is_unsubscribe { &mut state.unsubscribes } else { &mut state.polls };
        jobs.push_back(Job { key, ticket, exchange, is_unsubscribe });
        drop(state);
        // One thread is enough for a job. Of an unsubscribe, the other thread then finds none.
        if is_unsubscribe {
            self.0.new_unsubscribe.notify_one();
        }
        self.0.new_job.notify_one();
    }

    /// Removes the polls of this feed that have not started.
    pub(super) fn cancel_pending(&self, key: &K) {
        self.0.state().polls.retain(|job| job.key != *key);
    }

    /// Removes all polls that have not started, and limits the time for unsubscribes.
    pub(super) fn begin_shutdown(&self) {
        let mut state = self.0.state();
        state.polls.clear();
        state.unsubscribe_deadline = Some(Instant::now() + UNSUBSCRIBE_GRACE);
    }

    /// Takes the received replies.
    pub(super) fn drain_replies(&self) -> Vec<(K, Ticket, Reply)> {
        std::mem::take(&mut self.0.state().replies)
    }
}

impl<K> Shared<K> {
    fn work(&self, takes_polls: bool) {
        while let Some(Job { key, ticket, exchange, is_unsubscribe }) = self.job(takes_polls) {
            let is_late = self.state().unsubscribe_deadline.is_some_and(|deadline| Instant::now() >= deadline);
            let reply = if is_late {
                Reply::Error(TransportError::new(TransportErrorKind::Timeout, "no time is left to unsubscribe"))
            } else {
                let stop = Some(&self.stop_handle).filter(|_| !is_unsubscribe);
                unless_panicked(|| self.backend.perform(exchange, stop))
            };
            self.add_reply(key, ticket, reply);
        }
    }

    /// Not inlined, so that the stack of a thread that performs an exchange has no copies of the reply.
    #[inline(never)]
    fn add_reply(&self, key: K, ticket: Ticket, reply: Reply) {
        self.state().replies.push((key, ticket, reply));
        self.signal.notify();
    }

    /// Waits for the next job; `None` once the queue is closed.
    fn job(&self, takes_polls: bool) -> Option<Job<K>> {
        let mut state = self.state();
        loop {
            if state.closed {
                return None;
            }
            let poll = if takes_polls { state.polls.pop_front() } else { None };
            if let Some(job) = poll.or_else(|| state.unsubscribes.pop_front()) {
                return Some(job);
            }
            let changed = if takes_polls { &self.new_job } else { &self.new_unsubscribe };
            state = changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K> Drop for Queue<K> {
    fn drop(&mut self) {
        self.0.state().closed = true;
        self.0.new_job.notify_all();
        self.0.new_unsubscribe.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use teamwire_core::{
        Client,
        executor::Manual,
        machine::{Machine, Step},
    };
    use teamwire_test_support::config;

    use super::*;
    use crate::{network::Network, transport::StoppableTransport};

    struct Panics;

    impl StoppableTransport for Panics {
        fn perform(&self, _: Box<Exchange>, _: Option<&StopHandle>) -> Reply {
            panic!("as a test of that");
        }
    }

    #[test]
    fn panic_of_a_transport_is_the_error_of_its_exchange() {
        let (backend, signal): (Arc<dyn Backend>, _) = (Arc::new(Network::new(Panics)), Signal::default());
        let queue = Queue::new(1, &backend, &StopHandle::new(), &signal).expect("two threads");
        let now = backend.now();
        let client = Client::new(Manual::new(config("http://127.0.0.1:9"), [7; 32], now));
        // More than there are threads.
        for key in 0..6 {
            let Step::Send(ticket, exchange) = client.contacts().me().poll(now) else { panic!("it sends a request") };
            queue.push(key, ticket, exchange, key % 2 == 0);
        }
        let (mut replies, end) = (Vec::new(), Instant::now() + Duration::from_secs(20));
        while replies.len() < 6 && Instant::now() < end {
            signal.wait(Some(end.saturating_duration_since(Instant::now())));
            replies.extend(queue.drain_replies());
        }
        assert_eq!(replies.len(), 6, "no thread has ended");
        assert!(replies.iter().all(|(.., reply)| matches!(reply, Reply::Error(error) if error.sent)), "{replies:?}");
    }
}
