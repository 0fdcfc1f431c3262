//! The scenario of a run, drawn from its seed at the beginning.

use std::time::Duration;

use teamwire_sandbox::world::{RateLimit, org};

use super::random::Random;

/// The topic of a feed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Messages(&'static str),
    AllMessages,
    Reactions,
    Locations(&'static str),
    Events,
}

const TOPICS: [Topic; 6] = [
    Topic::Messages(org::LOBBY),
    Topic::AllMessages,
    Topic::Reactions,
    Topic::Locations(org::LOBBY),
    Topic::Messages(org::NOTICES),
    Topic::Events,
];

impl Topic {
    pub(super) const fn needs_subscription(self) -> bool {
        matches!(self, Self::Reactions | Self::Locations(_) | Self::Events)
    }
}

/// The decisions that hold for a whole run.
#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) topics: Vec<Topic>,
    /// True if the feeds are driven by a `FeedSet`, false if individually.
    pub(super) uses_feed_set: bool,
    pub(super) hides_deleted: bool,
    /// True if operations are not retried.
    pub(super) single_attempt: bool,
    /// The duration of long polls, in seconds.
    pub(super) long_poll_secs: u64,
    /// The maximum latency of a request or response without faults, in milliseconds.
    pub(super) max_latency_ms: u64,
    /// The share of faulty exchanges, in thousandths.
    pub(super) fault_permille: u64,
    /// The duration of the fault phase.
    pub(super) fault_phase: Duration,
    /// The maximum pause between two random actions, in milliseconds.
    pub(super) max_pause_ms: u64,
    /// The share of disruptions among the random actions, in thousandths.
    pub(super) disruption_permille: u64,
    /// The share of the bot's operations among the random actions, in thousandths.
    pub(super) operation_permille: u64,
    /// True if a proxy turns long polls into short ones.
    pub(super) disables_long_polls: bool,
    /// The server's rate limit for the bot.
    pub(super) rate_limit: Option<RateLimit>,
    /// Probabilities, in thousandths, that the bot saves a checkpoint after an event, stops a feed, handles an event
    /// slowly, or crashes.
    pub(super) save_permille: u64,
    pub(super) stop_permille: u64,
    pub(super) slow_handler_permille: u64,
    pub(super) crash_permille: u64,
}

impl Scenario {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut topics: Vec<_> = TOPICS.into_iter().filter(|_| random.chance(380)).collect();
        if topics.is_empty() {
            topics.push(*random.pick(&TOPICS));
        }
        // With long pauses a run lasts for hours, in which shares, cursors and leases expire.
        let max_pause_ms = *random.pick(&[1_000, 1_000, 4_000, 4_000, 10_000, 10_000, 120_000]);
        Self {
            topics,
            uses_feed_set: random.chance(500),
            hides_deleted: random.chance(700),
            single_attempt: random.chance(150),
            long_poll_secs: *random.pick(&[2, 10, 25, 25]),
            max_latency_ms: *random.pick(&[0, 30, 400, 3_000]),
            fault_permille: *random.pick(&[0, 100, 300, 500]),
            fault_phase: Duration::from_millis(max_pause_ms * random.within(4..=16)),
            max_pause_ms,
            disruption_permille: *random.pick(&[0, 80, 200]),
            operation_permille: *random.pick(&[0, 150, 300]),
            save_permille: *random.pick(&[400, 900, 1000]),
            stop_permille: *random.pick(&[0, 0, 10, 60]),
            disables_long_polls: random.chance(60),
            rate_limit: random
                .chance(200)
                .then(|| RateLimit { per_second: *random.pick(&[1.0, 2.0, 5.0, 20.0]), burst: *random.pick(&[1, 5]) }),
            slow_handler_permille: *random.pick(&[0, 50, 200]),
            crash_permille: *random.pick(&[0, 0, 30, 100]),
        }
    }
}
