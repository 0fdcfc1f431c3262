//! Lists over sockets.

use std::{sync::mpsc, time::Duration};

use teamwire_core::{
    config::{Limits, RetryPolicy},
    executor::Executor,
    flow::ListItems,
    script::v1::sample,
};
use teamwire_sandbox::org;
use teamwire_test_support::{Server, config};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

use crate::support::read;

/// Longer than any step takes.
const SOON: Duration = Duration::from_secs(30);

fn page(uids: &[&str], next: Option<&str>) -> String {
    let mut page = sample::page(uids.iter().map(|uid| sample::user(uid, uid, "")));
    page["next_cursor"] = next.into();
    page.to_string()
}

#[executor_test(adapters)]
fn next_page_is_in_flight_while_items_are_read<H: Harness>() {
    let ((requested, is_requested), (release, is_released)) = (mpsc::channel(), mpsc::channel::<()>());
    let server = Server::script(move |listener| {
        let mut peer = listener.accept();
        peer.serve(200, &page(&["u1", "u2", "u3"], Some("a")));
        let request = peer.request();
        requested.send(request.line().to_owned()).expect("the test waits for it");
        is_released.recv_timeout(SOON).expect("the test reads the items before the second page");
        peer.respond(200, &page(&["u4"], None));
        peer.wait_for_end();
    });
    let mut list = H::connect(config(&server.url())).contacts().users_iter();
    assert_eq!(read::<H>(&mut list, 1).0, ["u1"]);
    let line = is_requested.recv_timeout(SOON).expect("the second page is requested by now");
    assert!(line.contains("cursor=a"), "{line}");
    assert_eq!(read::<H>(&mut list, 2).0, ["u2", "u3"], "they do not wait for the second page");
    release.send(()).expect("the server waits for it");
    let (uids, error) = read::<H>(&mut list, 9);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(uids, ["u4"]);
}

/// An asynchronous executor makes no progress with the early request for a page while the program does something else,
/// so that it must not have the only connection.
#[executor_test(adapters)]
fn requests_between_items_are_sent_with_one_connection_at_once<H: Harness>() {
    let server = Server::each(|_, mut peer| {
        while let Some(request) = peer.try_request() {
            let is_second = request.line().contains("cursor=a");
            match request.line().contains("/users") {
                true if is_second => peer.respond(200, &page(&["u3"], None)),
                true => peer.respond(200, &page(&["u1", "u2"], Some("a"))),
                false => peer.respond(200, &sample::bot().to_string()),
            };
        }
    });
    let limits = Limits { max_connections: 1, ..Limits::default() };
    let client = H::connect(config(&server.url()).with_limits(limits).with_retry(RetryPolicy::NEVER));
    let mut list = client.contacts().users_iter();
    for uid in ["u1", "u2", "u3"] {
        assert_eq!(read::<H>(&mut list, 1).0, [uid]);
        H::wait(client.contacts().me()).expect("a connection is free");
    }
}

/// Reads a list to its end.
fn all<H: Harness, T: Send + 'static, S: Send + 'static>(
    mut list: <H::X as Executor>::Events<ListItems<T, S>>,
) -> Vec<T> {
    std::iter::from_fn(|| H::next(&mut list)).map(|item| item.expect("the sandbox works")).collect()
}

#[executor_test(protocols)]
fn items_are_those_of_the_collected_lists<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let admin = fixture.sandbox.admin();
    for number in 0..120 {
        admin.create_bot(&format!("Bot {number}"));
    }
    let anna = fixture.sandbox.as_person(org::ANNA);
    for number in 0..110 {
        anna.create_chat(&format!("Chat {number}"), &[org::BOT]).expect("Anna may create chats");
    }
    for number in 0..210 {
        anna.post(org::LOBBY, &number.to_string()).expect("Anna is in the lobby");
    }
    let (contacts, chats) = (fixture.client.contacts(), fixture.client.chats());
    let users = fixture.ok(contacts.users()).into_vec();
    assert!(users.len() > 120, "they are on several pages");
    assert_eq!(all::<H, _, _>(contacts.users_iter()), users);
    assert_eq!(all::<H, _, _>(contacts.groups_iter()), fixture.ok(contacts.groups()).into_vec());
    let listed = fixture.ok(chats.list()).into_vec();
    let infos: Vec<_> = listed.iter().map(|chat| chat.info().clone()).collect();
    let read: Vec<_> = all::<H, _, _>(chats.list_iter()).iter().map(|chat| chat.info().clone()).collect();
    assert!(read.len() > 110);
    assert_eq!(read, infos);
    let lobby = chats.chat(org::LOBBY);
    let messages = fixture.ok(lobby.messages(None)).messages;
    assert!(messages.len() >= 210, "they are on several pages");
    assert_eq!(all::<H, _, _>(lobby.messages_iter(None)), messages);
}
