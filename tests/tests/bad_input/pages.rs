//! Lists that are endless or too large.

use serde_json::{Value, json};
use teamwire_core::{
    Client, Error, Script, User,
    config::Limits,
    effect::{TransportError, TransportErrorKind},
    error::Cause,
    executor::Manual,
    machine::{Reply, Step},
    model::Listing,
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{ENTROPY, config, now, response};

fn page(cursor: &str) -> Respond {
    let mut page = sample::page([sample::bot()]);
    page["next_cursor"] = cursor.into();
    Respond::json(200, page)
}

fn after(cursor: &str) -> Expect {
    Expect::get("/v1/users").query("cursor", cursor)
}

#[track_caller]
fn endless(script: &Script, why: &str, path: Option<&str>) {
    let error = Client::new(script.clone()).contacts().users().expect_err("the list has no end");
    let Cause::UnexpectedResponse(error) = error.cause() else { panic!("{error:?}") };
    assert!(error.reason.contains(why), "{error}");
    assert_eq!(error.path.as_deref(), path);
    script.assert_done();
}

#[test]
fn cursor_that_repeats_is_an_error_and_not_a_loop() {
    let first = || Script::new().then(Expect::get("/v1/users"), page("a"));
    endless(&first().then(after("a"), page("a")), "repeats", None);
    let around = first().then(after("a"), page("b")).then(after("b"), page("c")).then(after("c"), page("a"));
    endless(&around, "repeats", None);
}

#[test]
fn invalid_cursor_is_an_error_and_sends_no_request() {
    for cursor in ["c".repeat(1025), "c".repeat(100_000), "\u{1f600}".repeat(257)] {
        endless(&Script::new().then(Expect::get("/v1/users"), page(&cursor)), "cursor", Some("next_cursor"));
    }
    let longest = "\u{1f600}".repeat(256);
    let script = Script::new().then(Expect::get("/v1/users"), page(&longest));
    users(&script.then(after(&longest), Respond::json(200, sample::page([]))));
}

fn users(script: &Script) -> Listing<User> {
    Client::new(script.clone()).contacts().users().expect("the list ends")
}

#[test]
fn list_without_an_end_is_given_up() {
    let client = Client::new(Manual::new(config(), ENTROPY, now()));
    let mut walk = client.contacts().users();
    for at in 0..20_000 {
        match walk.poll(now()) {
            Step::Send(ticket, _) => {
                let page = json!({ "items": [], "next_cursor": at.to_string() });
                walk.handle(now(), ticket, Reply::Response(response(200, &page)));
            }
            Step::Done(Err(error)) => return assert!(error.to_string().contains("more than 10000 pages"), "{error}"),
            step => panic!("{step:?}"),
        }
    }
    panic!("it does not end");
}

#[test]
fn cursor_that_is_empty_or_none_ends_the_list() {
    let ends = [
        json!({ "items": [] }),
        json!({ "items": [], "next_cursor": null }),
        json!({ "items": [], "next_cursor": "" }),
    ];
    for last in ends {
        let script = Script::new().then(Expect::get("/v1/users"), page("a")).then(after("a"), Respond::json(200, last));
        assert_eq!(users(&script).len(), 1);
        script.assert_done();
    }
}

fn expired() -> Respond {
    Respond::problem(410, "cursor_expired")
}

#[test]
fn a_list_whose_cursor_has_expired_is_begun_again_once() {
    let first = || Script::new().then(Expect::get("/v1/users"), page("a")).then(after("a"), page("b"));
    let last = Respond::json(200, sample::page([sample::user("u1", "Anna", "Berg")]));
    let again = first().then(after("b"), expired()).then(Expect::get("/v1/users"), page("a")).then(after("a"), last);
    assert_eq!(users(&again).len(), 2, "what was there before is not shown twice");
    again.assert_done();
    assert_eq!(again.requests()[3].query("cursor"), None);

    let twice =
        first().then(after("b"), expired()).then(Expect::get("/v1/users"), page("a")).then(after("a"), expired());
    let error = Client::new(twice.clone()).contacts().users().expect_err("it would have no end");
    assert_eq!((error.code(), error.status()), (Some("cursor_expired"), Some(410)));
    twice.assert_done();

    let at_once = Script::new().then(Expect::get("/v1/users"), expired());
    Client::new(at_once.clone()).contacts().users().expect_err("no cursor was sent");
    at_once.assert_done();

    let gateway = Respond::status(410).body("application/json", r#"{"code":"cursor_expired"}"#);
    let gone = Script::new().then(Expect::get("/v1/users"), page("a")).then(after("a"), gateway);
    Client::new(gone.clone()).contacts().users().expect_err("it is not the backend's word");
    gone.assert_done();
}

#[test]
fn empty_page_does_not_end_the_list() {
    let mut empty = sample::page([]);
    empty["next_cursor"] = Value::from("b");
    let script = Script::new()
        .then(Expect::get("/v1/users"), page("a"))
        .then(after("a"), Respond::json(200, empty))
        .then(after("b"), Respond::json(200, sample::page([sample::user("u1", "Anna", "Berg")])));
    assert_eq!(users(&script).len(), 2);
}

/// Lists the users of a server that has this many, and fits at most `fitting` of them into a page.
fn walk(users: usize, fitting: usize) -> (Result<Listing<User>, Error>, Vec<String>) {
    let client = Client::new(Manual::new(config(), ENTROPY, now()));
    let (mut walk, mut limits) = (client.contacts().users(), Vec::new());
    loop {
        match walk.poll(now()) {
            Step::Send(ticket, exchange) => {
                let query: Vec<_> =
                    url::form_urlencoded::parse(exchange.request.uri().query().unwrap_or_default().as_bytes())
                        .into_owned()
                        .collect();
                let of = |name: &str| query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
                let limit = of("limit").expect("it is always sent");
                let first: usize = of("cursor").map_or(0, |cursor| cursor.parse().expect("it is one of these"));
                limits.push(limit.to_owned());
                let count = limit.parse::<usize>().expect("it is a number").min(users - first);
                let reply = if count > fitting {
                    Reply::Error(
                        TransportError::new(TransportErrorKind::TooLarge, "the limit is 16 MiB").with_sent(true),
                    )
                } else {
                    let mut page = sample::page((0..count).map(|at| sample::user(&format!("u{}", first + at), "", "")));
                    if first + count < users {
                        page["next_cursor"] = (first + count).to_string().into();
                    }
                    Reply::Response(response(200, &page))
                };
                walk.handle(now(), ticket, reply);
            }
            Step::Done(result) => return (result, limits),
            step => panic!("{step:?}"),
        }
    }
}

#[test]
fn too_large_page_is_requested_again_with_fewer_items() {
    for (fitting, expected) in [(100, "100"), (99, "50"), (7, "6"), (1, "1")] {
        let (users, limits) = walk(130, fitting);
        let users = users.expect("smaller pages are small enough");
        let uids: Vec<_> = users.iter().map(|user| user.uid.to_string()).collect();
        assert_eq!(uids, (0..130).map(|at| format!("u{at}")).collect::<Vec<_>>(), "each once, in order");
        assert_eq!((limits[0].as_str(), limits[limits.len() - 1].as_str()), ("100", expected));
    }
    let (error, limits) = walk(130, 0);
    assert!(error.expect_err("one item is too large").to_string().contains("too large"));
    assert_eq!(limits, ["100", "50", "25", "12", "6", "3", "1"]);
}

#[test]
fn list_has_a_limit_over_all_of_its_pages() {
    let limited = config().with_limits(Limits { max_list_size: 1000, ..Limits::default() });
    let script = (0..20)
        .fold(Script::with_config(limited), |script, at| script.then(Expect::get("/v1/users"), page(&at.to_string())));
    let error = Client::new(script.clone()).contacts().users().expect_err("it is too large");
    assert!(error.to_string().contains("`max_list_size` (1000 bytes)"), "{error}");
    assert!(script.requests().len() < 15, "it ends there");
}
