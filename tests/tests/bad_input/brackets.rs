//! Unbalanced brackets make only their item undecoded, and the text that they may have swallowed is kept.

use serde_json::json;
use teamwire_core::{
    Client, ErrorKind, FeedEvent, FeedOptions, Script, User,
    model::Listing,
    script::{Expect, Respond},
};
use teamwire_tests::operations::TID;

const GOOD: &str = r#"{"uid":"u1"}"#;

fn raw(body: impl Into<Vec<u8>>) -> Respond {
    Respond::status(200).body("application/json", body)
}

/// Returns the users of a list with these pages.
fn users(pages: &[String]) -> Listing<User> {
    let script =
        pages.iter().fold(Script::new(), |script, page| script.then(Expect::get("/v1/users"), raw(page.as_str())));
    let users = Client::new(script.clone()).contacts().users().expect("it is a list");
    script.assert_done();
    users
}

#[test]
fn item_with_unbalanced_brackets_leaves_its_page_readable() {
    for odd in [r"{]}", r#"{"a":[}"#, r#"{"a":[1}"#, r#"{"uid":"u2","a":[1}"#, r"[{]", r"[}]", r"]", r"[[}]]"] {
        for (before, behind) in [("", ""), (GOOD, ""), ("", GOOD), (GOOD, GOOD)] {
            let items =
                [before, odd, behind].iter().filter(|item| !item.is_empty()).copied().collect::<Vec<_>>().join(",");
            let first = format!(r#"{{"items":[{items}],"next_cursor":"n"}}"#);
            let read = users(&[first, format!(r#"{{"items":[{GOOD}]}}"#)]);
            let good = [before, behind].iter().filter(|item| !item.is_empty()).count() + 1;
            // The item has an id, so the rest is optional.
            assert!(read.len() == good || (odd.contains("u2") && read.len() == good + 1), "{items}: {read:?}");
        }
    }
}

#[test]
fn an_item_that_may_have_swallowed_others_shows_them() {
    for items in [
        // A closing bracket is missing, so the next item may be part of this one.
        format!(r#"{GOOD},{{"uid":"u2","x":{{"y":1}},{{"uid":"u3"}}"#),
        format!(r#"{GOOD},{{"uid":"u2",{{"uid":"u3"}}}}"#),
    ] {
        let read = users(&[format!(r#"{{"items":[{items}]}}"#)]);
        let shown = format!("{:?}", read.undecoded());
        assert_eq!((read.len(), read.undecoded().len()), (1, 1), "{items}: {read:?}");
        assert!(shown.contains("u2") && shown.contains("u3") && shown.contains("brackets"), "{shown}");
    }
}

#[test]
fn items_before_an_inseparable_rest_are_delivered() {
    let body = format!(r#"{{"items":[{GOOD},{{"uid":"u2","x":{{]}},{{"uid":"u3"}}],"next_cursor":"n"}}"#);
    let read = users(&[body]);
    let shown = format!("{:?}", read.undecoded());
    assert_eq!((read.len(), read.undecoded().len()), (1, 1), "{read:?}");
    assert!(shown.contains("u2") && shown.contains("u3") && shown.contains("next_cursor"), "{shown}");
}

#[test]
fn a_list_that_has_no_end_is_an_error() {
    for body in
        [r#"{"items":["#, r#"{"items":[{"uid":"u1"}"#, r#"{"items":[{"uid":"u1"}]"#, r#"{"items":[{"uid":"u1}]}"#]
    {
        let script = Script::new().then(Expect::get("/v1/users"), raw(body));
        let error = Client::new(script).contacts().users().expect_err("there may be more");
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse, "{body}");
        assert!(error.to_string().contains("JSON is incomplete"), "{error}");
    }
}

#[test]
fn event_with_unbalanced_brackets_leaves_its_batch_readable() {
    let path = format!("/v1/chats/{TID}/messages/updates");
    let event = |cursor: &str, mid: &str| {
        json!({ "cursor": cursor, "kind": "message", "data": teamwire_core::script::sample::message(mid, TID, "x") })
            .to_string()
    };
    for odd in ["{]}", "{\"cursor\":\"2\",\"kind\":[}", "]", "[}]"] {
        let batch = format!(r#"{{"items":[{},{odd},{}],"cursor":"3"}}"#, event("1", "m1"), event("3", "m3"));
        let script = Script::new()
            .then(Expect::get(path.as_str()), Respond::json(200, json!({ "items": [], "cursor": "0" })))
            .then(Expect::get(path.as_str()).query("cursor", "0"), raw(batch))
            .then(
                Expect::get(path.as_str()).query("cursor", "3"),
                Respond::json(200, json!({ "items": [], "cursor": "3" })),
            );
        let events = Client::new(script.clone()).chats().chat(TID).new_messages(FeedOptions::default());
        let events: Vec<_> = events.map(|event| event.expect("the feed continues")).collect();
        let mids: Vec<_> =
            events.iter().filter_map(|event| event.clone().into_item()).map(|it| it.mid.to_string()).collect();
        assert_eq!(mids, ["m1", "m3"], "{odd}: {events:?}");
        assert!(events.iter().all(|event| !matches!(event, FeedEvent::Retrying(_))), "{odd}: {events:?}");
        script.assert_done();
    }
}
