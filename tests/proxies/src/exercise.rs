//! What every proxy has to let through: posts, files, and a feed.

use std::{thread, time::Duration};

use teamwire_tests::harness::Harness;

use crate::{Failure, bot::Bot, follow::while_following, outcome::Outcome, person};

/// Longest time for the feed to deliver the rest.
const PATIENCE: Duration = Duration::from_secs(30);

/// How much passes through a proxy.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Exercise {
    /// Posts of the bot, and notes of a person.
    pub(crate) count: usize,
    /// The pause after each.
    pub(crate) gap: fn(usize) -> Duration,
    pub(crate) has_files: bool,
}

impl Exercise {
    /// Lets a bot do all of it, and expects each part to succeed.
    pub(crate) fn perform<H: Harness>(self, bot: &Bot<'_, H>, outcome: &mut Outcome) -> Result<(), Failure> {
        let mut files = Ok(());
        let delivered = while_following::<H>(&bot.client, bot.sandbox, outcome, PATIENCE, |outcome| {
            thread::scope(|scope| {
                scope.spawn(|| person::writes(bot.sandbox, |number| (number < self.count).then(|| (self.gap)(number))));
                bot.posts(outcome, self.count, self.gap);
                if self.has_files {
                    files = bot.files(outcome);
                }
            });
        });
        outcome.note(format!("failed attempts that the feed waited out: {}", delivered.failed_attempts));
        files
    }
}
