//! Runs many seeds of the simulator: `cargo run --release -p teamwire-simulation -- [replicas] [SEEDS [FIRST_SEED]]`.
//! With `replicas`, it runs those of several replicas.

#![expect(clippy::print_stdout, reason = "a program for terminals")]

use std::{env, process::ExitCode, thread, time::Instant};

use teamwire_simulation::{replicas, simulate_all};

fn main() -> ExitCode {
    let mut arguments = env::args().skip(1).peekable();
    let has_replicas = arguments.next_if(|argument| argument == "replicas").is_some();
    let numbers: Result<Vec<u64>, _> = arguments.map(|argument| argument.parse()).collect();
    let (seeds, first) = match numbers.as_deref() {
        Ok([]) => (10_000, 0),
        Ok([seeds]) => (*seeds, 0),
        Ok([seeds, first]) => (*seeds, *first),
        Ok(_) | Err(_) => {
            println!("usage: simulate [replicas] [SEEDS [FIRST_SEED]]");
            return ExitCode::FAILURE;
        }
    };
    let threads = thread::available_parallelism().map_or(1, |threads| threads.get() as u64);
    let started = Instant::now();
    let simulate_all = if has_replicas { replicas::simulate_all } else { simulate_all };
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
