//! Timers that fire when nothing else can happen.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
    thread,
    time::Duration,
};

/// Maximum real time of a timer. Longer timers never decide an operation, because a shorter one fires first.
const MAX_REAL_WAIT: Duration = Duration::from_millis(3);

/// All active timers.
#[derive(Clone, Default)]
pub(crate) struct Timers(Arc<Mutex<Vec<Weak<Timer>>>>);

struct Timer {
    time: Duration,
    has_fired: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

/// A future that completes when its timer fires.
pub(crate) struct Sleep(Arc<Timer>);

impl Timers {
    /// Fires the shortest timer, after its time or at once. Returns `false` if there is none.
    pub(crate) fn fire_next(&self, real_time: bool) -> bool {
        let mut timers = lock(&self.0);
        timers.retain(|timer| timer.upgrade().is_some_and(|timer| !timer.has_fired.load(Ordering::SeqCst)));
        let Some(timer) = timers.iter().filter_map(Weak::upgrade).min_by_key(|timer| timer.time) else { return false };
        drop(timers);
        if real_time {
            thread::sleep(timer.time.min(MAX_REAL_WAIT));
        }
        timer.has_fired.store(true, Ordering::SeqCst);
        let waker = lock(&timer.waker).take();
        if let Some(waker) = waker {
            waker.wake();
        }
        true
    }
}

impl Sleep {
    pub(crate) fn new(timers: &Timers, time: Duration) -> Self {
        let timer = Arc::new(Timer { time, has_fired: AtomicBool::new(time.is_zero()), waker: Mutex::default() });
        let mut all = lock(&timers.0);
        all.retain(|timer| timer.strong_count() > 0);
        all.push(Arc::downgrade(&timer));
        drop(all);
        Self(timer)
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.0.has_fired.load(Ordering::SeqCst) {
            return Poll::Ready(());
        }
        *lock(&self.0.waker) = Some(cx.waker().clone());
        Poll::Pending
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
