//! Many posts through a faulty network, with either adapter. No post is lost, duplicated, or reported as unsent
//! although it arrived, and no file descriptor or thread leaks.
//!
//! ```sh
//! cargo run --release -p teamwire-tests --example faulted -- 100000
//! ```
//!
//! The argument is the number of posts for each adapter: half of them with 64 in parallel, half with 256. Prints a
//! table, and fails if a row has deviations.

#![allow(clippy::print_stdout, reason = "the program prints a table")]

mod faults;
mod resources;

use std::{
    collections::HashMap,
    process::ExitCode,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Config, ErrorKind,
    config::{RetryPolicy, Timeouts},
};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::{
    config,
    harness::{AsyncStd, Blocking, Harness},
};

use self::resources::Resources;

/// Timeout of a request, short because some get no response.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Outcome of a post as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Posted,
    Unsent,
    Unknown,
}

/// The deviations of one run.
#[derive(Debug, Default)]
struct Deviations {
    lost: usize,
    duplicated: usize,
    arrived_though_unsent: usize,
}

fn main() -> ExitCode {
    let posts = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(100_000);
    println!(
        "adapter      at once    posts   posted   unsent  unknown  faults  lost twice  unsent-arrived  \
         fds    threads  seconds"
    );
    let mut all_passed = true;
    for at_once in [64, 256] {
        all_passed &= run::<Blocking>(posts / 2, at_once);
        all_passed &= run::<AsyncStd>(posts / 2, at_once);
    }
    if all_passed { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Posts `posts` messages, and prints a row. Returns true if there are no deviations.
fn run<H: Harness>(posts: usize, at_once: usize) -> bool {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    // A warm-up, because an adapter starts some resources once for all clients.
    post_all::<H>(&sandbox, at_once, at_once, "warm-up");
    let before = Resources::once_disconnected(&sandbox);
    let started = Instant::now();
    let faults = faults::install(&sandbox);
    let outcomes = post_all::<H>(&sandbox, posts, at_once, "post");
    sandbox.faults().clear();
    let elapsed = started.elapsed();
    let after = Resources::once_disconnected(&sandbox);

    let deviations = compare(&sandbox, &outcomes);
    let count = |outcome| outcomes.iter().filter(|(_, found)| *found == outcome).count();
    println!(
        "{:12} {at_once:7} {posts:8} {:8} {:8} {:8} {:7} {:5} {:5} {:15}  {:3}={:3}  {:3}={:3}  {:6.1}",
        H::NAME,
        count(Outcome::Posted),
        count(Outcome::Unsent),
        count(Outcome::Unknown),
        faults.load(Ordering::Relaxed),
        deviations.lost,
        deviations.duplicated,
        deviations.arrived_though_unsent,
        before.descriptors,
        after.descriptors,
        before.threads,
        after.threads,
        elapsed.as_secs_f64(),
    );
    let Deviations { lost, duplicated, arrived_though_unsent } = deviations;
    lost + duplicated + arrived_though_unsent == 0 && before == after
}

/// Posts `posts` messages on `at_once` threads with one client. Returns each text with its outcome.
fn post_all<H: Harness>(sandbox: &Sandbox, posts: usize, at_once: usize, name: &str) -> Vec<(String, Outcome)> {
    let client = H::connect(client_config(sandbox));
    let (next, outcomes) = (AtomicUsize::new(0), Mutex::new(Vec::with_capacity(posts)));
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= posts {
                        return;
                    }
                    let text = format!("{name} {number}");
                    let outcome = post::<H>(&client, &text);
                    outcomes.lock().unwrap_or_else(PoisonError::into_inner).push((text, outcome));
                }
            });
        }
    });
    outcomes.into_inner().unwrap_or_else(PoisonError::into_inner)
}

fn client_config(sandbox: &Sandbox) -> Config {
    let backoff = Duration::from_millis(1);
    config(sandbox).with_timeouts(Timeouts { request: TIMEOUT, listing: TIMEOUT, transfer_idle: TIMEOUT }).with_retry(
        RetryPolicy { max_retries: 2, initial_backoff: backoff, max_backoff: backoff, ..RetryPolicy::default() },
    )
}

fn post<H: Harness>(client: &Client<H::X>, text: &str) -> Outcome {
    match H::wait(client.chats().chat(org::LOBBY).post(text)) {
        Ok(_) => Outcome::Posted,
        Err(error) if error.outcome_unknown() => Outcome::Unknown,
        Err(error) => {
            assert!(error.kind() != ErrorKind::InvalidInput, "{error}");
            Outcome::Unsent
        }
    }
}

/// Compares the outcomes with the messages in the chat.
fn compare(sandbox: &Sandbox, outcomes: &[(String, Outcome)]) -> Deviations {
    let mut counts = HashMap::<_, usize>::new();
    for text in sandbox.texts(org::LOBBY).into_iter().flatten() {
        *counts.entry(text).or_default() += 1;
    }
    let mut deviations = Deviations::default();
    for (text, outcome) in outcomes {
        let count = counts.get(text).copied().unwrap_or(0);
        deviations.lost += usize::from(*outcome == Outcome::Posted && count == 0);
        deviations.duplicated += usize::from(count > 1);
        deviations.arrived_though_unsent += usize::from(*outcome == Outcome::Unsent && count > 0);
    }
    deviations
}
