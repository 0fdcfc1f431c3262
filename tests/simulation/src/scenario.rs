//! What a run is to be like: drawn from its seed before anything happens.

use std::time::Duration;

use teamwire_sandbox::world::{RateLimit, org};

use super::random::Random;

/// What is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Messages(&'static str),
    AllMessages,
    Reactions,
    Locations(&'static str),
}

const TOPICS: [Topic; 5] = [
    Topic::Messages(org::LOBBY),
    Topic::AllMessages,
    Topic::Reactions,
    Topic::Locations(org::LOBBY),
    Topic::Messages(org::NOTICES),
];

impl Topic {
    pub(super) const fn needs_subscription(self) -> bool {
        matches!(self, Self::Reactions | Self::Locations(_))
    }
}

#[derive(Debug)]
pub(super) struct Scenario {
    pub(super) topics: Vec<Topic>,
    /// Whether the feeds are driven by a `FeedSet`, or each on its own.
    pub(super) uses_feed_set: bool,
    pub(super) hides_deleted: bool,
    /// Operations are tried once.
    pub(super) single_attempt: bool,
    /// How long each poll lets the server wait, in seconds.
    pub(super) long_poll_secs: u64,
    /// The longest way of a request or an answer on a good day, in milliseconds.
    pub(super) max_latency_ms: u64,
    /// How many exchanges in a thousand go wrong.
    pub(super) fault_permille: u64,
    /// When the bad weather ends.
    pub(super) fault_phase: Duration,
    /// The longest pause between two things that people do, in milliseconds.
    pub(super) max_pause_ms: u64,
    /// How many of the things that happen are upheavals, per thousand.
    pub(super) disruption_permille: u64,
    /// How many of the things that happen are the bot's own doing, per thousand.
    pub(super) operation_permille: u64,
    /// Whether something between here and the server lets no poll wait.
    pub(super) disables_long_polls: bool,
    /// The server's rate limit for the bot.
    pub(super) rate_limit: Option<RateLimit>,
    /// How often the user saves a checkpoint, stops a feed, takes a long time over an event, or dies of one, per thousand.
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
        // Of a slow run, hours of the bot's life pass: shares end, cursors and leases grow old.
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
