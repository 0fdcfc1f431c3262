//! Threads that run handlers.

use std::{
    any::Any,
    marker::PhantomData,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, Scope},
};

use teamwire_core::{Error, StopHandle};

/// The end of a handler.
pub(super) enum Failure<E> {
    Error(E),
    Panic(Box<dyn Any + Send>),
}

impl<E: From<Error>> From<Error> for Failure<E> {
    fn from(error: Error) -> Self {
        Self::Error(error.into())
    }
}

/// The result of a handler, with the key of its event.
pub(super) type Handled<K, E> = (K, Result<(), Failure<E>>);

/// Threads that pass events to a handler. They are started when they are needed.
pub(super) struct Workers<'scope, 'env, K, V, H, E> {
    scope: &'scope Scope<'scope, 'env>,
    worker: Worker<'env, K, V, H, E>,
    jobs: Sender<(K, V)>,
    results: Receiver<Handled<K, E>>,
    threads: usize,
    running: usize,
}

/// Calls `direct` with workers that call `handler`. Each result notifies `interrupt`. All threads have ended
/// afterwards.
pub(super) fn with_workers<'h, K, V, H, E, R>(
    handler: &'h H,
    interrupt: &Interrupt,
    direct: impl for<'scope, 'env> FnOnce(Workers<'scope, 'env, K, V, H, E>) -> R,
) -> R
where
    H: 'h,
{
    let ((jobs, queue), (results_sender, results)) = (mpsc::channel(), mpsc::channel());
    let queue = Mutex::new(queue);
    let worker =
        Worker { queue: &queue, handler, results: results_sender, interrupt: interrupt.clone(), errors: PhantomData };
    // The sender of the jobs is dropped at the end of `direct`, which ends the threads.
    thread::scope(|scope| direct(Workers { scope, worker, jobs, results, threads: 0, running: 0 }))
}

impl<'env, K, V, H, E> Workers<'_, 'env, K, V, H, E>
where
    K: Send + 'env,
    V: Send + 'env,
    H: Fn(V) -> Result<(), E> + Sync,
    E: Send + 'env,
{
    /// Passes an event to the handler.
    pub(super) fn start(&mut self, key: K, event: V) {
        self.running += 1;
        self.jobs.send((key, event)).expect("the queue lives longer than the scope");
        if self.threads < self.running {
            let worker = self.worker.clone();
            let started =
                thread::Builder::new().name("teamwire handler".into()).spawn_scoped(self.scope, move || worker.work());
            self.threads += usize::from(started.is_ok());
        }
        // The operating system has no thread left.
        if self.threads == 0
            && let Ok(job) = lock(self.worker.queue).try_recv()
        {
            self.worker.handle(job);
        }
    }

    /// Returns the number of handlers that run.
    pub(super) const fn running(&self) -> usize {
        self.running
    }

    /// Takes the results that have come.
    pub(super) fn results(&mut self) -> Vec<Handled<K, E>> {
        let results: Vec<_> = self.results.try_iter().collect();
        self.running -= results.len();
        results
    }

    /// Waits for the next result; `None` if no handler runs.
    pub(super) fn wait(&mut self) -> Option<Handled<K, E>> {
        if self.running == 0 {
            return None;
        }
        let result = self.results.recv().ok()?;
        self.running -= 1;
        Some(result)
    }
}

/// A thread that handles events.
struct Worker<'a, K, V, H, E> {
    queue: &'a Mutex<Receiver<(K, V)>>,
    handler: &'a H,
    results: Sender<Handled<K, E>>,
    interrupt: Interrupt,
    /// The errors live as long as the threads.
    errors: PhantomData<&'a Mutex<E>>,
}

impl<K, V, H, E> Clone for Worker<'_, K, V, H, E> {
    fn clone(&self) -> Self {
        Self { results: self.results.clone(), interrupt: self.interrupt.clone(), ..*self }
    }
}

impl<K, V, H: Fn(V) -> Result<(), E>, E> Worker<'_, K, V, H, E> {
    /// Handles events until the queue is closed.
    fn work(&self) {
        while let Some(job) = self.next() {
            self.handle(job);
        }
    }

    /// Waits for the next event.
    fn next(&self) -> Option<(K, V)> {
        lock(self.queue).recv().ok()
    }

    fn handle(&self, (key, event): (K, V)) {
        // The handler is not called again after a panic, except where it runs already.
        let result = match catch_unwind(AssertUnwindSafe(|| (self.handler)(event))) {
            Ok(result) => result.map_err(Failure::Error),
            Err(payload) => Err(Failure::Panic(payload)),
        };
        // The receiver is gone if the thread that directs the workers has panicked.
        self.results.send((key, result)).ok();
        self.interrupt.notify();
    }
}

/// Ends the waits of the thread that follows the feed: a handle for each of them. Clones are the same interrupt.
#[derive(Clone, Default)]
pub(super) struct Interrupt(Arc<Mutex<StopHandle>>);

impl Interrupt {
    /// Ends the current wait, or the next one if it has not begun.
    pub(super) fn notify(&self) {
        // Outside of the lock, because the stop wakes the waiter.
        let current = lock(&self.0).clone();
        current.stop();
    }

    /// Returns the handle of the next wait, which an earlier notification does not end.
    pub(super) fn arm(&self) -> StopHandle {
        self.take();
        self.handle()
    }

    /// Returns the handle of the next wait.
    pub(super) fn handle(&self) -> StopHandle {
        lock(&self.0).clone()
    }

    /// Returns `true` if the next wait would end at once. It does not any more.
    pub(super) fn take(&self) -> bool {
        let mut current = lock(&self.0);
        let is_notified = current.is_stopped();
        if is_notified {
            *current = StopHandle::new();
        }
        is_notified
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
