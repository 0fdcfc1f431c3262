//! The exchanges of executors with a script.

use super::{RecordedRequest, Respond, Script, plan::Received};
use crate::{
    effect::{Exchange, Moment, TransportError, TransportErrorKind},
    machine::Reply,
    stop_handle::StopHandle,
};

impl Script {
    /// For executors: returns `true` if a feed ends with this request, because the responses to it are used up, or the
    /// script is.
    pub fn is_done(&self, exchange: &Exchange) -> bool {
        let base = self.session.config().base_url().path();
        self.state.with(|state| {
            // A body that cannot be read fails in `perform`.
            let body = state.files.body(exchange.request.body()).unwrap_or_default();
            let request = &RecordedRequest::new(Moment::EPOCH, exchange, body);
            !state.plan.is_down(state.moment) && state.plan.is_used_up(Received { request, base, files: &state.files })
        })
    }

    /// For executors: performs this request and returns the reply of the script, for which the clock is advanced.
    ///
    /// # Panics
    /// If the script does not expect the request.
    pub fn perform(&self, exchange: &Exchange) -> Reply {
        let pending = self.begin(exchange);
        if self.wait_until(pending.due(), self.stop_of_wait()) {
            return pending.into_reply();
        }
        let stopped = TransportError::new(TransportErrorKind::Disconnected, "the exchange was stopped");
        Reply::Error(stopped.with_sent(true))
    }

    /// Returns the handle that ends a wait. After the stop there is none: what follows cleans up.
    pub(super) fn stop_of_wait(&self) -> Option<&StopHandle> {
        self.session.stop_handle().filter(|stop| !stop.is_stopped())
    }

    /// For executors: begins this request. The clock is not advanced.
    ///
    /// # Panics
    /// If the script does not expect the request.
    pub fn begin(&self, exchange: &Exchange) -> PendingReply {
        let base = self.session.config().base_url().path();
        let (now, respond) = self.state.with(|state| {
            let respond = state.files.body(exchange.request.body()).map(|body| {
                let request = RecordedRequest::new(state.moment, exchange, body);
                let respond = if state.plan.is_down(state.moment) {
                    Ok(Respond::unreachable())
                } else {
                    state.plan.respond(Received { request: &request, base, files: &state.files })
                };
                state.received.push(request);
                respond
            });
            (state.moment, respond)
        });
        // Outside the lock, which a panic would poison for the threads that share the script.
        match respond {
            Ok(Ok(respond)) => {
                let (due, reply) = respond.within(exchange.max_idle());
                let reply = self.state.with(|state| state.files.store_body(exchange, reply));
                PendingReply::new(now.saturating_add(due), reply)
            }
            Ok(Err(mismatch)) => panic!("{}", self.shown(&mismatch)),
            Err(error) => PendingReply::new(now, Reply::Error(error)),
        }
    }

    /// For executors: advances the clock to this time, unless it is later already.
    pub fn advance_to(&self, moment: Moment) {
        self.wait_until(moment, None);
    }

    /// For executors: advances the clock to this time, or to that at which the handle is stopped. Returns `false` if
    /// the handle is stopped before.
    pub fn wait_until(&self, moment: Moment, stop: Option<&StopHandle>) -> bool {
        loop {
            let is_stopped = stop.is_some_and(StopHandle::is_stopped);
            let due = self.state.with(|state| {
                if moment <= state.moment {
                    return Ok(true);
                }
                let next = state.stops.iter().map(|(at, _)| *at).min().filter(|at| *at <= moment);
                if is_stopped {
                    return Ok(false);
                }
                state.moment = state.moment.max(next.unwrap_or(moment));
                match state.stops.iter().position(|(at, _)| Some(*at) == next) {
                    Some(index) => Err(state.stops.remove(index).1),
                    None => Ok(true),
                }
            });
            match due {
                Ok(has_passed) => return has_passed,
                // Outside of the lock, because a stop calls hooks.
                Err(stop) => stop.stop(),
            }
        }
    }
}

/// The reply to a request on a [`Script`], and the time at which it arrives: see [`Script::begin`].
#[derive(Debug)]
pub struct PendingReply {
    due: Moment,
    reply: Reply,
}

impl PendingReply {
    pub(super) const fn new(due: Moment, reply: Reply) -> Self {
        Self { due, reply }
    }

    /// Returns the time at which the reply arrives, on the clock of the script.
    pub const fn due(&self) -> Moment {
        self.due
    }

    /// Returns the reply. Advance the clock to [`due`](Self::due) first.
    pub fn into_reply(self) -> Reply {
        self.reply
    }
}
