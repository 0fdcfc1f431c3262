//! The traffic that every proxy has to pass: posts, files, and a feed.

use std::{thread, time::Duration};

use teamwire_tests::harness::Harness;

use crate::{Failure, bot::Bot, feed_thread::with_feed, outcome::Outcome, person};

/// Maximum time for the feed to deliver the remaining messages.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);

/// The amount of traffic.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Workload {
    /// Number of posts of the bot, and of notes of a person.
    pub(crate) count: usize,
    /// The pause after each post.
    pub(crate) pause: fn(usize) -> Duration,
    pub(crate) has_files: bool,
}

impl Workload {
    /// Runs all of it with a bot, and expects each part to succeed.
    pub(crate) fn run<H: Harness>(self, bot: &Bot<'_, H>, outcome: &mut Outcome) -> Result<(), Failure> {
        let mut files = Ok(());
        let delivered = with_feed::<H>(&bot.client, bot.sandbox, outcome, DELIVERY_TIMEOUT, |outcome| {
            thread::scope(|scope| {
                scope.spawn(|| {
                    person::post_notes(bot.sandbox, |number| (number < self.count).then(|| (self.pause)(number)))
                });
                bot.post_all(outcome, self.count, self.pause);
                if self.has_files {
                    files = bot.transfer_files(outcome);
                }
            });
        });
        outcome.note(format!("failed attempts that the feed retried: {}", delivered.failed_attempts));
        files
    }
}
