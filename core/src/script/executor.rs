use alloc::boxed::Box;
use core::{
    future::{Future, ready},
    pin::pin,
    task::{Context, Poll, Waker},
    time::Duration,
};

use chrono::TimeDelta;

use super::{Events, Script};
use crate::{
    effect::Now,
    error::Error,
    executor::{Executor, Operation, Portable},
    feed::Waited,
    flow::Flow,
    machine::{Feed, Step},
    session::Session,
    stop_handle::StopHandle,
};

/// Runs the script synchronously, without waiting.
impl Executor for Script {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn with_session(&self, session: Session) -> Self {
        Self { session, state: self.state.clone() }
    }

    fn now(&self) -> Now {
        self.state.with(|state| {
            let since_epoch = TimeDelta::from_std(state.moment.since_epoch()).unwrap_or_default();
            Now::new(state.moment, state.utc.checked_add_signed(since_epoch).unwrap_or(state.utc))
        })
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        self.state.with(|state| state.stops.push((state.moment.saturating_add(time), stop.clone())));
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        loop {
            match flow.poll(self.now()) {
                Step::Done(result) => return result,
                step => self.perform_step(&mut flow, step),
            }
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(self.clone(), feed)
    }
}

impl Portable for Script {
    fn wait<'a, T: Send + 'a>(run: Result<T, Error>) -> Operation<'a, T> {
        Box::pin(ready(run))
    }

    async fn next<F: Feed + 'static>(events: &mut Self::Events<F>) -> Option<Result<F::Event, Error>> {
        events.next()
    }

    fn next_within<'a, F: Feed + 'static>(
        events: &'a mut Self::Events<F>,
        _: Option<Duration>,
        interrupt: &'a StopHandle,
    ) -> Operation<'a, Waited<F::Event>> {
        Box::pin(async move {
            if interrupt.is_stopped() {
                return Ok(Waited::TimedOut);
            }
            Ok(events.next().transpose()?.map_or(Waited::Ended, Waited::Event))
        })
    }

    fn run_future<'a, T: Send + 'a>(future: impl Future<Output = Result<T, Error>> + Send + 'a) -> Result<T, Error> {
        let (mut future, mut cx) = (pin!(future), Context::from_waker(Waker::noop()));
        loop {
            // Operations of a script are ready at once.
            if let Poll::Ready(result) = future.as_mut().poll(&mut cx) {
                return result;
            }
            core::hint::spin_loop();
        }
    }
}
