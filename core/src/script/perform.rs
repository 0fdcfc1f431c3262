//! The exchanges of executors with a script.

use super::{RecordedRequest, Respond, Script, plan::Received};
use crate::{
    effect::{Exchange, Moment},
    machine::Reply,
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
        self.advance_to(pending.due());
        pending.into_reply()
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
        self.state.with(|state| state.moment = state.moment.max(moment));
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
