//! One client, many threads.

use std::{collections::BTreeSet, thread};

use teamwire_sandbox::org;
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const THREADS: usize = 8;
const POSTS: usize = 12;

#[executor_test(protocols)]
fn client_is_shared_by_many_threads<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.faults().close_abruptly_every_nth(7);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let client = fixture.client.clone();
            scope.spawn(move || {
                let lobby = client.chats().chat(org::LOBBY);
                for post in 0..POSTS {
                    H::wait(lobby.post(format!("{thread}/{post}"))).unwrap_or_else(|error| panic!("{error}"));
                }
            });
        }
    });
    let texts: Vec<_> = fixture.sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    let each: BTreeSet<_> = texts.iter().collect();
    assert_eq!((texts.len(), each.len()), (THREADS * POSTS, THREADS * POSTS), "each is shown once");
}

#[executor_test]
fn chats_are_shared_by_many_threads<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..POSTS {
                    H::wait(lobby.post("hello")).unwrap_or_else(|error| panic!("{error}"));
                    H::wait(lobby.messages(None)).unwrap_or_else(|error| panic!("{error}"));
                }
            });
        }
    });
    assert_eq!(fixture.sandbox.message_count(), THREADS * POSTS);
    let connections = fixture.sandbox.connections();
    assert!(!H::KEEPS_CONNECTIONS || connections.accepted <= 2 * THREADS as u64, "{connections:?}");
}
