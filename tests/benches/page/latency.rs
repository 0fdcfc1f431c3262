//! The latency of posts, without and with pages.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use crate::{PAGES, process::Process};

/// Prints the medians at a rate of posts per second. The sandboxes take turns in blocks of this duration, so that both
/// meet the same disturbances.
pub(crate) fn report(program: Option<&str>, rate: u32, block: Duration, blocks: u32) {
    let (without, with) = (Process::start(program), Process::start(program));
    let pages: Vec<_> = (0..PAGES).map(|_| with.open_page()).collect();
    // Connections are opened, and code is loaded.
    for process in [&without, &with] {
        for _ in 0..20 {
            post(process);
        }
    }
    let (mut all_without, mut all_with, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..blocks {
        let run = |process| {
            let latencies = posts(process, rate, block);
            (median(&latencies), latencies)
        };
        // The order alternates, so that neither profits from it.
        let ((median_without, latencies_without), (median_with, latencies_with)) = if number % 2 == 0 {
            let first = run(&without);
            (first, run(&with))
        } else {
            let first = run(&with);
            (run(&without), first)
        };
        ratios.push(median_with / median_without);
        all_without.extend(latencies_without);
        all_with.extend(latencies_with);
    }
    assert!(pages.iter().all(|bytes| bytes.load(Ordering::Relaxed) > 0), "the pages receive events");
    let (without, with) = (median(&all_without), median(&all_with));
    ratios.sort_by(f64::total_cmp);
    let (low, high) = (ratios[ratios.len() / 10], ratios[ratios.len() - 1 - ratios.len() / 10]);
    println!(
        "{rate:>4} a second: {without:.0} without, {with:.0} with: {:.3} \
         (ratios of blocks: median {:.3}, 80 % from {low:.3} to {high:.3})",
        with / without,
        ratios[ratios.len() / 2],
    );
}

/// Posts at this rate, and returns the latencies in microseconds.
fn posts(process: &Process, rate: u32, time: Duration) -> Vec<f64> {
    let (started, interval) = (Instant::now(), Duration::from_secs(1) / rate);
    let count = (time.as_micros() / interval.as_micros()).max(1);
    (1..=u32::try_from(count).unwrap_or(u32::MAX))
        .map(|number| {
            thread::sleep((interval * number).saturating_sub(started.elapsed()));
            post(process).as_secs_f64() * 1e6
        })
        .collect()
}

fn post(process: &Process) -> Duration {
    let started = Instant::now();
    process.lobby.post("Pump 3 is down. Pressure 1.2 bar and falling.").expect("the sandbox accepts it");
    started.elapsed()
}

fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
