//! haproxy shares its connections to the backend, and closes idle ones on both sides sooner than the bot does.

use std::{path::Path, time::Duration};

use teamwire_sandbox::Sandbox;
use teamwire_tests::harness::Harness;

use crate::{
    Failure,
    bot::Bot,
    exercise::Exercise,
    haproxy::{Haproxy, Settings},
    outcome::Outcome,
};

/// The longest time that haproxy keeps an idle connection.
const IDLE: u64 = 100;

/// Connections without which there was nothing to see.
const LEAST: usize = 10;

/// Pauses around that time, so that requests and the ends of their connections cross.
fn gap(number: usize) -> Duration {
    Duration::from_millis(IDLE * 9 / 10 + number as u64 * 3 % (IDLE / 5))
}

pub(super) fn run<H: Harness>(folder: &Path, mode: &str) -> Result<Outcome, Failure> {
    let sandbox = Sandbox::start()?;
    let settings = Settings {
        defaults: &format!("timeout http-keep-alive {IDLE}ms"),
        backend: &format!("http-reuse {mode}"),
        server: &format!("pool-purge-delay {IDLE}ms"),
        ..Settings::default()
    };
    let haproxy = Haproxy::start(folder, &sandbox, settings)?;
    let bot = Bot::<H>::new(&sandbox, folder, &haproxy.url())?;
    let mut outcome = Outcome::default();
    Exercise { count: 60, gap, has_files: false }.perform(&bot, &mut outcome)?;
    let connections = haproxy.connections()?;
    outcome.note(format!("{connections} connections"));
    outcome.expect(connections >= LEAST, || format!("{connections} connections: hardly any has become idle"));
    Ok(outcome)
}
