//! The cost of feeds in the core: `cargo bench -p teamwire-tests --bench feeds` prints a table.
//!
//! Time is virtual and nothing is sent, so the table shows the core's own work: polling a set, creating a request, and
//! decoding its response.

#![expect(clippy::print_stdout, reason = "the benchmark prints a table")]

use std::{alloc::System, hint::black_box, time::Duration, time::Instant};

use chrono::DateTime;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use teamwire_core::{
    Client, Config, Credentials, FeedSet, Message,
    effect::{Moment, Now},
    executor::Manual,
    feed::{FeedSetStep, Poller},
    machine::{Reply, Step, Ticket},
    model::LiveLocationUpdate,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const FEEDS: usize = 10_000;
const ROUNDS: u64 = 50;
const BATCH: usize = 200;

fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

fn client() -> Client<Manual> {
    let credentials = Credentials::new("app", "secret").expect("the credentials are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
    Client::new(Manual::new(config, [7; 32], at(0)))
}

fn reply(body: &str) -> Reply {
    Reply::Response(http::Response::new(body.as_bytes().to_vec()))
}

type Set = FeedSet<usize, Poller<Message>>;

/// Returns all requests that are due.
fn collect_requests(set: &mut Set, now: Now) -> Vec<(usize, Ticket)> {
    let mut sent = Vec::with_capacity(FEEDS);
    loop {
        match set.next(now) {
            FeedSetStep::Step(key, Step::Send(ticket, exchange)) => {
                black_box(exchange);
                sent.push((key, ticket));
            }
            FeedSetStep::Step(_, step) => drop(black_box(step)),
            FeedSetStep::Sleep(_) | FeedSetStep::Idle | FeedSetStep::Empty => return sent,
        }
    }
}

/// Returns a set whose feeds all have a long poll in flight.
fn idle_set(client: &Client<Manual>) -> Set {
    let mut set = Set::new();
    for key in 0..FEEDS {
        set.insert(key, client.chats().chat(format!("7MQKchz6wsSzmWT{key:07}")).new_messages(None));
    }
    for (key, ticket) in collect_requests(&mut set, at(0)) {
        set.handle(at(0), &key, ticket, reply(r#"{"items":[],"cursor":"b2xkZXIgdGhhbiB0aGlzMTIz"}"#));
    }
    collect_requests(&mut set, at(0));
    set
}

fn row(name: &str, value: String, limit: &str) {
    println!("| {name:<58} | {value:>12} | {limit:>10} |");
}

#[expect(clippy::cast_precision_loss, reason = "the number is only printed")]
fn per_step(total: Duration, count: u64) -> String {
    format!("{:.0} ns", total.as_nanos() as f64 / count as f64)
}

fn main() {
    let client = client();
    row("operation", "measured".into(), "limit");
    row(&"-".repeat(58), "-".repeat(12), &"-".repeat(10));
    row("size of a feed of messages, without heap", format!("{} B", size_of::<Poller<Message>>()), "");
    row("size of a feed of live locations, without heap", format!("{} B", size_of::<Poller<LiveLocationUpdate>>()), "");

    let region = Region::new(ALLOCATOR);
    let mut set = idle_set(&client);
    let change = region.change();
    let bytes = change.bytes_allocated - change.bytes_deallocated;
    row("memory of an idle feed in a set of 10,000", format!("{} B", bytes / FEEDS), "2,048 B");

    let started = Instant::now();
    for _ in 0..FEEDS * 20 {
        black_box(set.next(at(1)));
    }
    row("polling a set of 10,000 idle feeds", per_step(started.elapsed(), FEEDS as u64 * 20), "");

    // The path from a response to the next request. The fastest of many batches counts, because others were disturbed
    // by other processes.
    set.reissue();
    let (mut request_time, mut reply_time) = (Duration::MAX, Duration::MAX);
    for round in 0..ROUNDS {
        let mut pending = Vec::with_capacity(FEEDS);
        for _ in 0..FEEDS / BATCH {
            let started = Instant::now();
            for _ in 0..BATCH {
                let FeedSetStep::Step(key, Step::Send(ticket, exchange)) = set.next(at(round * 30)) else {
                    unreachable!("each feed has a request")
                };
                drop(black_box(exchange));
                pending.push((key, ticket));
            }
            // In the first round the requests are only issued again.
            if round > 0 {
                request_time = request_time.min(started.elapsed());
            }
        }
        for batch in pending.chunks(BATCH) {
            let body = r#"{"items":[],"cursor":"b2xkZXIgdGhhbiB0aGlzMTIz"}"#;
            let replies: Vec<_> = batch.iter().map(|_| reply(body)).collect();
            let started = Instant::now();
            for ((key, ticket), reply) in batch.iter().zip(replies) {
                set.handle(at(round * 30 + 25), key, *ticket, reply);
            }
            reply_time = reply_time.min(started.elapsed());
        }
    }
    row("a step: creating the request of one feed of 10,000", per_step(request_time, BATCH as u64), "2,000 ns");
    row("a step: handling the response", per_step(reply_time, BATCH as u64), "2,000 ns");

    // All feeds are ready: a search through the queue would show.
    set.reissue();
    let started = Instant::now();
    for key in 0..FEEDS {
        let feed = set.remove(&key).expect("the set has the feed");
        black_box(set.insert(key, feed));
    }
    row("removing and adding a feed of 10,000", per_step(started.elapsed(), FEEDS as u64), "1,000 ns");
}
