//! Weeks of two bots in a virtual world: an alert bridge on the blocking adapter, and a command bot on the async one.

#[path = "bots/bridge.rs"]
mod bridge;
#[path = "bots/commands.rs"]
mod commands;

use std::time::{Duration, Instant};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Prints the time that a test takes, and the number of its requests.
fn report(name: &str, started: Instant, requests: usize) {
    eprintln!("{name}: {requests} requests in {:?}", started.elapsed());
}
