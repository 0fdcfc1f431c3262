//! The cost of feeds in the core, by their number in a set.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench feeds
//! ```
//!
//! Time is virtual and nothing is sent, so the table shows the core's own work: polling a set, creating a request, and
//! decoding its response. Steps are measured in batches, of which the table has the medians.
//!
//! The second table is the memory of feeds of the blocking adapter over sockets. It needs 1,100 open files
//! (`ulimit -n 4096`).

#![expect(clippy::print_stdout, reason = "the benchmark prints tables")]

mod memory;

use std::{alloc::System, env, hint::black_box, time::Duration, time::Instant};

use serde_json::json;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use teamwire_benchmarks::{
    by_hand::{at, client},
    table::Table,
};
use teamwire_core::{
    Client, FeedSet, Message,
    executor::Manual,
    feed::{FeedSetStep, Poller},
    machine::{Reply, Step, Ticket},
    script::sample,
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const COUNTS: [usize; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
/// Maximum number of feeds of a batch.
const BATCH: usize = 200;
const CHAT: &str = "7MQKchz6wsSzmWTVnppGAc";

type Set = FeedSet<usize, Poller<Message>>;

/// A set whose feeds all have a long poll in flight.
struct Feeds {
    set: Set,
    pending: Vec<(usize, Ticket)>,
    /// The time of the requests in flight.
    seconds: u64,
}

fn main() {
    let arguments: Vec<_> = env::args().skip(1).collect();
    if let [command, port, feeds] = arguments.as_slice()
        && command == "client"
    {
        return memory::follow(port, feeds.parse().expect("it is a number"));
    }
    // `cargo bench` passes this argument; without it, as in `cargo test --all-targets`, this only checks that it works.
    let (max_count, blocking) = if arguments.iter().any(|it| it == "--bench") { (100_000, 1_000) } else { (100, 10) };
    let client = client();
    let mut table = Table::new([
        "feeds in the set",
        "memory of an idle feed, bytes",
        "polling the idle set, ns",
        "request, ns",
        "empty response, ns",
        "poll with an event, ns",
        "remove and insert, ns",
    ]);
    for count in COUNTS.into_iter().filter(|count| *count <= max_count) {
        let region = Region::new(ALLOCATOR);
        let mut feeds = Feeds::new(&client, count);
        let change = region.change();
        let bytes = change.bytes_allocated - change.bytes_deallocated;

        let polling = polling(&mut feeds.set);
        let (mut requests, mut responses, mut events) = (Vec::new(), Vec::new(), Vec::new());
        for round in 0..(100_000 / count).clamp(2, 200) {
            feeds.poll_in_vain(&mut requests, &mut responses);
            feeds.poll_an_event(round, &mut events);
        }
        let exchange = exchange(&mut feeds.set, count);
        let times = [polling, median(requests), median(responses), median(events), exchange];
        let figures = [count.to_string(), (bytes / count).to_string()];
        table.push(figures.into_iter().chain(times.map(|time| format!("{time:.0}"))));
    }
    println!("{table}");

    let mut table = Table::new(["feeds of the blocking adapter", "memory of a feed, bytes"]);
    table.push([blocking.to_string(), memory::of_a_blocking_feed(blocking).to_string()]);
    println!("{table}");
}

impl Feeds {
    fn new(client: &Client<Manual>, count: usize) -> Self {
        let mut set = Set::new();
        for key in 0..count {
            set.insert(key, client.chats().chat(format!("7MQKchz6wsSzmWT{key:07}")).new_messages(None));
        }
        let start = r#"{"items":[],"cursor":"b2xkZXIgdGhhbiB0aGlzMTIz"}"#;
        for _ in 0..count {
            let (key, ticket) = next_request(&mut set, 0);
            set.handle(at(0), &key, ticket, reply(start));
        }
        let pending = (0..count).map(|_| next_request(&mut set, 0)).collect();
        Self { set, pending, seconds: 0 }
    }

    /// Ends all polls without an event, and starts the next ones.
    fn poll_in_vain(&mut self, requests: &mut Vec<f64>, responses: &mut Vec<f64>) {
        let body = r#"{"items":[],"cursor":"b2xkZXIgdGhhbiB0aGlzMTIz"}"#;
        for batch in self.pending.chunks(BATCH) {
            let replies: Vec<_> = batch.iter().map(|_| reply(body)).collect();
            let started = Instant::now();
            for ((key, ticket), reply) in batch.iter().zip(replies) {
                self.set.handle(at(self.seconds + 25), key, *ticket, reply);
            }
            responses.push(per_step(started.elapsed(), batch.len()));
        }
        self.seconds += 30;
        for batch in self.pending.chunks_mut(BATCH) {
            let started = Instant::now();
            for pending in &mut *batch {
                *pending = next_request(&mut self.set, self.seconds);
            }
            requests.push(per_step(started.elapsed(), batch.len()));
        }
    }

    /// Ends all polls with an event, and starts the next ones.
    fn poll_an_event(&mut self, round: usize, events: &mut Vec<f64>) {
        let cursor = format!("Y3Vyc29yIG9mIHJvdW5k{round:06}");
        let message = sample::message(&format!("m{round:021}"), CHAT, "The pump of station 1 has failed.");
        let event = json!({"cursor": cursor, "kind": "message", "data": message});
        let body = json!({"items": [event], "cursor": cursor}).to_string();
        self.seconds += 25;
        for batch in self.pending.chunks_mut(BATCH) {
            let replies: Vec<_> = batch.iter().map(|_| reply(&body)).collect();
            let started = Instant::now();
            for ((key, ticket), reply) in batch.iter().zip(replies) {
                self.set.handle(at(self.seconds), key, *ticket, reply);
            }
            for pending in &mut *batch {
                *pending = next_request(&mut self.set, self.seconds);
            }
            events.push(per_step(started.elapsed(), batch.len()));
        }
    }
}

/// Returns the next request that is due, after the events before it.
fn next_request(set: &mut Set, seconds: u64) -> (usize, Ticket) {
    loop {
        match set.next(at(seconds)) {
            FeedSetStep::Step(key, Step::Send(ticket, exchange)) => {
                black_box(exchange);
                return (key, ticket);
            }
            FeedSetStep::Step(_, step) => drop(black_box(step)),
            FeedSetStep::Sleep(_) | FeedSetStep::Idle | FeedSetStep::Empty => unreachable!("each feed has a request"),
        }
    }
}

/// Returns the time in which a set is polled in which nothing is due.
fn polling(set: &mut Set) -> f64 {
    let measure = |_| {
        let started = Instant::now();
        for _ in 0..10_000 {
            black_box(set.next(at(1)));
        }
        per_step(started.elapsed(), 10_000)
    };
    median((0..20).map(measure).collect())
}

/// Returns the time in which a feed is removed and added. All feeds are ready, so that a search through the queue would
/// show.
fn exchange(set: &mut Set, count: usize) -> f64 {
    set.reissue();
    let mut times = Vec::new();
    for keys in (0..count.max(BATCH)).collect::<Vec<_>>().chunks(BATCH) {
        let started = Instant::now();
        for key in keys.iter().map(|key| key % count) {
            let feed = set.remove(&key).expect("the set has the feed");
            black_box(set.insert(key, feed));
        }
        times.push(per_step(started.elapsed(), keys.len()));
    }
    median(times)
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

/// Returns nanoseconds.
#[expect(clippy::cast_precision_loss, reason = "the number is only printed")]
fn per_step(total: Duration, count: usize) -> f64 {
    total.as_nanos() as f64 / count as f64
}

fn reply(body: &str) -> Reply {
    Reply::Response(http::Response::new(body.as_bytes().to_vec()))
}
