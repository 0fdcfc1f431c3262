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
    pub(super) const fn is_leased(self) -> bool {
        matches!(self, Self::Reactions | Self::Locations(_))
    }
}

#[derive(Debug)]
pub(super) struct Plan {
    pub(super) topics: Vec<Topic>,
    /// Whether the feeds are driven by a `FeedSet`, or each on its own.
    pub(super) in_set: bool,
    pub(super) hides_deleted: bool,
    /// Operations are tried once.
    pub(super) tries_once: bool,
    /// How long each poll lets the server wait, in seconds.
    pub(super) wait: u64,
    /// The longest way of a request or an answer on a good day, in milliseconds.
    pub(super) latency: u64,
    /// How many exchanges in a thousand go wrong.
    pub(super) bad: u64,
    /// When the bad weather ends.
    pub(super) lasts: Duration,
    /// The longest pause between two things that people do, in milliseconds.
    pub(super) pause: u64,
    /// How many of the things that happen are upheavals, per thousand.
    pub(super) upheaval: u64,
    /// How many of the things that happen are the bot's own doing, per thousand.
    pub(super) chore: u64,
    /// Whether something between here and the server lets no poll wait.
    pub(super) is_hasty: bool,
    /// The server's limit for the requests of the bot.
    pub(super) limit: Option<RateLimit>,
    /// How often the user saves a checkpoint, stops a feed, takes a long time over an event, or dies of one, per thousand.
    pub(super) saves: u64,
    pub(super) stops: u64,
    pub(super) dawdles: u64,
    pub(super) dies: u64,
}

impl Plan {
    pub(super) fn draw(random: &mut Random) -> Self {
        let mut topics: Vec<_> = TOPICS.into_iter().filter(|_| random.chance(380)).collect();
        if topics.is_empty() {
            topics.push(*random.pick(&TOPICS));
        }
        // Of a slow run, hours of the bot's life pass: shares end, cursors and leases grow old.
        let pause = *random.pick(&[1_000, 1_000, 4_000, 4_000, 10_000, 10_000, 120_000]);
        Self {
            topics,
            in_set: random.chance(500),
            hides_deleted: random.chance(700),
            tries_once: random.chance(150),
            wait: *random.pick(&[2, 10, 25, 25]),
            latency: *random.pick(&[0, 30, 400, 3_000]),
            bad: *random.pick(&[0, 100, 300, 500]),
            lasts: Duration::from_millis(pause * random.within(4..=16)),
            pause,
            upheaval: *random.pick(&[0, 80, 200]),
            chore: *random.pick(&[0, 150, 300]),
            saves: *random.pick(&[400, 900, 1000]),
            stops: *random.pick(&[0, 0, 10, 60]),
            is_hasty: random.chance(60),
            limit: random
                .chance(200)
                .then(|| RateLimit { per_second: *random.pick(&[1.0, 2.0, 5.0, 20.0]), burst: *random.pick(&[1, 5]) }),
            dawdles: *random.pick(&[0, 50, 200]),
            dies: *random.pick(&[0, 0, 30, 100]),
        }
    }
}
