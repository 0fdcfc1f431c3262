//! Calls to the store, which are delayed and lost.

use std::time::Duration;

use teamwire_core::{
    claim::{Call, Member, Outcome, StoreError},
    effect::Now,
};
use teamwire_std::claims::{MemoryStore, perform};
use teamwire_test_support::Rng;

/// The faults of a network.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Faults {
    /// Calls of a hundred that are lost, whose response is lost, and that arrive after the caller has given up.
    pub(crate) lost: u64,
    pub(crate) unanswered: u64,
    pub(crate) late: u64,
}

/// A call on its way.
#[derive(Debug)]
pub(crate) struct Flight {
    pub(crate) sent: Now,
    member: Member,
    call: Call,
    /// Time at which the store performs it, and its outcome.
    arrives_at: Option<Duration>,
    outcome: Option<Outcome>,
    /// Time at which the caller has the outcome or gives up.
    pub(crate) ends_at: Duration,
    is_answered: bool,
}

impl Flight {
    /// Sends a call at `time`.
    pub(crate) fn new(
        random: &mut Rng,
        faults: Faults,
        time: Duration,
        sent: Now,
        member: &Member,
        call: Call,
    ) -> Self {
        let mut millis = |max| Duration::from_millis(random.below(max));
        let (there, back, late, give_up) = (millis(30), millis(30), millis(5_000), millis(300));
        let mut flight = Self {
            sent,
            member: member.clone(),
            call,
            arrives_at: Some(time + there),
            outcome: None,
            ends_at: time + there + back,
            is_answered: true,
        };
        let fate = random.below(100);
        if fate < faults.lost + faults.unanswered + faults.late {
            flight.is_answered = false;
            flight.ends_at += give_up;
        }
        if fate < faults.lost {
            flight.arrives_at = None;
        } else if fate < faults.lost + faults.late {
            flight.arrives_at = Some(flight.ends_at + late);
        }
        flight
    }

    /// Lets the store perform the call if it has arrived.
    pub(crate) fn arrive(&mut self, store: &mut MemoryStore, time: Duration) {
        if self.arrives_at.take_if(|arrives_at| *arrives_at <= time).is_some() {
            self.outcome = Some(perform(store, &self.member, &self.call));
        }
    }

    /// Returns `true` if the call can still arrive.
    pub(crate) const fn is_on_its_way(&self) -> bool {
        self.arrives_at.is_some()
    }

    /// Returns the outcome for the caller.
    pub(crate) fn outcome(&self) -> Outcome {
        if let (true, Some(outcome)) = (self.is_answered, &self.outcome) {
            return outcome.clone();
        }
        let error = StoreError::unavailable("the store does not respond");
        match self.call {
            Call::Renew => Outcome::Renew(Err(error)),
            Call::Claim(..) => Outcome::Claim(Err(error)),
            Call::Save(_) => Outcome::Save(Err(error)),
            Call::Release(_) => Outcome::Release(Err(error)),
            Call::Leave => Outcome::Leave(Err(error)),
        }
    }
}
