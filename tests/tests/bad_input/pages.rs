//! Lists that would never end.

use serde_json::{Value, json};
use teamwire_core::{
    ByHand, Client, Error, Listing, Reply, Script, Step, User,
    script::{Answer, Expect, sample},
};
use teamwire_tests::operations::{ENTROPY, config, now, response};

fn page(cursor: &str) -> Answer {
    let mut page = sample::page([sample::bot()]);
    page["next_cursor"] = cursor.into();
    Answer::json(200, page)
}

fn after(cursor: &str) -> Expect {
    Expect::get("/v1/users").query("cursor", cursor)
}

#[track_caller]
fn endless(script: &Script, why: &str) {
    match Client::new(script.clone()).contacts().users() {
        Err(Error::UnexpectedAnswer(error)) => {
            assert!(error.reason.contains(why), "{error}");
            assert_eq!(error.path.as_deref(), Some("next_cursor"));
        }
        other => panic!("{other:?}"),
    }
    script.assert_done();
}

#[test]
fn a_cursor_that_repeats_is_an_error_and_not_a_loop() {
    let first = || Script::new().then(Expect::get("/v1/users"), page("a"));
    endless(&first().then(after("a"), page("a")), "repeats");
    let around = first().then(after("a"), page("b")).then(after("b"), page("c")).then(after("c"), page("a"));
    endless(&around, "repeats");
}

#[test]
fn a_cursor_that_is_none_of_the_contract_is_an_error_and_not_a_request() {
    for cursor in ["c".repeat(1025), "c".repeat(100_000), "\u{1f600}".repeat(257)] {
        endless(&Script::new().then(Expect::get("/v1/users"), page(&cursor)), "cursor");
    }
    let longest = "\u{1f600}".repeat(256);
    let script = Script::new().then(Expect::get("/v1/users"), page(&longest));
    users(&script.then(after(&longest), Answer::json(200, sample::page([]))));
}

fn users(script: &Script) -> Listing<User> {
    Client::new(script.clone()).contacts().users().expect("the list ends")
}

#[test]
fn a_list_without_an_end_is_given_up() {
    let client = Client::new(ByHand::new(config(), ENTROPY, now()));
    let mut walk = client.contacts().users();
    for at in 0..20_000 {
        match walk.poll(now()) {
            Step::Send(ticket, _) => {
                let page = json!({ "items": [], "next_cursor": at.to_string() });
                walk.handle(now(), ticket, Reply::Response(response(200, &page)));
            }
            Step::Done(Err(error)) => return assert!(error.to_string().contains("goes on after"), "{error}"),
            step => panic!("{step:?}"),
        }
    }
    panic!("it goes on for ever");
}

#[test]
fn a_cursor_that_is_empty_or_none_ends_the_list() {
    let ends = [
        json!({ "items": [] }),
        json!({ "items": [], "next_cursor": null }),
        json!({ "items": [], "next_cursor": "" }),
    ];
    for last in ends {
        let script = Script::new().then(Expect::get("/v1/users"), page("a")).then(after("a"), Answer::json(200, last));
        assert_eq!(users(&script).len(), 1);
        script.assert_done();
    }
}

#[test]
fn an_empty_page_does_not_end_the_list() {
    let mut empty = sample::page([]);
    empty["next_cursor"] = Value::from("b");
    let script = Script::new()
        .then(Expect::get("/v1/users"), page("a"))
        .then(after("a"), Answer::json(200, empty))
        .then(after("b"), Answer::json(200, sample::page([sample::user("u1", "Anna", "Berg")])));
    assert_eq!(users(&script).len(), 2);
}
