//! The part of a call that concerns the pace of the session.

use core::time::Duration;

use http::StatusCode;

use super::{Call, State};
use crate::{
    effect::Now,
    error::GaveUp,
    machine::Reply,
    pacing::{MAX_WAITED_PAUSE, Turn},
};

impl<T> Call<T> {
    /// Sends the request, or queues it if the session's requests are paced.
    pub(super) fn enqueue(&mut self, now: Now) -> State<T> {
        if !self.is_paced() || !self.session.pacer().is_active() {
            return self.send(now);
        }
        State::Queued(now.moment)
    }

    /// Returns `false` for a request that is never queued: one whose failure does not matter, and the login, which the
    /// paced requests wait for.
    pub(super) fn is_paced(&self) -> bool {
        !self.login.is_login && !self.is_best_effort()
    }

    /// Returns the turn of its requests, which is created when they are first paced.
    pub(super) fn turn(&mut self) -> &Turn {
        let Self { session, position, turn, .. } = self;
        turn.get_or_insert_with(|| session.pacer().turn(*position.get_or_insert_with(|| session.ticket().0)))
    }

    /// Returns the next state of a queued request, or `None` once it may be sent. A pause that is too long to wait for
    /// ends it with the error that started the pause.
    pub(super) fn queued(&mut self, now: Now) -> Option<State<T>> {
        let max = self.max_wait(now);
        let left = self.limit.left(now.moment).filter(|left| *left <= max);
        if let Some(error) = self.turn().pause_beyond(now.moment, max) {
            return Some(self.fail(error, left.map_or(GaveUp::RetryAfter, |_| self.limit.gave_up())));
        }
        self.turn().poll(now.moment).map(State::Queued)
    }

    /// Returns the maximum time that it waits for the end of a pause.
    pub(super) fn max_wait(&self, now: Now) -> Duration {
        let max = self.session.retry().max_retry_after.max(MAX_WAITED_PAUSE);
        self.limit.left(now.moment).map_or(max, |left| left.min(max))
    }
}

/// Returns `true` if the server has neither limited the request nor failed.
pub(super) fn is_accepted(reply: &Reply) -> bool {
    let Reply::Response(response) = reply else { return false };
    !response.status().is_server_error() && response.status() != StatusCode::TOO_MANY_REQUESTS
}
