//! How long an exchange may take, and the alarm that tells when it is over.
//!
//! Setting a timer is dear: on most runtimes it wakes the thread that waits for events. So a connection keeps its alarm
//! from one exchange to the next. An alarm that was set for an earlier exchange rings too early for this one, and is
//! then set anew; as long as answers come in time, that is once per timeout and not once per request.

use std::{
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::{Arc, Mutex, PoisonError},
    task::{Context, Poll, Wake, Waker},
    time::{Duration, Instant},
};

use teamwire_core::{Fault, FaultKind, Timeout};

use crate::runtime::Runtime;

/// The time that is left to one exchange.
pub(super) struct Deadline<'r, R> {
    runtime: &'r R,
    timeout: Timeout,
    /// When the time began to run: with the exchange, or when the last byte moved.
    since: Instant,
    /// What it is running out on, for the error.
    phase: &'static str,
    alarm: Option<Box<Alarm>>,
}

impl<'r, R: Runtime> Deadline<'r, R> {
    /// The time begins to run now.
    pub(super) fn start(runtime: &'r R, timeout: Timeout) -> Self {
        Self { runtime, timeout, since: Instant::now(), phase: "at the start", alarm: None }
    }

    pub(super) const fn runtime(&self) -> &'r R {
        self.runtime
    }

    /// Goes by this alarm, if there is one, should it have to wait.
    pub(super) fn use_alarm(&mut self, alarm: Option<Box<Alarm>>) {
        self.alarm = alarm.or(self.alarm.take());
    }

    /// Gives the alarm away, for another exchange. Meanwhile it wakes nobody.
    pub(super) fn take_alarm(&mut self) -> Option<Box<Alarm>> {
        let alarm = self.alarm.take()?;
        alarm.relay.connect(None);
        Some(alarm)
    }

    pub(super) fn enter(&mut self, phase: &'static str) {
        self.phase = phase;
    }

    /// A byte has moved, or as much as that.
    pub(super) fn moved(&mut self) {
        if let Timeout::Inactivity(_) = self.timeout {
            self.since = Instant::now();
        }
    }

    /// How much time is left, if nothing moves.
    pub(super) fn left(&self) -> Duration {
        self.due().map_or(Duration::MAX, |due| due.saturating_duration_since(Instant::now()))
    }

    /// Waits for this to be ready, but no longer than the time allows.
    pub(super) async fn run<T>(&mut self, mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>) -> Result<T, Fault> {
        poll_fn(|cx| match poll(cx) {
            Poll::Ready(value) => {
                self.moved();
                Poll::Ready(Ok(value))
            }
            Poll::Pending => self.poll_over(cx).map(Err),
        })
        .await
    }

    /// As [`run`](Self::run), for a future.
    pub(super) async fn race<T>(&mut self, future: impl Future<Output = T>) -> Result<T, Fault> {
        let mut future = pin!(future);
        self.run(|cx| future.as_mut().poll(cx)).await
    }

    /// Ready when the time is over.
    fn poll_over(&mut self, cx: &mut Context<'_>) -> Poll<Fault> {
        // A time that the clock cannot count up to is for ever.
        let Some(due) = self.due() else { return Poll::Pending };
        let alarm = self.alarm.get_or_insert_default();
        alarm.relay.connect(Some(cx.waker()));
        loop {
            if alarm.rings.is_none_or(|rings| due < rings) {
                let left = due.saturating_duration_since(Instant::now());
                let runtime = self.runtime.clone();
                alarm.sleep = Box::pin(async move { runtime.sleep(left).await });
                alarm.rings = Some(due);
            }
            if alarm.poll().is_pending() {
                return Poll::Pending;
            }
            if due <= Instant::now() {
                return Poll::Ready(self.fault());
            }
        }
    }

    fn due(&self) -> Option<Instant> {
        self.since.checked_add(self.timeout.silence())
    }

    fn fault(&self) -> Fault {
        let phase = self.phase;
        Fault::new(
            FaultKind::Timeout,
            match self.timeout {
                Timeout::Total(time) => format!("no whole answer within {time:?} (it was spent {phase})"),
                Timeout::Inactivity(time) => format!("not a byte moved for {time:?} ({phase})"),
                Timeout::LongPoll { head, .. } => format!("no response within {head:?} (it was spent {phase})"),
            },
        )
    }
}

/// A timer that is always polled with the same waker, so that the runtime need not register it again for every task
/// that uses the connection.
pub(super) struct Alarm {
    sleep: Pin<Box<dyn Future<Output = ()> + Send>>,
    /// When; `None` if it is not set.
    rings: Option<Instant>,
    relay: Arc<Relay>,
    waker: Waker,
}

impl Default for Alarm {
    fn default() -> Self {
        let relay = Arc::<Relay>::default();
        Self { sleep: Box::pin(async {}), rings: None, waker: Waker::from(relay.clone()), relay }
    }
}

impl Alarm {
    /// Ready once, when it rings.
    fn poll(&mut self) -> Poll<()> {
        let rung = self.sleep.as_mut().poll(&mut Context::from_waker(&self.waker));
        if rung.is_ready() {
            self.rings = None;
        }
        rung
    }
}

/// Wakes whoever waits at the moment.
#[derive(Default)]
struct Relay(Mutex<Option<Waker>>);

impl Relay {
    fn connect(&self, waker: Option<&Waker>) {
        let mut slot = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match (&mut *slot, waker) {
            (Some(old), Some(new)) => old.clone_from(new),
            (slot, new) => *slot = new.cloned(),
        }
    }
}

impl Wake for Relay {
    fn wake(self: Arc<Self>) {
        // Outside of the lock: whoever is woken may use it at once.
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
