//! haproxy waits for responses for less time than a long poll takes, and sends 504.

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
    follow::while_following,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    person,
};

/// Time in which a feed learns how long it may wait.
const LEARNING: Duration = Duration::from_secs(15);
/// Time in which it is measured.
const MEASURED: Duration = Duration::from_secs(30);
const SAMPLE: Duration = Duration::from_millis(5);
/// Longest time for the feed to deliver the rest.
const PATIENCE: Duration = Duration::from_secs(30);
/// The part of the time in which no poll may be open.
const DEAF: f64 = 0.1;

pub(super) fn run<H: Harness>(folder: &Path) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let defaults = "timeout client 2s\n    timeout server 2s";
    let haproxy = Haproxy::start(folder, &sandbox, Settings { defaults, ..Settings::default() })?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    let begun = Instant::now();
    let (mut samples, mut written) = (Vec::new(), Vec::new());
    let delivered = while_following::<H>(&bot.client, &sandbox, &mut outcome, PATIENCE, |_| {
        thread::scope(|scope| {
            let sampler = scope.spawn(|| sample(&sandbox, begun));
            written = person::writes(&sandbox, |number| (begun.elapsed() < LEARNING + MEASURED).then(|| gap(number)));
            samples = sampler.join().expect("it only reads a number");
        });
    });
    let (at_first, later) = (deaf(&samples, |at| at < LEARNING), deaf(&samples, |at| at >= LEARNING));
    outcome.note(format!(
        "deaf {:.0} % of the first {LEARNING:?}, {:.0} % of the rest",
        at_first * 100.0,
        later * 100.0
    ));
    outcome.expect(later <= DEAF, || format!("the feed is deaf {:.0} % of the time", later * 100.0));
    let mut latencies: Vec<Duration> = written
        .iter()
        .filter_map(|(text, at)| {
            let (_, delivered) = delivered.texts.iter().find(|(other, _)| other == text)?;
            Some(delivered.saturating_duration_since(*at))
        })
        .collect();
    latencies.sort();
    if let (Some(median), Some(longest)) = (latencies.get(latencies.len() / 2), latencies.last()) {
        outcome.note(format!("delivered after {median:.2?} in the median, {longest:.2?} at most"));
    }
    let cut = haproxy.end(&["/messages/updates", " 504 "])?;
    outcome.note(format!("{cut} polls cut, {} failed attempts reported", delivered.failed_attempts));
    Ok(outcome)
}

/// Pauses that are longer than what haproxy waits: a message ends a poll early, and with it a row of failures.
fn gap(number: usize) -> Duration {
    Duration::from_millis([7300, 8900, 6100][number % 3])
}

/// Looks again and again whether a poll is open. Each sample has its time since the beginning.
fn sample(sandbox: &Sandbox, begun: Instant) -> Vec<(Duration, bool)> {
    let mut samples = Vec::new();
    while begun.elapsed() < LEARNING + MEASURED {
        samples.push((begun.elapsed(), sandbox.pending_polls() > 0));
        thread::sleep(SAMPLE);
    }
    samples
}

/// The part of these samples in which no poll was open.
fn deaf(samples: &[(Duration, bool)], is_meant: impl Fn(Duration) -> bool) -> f64 {
    let meant: Vec<bool> = samples.iter().filter(|(at, _)| is_meant(*at)).map(|(_, listens)| *listens).collect();
    let deaf = meant.iter().filter(|listens| !**listens).count();
    #[expect(clippy::cast_precision_loss, reason = "there are some thousands of samples")]
    let part = deaf as f64 / meant.len().max(1) as f64;
    part
}
