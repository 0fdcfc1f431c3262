//! Runs many seeds of the simulator: `cargo run --release -p teamwire-simulation -- [SEEDS [FIRST_SEED]]`.

#![expect(clippy::print_stdout, reason = "a program for terminals")]

use std::{env, process::ExitCode, thread, time::Instant};

use teamwire_simulation::simulate_all;

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).map(|argument| argument.parse().expect("arguments must be numbers"));
    let (seeds, first) = (arguments.next().unwrap_or(10_000), arguments.next().unwrap_or(0));
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let started = Instant::now();
    let result = simulate_all(first, seeds, threads);
    let elapsed = started.elapsed();
    match result {
        Ok(total) => {
            println!("{seeds} seeds from {first} in {elapsed:.1?} on {threads} threads: no invariant was violated");
            println!("{} requests, {} events, {} processes", total.requests, total.events, total.incarnations);
            ExitCode::SUCCESS
        }
        Err(failure) => {
            println!("{failure}");
            ExitCode::FAILURE
        }
    }
}
