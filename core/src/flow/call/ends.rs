//! The ends of a call without a result.

use core::mem;

use super::{Call, State};
use crate::error::{Cause, Error, GaveUp};

impl<T> Call<T> {
    /// Returns the state of a call whose request is not repeated.
    pub(super) fn fail(&self, error: Error, gave_up: GaveUp) -> State<T> {
        let error = error.after(self.attempts, gave_up);
        State::Done(Err(if self.outcome_unknown { error.after_unanswered_attempt() } else { error }))
    }

    /// Returns the state of a call whose time has passed.
    pub(super) fn time_is_up(&mut self) -> State<T> {
        let error = self.limit.error();
        self.fail(error, self.limit.gave_up())
    }

    /// Ends the call, unless it has a result.
    pub(super) fn cancel(&mut self) {
        if !matches!(self.state, State::Done(_) | State::Finished) {
            let is_in_flight = matches!(self.state, State::Waiting(_));
            self.state = State::Done(Err(self.cancelled(is_in_flight)));
        }
    }

    /// Ends a call whose machine is dropped, and returns its result, or an error that says whether it may have taken
    /// effect; `None` if the result has been taken.
    pub(crate) fn abandon(&mut self) -> Option<Result<T, Error>> {
        self.cancel();
        match mem::replace(&mut self.state, State::Finished) {
            State::Done(result) => Some(result),
            _ => None,
        }
    }

    /// Returns the error of a call that was stopped, after its request was `sent` or not.
    pub(super) fn cancelled(&self, sent: bool) -> Error {
        let cancelled = Error::from(Cause::Cancelled { outcome_unknown: self.outcome_unknown || sent });
        cancelled.after(self.attempts, GaveUp::Cancelled)
    }
}
