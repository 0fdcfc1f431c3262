//! Lists on scripts, with a virtual clock.

use std::time::Duration;

use serde_json::json;
use teamwire_core::{
    Client, ErrorKind, Script,
    config::RetryPolicy,
    effect::{TransportError, TransportErrorKind},
    script::{
        Expect, Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::executor_test;

use crate::support::{Scripted, page, read, users};

fn next_users(cursor: &str) -> Expect {
    Expect::from(expect::users()).query("cursor", cursor)
}

#[executor_test(adapters)]
fn next_page_is_requested_while_the_items_of_one_are_read<H: Scripted>() {
    let script = Script::new()
        .then(expect::users(), users(&["u1", "u2"], Some("a")))
        .then(next_users("a"), users(&["u3"], Some("b")))
        .then(next_users("b"), users(&[], Some("c")))
        .then(next_users("c"), users(&["u4"], None));
    let mut list = H::scripted(&script).contacts().users_iter();
    assert!(script.requests().is_empty(), "nothing is sent before the first item is requested");
    for (uid, requests) in [("u1", 2), ("u2", 2), ("u3", 3), ("u4", 4)] {
        assert_eq!(read::<H>(&mut list, 1).0, [uid]);
        assert_eq!(script.requests().len(), requests, "after {uid}");
    }
    assert!(H::next(&mut list).is_none());
    assert!(H::next(&mut list).is_none());
    script.assert_done();
}

#[executor_test(adapters)]
fn items_that_cannot_be_decoded_are_left_out_and_reported_at_the_end<H: Scripted>() {
    let good = || sample::message("m1", "c1", "hello");
    let bad = |count: usize| vec![json!({ "mid": 7 }); count];
    let mut late = sample::messages([bad(80), vec![sample::message("m2", "c1", "hello")]].concat());
    late["last_modified"] = "2026-01-02T00:00:00.000Z".into();
    let script = Script::new()
        .then(expect::messages("c1"), page(sample::messages([bad(80), vec![good()]].concat()), Some("a")))
        .then(Expect::from(expect::messages("c1")).query("cursor", "a"), page(late, None));
    let client = H::scripted(&script);
    let mut list = client.chats().chat("c1").messages_iter(None);
    let mut mids = Vec::new();
    while let Some(message) = H::next(&mut list) {
        assert!(H::end(&list).is_none());
        mids.push(message.expect("the list has no error").mid.to_string());
    }
    assert_eq!(mids, ["m1", "m2"]);
    let end = H::end(&list).expect("it has ended");
    assert_eq!((end.undecoded.len(), end.undecoded_count), (100, 160));
    assert_eq!(end.last_modified, "2026-01-02T00:00:00.000Z".parse().ok());
}

#[executor_test(adapters)]
fn page_is_retried_and_its_failure_ends_the_list_after_the_items_before<H: Scripted>() {
    let script = Script::new()
        .then(expect::users(), users(&["u1"], Some("a")))
        .on(next_users("a"), [respond::unavailable(20), Respond::unreachable().times(2), users(&["u2"], Some("b"))])
        .on(next_users("b"), [respond::server_error().times(4)]);
    let client = H::scripted(&script);
    let mut list = client.contacts().users_iter();
    assert_eq!(read::<H>(&mut list, 1).0, ["u1"]);
    let before = client.now().moment;
    assert_eq!(read::<H>(&mut list, 1).0, ["u2"]);
    assert!(client.now().moment >= before.saturating_add(Duration::from_secs(20)), "the server asked for the wait");
    let (uids, error) = read::<H>(&mut list, 1);
    let error = error.expect("the page fails");
    assert_eq!((uids.len(), error.kind()), (0, ErrorKind::Server));
    let during = error.during().expect("it names the operation");
    assert_eq!((during.operation.name, during.attempts), ("users_iter", 4));
    assert!(H::next(&mut list).is_none(), "the error is the last item");
    assert!(H::end(&list).is_none());
    script.assert_done();

    let script = Script::new().then(expect::users(), respond::unavailable(1));
    let mut list = H::scripted(&script).with_retry(RetryPolicy::NEVER).contacts().users_iter();
    assert_eq!(read::<H>(&mut list, 1).1.expect("it is not retried").kind(), ErrorKind::Server);
}

#[executor_test(adapters)]
fn cursor_that_repeats_ends_the_list_after_its_page<H: Scripted>() {
    let script =
        Script::new().then(expect::users(), users(&["u1"], Some("a"))).then(next_users("a"), users(&["u2"], Some("a")));
    let (uids, error) = read::<H>(&mut H::scripted(&script).contacts().users_iter(), 9);
    let error = error.expect("the list would never end");
    assert_eq!((uids, error.kind()), (vec!["u1".to_owned(), "u2".to_owned()], ErrorKind::UnexpectedResponse));
    assert!(error.to_string().contains("repeats"), "{error}");
    script.assert_done();
}

#[executor_test(adapters)]
fn page_that_is_too_large_is_requested_with_fewer_items<H: Scripted>() {
    let too_large = Respond::error(TransportError::new(TransportErrorKind::TooLarge, "it has more than 16 MiB"));
    let script = Script::new()
        .then(expect::users(), users(&["u1", "u2"], Some("a")))
        .then(next_users("a"), too_large)
        .then(next_users("a").query("limit", "50"), users(&["u3"], Some("b")))
        .then(next_users("b").query("limit", "50"), users(&["u4"], None));
    let (uids, error) = read::<H>(&mut H::scripted(&script).contacts().users_iter(), 9);
    assert!(error.is_none(), "{error:?}");
    assert_eq!(uids, ["u1", "u2", "u3", "u4"]);
    script.assert_done();
}

#[executor_test(adapters)]
fn expired_cursor_ends_the_list_because_items_have_been_handed_out<H: Scripted>() {
    let script =
        Script::new().then(expect::users(), users(&["u1"], Some("a"))).then(next_users("a"), respond::cursor_expired());
    let (uids, error) = read::<H>(&mut H::scripted(&script).contacts().users_iter(), 9);
    assert_eq!((uids, error.is_some()), (vec!["u1".to_owned()], true));
    script.assert_done();
}

#[executor_test(adapters)]
fn every_list_has_an_iterator<H: Scripted>() {
    let script = Script::new()
        .on(expect::users(), [respond::users([sample::user("u1", "Anna", "Berg")])])
        .on(expect::groups(), [respond::groups([sample::group("g1", "On call")])])
        .on(expect::chats(), [respond::chats([sample::chat("c1", "Operations")])])
        .on(expect::messages("c1"), [respond::messages([sample::message("m1", "c1", "hello")])])
        .on(expect::post("c1"), [respond::message(sample::message("m2", "c1", "hello"))]);
    let client = H::scripted(&script);
    let user = H::next(&mut client.contacts().users_iter()).expect("an item").expect("no error");
    assert_eq!(user.uid.as_str(), "u1");
    let group = H::next(&mut client.contacts().groups_iter()).expect("an item").expect("no error");
    assert_eq!(group.gid.as_str(), "g1");
    let chat = H::next(&mut client.chats().list_iter()).expect("an item").expect("no error");
    assert_eq!(chat.title(), "Operations");
    H::wait(chat.post("hello")).expect("it has the operations of a chat");
    let message = H::next(&mut chat.messages_iter(None)).expect("an item").expect("no error");
    assert_eq!(message.mid.as_str(), "m1");
    script.assert_done();
}

#[test]
fn messages_are_requested_since_a_day_before_the_first_request() {
    let script = Script::new().always(expect::messages("c1"), respond::empty_list());
    let client = Client::new(script.clone());
    let mut list = client.chats().chat("c1").messages_iter(None);
    script.advance(Duration::from_secs(5));
    assert!(list.next().is_none());
    assert_eq!(script.requests()[0].query("since"), Some("2025-12-31T00:00:05.000Z".into()));
}

#[test]
fn script_without_a_response_does_not_end_a_list() {
    let lists: [fn(&Script) -> usize; 3] = [
        |script| Client::new(script.clone()).contacts().users_iter().count(),
        |script| teamwire_blocking::scripted(script).contacts().users_iter().count(),
        |script| {
            read::<teamwire_tests::harness::AsyncStd>(
                &mut teamwire_async_std::scripted(script).contacts().users_iter(),
                9,
            )
            .0
            .len()
        },
    ];
    for list in lists {
        let script = Script::new().then(expect::users(), users(&["u1"], Some("a")));
        let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| list(&script)));
        outcome.expect_err("the request for the second page is unexpected");
        assert_eq!(script.requests().len(), 2);
    }
}
