//! haproxy shares its connections to the backend, and closes idle ones on both sides sooner than the bot does.

use std::{path::Path, time::Duration};

use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::Bot,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
    workload::Workload,
};

/// Maximum idle time of haproxy's connections, in milliseconds.
const KEEP_ALIVE_MS: u64 = 100;

/// Minimum number of connections for the scenario to be effective.
const MIN_CONNECTIONS: usize = 10;

/// Returns pauses around the idle time, so that requests coincide with connections being closed.
fn pause_between_posts(number: usize) -> Duration {
    Duration::from_millis(KEEP_ALIVE_MS * 9 / 10 + number as u64 * 3 % (KEEP_ALIVE_MS / 5))
}

pub(super) fn run<H: Harness>(folder: &Path, mode: &str) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let settings = Settings {
        defaults: &format!("timeout http-keep-alive {KEEP_ALIVE_MS}ms"),
        backend: &format!("http-reuse {mode}"),
        server: &format!("pool-purge-delay {KEEP_ALIVE_MS}ms"),
        ..Settings::default()
    };
    let haproxy = Haproxy::start(folder, &sandbox, settings)?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    Workload { count: 60, pause: pause_between_posts, has_files: false }.run(&bot, &mut outcome)?;
    let connections = haproxy.count_connections()?;
    outcome.note(format!("{connections} connections"));
    outcome.expect(connections >= MIN_CONNECTIONS, || {
        format!("only {connections} connections: too few were closed when idle")
    });
    Ok(outcome)
}
