//! The network between the processes and the store.

use std::{collections::BTreeSet, time::Duration};

use teamwire_core::{
    claim::{Call, Member, Outcome, StoreError},
    effect::Now,
};

use super::scenario::Scenario;
use crate::random::Random;

/// Maximum time after which a call arrives whose caller has given up.
pub(super) const MAX_LATE: Duration = Duration::from_secs(5);

/// A call on its way to the store, or its outcome on the way back.
#[derive(Debug)]
pub(super) struct StoreCall {
    pub(super) process: usize,
    pub(super) member: Member,
    pub(super) call: Call,
    /// The feeds that the process may begin.
    pub(super) may_begin: BTreeSet<usize>,
    /// Time of sending, on the clocks of the process and of the run.
    pub(super) sent: Now,
    pub(super) sent_at: Duration,
    pub(super) outcome: Option<Outcome>,
    delivery: CallDelivery,
}

/// The times of a call, after it was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct CallDelivery {
    /// Time of its arrival at the store, if it arrives.
    pub(super) arrives_after: Option<Duration>,
    /// Time at which the caller has the outcome, or gives up.
    pub(super) ends_after: Duration,
    is_answered: bool,
}

impl CallDelivery {
    pub(super) fn draw(random: &mut Random, scenario: &Scenario, has_faults: bool) -> Self {
        let max_latency_ms = if has_faults { scenario.max_store_latency_ms } else { 5 };
        let (there, back) = (random.millis(0..=max_latency_ms), random.millis(0..=max_latency_ms));
        // Well below a third of the lease.
        let timeout = scenario.lease / 4;
        let latency = (there + back).min(timeout);
        let mut delivery = Self { arrives_after: Some(there), ends_after: latency, is_answered: true };
        let fate = if has_faults { random.below(1_000) } else { 1_000 };
        let (lost, unanswered) = (scenario.lost_permille, scenario.lost_permille + scenario.unanswered_permille);
        if fate < unanswered + scenario.late_permille {
            delivery.is_answered = false;
            // The connection is closed, or the caller has waited in vain.
            delivery.ends_after = if random.chance(500) { latency } else { timeout };
        }
        if fate < lost {
            delivery.arrives_after = None;
        } else if fate >= unanswered && !delivery.is_answered {
            delivery.arrives_after = Some(delivery.ends_after + random.millis(0..=MAX_LATE.as_secs() * 1_000));
        } else if random.chance(50) && delivery.is_answered && has_faults {
            // The response takes almost too long.
            delivery.ends_after = timeout;
        }
        delivery
    }
}

impl StoreCall {
    pub(super) const fn new(
        process: usize,
        member: Member,
        call: Call,
        may_begin: BTreeSet<usize>,
        sent: Now,
        sent_at: Duration,
        delivery: CallDelivery,
    ) -> Self {
        Self { process, member, call, may_begin, sent, sent_at, outcome: None, delivery }
    }

    /// Takes the outcome for the caller.
    pub(super) fn take_outcome(&mut self) -> Outcome {
        let error = StoreError::unavailable("the store does not respond");
        match self.outcome.take().filter(|_| self.delivery.is_answered) {
            Some(outcome) => outcome,
            None => match self.call {
                Call::Renew => Outcome::Renew(Err(error)),
                Call::Claim(..) => Outcome::Claim(Err(error)),
                Call::Save(_) => Outcome::Save(Err(error)),
                Call::Release(_) => Outcome::Release(Err(error)),
                Call::Leave => Outcome::Leave(Err(error)),
            },
        }
    }
}
