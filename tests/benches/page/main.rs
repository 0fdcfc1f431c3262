//! The cost of an open page: the latency of a bot, and the memory and threads of the sandbox.
//!
//! ```text
//!   cargo bench -p teamwire-tests --bench page
//!   cargo bench -p teamwire-tests --bench page -- --sandbox target/debug/teamwire-sandbox
//!
//!   report ──starts──► sandbox              posts alternate between the two, in blocks
//!          ──starts──► sandbox ◄── two streams of events, as two pages have them
//! ```
//!
//! A sandbox is this program, or the given one, in a process of its own.

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod latency;
mod memory;
mod process;

use std::{env, time::Duration};

/// The number of pages.
const PAGES: usize = 2;

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if arguments.first().is_some_and(|first| first == process::SERVE) {
        return process::serve();
    }
    let program = arguments.iter().position(|it| it == "--sandbox").map(|at| arguments[at + 1].as_str());
    // `cargo bench` passes this argument; without it, as in `cargo test --all-targets`, this only checks that
    // everything runs.
    if arguments.iter().any(|it| it == "--bench") {
        let rows = [
            latency::measure(program, 1, Duration::from_secs(5), 6),
            latency::measure(program, 100, Duration::from_secs(2), 11),
        ];
        println!("{}", latency::table(&rows));
        // A post a second for an hour, 60 times as fast.
        println!("{}", memory::measure(program, 3600, 60));
    } else {
        println!("{}", latency::table(&[latency::measure(program, 100, Duration::from_millis(50), 1)]));
        println!("{}", memory::measure(program, 10, 100));
    }
}
