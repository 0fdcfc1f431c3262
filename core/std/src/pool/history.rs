use std::time::{Duration, Instant};

use teamwire_core::effect::{TransportError, TransportErrorKind};

use crate::Origin;

/// Least maximum age of a connection, even in constant use, so that changes of DNS and load balancing take effect.
const MIN_MAX_AGE: Duration = Duration::from_secs(4 * 60);

/// Range of the maximum ages, so that the connections of a burst are not all replaced at once.
const MAX_AGE_RANGE: Duration = Duration::from_secs(60);

/// Time for which a connection is trusted to be open after it was made, or found to be open.
const TRUSTED_FOR: Duration = Duration::from_secs(1);

/// Time after the loss of a reused connection in which none is trusted: the server may close them all without notice.
const DISTRUSTED_FOR: Duration = Duration::from_secs(60);

/// History of a connection, which decides on its reuse.
#[derive(Debug)]
pub struct ConnectionHistory {
    origin: Origin,
    opened: Instant,
    /// Time from which it is too old, however busy it is. `None` until it is first returned to the pool.
    old_from: Option<Instant>,
    /// Time at which it was made, or last found to be open.
    checked: Instant,
    reuse: Option<Reuse>,
}

/// Reuse of a connection by the exchange that has it.
#[derive(Clone, Copy, Debug)]
struct Reuse {
    since: Instant,
    is_unchecked: bool,
}

impl ConnectionHistory {
    /// Creates the history of a connection to this origin that was made now.
    pub const fn new(origin: Origin, now: Instant) -> Self {
        Self { origin, opened: now, old_from: None, checked: now, reuse: None }
    }

    /// Returns the origin that it is connected to.
    #[inline]
    pub const fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns whether it has served an earlier exchange.
    #[inline]
    pub const fn is_reused(&self) -> bool {
        self.reuse.is_some()
    }

    /// Returns whether it is reused without a check that it is open.
    #[inline]
    pub(super) fn is_unchecked(&self) -> bool {
        self.reuse.is_some_and(|reuse| reuse.is_unchecked)
    }

    /// Limits its age when it is first returned to the pool, which gives it this number.
    pub(super) fn limit_age(&mut self, number: impl FnOnce() -> u32) {
        let opened = self.opened;
        self.old_from.get_or_insert_with(|| opened + max_age(number()));
    }

    /// Returns whether it is too old.
    #[inline]
    pub(super) fn is_old(&self, now: Instant) -> bool {
        self.old_from.is_some_and(|then| then <= now)
    }

    /// Returns whether an exchange that replaces a stale connection may reuse it unchecked. `lost` is the time of the
    /// last loss of a reused connection.
    ///
    /// So each connection is checked once a second at most, and a server whose connections do not last gets few
    /// requests twice.
    #[inline]
    pub(super) fn is_trusted(&self, lost: Option<Instant>, now: Instant) -> bool {
        now.saturating_duration_since(self.checked) < TRUSTED_FOR
            && lost.is_none_or(|lost| now.saturating_duration_since(lost) >= DISTRUSTED_FOR)
    }

    /// Records that an exchange reuses it, after a check unless it was trusted.
    #[inline]
    pub(super) const fn record_reuse(&mut self, now: Instant, is_trusted: bool) {
        if !is_trusted {
            self.checked = now;
        }
        self.reuse = Some(Reuse { since: now, is_unchecked: is_trusted });
    }

    /// Returns the time at which it was reused, if this error of the exchange shows that it was dead by then: no byte
    /// has arrived in response. If it was reused unchecked, bytes without a whole head may have arrived before.
    #[inline]
    pub(super) fn dead_since(&self, error: &TransportError, has_received: bool) -> Option<Instant> {
        let Reuse { since, is_unchecked } = self.reuse?;
        let is_lost = match error.kind {
            TransportErrorKind::Disconnected => true,
            TransportErrorKind::Timeout => error.sent,
            _ => false,
        };
        let has_response = has_received && !(is_unchecked && error.head.is_none());
        (is_lost && !has_response).then_some(since)
    }
}

/// Returns the maximum age of the connection with this number. Multiples of the golden ratio are spread evenly, however
/// many of them follow each other.
pub(super) fn max_age(number: u32) -> Duration {
    /// The fraction of the golden ratio, in units of 2^-32.
    const GOLDEN: u32 = 0x9E37_79B9;
    let fraction = f64::from(number.wrapping_mul(GOLDEN)) / f64::from(u32::MAX);
    MIN_MAX_AGE + MAX_AGE_RANGE.mul_f64(fraction)
}
