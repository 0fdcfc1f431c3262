//! Lists: all pages, each item once, and the items that are left out.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};
use teamwire_core::{
    Client, Script,
    effect::{Moment, Now, TransportError, TransportErrorKind},
    executor::Manual,
    machine::{Machine, Step},
    model::Messages,
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{ENTROPY, Operation, TID, config};

fn messages_path() -> String {
    format!("/v1/chats/{TID}/messages")
}

/// The messages of a chat, on these pages.
fn read(config: teamwire_core::Config, pages: Vec<Value>) -> Messages {
    let script = Script::with_config(config);
    let last = pages.len() - 1;
    for (at, mut page) in pages.into_iter().enumerate() {
        if at < last {
            page["next_cursor"] = at.to_string().into();
        }
        let expect = Expect::get(messages_path());
        let expect = if at == 0 { expect } else { expect.query("cursor", (at - 1).to_string()) };
        let _ = script.clone().then(expect, Respond::json(200, page));
    }
    let messages = Client::new(script.clone()).chats().chat(TID).messages(None).expect("the script has them");
    script.assert_done();
    messages
}

fn mids(messages: &Messages) -> Vec<&str> {
    messages.messages.iter().map(|message| message.mid.as_str()).collect()
}

#[test]
fn the_readers_after_marking_are_walked_to_their_end() {
    let page = |uid: &str, next: Option<&str>| {
        let mut page = sample::page([sample::user(uid, "", "")]);
        if let Some(next) = next {
            page["next_cursor"] = next.into();
        }
        Respond::json(200, page)
    };
    let (marked, path) = (Expect::post(format!("/v1/chats/{TID}/read")), format!("/v1/chats/{TID}/readers"));
    let script = Script::with_config(config())
        .then(marked.clone(), page("u1", Some("a")))
        .then(Expect::get(&*path).query("cursor", "a"), page("u2", Some("b")))
        .then(Expect::get(&*path).query("cursor", "b"), page("u3", None));
    let readers = Client::new(script.clone()).chats().chat(TID).mark_as_read().expect("it is marked");
    assert_eq!(readers.iter().map(|user| user.uid.as_str()).collect::<Vec<_>>(), ["u1", "u2", "u3"]);
    script.assert_done();

    // A smaller first page is not requested, because the request also marks the chat.
    let too_large = Respond::error(TransportError::new(TransportErrorKind::TooLarge, "it has more than 16 MiB"));
    let script = Script::with_config(config()).then(marked, too_large);
    Client::new(script.clone()).chats().chat(TID).mark_as_read().expect_err("the response is too large");
    script.assert_done();
}

#[test]
fn every_list_is_walked_to_its_end_in_order() {
    for operation in Operation::ALL.iter().filter(|operation| operation.is_paged()) {
        let pages = ["a", "b", ""].map(|next| {
            let mut page = operation.status_and_json().1;
            if !next.is_empty() {
                page["next_cursor"] = next.into();
            }
            Respond::json(200, page)
        });
        let played = operation.play(config(), pages);
        played.outcome.expect("the list ends");
        let requests = played.script.requests();
        let cursors: Vec<_> = requests[1..].iter().map(|request| request.query("cursor")).collect();
        assert_eq!(cursors, [None, Some("a".into()), Some("b".into())], "{operation:?}");
        for name in ["since", "title"] {
            let asked: Vec<_> = requests[1..].iter().map(|request| request.query(name)).collect();
            assert!(asked.iter().all(|value| *value == asked[0]), "the other parameters stay: {asked:?}");
        }
    }
    let users = ["u1", "u2", "u3", "u4"].map(|uid| sample::user(uid, "", ""));
    let [one, two, three, four] = users;
    let mut first = sample::page([one, two]);
    first["next_cursor"] = "2".into();
    let script = Script::new()
        .then(Expect::get("/v1/users"), Respond::json(200, first))
        .then(Expect::get("/v1/users").query("cursor", "2"), Respond::json(200, sample::page([three, four])));
    let users = Client::new(script).contacts().users().expect("the list ends");
    let uids: Vec<_> = users.iter().map(|user| user.uid.as_str()).collect();
    assert_eq!(uids, ["u1", "u2", "u3", "u4"]);
}

#[test]
fn messages_are_requested_since_one_day_ago() {
    let utc: DateTime<Utc> = "2026-03-01T12:34:56.789999Z".parse().expect("a date");
    let response = Respond::json(200, sample::messages([]));
    let script = Script::new().starting_at(utc).always(Expect::get(messages_path()), response);
    script.advance(Duration::from_secs(5));
    let client = Client::new(script.clone());
    client.chats().chat(TID).messages(None).expect("the script has them");
    client.chats().chat(TID).messages(DateTime::UNIX_EPOCH + TimeDelta::milliseconds(7)).expect("the script has them");
    let asked: Vec<_> = script.requests().iter().map(|request| request.query("since")).collect();
    assert_eq!(asked, [Some("2026-02-28T12:35:01.789Z".into()), Some("1970-01-01T00:00:00.007Z".into())]);
}

#[test]
fn clock_at_its_limits_is_accepted() {
    for (utc, since, asked) in [
        (DateTime::<Utc>::MIN_UTC, None, "0000-01-01T00%3A00%3A00.000Z"),
        (DateTime::<Utc>::MAX_UTC, None, "9999-12-31T23%3A59%3A59.999Z"),
        (DateTime::UNIX_EPOCH, Some(DateTime::<Utc>::MIN_UTC), "0000-01-01T00%3A00%3A00.000Z"),
        (DateTime::UNIX_EPOCH, Some(DateTime::<Utc>::MAX_UTC), "9999-12-31T23%3A59%3A59.999Z"),
    ] {
        let client = Client::new(Manual::new(config(), ENTROPY, Now::new(Moment::EPOCH, utc)));
        let chat = client.chats().chat(TID);
        let mut messages = chat.messages(since);
        let Step::Send(_, exchange) = messages.poll(Now::new(Moment::EPOCH, utc)) else { panic!("it has a request") };
        assert_eq!(exchange.request.uri().query(), Some(format!("since={asked}&limit=100").as_str()));
    }
}

#[test]
fn day_ago_is_counted_from_the_request() {
    let client = Client::new(Manual::new(config(), ENTROPY, Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH)));
    let chat = client.chats().chat(TID);
    let mut messages = chat.messages(None);
    let later = Now::new(Moment::EPOCH, DateTime::UNIX_EPOCH + TimeDelta::days(7));
    let Step::Send(_, exchange) = messages.poll(later) else { panic!("it has a request") };
    assert_eq!(exchange.request.uri().query(), Some("since=1970-01-07T00%3A00%3A00.000Z&limit=100"));
}

