//! Items with unbalanced brackets or quotes leave the other items of their list readable.

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
            // The item has an id, so the others are extras.
            assert!(read.len() == good || (odd.contains("u2") && read.len() == good + 1), "{items}: {read:?}");
        }
    }
}

#[test]
fn item_without_its_end_leaves_the_next_one() {
    for malformed in [
        r#"{"x":{"y":1},"#,
        r#"{"uid":7,"x":{"y":1}"#,
        r#"{"uid":7"#,
        r#"{"uid":7,"x":[{"uid":"nested"},{"y":1}"#,
        r#"{"uid":7,"x":{]}"#,
        r#"{"uid":"7}"#,
        r#"{"uid":7,"first_name":"C:\"}"#,
        r#"{"uid":7,"first_name":"5" tape"}"#,
        r#"{"uid":7,"first_name":"x "}]{[" y"}"#,
    ] {
        let other = r#"{"uid":"u3"}"#;
        for items in [[GOOD, malformed, other], [GOOD, other, malformed], [malformed, GOOD, other]] {
            let items = items.join(",");
            let first = format!(r#"{{"items":[{items}],"next_cursor":"n"}}"#);
            let read = users(&[first, r#"{"items":[{"uid":"u4"}]}"#.to_owned()]);
            let uids: Vec<_> = read.iter().map(|user| user.uid.as_str()).filter(|uid| *uid != "nested").collect();
            assert_eq!(uids, ["u1", "u3", "u4"], "{items}: {read:?}");
            let undecoded = read.undecoded();
            assert!((1..=2).contains(&undecoded.len()), "{items}: {undecoded:?}");
            assert!(undecoded.iter().any(|it| it.reason.contains("malformed JSON")), "{items}: {undecoded:?}");
        }
    }
}

#[test]
fn malformed_item_with_an_id_loses_only_the_malformed_member() {
    for malformed in [
        r#"{"uid":"u2","x":{"y":1}"#,
        r#"{"uid":"u2","#,
        r#"{"uid":"u2","x":{]}"#,
        r#"{"first_name":"5" tape","uid":"u2"}"#,
        r#"{"first_name":"C:\","uid":"u2"}"#,
        r#"{"uid":"u2","first_name":"abc}"#,
    ] {
        let read = users(&[format!(r#"{{"items":[{GOOD},{malformed},{{"uid":"u3"}}]}}"#)]);
        let uids: Vec<_> = read.iter().map(|user| user.uid.as_str()).collect();
        assert_eq!((uids, read.undecoded().len()), (vec!["u1", "u2", "u3"], 0), "{malformed}");
    }
}

#[test]
fn a_list_that_has_no_end_is_an_error() {
    for body in [
        r#"{"items":["#,
        r#"{"items":[{"uid":"u1"}"#,
        r#"{"items":[{"uid":"u1"},"#,
        r#"{"items":[{"uid":"u1"}]"#,
        r#"{"next_cursor":"n","items":[{"uid":"u1"},{"uid":"u2"}"#,
        r#"{"items":[{"uid":"u1","a":[1],"next_cursor":"x"},{"uid":"u2"},{"uid""#,
    ] {
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
    let whole = event("2", "m2");
    let without_end = whole.strip_suffix('}').expect("it is an object");
    let quoted = whole.replace("\"mid\":\"", "\"mid\":\"5\" tape");
    let backslash = whole.replace("\"mid\":\"m2\"", "\"mid\":\"C:\\\"");
    let unterminated = whole.replace("\"mid\":\"m2\"", "\"mid\":\"m2");
    let brackets = whole.replace("\"mid\":\"m2\"", "\"mid\":\"x \"}]{[\" y\"");
    for odd in [
        "{]}",
        "{\"cursor\":\"2\",\"kind\":[}",
        "]",
        "[}]",
        without_end,
        &quoted,
        &backslash,
        &unterminated,
        &brackets,
        &whole[1..],
    ] {
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
        let others: Vec<_> = mids.iter().filter(|mid| *mid != "m2").collect();
        assert_eq!(others, ["m1", "m3"], "{odd}: {events:?}");
        assert!(events.iter().all(|event| !matches!(event, FeedEvent::Retrying(_))), "{odd}: {events:?}");
        script.assert_done();
    }
}

#[test]
fn batch_without_its_end_is_delivered_up_to_the_last_event_with_a_cursor() {
    let path = format!("/v1/chats/{TID}/messages/updates");
    let event = |cursor: &str| {
        let data = teamwire_core::script::sample::message(&format!("m{cursor}"), TID, "x");
        json!({ "cursor": cursor, "kind": "message", "data": data }).to_string()
    };
    let cut = format!(r#"{{"cursor":"9","items":[{},{},{}"#, event("1"), event("2"), &event("3")[..50]);
    let rest = format!(r#"{{"items":[{}],"cursor":"3"}}"#, event("3"));
    let script = Script::new()
        .then(Expect::get(path.as_str()), Respond::json(200, json!({ "items": [], "cursor": "0" })))
        .then(Expect::get(path.as_str()).query("cursor", "0"), raw(cut))
        .then(Expect::get(path.as_str()).query("cursor", "2"), raw(rest));
    let events = Client::new(script.clone()).chats().chat(TID).new_messages(FeedOptions::default());
    let events: Vec<_> = events.map(|event| event.expect("the feed continues")).collect();
    let mids: Vec<_> =
        events.iter().filter_map(|event| event.clone().into_item()).map(|it| it.mid.to_string()).collect();
    assert_eq!(mids, ["m1", "m2", "m3"], "{events:?}");
    script.assert_done();
}
