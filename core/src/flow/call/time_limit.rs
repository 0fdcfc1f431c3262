//! The time within which a call sends its requests and waits.

use alloc::boxed::Box;
use core::{mem, time::Duration};

use crate::{
    effect::{Moment, TransportError, TransportErrorKind},
    error::{Error, GaveUp},
    session::Session,
};

/// The end of a call: the deadline of its session, or the end of the time that the retry policy allows.
#[derive(Debug)]
pub(super) struct TimeLimit {
    /// Set if the time that the policy allows is a limit.
    has_budget: bool,
    has_started: bool,
    end: Option<Moment>,
    /// Set if the end is that of the budget.
    ends_by_budget: bool,
    /// The last error of a call that may end while it waits for its turn.
    last_error: Option<Box<Error>>,
}

impl TimeLimit {
    pub(super) const fn new() -> Self {
        Self { has_budget: true, has_started: false, end: None, ends_by_budget: false, last_error: None }
    }

    /// Leaves only the deadline: for callers that retry themselves.
    pub(super) fn without_budget(self) -> Self {
        Self { has_budget: false, ..self }
    }

    /// Returns the limit of a request that is part of this call.
    pub(super) fn of_part(&self) -> Self {
        Self { has_started: true, end: self.end, ends_by_budget: self.ends_by_budget, ..Self::new() }
    }

    /// Starts the clock, the first time.
    pub(super) fn start(&mut self, now: Moment, session: &Session) {
        if mem::replace(&mut self.has_started, true) {
            return;
        }
        let budget = session.retry().give_up_after.filter(|_| self.has_budget);
        let (budget, deadline) = (budget.map(|time| now.saturating_add(time)), session.deadline());
        self.ends_by_budget = budget.is_some_and(|budget| deadline.is_none_or(|deadline| budget < deadline));
        self.end = if self.ends_by_budget { budget } else { deadline };
    }

    /// Returns the reason for which a call ends that has no time left.
    pub(super) const fn gave_up(&self) -> GaveUp {
        if self.ends_by_budget { GaveUp::Budget } else { GaveUp::Deadline }
    }

    /// Returns the time from `moment` to the end; `None` if there is none.
    pub(super) fn left(&self, moment: Moment) -> Option<Duration> {
        self.end.map(|end| end.saturating_duration_since(moment))
    }

    /// Returns the earlier of this time and the end.
    pub(super) fn cut(&self, until: Moment) -> Moment {
        self.end.map_or(until, |end| end.min(until))
    }

    /// Returns `true` if a wait until this time would reach the end.
    pub(super) fn is_reached_by(&self, until: Moment) -> bool {
        self.end.is_some_and(|end| until >= end)
    }

    /// Keeps the error for the end, if there is one.
    pub(super) fn keep(&mut self, error: Error) {
        if self.end.is_some() {
            self.last_error = Some(Box::new(error));
        }
    }

    /// Returns the last error or, if there was none, a timeout.
    pub(super) fn error(&mut self) -> Error {
        self.last_error.take().map_or_else(deadline_passed, |error| *error)
    }
}

/// Returns the error of an operation that has no time left.
pub(crate) fn deadline_passed() -> Error {
    TransportError::new(TransportErrorKind::Timeout, "no time is left for this operation").into()
}
