//! The memory of a list that is read item by item does not depend on its length.
//!
//! It is the only test of its process, because it measures the memory of all of it.

use std::alloc::System;

use http::{Response, header};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, Stats, StatsAlloc};
use teamwire_core::{
    Client, Message,
    executor::Manual,
    flow::ListItems,
    machine::{Machine, Reply, Step},
    script::v1::sample,
};
use teamwire_tests::operations::{ENTROPY, TID, config, now};

#[global_allocator]
static COUNTED: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const PAGE: usize = 100;

/// Returns the response with this page, of messages of about 500 bytes.
fn page(number: usize, is_last: bool) -> Reply {
    let text = "The pressure of pump 3 is low. ".repeat(10);
    let messages = (0..PAGE).map(|at| sample::message(&format!("m{number}-{at}"), TID, &text));
    let mut page = sample::messages(messages);
    page["next_cursor"] = if is_last { None } else { Some(format!("cursor-{number}")) }.into();
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json");
    Reply::Response(response.body(page.to_string().into_bytes()).expect("it is a response"))
}

/// Returns the number of bytes that have been allocated and not freed since the start of the region.
fn held(region: &Region<'_, System>) -> usize {
    let Stats { bytes_allocated, bytes_deallocated, .. } = region.change();
    bytes_allocated.saturating_sub(bytes_deallocated)
}

/// Reads this number of messages, each page as early as it is requested. Returns the maximum number of bytes held
/// between two steps.
fn most_bytes_held(messages: usize) -> usize {
    let client = Client::new(Manual::new(config(), ENTROPY, now()));
    let pages = messages / PAGE;
    let region = Region::new(COUNTED);
    let mut list: ListItems<Message> = client.chats().chat(TID).messages_iter(None);
    let (mut most, mut read, mut requested) = (0, 0, 0);
    loop {
        match list.poll(now()) {
            Step::Send(ticket, _) => {
                requested += 1;
                list.handle(now(), ticket, page(requested, requested == pages));
            }
            Step::Event(message) => {
                read += 1;
                assert!(message.text.is_some());
            }
            Step::Done(result) => {
                result.expect("every page is valid");
                assert_eq!(read, messages);
                return most;
            }
            step => panic!("it neither waits nor uses a file: {step:?}"),
        }
        most = most.max(held(&region));
    }
}

#[test]
fn list_holds_two_pages_at_most() {
    // Two pages, one of which has arrived while the other is read: the first measurement is the memory for that.
    let two_pages = most_bytes_held(2 * PAGE);
    assert!(two_pages > 2 * PAGE * 300, "the texts alone have that size: {two_pages} bytes");
    let many_pages = most_bytes_held(10_000);
    // In addition to a page of its own, the hashes of the cursors and of the last ids.
    let limit = two_pages + two_pages / 8;
    assert!(many_pages <= limit, "{many_pages} bytes for 10,000 messages, and {two_pages} for {}", 2 * PAGE);
}
