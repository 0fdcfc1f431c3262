//! Waits before a retry are random, so that bots that failed together do not retry together.

use std::{collections::BTreeSet, time::Duration};

use teamwire_core::{
    Client, FeedEvent,
    effect::{TransportError, TransportErrorKind},
    executor::Manual,
    flow::Flow,
    machine::{Machine, Reply, Step},
};
use teamwire_tests::operations::{config, now};

const SESSIONS: u8 = 40;
/// The initial backoff of the default policy.
const FIRST: Duration = Duration::from_millis(500);

fn client(number: u8) -> Client<Manual> {
    Client::new(Manual::new(config(), [number; 32], now()))
}

fn unreachable() -> Reply {
    Reply::Error(TransportError::new(TransportErrorKind::Connect, "no route to host"))
}

fn wait_of<T: Send>(flow: &mut dyn Flow<Output = T>) -> Duration {
    let Step::Send(ticket, _) = flow.poll(now()) else { panic!("it begins with a request") };
    flow.handle(now(), ticket, unreachable());
    match flow.poll(now()) {
        Step::Sleep(until) => until.saturating_duration_since(now().moment),
        _ => panic!("it waits before the retry"),
    }
}

#[track_caller]
fn are_spread(waits: &[Duration]) {
    assert!(waits.iter().all(|wait| (FIRST / 2..=FIRST).contains(wait)), "{waits:?}");
    let distinct: BTreeSet<_> = waits.iter().collect();
    assert!(distinct.len() > waits.len() / 2, "they come back together: {waits:?}");
    // Both halves of the range are used.
    let late = waits.iter().filter(|wait| **wait > FIRST * 3 / 4).count();
    assert!((waits.len() / 5..waits.len() * 4 / 5).contains(&late), "they are bunched: {waits:?}");
}

#[test]
fn waits_of_many_sessions_are_spread() {
    let waits: Vec<_> = (0..SESSIONS).map(|number| wait_of(&mut *client(number).contacts().me())).collect();
    are_spread(&waits);
}

#[test]
fn waits_of_many_operations_of_a_session_are_spread() {
    let client = client(0);
    let waits: Vec<_> = (0..SESSIONS).map(|_| wait_of(&mut *client.contacts().me())).collect();
    are_spread(&waits);
}

#[test]
fn waits_of_many_feeds_are_spread() {
    let wait = |number| {
        let mut feed = client(number).chats().new_messages(None);
        let Step::Send(ticket, _) = feed.poll(now()) else { panic!("it begins with a request") };
        feed.handle(now(), ticket, unreachable());
        match feed.poll(now()) {
            Step::Event(FeedEvent::Retrying(retrying)) => retrying.retry_at.saturating_duration_since(now().moment),
            other => panic!("it reports the failure, not {other:?}"),
        }
    };
    are_spread(&(0..SESSIONS).map(wait).collect::<Vec<_>>());
}
