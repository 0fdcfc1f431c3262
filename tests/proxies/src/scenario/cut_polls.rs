//! haproxy times out before a long poll ends, and sends 504.

use std::{
    path::Path,
    thread,
    time::{Duration, Instant},
};

use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::Bot,
    feed_thread::with_feed,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    person,
};

/// Time for the feed to adapt its long polls.
const ADAPTATION_TIME: Duration = Duration::from_secs(15);
/// Time of the measurement after that.
const MEASUREMENT_TIME: Duration = Duration::from_secs(30);
const SAMPLE_INTERVAL: Duration = Duration::from_millis(5);
/// Maximum time for the feed to deliver the remaining messages.
const DELIVERY_TIMEOUT: Duration = Duration::from_secs(30);
/// Maximum share of the time without an open poll.
const MAX_SHARE_WITHOUT_POLL: f64 = 0.1;

pub(super) fn run<H: Harness>(folder: &Path) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let defaults = "timeout client 2s\n    timeout server 2s";
    let haproxy = Haproxy::start(folder, &sandbox, Settings { defaults, ..Settings::default() })?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    let started = Instant::now();
    let (mut samples, mut posted) = (Vec::new(), Vec::new());
    let delivered = with_feed::<H>(&bot.client, &sandbox, &mut outcome, DELIVERY_TIMEOUT, |_| {
        thread::scope(|scope| {
            let sampler = scope.spawn(|| sample(&sandbox, started));
            posted = person::post_notes(&sandbox, |number| {
                (started.elapsed() < ADAPTATION_TIME + MEASUREMENT_TIME).then(|| pause(number))
            });
            samples = sampler.join().expect("sampling does not panic");
        });
    });
    let (at_first, later) = (
        share_without_poll(&samples, |at| at < ADAPTATION_TIME),
        share_without_poll(&samples, |at| at >= ADAPTATION_TIME),
    );
    outcome.note(format!(
        "without an open poll for {:.0} % of the first {ADAPTATION_TIME:?}, {:.0} % of the rest",
        at_first * 100.0,
        later * 100.0
    ));
    outcome
        .expect(later <= MAX_SHARE_WITHOUT_POLL, || format!("no poll is open for {:.0} % of the time", later * 100.0));
    let mut latencies: Vec<Duration> = posted
        .iter()
        .filter_map(|(text, posted_at)| {
            let (_, delivered) = delivered.texts.iter().find(|(other, _)| other == text)?;
            Some(delivered.saturating_duration_since(*posted_at))
        })
        .collect();
    latencies.sort();
    if let (Some(median), Some(max)) = (latencies.get(latencies.len() / 2), latencies.last()) {
        outcome.note(format!("delivered after {median:.2?} (median), {max:.2?} (maximum)"));
    }
    let cut_polls = haproxy.stop(&["/messages/updates", " 504 "])?;
    outcome.note(format!("{cut_polls} polls cut, {} failed attempts reported", delivered.failed_attempts));
    Ok(outcome)
}

/// Returns pauses longer than haproxy's timeout, because a message would end a poll before it fails.
fn pause(number: usize) -> Duration {
    Duration::from_millis([7300, 8900, 6100][number % 3])
}

/// Samples whether a poll is open. Each sample has its time since the start.
fn sample(sandbox: &Sandbox, started: Instant) -> Vec<(Duration, bool)> {
    let mut samples = Vec::new();
    while started.elapsed() < ADAPTATION_TIME + MEASUREMENT_TIME {
        samples.push((started.elapsed(), sandbox.pending_polls() > 0));
        thread::sleep(SAMPLE_INTERVAL);
    }
    samples
}

/// Returns the share of the selected samples without an open poll.
fn share_without_poll(samples: &[(Duration, bool)], is_selected: impl Fn(Duration) -> bool) -> f64 {
    let selected: Vec<bool> =
        samples.iter().filter(|(at, _)| is_selected(*at)).map(|(_, has_poll)| *has_poll).collect();
    let without_poll = selected.iter().filter(|has_poll| !**has_poll).count();
    #[expect(clippy::cast_precision_loss, reason = "there are only thousands of samples")]
    let share = without_poll as f64 / selected.len().max(1) as f64;
    share
}
