//! The deadline of an exchange, and its timer.
//!
//! Arming a timer is expensive: on most runtimes it wakes the thread that waits for events. So a connection keeps its
//! timer between exchanges. A timer that was armed for an earlier exchange fires early, and is then armed again: as
//! long as responses arrive in time, that is once per timeout instead of once per request.

use std::{
    future::{Future, poll_fn},
    net::SocketAddr,
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use teamwire_core::effect::{Timeout, TransportError};
use teamwire_std::{body::timed_out, unacknowledged_bytes};

use crate::runtime::Runtime;

/// Number of consecutive reads and writes without a wait after which the task yields.
const MAX_STREAK: u32 = 64;
/// Number of consecutive reads and writes without a wait after which the clock is read. Otherwise the timer fires at
/// the deadline.
const MAX_UNTIMED: u32 = 8;

/// The deadline of one exchange.
pub(super) struct Deadline<'r, R> {
    runtime: &'r R,
    timeout: Timeout,
    /// Maximum duration of the whole exchange, whatever its timeout.
    max_duration: Option<Duration>,
    begun: Instant,
    /// Start of the time limit: the start of the exchange, or the time at which the last byte moved.
    since: Instant,
    /// Number of reads and writes since the last wait.
    streak: u32,
    /// Other requests of the client are in flight.
    has_others: bool,
    /// Phase of the exchange, for the error.
    phase: &'static str,
    timer: Option<Box<Timer>>,
    drain: Option<Box<Drain>>,
}

/// Request bytes that the operating system has still to deliver.
struct Drain {
    local: SocketAddr,
    peer: SocketAddr,
    sampled: Instant,
    /// Number of these bytes at the last sample, and since when nothing else had moved then.
    left: Option<(u64, Instant)>,
}

impl<'r, R: Runtime> Deadline<'r, R> {
    /// Starts the time limit now.
    pub(super) fn start(runtime: &'r R, timeout: Timeout, max_duration: Option<Duration>) -> Self {
        let now = Instant::now();
        Self {
            runtime,
            timeout,
            max_duration,
            begun: now,
            since: now,
            streak: 0,
            has_others: false,
            phase: "starting",
            timer: None,
            drain: None,
        }
    }

    /// Returns the time after which the exchange times out if nothing happens.
    pub(super) fn idle_time(&self) -> Duration {
        self.max_duration.map_or(self.timeout.max_idle(), |time| time.min(self.timeout.max_idle()))
    }

