//! Many posts through a network with faults, by either adapter: nothing is lost, posted twice, or said to be unsent though
//! it arrived; file descriptors and threads are as before.
//!
//! ```sh
//! cargo run --release -p teamwire-tests --example faulted -- 100000
//! ```
//!
//! The number is that of posts for each adapter, half of them with 64 at once, half with 256. It prints a table, and fails
//! if a row is not as it is to be.

#![allow(clippy::print_stdout, reason = "the table is what it is run for")]

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

use teamwire_core::{Client, Config, Error, RetryPolicy, Timeouts};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::{
    config,
    harness::{AsyncStd, Blocking, Harness},
};

use self::resources::Resources;

/// Maximum time for a request: those that get no response are to end soon.
const TIMEOUT: Duration = Duration::from_millis(500);

/// Outcome of a post as its caller sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Posted,
    Unsent,
    Unknown,
}

/// Deviations of one run.
#[derive(Debug, Default)]
struct Deviations {
    lost: usize,
    twice: usize,
    arrived_though_unsent: usize,
}

fn main() -> ExitCode {
    let posts = std::env::args().nth(1).and_then(|number| number.parse().ok()).unwrap_or(100_000);
    println!(
        "adapter      at once    posts   posted   unsent  unknown  faults  lost twice  unsent-arrived  fds    threads  seconds"
    );
    let mut fine = true;
    for at_once in [64, 256] {
        fine &= run::<Blocking>(posts / 2, at_once);
        fine &= run::<AsyncStd>(posts / 2, at_once);
    }
    if fine { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Posts so many messages, and prints a row. Returns whether all is as it is to be.
fn run<H: Harness>(posts: usize, at_once: usize) -> bool {
    let sandbox = Sandbox::start().expect("loopback has a free port");
    // What an adapter starts once for all clients is there before it is counted.
    drive::<H>(&sandbox, at_once, at_once, "warm-up");
    let before = Resources::after_the_last_connection(&sandbox);
    let began = Instant::now();
    let faults = faults::begin(&sandbox);
    let outcomes = drive::<H>(&sandbox, posts, at_once, "post");
    sandbox.faults().clear();
    let time = began.elapsed();
    let after = Resources::after_the_last_connection(&sandbox);

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
        deviations.twice,
        deviations.arrived_though_unsent,
        before.descriptors,
        after.descriptors,
        before.threads,
        after.threads,
        time.as_secs_f64(),
    );
    let Deviations { lost, twice, arrived_though_unsent } = deviations;
    lost + twice + arrived_though_unsent == 0 && before == after
}

/// Posts so many messages with so many threads, by one client. Returns each text with its outcome.
fn drive<H: Harness>(sandbox: &Sandbox, posts: usize, at_once: usize, name: &str) -> Vec<(String, Outcome)> {
    let client = H::connect(options(sandbox));
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

fn options(sandbox: &Sandbox) -> Config {
    let moment = Duration::from_millis(1);
    config(sandbox)
        .with_timeouts(Timeouts { default: TIMEOUT, long: TIMEOUT, assets: TIMEOUT })
        .with_retry(RetryPolicy { retries: 2, first_wait: moment, longest_wait: moment, ..RetryPolicy::default() })
}

fn post<H: Harness>(client: &Client<H::X>, text: &str) -> Outcome {
    match H::wait(client.chats().chat(org::LOBBY).post(text)) {
        Ok(_) => Outcome::Posted,
        Err(error) if error.may_have_arrived() => Outcome::Unknown,
        Err(error) => {
            assert!(!matches!(error, Error::InvalidInput(_)), "{error}");
            Outcome::Unsent
        }
    }
}

/// Compares the outcomes with what is in the chat.
fn compare(sandbox: &Sandbox, outcomes: &[(String, Outcome)]) -> Deviations {
    let mut there = HashMap::<_, usize>::new();
    for text in sandbox.texts(org::LOBBY).into_iter().flatten() {
        *there.entry(text).or_default() += 1;
    }
    let mut deviations = Deviations::default();
    for (text, outcome) in outcomes {
        let count = there.get(text).copied().unwrap_or(0);
        deviations.lost += usize::from(*outcome == Outcome::Posted && count == 0);
        deviations.twice += usize::from(count > 1);
        deviations.arrived_though_unsent += usize::from(*outcome == Outcome::Unsent && count > 0);
    }
    deviations
}
