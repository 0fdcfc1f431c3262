//! The invariants of a session.

use teamwire_core::Error;

use super::{
    super::{protocol::EXPIRED, server::Operation},
    Caller, Simulation, TIMEOUT, Takeover,
};
use crate::violation::{Violation, violation};

impl Simulation<'_> {
    /// Checks that no other operation logs in.
    pub(super) fn check_only_login(&self, caller: usize) -> Result<(), Violation> {
        let other = (0..self.callers.len()).find(|other| {
            let Caller { in_flight, polled_at, .. } = &self.callers[*other];
            let is_polled = self.clock < *polled_at + TIMEOUT * 2;
            *other != caller && is_polled && in_flight.is_some_and(|in_flight| in_flight.is_login)
        });
        match other {
            Some(other) => {
                violation("at most one login is in flight", || format!("those of operations {other} and {caller}"))
            }
            None => Ok(()),
        }
    }

    /// Checks that one of the operations that waited has taken over, unless they are all neglected.
    pub(super) fn check_takeover(&mut self) -> Result<(), Violation> {
        let Some(Takeover { waiting, until }) = &mut self.takeover else { return Ok(()) };
        waiting.retain(|caller| self.callers[*caller].waits);
        if waiting.is_empty() {
            self.takeover = None;
        } else if self.clock > *until {
            return violation("the login of a dropped operation is taken over at once", || format!("{waiting:?} wait"));
        }
        Ok(())
    }

    /// Checks the result of an operation against what the server has done.
    pub(super) fn check_result(&mut self, caller: usize, result: &Result<(), Error>) -> Result<(), Violation> {
        self.log(|| format!("operation {caller} ends: {result:?}"));
        let Operation { performed, refused } = &self.server.operations[caller];
        let (times, refusals) = (performed.len(), refused.len());
        if times > 1 {
            return violation("an operation is performed at most once", || {
                format!("operation {caller}: {times} times")
            });
        }
        let Err(error) = result else {
            if times == 0 {
                return violation("an operation succeeds if it was performed", || format!("operation {caller}"));
            }
            return Ok(());
        };
        if times > 0 && !error.outcome_unknown() {
            return violation("an error reports an unknown outcome", || format!("operation {caller}: {error:?}"));
        }
        if error.code() == Some(EXPIRED) && refusals < 2 {
            return violation("no operation fails because of an expiry", || format!("operation {caller}: {error:?}"));
        }
        if !error.is_transient() && error.code() != Some(EXPIRED) {
            return violation("an operation fails only because of the network", || format!("{caller}: {error:?}"));
        }
        Ok(())
    }
}
