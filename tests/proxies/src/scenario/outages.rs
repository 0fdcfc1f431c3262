//! haproxy is reloaded, or killed and restarted, while a bot posts and reads a feed.

use std::{
    env,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
    thread,
    time::Duration,
};

use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::{Bot, POST_PREFIX},
    feed_thread::with_feed,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    person,
};

/// Maximum time for the feed to deliver the remaining messages.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of posts, and of notes.
const MAX_POSTS: usize = 5000;
const PAUSE: Duration = Duration::from_millis(5);

/// The kind of outage.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Outage {
    /// New workers take over. The old ones finish their requests, and end after at most two seconds.
    Reload,
    /// haproxy is killed, and restarted shortly after.
    Kill,
}

impl Outage {
    fn count(self) -> usize {
        let (name, default) = match self {
            Self::Reload => ("TEAMWIRE_RELOADS", 40),
            Self::Kill => ("TEAMWIRE_OUTAGES", 20),
        };
        env::var(name).ok().and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    fn trigger(self, haproxy: &mut Haproxy, number: usize) -> Result<(), Failure> {
        // Varies the times, so that they are not synchronised with requests.
        let offset = Duration::from_millis(number as u64 * 37 % 150);
        match self {
            Self::Reload => {
                thread::sleep(Duration::from_millis(250) + offset);
                haproxy.reload()
            }
            Self::Kill => {
                thread::sleep(Duration::from_millis(400) + offset);
                haproxy.kill()?;
                thread::sleep(offset);
                haproxy.restart()
            }
        }
    }
}

pub(super) fn run<H: Harness>(folder: &Path, outage: Outage) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let has_master = matches!(outage, Outage::Reload);
    let mut haproxy = Haproxy::start(folder, &sandbox, Settings { has_master, ..Settings::default() })?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    let count = outage.count();
    let mut triggered = Ok(());
    let mut posted = Vec::new();
    let delivered = with_feed::<H>(&bot.client, &sandbox, &mut outcome, DELIVERY_TIMEOUT, |outcome| {
        let is_over = AtomicBool::new(false);
        let is_running = || !is_over.load(Ordering::Relaxed);
        thread::scope(|scope| {
            scope.spawn(|| {
                person::post_notes(&sandbox, |number| (is_running() && number < MAX_POSTS).then_some(PAUSE * 4))
            });
            scope.spawn(|| {
                triggered = (0..count).try_for_each(|number| outage.trigger(&mut haproxy, number));
                is_over.store(true, Ordering::Relaxed);
            });
            for number in (0..MAX_POSTS).take_while(|_| is_running()) {
                let text = format!("{POST_PREFIX}{number}");
                if bot.post_until_final(outcome, &text) {
                    posted.push(text);
                }
                thread::sleep(PAUSE);
            }
        });
    });
    triggered?;
    bot.check_posts(&mut outcome, &posted);
    if has_master {
        let reloads = haproxy.count_logged(&["Loading success"])?.saturating_sub(1);
        outcome.note(format!("{reloads} of {count} reloads completed"));
        outcome.expect(reloads * 2 >= count, || format!("only {reloads} of {count} reloads completed"));
    } else {
        outcome.note(format!("{count} outages"));
    }
    let (calls, arrived) = (outcome.calls, sandbox.received_count("POST /v1/chats/{tid}/messages"));
    outcome.note(format!("{} posts in {calls} calls; {arrived} requests arrived", posted.len()));
    outcome.note(format!("failed attempts that the feed retried: {}", delivered.failed_attempts));
    Ok(outcome)
}