    pub(super) const fn runtime(&self) -> &'r R {
        self.runtime
    }

    /// Uses this timer, if there is one.
    pub(super) fn use_timer(&mut self, timer: Option<Box<Timer>>) {
        self.timer = timer.or(self.timer.take());
    }

    /// Takes the timer for another exchange. Until then it does not wake any task.
    pub(super) fn take_timer(&mut self) -> Option<Box<Timer>> {
        let timer = self.timer.take()?;
        timer.forwarding.connect(None);
        Some(timer)
    }

    /// Records that other requests of the client are in flight.
    pub(super) fn note_others(&mut self) {
        self.has_others = true;
    }

    /// Yields to the tasks of other requests, if there are any, before the next read. Meanwhile the response may
    /// arrive, and then no wait for it has to be registered and ended, which costs more than all else in the engine.
    pub(super) fn yield_to_others(&mut self) {
        if self.has_others {
            self.streak = MAX_STREAK;
        }
    }

    pub(super) fn enter_phase(&mut self, phase: &'static str) {
        self.phase = phase;
    }

    /// Restarts a limit of inactivity, as a byte has moved.
    pub(super) fn on_activity(&mut self) {
        if let Timeout::Idle(_) = self.timeout {
            self.since = Instant::now();
        }
    }

    /// Records that bytes have moved on another thread. Fails if the exchange has meanwhile exceeded its whole time.
    pub(super) fn on_burst(&mut self) -> Result<(), TransportError> {
        self.on_activity();
        if self.has_expired(Instant::now()) { Err(self.timeout_error()) } else { Ok(()) }
    }

    /// Replaces the limit of a long poll by one of inactivity, once the head of its response has arrived.
    pub(super) fn head_has_arrived(&mut self) {
        if let Timeout::LongPoll { .. } = self.timeout {
            self.timeout = self.timeout.after_head();
            self.since = Instant::now();
        }
    }

    /// Counts bytes that the operating system delivers from this socket as activity.
    pub(super) fn watch_drain(&mut self, socket: &R::Stream) {
        self.drain = match self.timeout {
            Timeout::Idle(_) => self.runtime.addresses(socket).map(|(local, peer)| {
                let sampled = self.since;
                Box::new(Drain { local, peer, sampled, left: None })
            }),
            _ => None,
        };
    }

    /// Polls this until it is ready, or until the deadline.
    pub(super) async fn run<T>(
        &mut self,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Result<T, TransportError> {
        poll_fn(|cx| {
            if self.streak == MAX_STREAK {
                self.streak = 0;
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            let Poll::Ready(value) = poll(cx) else {
                self.streak = 0;
                return self.poll_over(cx).map(Err);
            };
            self.streak += 1;
            self.on_activity();
            Poll::Ready(if self.streak.is_multiple_of(MAX_UNTIMED) && self.has_expired(Instant::now()) {
                Err(self.timeout_error())
            } else {
                Ok(value)
            })
        })
        .await
    }

    /// Same as [`run`](Self::run), for a future.
    pub(super) async fn race<T>(&mut self, future: impl Future<Output = T>) -> Result<T, TransportError> {
        let mut future = pin!(future);
        self.run(|cx| future.as_mut().poll(cx)).await
    }

    /// Ready at the deadline.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<TransportError> {
        // A time beyond the range of the clock is no limit.
        if self.due().is_none() {
            return Poll::Pending;
        }
        self.timer.get_or_insert_default().forwarding.connect(Some(cx.waker()));
        while let Some(due) = self.due() {
            let due = self.next_sample().map_or(due, |sample| sample.min(due));
            let timer = self.timer.get_or_insert_default();
            if timer.fires_at.is_none_or(|fires_at| due < fires_at) {
                let left = due.saturating_duration_since(Instant::now());
                let runtime = self.runtime.clone();
                timer.sleep = Box::pin(async move { runtime.sleep(left).await });
                timer.fires_at = Some(due);
            }
            if timer.poll().is_pending() {
                break;
            }
            let now = Instant::now();
            self.sample(now);
            if self.has_expired(now) {
                return Poll::Ready(self.timeout_error());
            }
        }
        Poll::Pending
    }

    fn has_expired(&self, now: Instant) -> bool {
        self.due().is_some_and(|due| due <= now)
    }

    /// Returns the time of the next sample of bytes that the operating system delivers: four times within the limit.
    fn next_sample(&self) -> Option<Instant> {
        let drain = self.drain.as_ref()?;
        drain.sampled.max(self.since).checked_add(self.timeout.max_idle() / 4)
    }

    /// Samples the bytes that the operating system has still to deliver, if it is time.
    fn sample(&mut self, now: Instant) {
        if self.next_sample().is_none_or(|next| now < next) && !self.has_expired(now) {
            return;
        }
        let Some(drain) = &mut self.drain else { return };
        drain.sampled = now;
        // The kernel's table changes while it is read, so a connection is occasionally missing.
        let Some(left) = unacknowledged_bytes(drain.local, drain.peer) else { return };
        if drain.left.is_some_and(|(before, since)| left < before && since == self.since) {
            self.since = now;
        }
        drain.left = Some((left, self.since));
    }

    fn due(&self) -> Option<Instant> {
        let idle = self.since.checked_add(self.timeout.max_idle());
        idle.into_iter().chain(self.end()).min()
    }

    /// Returns the end of the whole exchange.
    fn end(&self) -> Option<Instant> {
        self.begun.checked_add(self.max_duration?)
    }

    fn timeout_error(&self) -> TransportError {
        let timeout = match self.max_duration {
            Some(time) if self.end().is_some_and(|end| end <= Instant::now()) => Timeout::Total(time),
            _ => self.timeout,
        };
        timed_out(timeout, Some(self.phase))
    }
}

/// A timer that is always polled with the same waker, so that the runtime does not have to register it again for each
/// task that uses the connection.
pub(super) struct Timer {
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// `None` if it is not armed.
    fires_at: Option<Instant>,
    forwarding: Arc<ForwardingWaker>,
    waker: Waker,
}

impl Default for Timer {
    fn default() -> Self {
        let forwarding = Arc::<ForwardingWaker>::default();
        Self { sleep: Box::pin(async {}), fires_at: None, waker: Waker::from(forwarding.clone()), forwarding }
    }
}

impl Timer {
    /// Ready once, when it fires.
    fn poll(&mut self) -> Poll<()> {
        let rung = self.sleep.as_mut().poll(&mut Context::from_waker(&self.waker));
        if rung.is_ready() {
            self.fires_at = None;
        }
        rung
    }
}

/// Waker that forwards to the waiting task.
#[derive(Default)]
struct ForwardingWaker(Mutex<Option<Waker>>);

impl ForwardingWaker {
    fn connect(&self, waker: Option<&Waker>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&mut *slot, waker) {
            (Some(old), Some(new)) => old.clone_from(new),
            (slot, new) => *slot = new.cloned(),
        }
    }
}

impl Wake for ForwardingWaker {
    fn wake(self: Arc<Self>) {
        // Outside of the lock, which the woken task may take at once.
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
