//! The cost of a list in the core, by its length.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench lists
//! ```
//!
//! The pages of the list are handed to the operation, so the table shows the core's own work: the requests, decoding
//! their responses, and collecting the messages.

#![expect(clippy::print_stdout, reason = "the benchmark prints a table")]

use std::{alloc::System, env, hint::black_box, time::Instant};

use serde_json::{Value, json};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use teamwire_benchmarks::{
    by_hand::{at, client},
    table::Table,
};
use teamwire_core::{
    chrono::DateTime,
    flow::Flow,
    machine::{Reply, Step},
    script::sample,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const LENGTHS: [usize; 5] = [100, 300, 1_000, 3_000, 10_000];
const ROUNDS: usize = 15;
/// The number of messages of a page.
const PAGE: usize = 100;
const CHAT: &str = "7MQKchz6wsSzmWTVnppGAc";

fn main() {
    // `cargo bench` passes this argument; without it, as in `cargo test --all-targets`, this only checks that it works.
    let (max_length, rounds) = if env::args().any(|it| it == "--bench") { (10_000, ROUNDS) } else { (300, 1) };
    let client = client();
    let mut table = Table::new(["messages of the list", "CPU of a message, ns", "memory of a message, bytes"]);
    for length in LENGTHS.into_iter().filter(|length| *length <= max_length) {
        let pages: Vec<Vec<u8>> = (0..length / PAGE).map(|number| page(number, length)).collect();
        let (mut times, mut memory) = (Vec::new(), 0);
        for _ in 0..rounds {
            let bodies = pages.clone();
            let region = Region::new(ALLOCATOR);
            let started = Instant::now();
            let list = finish(client.chats().chat(CHAT).messages(DateTime::UNIX_EPOCH), bodies);
            times.push(started.elapsed());
            let change = region.change();
            // The pages have been dropped since.
            let dropped = pages.iter().map(Vec::len).sum::<usize>() + pages.len() * size_of::<Vec<u8>>();
            memory = (change.bytes_allocated + dropped - change.bytes_deallocated) / length;
            black_box(list);
        }
        times.sort();
        let time = times[times.len() / 2].as_nanos() / length as u128;
        table.push([length.to_string(), time.to_string(), memory.to_string()]);
    }
    println!("{table}");
}

/// Drives an operation to its end, with a response for each request.
fn finish<T>(mut machine: impl Flow<Output = T>, pages: Vec<Vec<u8>>) -> T {
    let mut pages = pages.into_iter();
    loop {
        match machine.poll(at(1)) {
            Step::Send(ticket, exchange) => {
                black_box(exchange);
                let page = pages.next().expect("the last page has no cursor");
                machine.handle(at(1), ticket, Reply::Response(http::Response::new(page)));
            }
            Step::Done(result) => {
                assert!(pages.next().is_none(), "all pages are read");
                return result.expect("the responses are valid");
            }
            Step::File(..) | Step::Sleep(_) | Step::Event(_) => unreachable!("only requests are needed"),
        }
    }
}

/// Returns a page of a list of this length.
fn page(number: usize, length: usize) -> Vec<u8> {
    let numbers = number * PAGE..(number + 1) * PAGE;
    let cursor = if numbers.end == length { Value::Null } else { json!(format!("cursor-{number}")) };
    let message = |number| {
        sample::message(
            &format!("m{number:021}"),
            CHAT,
            "The pump of station 1 has failed: please call the control room.",
        )
    };
    let items: Vec<_> = numbers.map(message).collect();
    json!({"items": items, "next_cursor": cursor}).to_string().into_bytes()
}
