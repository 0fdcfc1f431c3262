//! How long to wait before the next attempt: a pure function.

use core::time::Duration;

use crate::config::RetryPolicy;

/// The wait after `failures` attempts in a row have failed: doubling from the policy's first wait, capped at its
/// longest, of which the random number leaves between half and all.
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
    fn waits_double_up_to_the_longest_and_keep_at_least_half() {
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
        for first_wait in [Duration::ZERO, Duration::MAX] {
            let policy =
                RetryPolicy { initial_backoff: first_wait, max_backoff: Duration::MAX, ..RetryPolicy::default() };
            for failures in [0, 1, 32, u32::MAX] {
                delay(&policy, failures, u64::MAX);
            }
        }
    }
}