#[test]
#[allow(deprecated, reason = "deprecated operations are tested too")]
fn deprecated_name_sends_the_same_request() {
    let response = Respond::json(200, sample::messages([sample::message("m1", TID, "hello")]));
    let script = Script::new().always(Expect::get(messages_path()), response);
    let client = Client::new(script.clone());
    let chat = client.chats().chat(TID);
    assert_eq!(chat.pull_chat_feed(None).expect("it is there"), chat.messages(None).expect("it is there"));
    let requests = script.requests();
    assert_eq!(requests[0].request.uri(), requests[1].request.uri());
}

#[test]
fn message_on_two_pages_comes_once_at_its_first_place() {
    let page = |mids: &[&str], text: &str| sample::messages(mids.iter().map(|mid| sample::message(mid, TID, text)));
    let messages = read(config(), vec![page(&["m1", "m2"], "first"), page(&["m2", "m1", "m3"], "again")]);
    assert_eq!(mids(&messages), ["m1", "m2", "m3"]);
    assert_eq!(messages.messages[1].text.as_deref(), Some("first"));
}

#[test]
fn deleted_messages_are_left_out_unless_they_are_asked_for() {
    let page = || {
        let mut deleted = sample::message("m2", TID, "");
        deleted["deleted"] = true.into();
        deleted["msg"] = Value::Null;
        vec![sample::messages([sample::message("m1", TID, "hello"), deleted, sample::message("m3", TID, "hello")])]
    };
    assert_eq!(mids(&read(config(), page())), ["m1", "m3"]);
    assert_eq!(mids(&read(config().with_hide_deleted_messages(true), page())), ["m1", "m3"]);
    let all = read(config().with_hide_deleted_messages(false), page());
    assert_eq!(mids(&all), ["m1", "m2", "m3"]);
    assert!(all.messages[1].deleted && all.messages[1].text.is_none() && all.messages[1].attachments.is_empty());
}

#[test]
fn latest_last_modified_of_all_pages_counts() {
    let page = |time: Value| {
        let mut page = sample::messages([]);
        page["last_modified"] = time;
        page
    };
    let (early, late) = ("2026-01-01T00:00:00.000Z", "2026-01-02T00:00:00.123Z");
    for pages in [vec![json!(early), json!(late)], vec![json!(late), Value::Null], vec![Value::Null, json!(late)]] {
        let messages = read(config(), pages.into_iter().map(page).collect());
        assert_eq!(messages.last_modified, Some(late.parse().expect("a date")));
    }
    assert_eq!(read(config(), vec![page(Value::Null)]).last_modified, None);
    let mut without = sample::page([]);
    without["items"] = json!([]);
    assert_eq!(read(config(), vec![without]).last_modified, None);
}

#[test]
fn page_that_fails_for_a_while_does_not_restart_the_list() {
    let mut first = sample::page([sample::user("u1", "", "")]);
    first["next_cursor"] = "a".into();
    let second = || Expect::get("/v1/users").query("cursor", "a");
    let script = Script::new()
        .then(Expect::get("/v1/users"), Respond::json(200, first))
        .then(second(), Respond::connection_lost())
        .then(second(), Respond::status(500))
        .then(second(), Respond::json(200, sample::page([sample::user("u2", "", "")])));
    assert_eq!(Client::new(script.clone()).contacts().users().expect("the list ends").len(), 2);
    script.assert_done();
}

#[test]
fn each_page_has_all_the_attempts() {
    let page = |next: Value| {
        let mut page = sample::page([]);
        page["next_cursor"] = next;
        Respond::json(200, page)
    };
    let failure = || Respond::status(500);
    let pages = [failure(), failure(), failure(), page("a".into()), failure(), failure(), failure(), page(Value::Null)];
    Operation::Users.play(config(), pages).outcome.expect("three retries each are enough");
}

#[test]
fn missing_chat_is_none_and_a_failure_is_not() {
    let find = |response: Respond| {
        let script = Script::with_config(config()).then(Expect::get(format!("/v1/chats/{TID}")), response);
        Client::new(script).chats().by_thread_id(TID)
    };
    assert!(find(Respond::problem(404, "not_found")).expect("absence is not an error").is_none());
    assert!(find(Respond::status(404).body("text/html", "<h1>404</h1>")).is_err(), "a proxy knows nothing of chats");
    assert!(find(Respond::problem(401, "auth")).is_err());
    assert!(find(Respond::status(410)).is_err());
}
