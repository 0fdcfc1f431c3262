//! The ends of a call that are decided by its client: its time and its stop handle.

use super::{Call, State};
use crate::error::Error;

impl<T> Call<T> {
    /// Returns the state of a call whose time has passed.
    pub(super) fn time_is_up(&mut self) -> State<T> {
        let error = self.limit.error();
        self.fail(error)
    }

    /// Ends the call, unless it has a result.
    pub(super) fn cancel(&mut self) {
        if !matches!(self.state, State::Done(_) | State::Finished) {
            let is_in_flight = matches!(self.state, State::Waiting(_));
            self.state = State::Done(Err(self.cancelled(is_in_flight)));
        }
    }

    /// Returns the error of a call that was stopped, after its request was `sent` or not.
    pub(super) fn cancelled(&self, sent: bool) -> Error {
        Error::Cancelled { outcome_unknown: self.outcome_unknown || sent }
    }
}
