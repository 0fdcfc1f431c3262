//! The cost of responses of hostile servers: memory of at most 16 times the response, and time linear in its size.
//!
//! `cargo test -p teamwire-tests --test hostile -- --nocapture` prints the table, with `--ignored` for the largest
//! response.

#![expect(clippy::print_stdout, reason = "it prints a table")]

use std::{
    alloc::System,
    any::Any,
    time::{Duration, Instant},
};

use chrono::DateTime;
use http::Response;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use teamwire_core::{
    Client, Config, Credentials, FeedEvent,
    config::RetryPolicy,
    effect::{Moment, Now},
    executor::Manual,
    machine::{Feed, Machine, Reply, Step, Ticket},
};
use teamwire_tests::Peak;

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Maximum bytes for a response of any size, in addition to the multiple of its size.
const BASE: usize = 256 << 10;
const TIMES: usize = 16;

fn at(seconds: u64) -> Now {
    Now::new(Moment::from_epoch(Duration::from_secs(seconds)), DateTime::UNIX_EPOCH)
}

fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", "a secret of the bot").expect("they are good");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    Client::new(Manual::new(config.with_retry(RetryPolicy::NEVER), [7; 32], at(0)))
}

fn ticket<M: Machine>(machine: &mut M) -> Ticket {
    match machine.poll(at(0)) {
        Step::Send(ticket, _) => ticket,
        _ => panic!("it has something to send"),
    }
}

