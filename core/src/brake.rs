//! The pace of a session's requests after the server has limited them: one pause for all of them, then one after the other.

use core::time::Duration;

use crate::clock::Moment;

/// The shortest time between two requests while they are paced, and the longest: both where a pause begins, and at all.
const SHORTEST_GAP: Duration = Duration::from_millis(50);
const LONGEST_FIRST_GAP: Duration = Duration::from_secs(1);
const LONGEST_GAP: Duration = Duration::from_secs(4);
/// Time without a limit after which the gap is halved.
const CALM: Duration = Duration::from_secs(10);

/// The shared pace. Without it, each of many requests would run into the limit for itself, at the same time as the others.
///
/// After a pause, requests are let through with a gap in between. Limited again in spite of it, the gap doubles; while
/// nothing is limited, it shrinks, down to none.
#[derive(Debug, Default)]
pub(crate) struct Brake {
    /// Counts the pauses. A turn that was given before the last one is void.
    pauses: u64,
    /// When the next turn is.
    next: Moment,
    gap: Duration,
    /// When a request was last limited, and when the gap last changed.
    limited_at: Moment,
    changed_at: Moment,
}

/// A request's place in the order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Turn {
    /// When the request may be sent.
    pub(crate) at: Moment,
    pauses: u64,
}

impl Brake {
    /// Takes note that a request that was sent at that time was limited, and of the wait that was asked for.
    pub(crate) fn limited(&mut self, now: Moment, sent_at: Moment, asked: Duration) {
        let until = now.plus(asked);
        // Of those that were sent together, only one counts.
        let is_another = self.gap.is_zero() || sent_at > self.limited_at;
        if is_another {
            let gap =
                if self.gap.is_zero() { (asked / 8).clamp(SHORTEST_GAP, LONGEST_FIRST_GAP) } else { self.gap * 2 };
            (self.gap, self.changed_at) = (gap.min(LONGEST_GAP), now);
        }
        self.limited_at = now;
        if is_another || until > self.next {
            self.pauses += 1;
            self.next = until;
        }
    }

    /// Returns the next turn: at once, if nothing was limited lately.
    pub(crate) fn turn(&mut self, now: Moment, random: u64) -> Turn {
        let halvings = now.since(self.changed_at).as_secs() / CALM.as_secs();
        if halvings > 0 {
            let gap = self.gap / (1 << halvings.min(16));
            (self.gap, self.changed_at) = (if gap < SHORTEST_GAP { Duration::ZERO } else { gap }, now);
        }
        let at = if self.next > now { self.next.plus(part(self.gap, random)) } else { now };
        if !self.gap.is_zero() {
            self.next = self.next.max(now).plus(self.gap);
        }
        Turn { at, pauses: self.pauses }
    }

    /// Returns `true` unless there was another pause since the turn was given.
    pub(crate) const fn is_valid(&self, turn: Turn) -> bool {
        turn.pauses == self.pauses
    }
}

/// A random part of up to half of the gap: other sessions are let through at the same times.
fn part(gap: Duration, random: u64) -> Duration {
    let half = u64::try_from(gap.as_nanos() / 2).unwrap_or(u64::MAX);
    Duration::from_nanos(random % half.saturating_add(1))
}
