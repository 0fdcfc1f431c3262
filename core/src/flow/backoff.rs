//! The exponential backoff between attempts.

use core::time::Duration;

use crate::config::RetryPolicy;

/// Returns the wait after `failures` consecutive failures: exponential from `initial_backoff` to `max_backoff`, with up
/// to 50 % jitter subtracted.
pub(crate) fn delay(policy: &RetryPolicy, failures: u32, random: u64) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    let full = policy.initial_backoff.saturating_mul(1 << doublings).min(policy.max_backoff);
    let nanos = u64::try_from(full.as_nanos()).unwrap_or(u64::MAX);
    let half = nanos / 2;
    Duration::from_nanos(nanos - random % half.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_maximum_and_keep_at_least_half() {
        let policy = RetryPolicy::default();
        for (failures, full) in [(1, 500), (2, 1_000), (3, 2_000), (7, 30_000), (60, 30_000), (u32::MAX, 30_000)] {
            let full = Duration::from_millis(full);
            assert_eq!(delay(&policy, failures, 0), full);
            for random in [1, 7, 1 << 40, u64::MAX] {
                let wait = delay(&policy, failures, random);
                assert!(full / 2 <= wait && wait <= full, "{wait:?} after {failures} failures");
            }
        }
    }

    #[test]
    fn no_policy_makes_it_panic() {
        for initial_backoff in [Duration::ZERO, Duration::MAX] {
            let policy = RetryPolicy { initial_backoff, max_backoff: Duration::MAX, ..RetryPolicy::default() };
            for failures in [0, 1, 32, u32::MAX] {
                delay(&policy, failures, u64::MAX);
            }
        }
    }
}
