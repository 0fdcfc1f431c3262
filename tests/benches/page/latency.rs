//! The latency of posts, without and with pages.

use std::{
    sync::atomic::Ordering,
    thread,
    time::{Duration, Instant},
};

use teamwire_benchmarks::table::Table;

use crate::{PAGES, process::Process};

/// The latencies at a rate of posts per second.
pub(crate) struct Latency {
    rate: u32,
    /// Medians in microseconds, without and with pages.
    without: f64,
    with: f64,
    /// The ratios of the blocks, sorted.
    ratios: Vec<f64>,
}

/// Returns the rows as a table.
pub(crate) fn table(rows: &[Latency]) -> Table {
    let with = format!("with {PAGES} pages, µs");
    let mut table = Table::new(["posts a second", "median latency, µs", &with, "ratio", "80 % of the blocks"]);
    for Latency { rate, without, with, ratios } in rows {
        let (low, high) = (ratios[ratios.len() / 10], ratios[ratios.len() - 1 - ratios.len() / 10]);
        let figures = [format!("{without:.0}"), format!("{with:.0}"), format!("{:.2}", with / without)];
        table.push([rate.to_string()].into_iter().chain(figures).chain([format!("{low:.2} to {high:.2}")]));
    }
    table
}

/// Measures the medians at a rate of posts per second. The sandboxes take turns in blocks of this duration, so that
/// both meet the same disturbances.
pub(crate) fn measure(program: Option<&str>, rate: u32, block: Duration, blocks: u32) -> Latency {
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
    ratios.sort_by(f64::total_cmp);
    Latency { rate, without: median(&all_without), with: median(&all_with), ratios }
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