/// Returns the events of a feed of messages after this response.
fn feed(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    let client = client();
    let mut feed = client.chats().chat("c1").new_messages(None);
    let first = ticket(&mut feed);
    feed.handle(at(0), first, response(200, br#"{"items":[],"cursor":"0"}"#.to_vec()));
    let Step::Event(FeedEvent::Started(_)) = feed.poll(at(0)) else { panic!("it has started") };
    let next = ticket(&mut feed);
    feed.handle(at(0), next, response(status, body));
    let mut events = Vec::new();
    while let Step::Event(event) = feed.poll(at(0)) {
        events.push(event);
    }
    feed.stop(at(0));
    Box::new(events)
}

/// The output, or the error, after this response.
fn outcome<M: Machine<Output: 'static>>(mut machine: M, status: u16, body: Vec<u8>) -> Box<dyn Any> {
    let first = ticket(&mut machine);
    machine.handle(at(0), first, response(status, body));
    match machine.poll(at(0)) {
        Step::Done(result) => Box::new(result),
        _ => Box::new(()),
    }
}

fn users(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    outcome(client().contacts().users(), status, body)
}

/// The bot's user.
fn me(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    outcome(client().contacts().me(), status, body)
}

fn groups(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    outcome(client().contacts().groups(), status, body)
}

fn chats(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    outcome(client().chats().list(), status, body)
}

/// The messages of a chat.
fn messages(status: u16, body: Vec<u8>) -> Box<dyn Any> {
    outcome(client().chats().chat("c1").messages(None), status, body)
}

fn response(status: u16, body: Vec<u8>) -> Reply {
    let media_type = if status < 400 { "application/json" } else { "application/problem+json" };
    let response = Response::builder().status(status).header("content-type", media_type);
    Reply::Response(response.body(body).expect("it is a response"))
}

/// Repeats a piece between two texts, up to a total of `size` bytes.
fn filled(size: usize, before: &str, piece: &str, last: &str, behind: &str) -> Vec<u8> {
    let count = (size - before.len() - behind.len() - last.len()) / piece.len();
    [before, &piece.repeat(count), last, behind].concat().into_bytes()
}

type Run = fn(u16, Vec<u8>) -> Box<dyn Any>;

const USER: &str = r#"{"uid":"","first_name":"","last_name":"","organisation":"","is_bot":true}"#;
const MESSAGE: &str = concat!(
    r#"{"mid":"","tid":"","from_user":{"uid":"","first_name":"","last_name":"","organisation":"","is_bot":true},"#,
    r#""timestamp":0,"is_alert":false,"deleted":false"#
);

const SMALL_MESSAGE: &str = r#"{"mid":"","tid":"","from_user":{"uid":""},"timestamp":0}"#;
const SMALL_GROUP: &str = r#"{"gid":"","members":[{"uid":""},{"uid":""}]}"#;
const SMALL_CHAT: &str = r#"{"tid":"","groups":[{"gid":""},{"gid":""},{"gid":""},{"gid":""},{"gid":""}]}"#;

/// A JSON string of bytes that are not UTF-8.
fn latin(size: usize, before: &str) -> Vec<u8> {
    [before.as_bytes(), &b"\xfc".repeat(size - before.len() - 4), b"\"}]}"].concat()
}

/// A JSON string of invalid escapes.
fn escapes(size: usize, before: &str) -> Vec<u8> {
    filled(size, before, "\\u", "\\ud800", "\"}]}")
}

fn cases(size: usize) -> Vec<(&'static str, Run, u16, Vec<u8>)> {
    let cursor = |length: usize| format!(r#"{{"cursor":"{}","items":["#, "z".repeat(length));
    let event = |cursor: &str| format!(r#"{{"cursor":"{cursor}","kind":"message","data":{MESSAGE}}}}}"#);
    let with = |rest: &str| format!(r#"{{"items":[{MESSAGE},{rest}"#);
    let all = |piece: &str, before: &str, behind: &str| filled(size, before, &format!("{piece},"), piece, behind);
    let half = (size - 100) / 2;
    vec![
        ("batch, cursor of 4 KiB, items `1`", feed, 200, all("1", &cursor(4096), "]}")),
        ("batch, cursor of 1 KiB, items `1`", feed, 200, all("1", &cursor(1024), "]}")),
        ("batch, events of a new kind", feed, 200, all(r#"{"cursor":"z","kind":"x","data":1}"#, &cursor(1024), "]}")),
        ("batch, events with a cursor of 1 KiB", feed, 200, all(&event(&"y".repeat(1024)), &cursor(1), "]}")),
        ("batch, smallest events", feed, 200, all(&event("y"), &cursor(1), "]}")),
        ("list, items `1`", users, 200, all("1", r#"{"items":["#, "]}")),
        ("list, items `{}`", users, 200, all("{}", r#"{"items":["#, "]}")),
        ("list, smallest users", users, 200, all(USER, r#"{"items":["#, "]}")),
        ("list, smallest users, then `1`", users, 200, all(USER, r#"{"items":["#, ",1]}")),
        ("list, a text for a flag", users, 200, all("x", r#"{"items":[{"uid":"","is_bot":""#, "\"}]}")),
        ("list, members of the page", users, 200, all(r#""x":1"#, "{", r#","items":[1]}"#)),
        ("list, attachments `1`", messages, 200, all("1", &with(r#""attachments":["#), "]}]}")),
        (
            "list, a poll with empty options",
            messages,
            200,
            all(
                "\"\"",
                &with(r#""attachments":[{"kind":"poll","question":"","multiple_choice":true,"options":["#),
                "]}]}]}",
            ),
        ),
        ("list, smallest users of all", users, 200, all(r#"{"uid":""}"#, r#"{"items":["#, "]}")),
        (
            "list, smallest users of all, and one bracket too many",
            users,
            200,
            all(r#"{"uid":""}"#, r#"{"items":["#, "]]}"),
        ),
        ("list, users in no list", users, 200, all(r#"{"uid":""}"#, r#"{"items":[],"#, "}")),
        ("list, smallest messages of all", messages, 200, all(SMALL_MESSAGE, r#"{"items":["#, "]}")),
        ("list, smallest groups of all", groups, 200, all(r#"{"gid":""}"#, r#"{"items":["#, "]}")),
        ("list, small groups of small users", groups, 200, all(SMALL_GROUP, r#"{"items":["#, "]}")),
        (
            "list, a group of smallest users",
            groups,
            200,
            all(r#"{"uid":""}"#, r#"{"items":[{"gid":"","members":["#, "]}]}"),
        ),
        ("list, smallest chats of all", chats, 200, all(r#"{"tid":""}"#, r#"{"items":["#, "]}")),
        ("list, chats with smallest groups", chats, 200, all(SMALL_CHAT, r#"{"items":["#, "]}")),
        (
            "list, a chat of smallest groups",
            chats,
            200,
            all(r#"{"gid":""}"#, r#"{"items":[{"tid":"","groups":["#, "]}]}"),
        ),
        ("list, a text that is not UTF-8", users, 200, latin(size, r#"{"items":[{"uid":"","first_name":""#)),
        ("list, a text of wrong escapes", users, 200, escapes(size, r#"{"items":[{"uid":"","first_name":""#)),
        ("list, brackets that close nothing", users, 200, all("}", r#"{"items":["#, "]}")),
        ("list, brackets that open one another", users, 200, all("{]", r#"{"items":["#, "]}")),
        (
            "list, brackets that are closed at once",
            users,
            200,
            [r#"{"items":["#, &"[".repeat(half), &"}]".repeat(half / 2), "]}"].concat().into(),
        ),
        ("list, items without ends", users, 200, filled(size, r#"{"items":["#, r#"{"a":["#, "1", "]}")),
        (
            "list, items in items without ends",
            users,
            200,
            filled(size, r#"{"items":["#, r#"{"uid":"u"},{"a":["#, "1", "]}"),
        ),
        ("list, many ends of the list", users, 200, filled(size, r#"{"items":["#, r#"],"a":["#, "1", "]}}{")),
        (
            "batch, events without their last bracket",
            feed,
            200,
            all(event("y").trim_end_matches('}'), &cursor(1), "]}"),
        ),
        (
            "batch, events with an odd quote",
            feed,
            200,
            all(&event("y").replace("\"mid\":\"", "\"mid\":\"x\" "), &cursor(1), "]}"),
        ),
        ("a user, members without ends", me, 200, filled(size, "{", r#""a":{"uid":[{"a":"#, "1 2:", "}")),
        ("problem, members without ends", users, 404, filled(size, "{", r#""code":{"a":[{"code":"#, "1 2:", "}")),
        ("list, the same member again", users, 200, all(r#""items":[1]"#, "{", "}")),
        ("list, members without names", users, 200, all("[", "{", "}")),
        (
            "batch, events without cursors",
            feed,
            200,
            all(&format!(r#"{{"kind":"message","data":{SMALL_MESSAGE}}}"#), &cursor(0), "]}"),
        ),
        (
            "batch, good and bad in turn",
            feed,
            200,
            all(&format!(r#"1,{{"kind":"message","data":{SMALL_MESSAGE}}}"#), &cursor(0), "]}"),
        ),
        ("batch, items that are a text", feed, 200, all("x", r#"{"cursor":"1","items":""#, "\"}")),
        ("list, a broken link preview", messages, 200, all("1", &with(r#""link_preview":["#), ",NaN]}]}")),
        (
            "deep nesting in a list",
            users,
            200,
            [r#"{"items":["#, &"[".repeat(half), &"]".repeat(half), "]}"].concat().into(),
        ),
        (
            "deep nesting in a batch",
            feed,
            200,
            [&cursor(1), &"[".repeat(half), &"]".repeat(half), "]}"].concat().into(),
        ),
        ("deep nesting that has no end", users, 200, "[".repeat(size).into()),
        ("problem, long detail", users, 422, all("e", r#"{"code":"auth","detail":""#, "\"}")),
        ("problem, long code", users, 422, all("e", r#"{"code":""#, "\"}")),
        ("problem, empty ids", users, 422, all("\"\"", r#"{"code":"invalid_members","invalid_members":["#, "]}")),
        ("list, spaces behind it", users, 200, filled(size, r#"{"items":[],"a":1}"#, " ", "x", "")),
        ("list, spaces within it", users, 200, filled(size, r#"{"items":["#, " ", "\"", "")),
        ("batch, spaces behind it", feed, 200, filled(size, r#"{"items":[],"cursor":"k"}"#, " ", "x", "")),
        (
            "a user, nested values and brackets without a comma behind them",
            me,
            200,
            [&r#"{"a":"#.repeat(half / 9), "1", &"}".repeat(size - half / 9 * 5 - 2), "x"].concat().into(),
        ),
        (
            "list, nested values and brackets without a comma behind them",
            users,
            200,
            [r#"{"items":["#, &r#"{"a":"#.repeat(half / 9), "1", &"}".repeat(size - half / 9 * 5 - 14), "x"]
                .concat()
                .into(),
        ),
        ("a page of HTML", users, 502, all("<p>", "<html>", "")),
    ]
}

/// Prints the table for responses of this size, and checks it. Returns the time of each.
fn measure(size: usize) -> Vec<(&'static str, Duration)> {
    println!(
        "| response of {} KiB | kept | most at once | allocated in all | time |\n|---|---|---|---|---|",
        size >> 10
    );
    let mut times = Vec::new();
    for (name, run, status, body) in cases(size) {
        let length = body.len();
        assert!((size / 2..=size + 8192).contains(&length), "{name}: {length}");
        let before = Peak::begin();
        let region = Region::new(COUNTED);
        let begin = Instant::now();
        let result = run(status, body);
        let time = begin.elapsed();
        let peak = before.growth().saturating_add(length);
        let change = region.change();
        // The memory that is still allocated; the body was allocated before.
        let kept = (change.bytes_allocated + length).saturating_sub(change.bytes_deallocated);
        drop(result);
        println!(
            "| {name} | {:.2} x | {:.2} x | {:.2} x | {time:.1?} |",
            times_of(kept, length),
            times_of(peak, length),
            times_of(change.bytes_allocated, length)
        );
        assert!(kept <= BASE + TIMES * length, "{name}: {kept} bytes are kept of {length}");
        assert!(peak <= (4 << 20) + TIMES * length, "{name}: {peak} bytes at once of {length}");
        times.push((name, time));
    }
    times
}

#[expect(clippy::cast_precision_loss, reason = "it is shown with two digits")]
fn times_of(bytes: usize, length: usize) -> f64 {
    bytes as f64 / length as f64
}

#[test]
fn memory_is_bounded_by_the_response_and_time_is_linear() {
    let small = measure(64 << 10);
    let large = measure(1 << 20);
    for ((name, small), (_, large)) in small.into_iter().zip(large) {
        // Sixteen times as long, doubled for the noise of a busy machine, and a base.
        let most = Duration::from_secs(2) + small * 64;
        assert!(large < most, "{name}: {small:?} for 64 KiB, {large:?} for 1 MiB");
    }
}

#[test]
#[ignore = "it takes long without optimisation"]
fn largest_response() {
    measure(16 << 20);
}
