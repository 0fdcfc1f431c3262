//! A part of a response that is not JSON or breaks the contract is skipped, and the other parts are kept.

use serde_json::{Value, json};
use teamwire_core::{
    Client, FeedEvent, FeedOptions, Message, Script,
    model::{Attachment, Messages},
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::TID;

/// Texts that make a JSON string or number invalid.
const BROKEN: [&[u8]; 7] = [b"\"M\xfcller\"", b"\"one\ntwo\"", b"NaN", b"-Infinity", b"\"\\ud800\"", b"\"\\q\"", b"01"];

/// JSON with other bytes in place of the string `@`.
fn spliced(json: &Value, bytes: &[u8]) -> Vec<u8> {
    let json = json.to_string();
    let (before, behind) = json.split_once("\"@\"").expect("it has a place");
    [before.as_bytes(), bytes, behind.as_bytes()].concat()
}

fn raw(body: impl Into<Vec<u8>>) -> Respond {
    Respond::status(200).body("application/json", body)
}

fn message(member: &str, value: Value) -> Value {
    let mut message = sample::message("m2", TID, "hello");
    message[member] = value;
    message
}

fn read(body: impl Into<Vec<u8>>) -> Messages {
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}/messages")), raw(body));
    Client::new(script).chats().chat(TID).messages(None).expect("it is a page")
}

#[test]
fn invalid_json_item_affects_only_itself() {
    for broken in BROKEN {
        let items = [sample::message("m1", TID, "a"), message("tid", json!("@")), sample::message("m3", TID, "b")];
        let mut page = sample::messages(items);
        page["next_cursor"] = Value::Null;
        let read = read(spliced(&page, broken));
        let mids: Vec<_> = read.messages.iter().map(|message| message.mid.as_str()).collect();
        assert_eq!((mids, read.undecoded.len()), (vec!["m1", "m3"], 1), "{broken:?}");
        assert!(read.undecoded[0].json.contains("\"m2\""), "{:?}", read.undecoded);
        assert!(read.undecoded[0].reason.len() > 5 && read.last_modified.is_some());
    }
}

#[test]
fn every_list_and_the_readers_have_the_same_patience() {
    let path = format!("/v1/chats/{TID}/read");
    for broken in BROKEN {
        let user = sample::user("@", "u2", "");
        let body = spliced(&sample::page([sample::bot(), user, sample::user("u3", "", "")]), broken);
        let users = Client::new(Script::new().then(Expect::get("/v1/users"), raw(body.clone()))).contacts().users();
        let users = users.expect("it is a page");
        assert_eq!((users.len(), users.undecoded().len()), (2, 1));
        let script = Script::new().then(Expect::post(path.as_str()), raw(body));
        let readers = Client::new(script).chats().chat(TID).mark_as_read().expect("it is done");
        assert_eq!((readers.len(), readers.undecoded().len()), (2, 1));
    }
}

#[test]
fn unused_member_of_a_page_may_be_anything() {
    for broken in BROKEN {
        for member in ["total", "last_modified"] {
            let mut page = sample::messages([sample::message("m1", TID, "a")]);
            page[member] = json!("@");
            assert_eq!(read(spliced(&page, broken)).messages.len(), 1, "{member}");
        }
    }
}

/// Returns the events of a feed of messages that receives only this batch.
fn events(batch: Vec<u8>) -> Vec<FeedEvent<Message>> {
    let path = format!("/v1/chats/{TID}/messages/updates");
    let script = Script::new()
        .then(Expect::get(path.as_str()), Respond::json(200, json!({ "items": [], "cursor": "0" })))
        .then(Expect::get(path.as_str()), raw(batch));
    let events = Client::new(script).chats().chat(TID).new_messages(FeedOptions::default());
    events.map(|event| event.expect("the feed continues")).collect()
}

fn event(cursor: &str, data: Value) -> Value {
    json!({ "cursor": cursor, "kind": "message", "data": data })
}

#[test]
fn invalid_json_event_affects_only_itself() {
    for broken in BROKEN {
        let items = [
            event("1", sample::message("m1", TID, "a")),
            event("2", message("tid", json!("@"))),
            event("3", sample::message("m3", TID, "b")),
        ];
        let events = events(spliced(&json!({ "items": items, "cursor": "3" }), broken));
        let [FeedEvent::Started(_), one, two, three] = events.as_slice() else { panic!("{events:?}") };
        assert!(matches!((one, three), (FeedEvent::Update { .. }, FeedEvent::Update { .. })), "{events:?}");
        let FeedEvent::Undecoded { item, checkpoint } = two else { panic!("{two:?}") };
        assert!(item.json.contains("\"m2\"") && item.reason.contains("data"), "{item:?}");
        assert!(format!("{checkpoint:?}").contains("\"2\""), "its own cursor could be read: {checkpoint:?}");
    }
}

#[test]
fn many_undecoded_events_take_bounded_memory() {
    let mut items = vec![json!(1); 5000];
    items.push(event("9", sample::message("m1", TID, "a")));
    items.push(json!({ "cursor": "10", "kind": "x", "data": 1 }));
    let events = events(json!({ "items": items, "cursor": "10" }).to_string().into_bytes());
    assert_eq!(events.len(), 1 + 100 + 1 + 1 + 1, "each of a hundred, the others as one, and the rest");
    let FeedEvent::Undecoded { item, .. } = &events[101] else { panic!("{:?}", events[101]) };
    assert!(item.reason.contains("4900"), "{item:?}");
    assert!(matches!(&events[102], FeedEvent::Update { item, .. } if item.mid == "m1"));
    let page = json!({ "items": vec![json!(1); 5000] }).to_string();
    let users = Client::new(Script::new().then(Expect::get("/v1/users"), raw(page))).contacts().users();
    let users = users.expect("it is a page");
    assert_eq!((users.len(), users.undecoded().len()), (0, 101));
    assert!(users.undecoded()[100].reason.contains("4900"));
}

#[test]
fn extras_cost_themselves_and_not_their_message() {
    let odd = [json!(7), json!({ "url": 7 }), json!({}), json!([]), json!("x"), json!({ "url": "u", "domain": null })];
    for preview in odd.into_iter().chain([Value::Null]) {
        let read = read(sample::messages([message("link_preview", preview)]).to_string());
        assert_eq!((read.messages.len(), read.undecoded.len()), (1, 0));
        assert_eq!(read.messages[0].link_preview, None);
    }
    for broken in BROKEN {
        for member in ["link_preview", "sender_display_name", "attachments"] {
            if member == "attachments" && broken.ends_with(b"\"") {
                continue;
            }
            let read = read(spliced(&sample::messages([message(member, json!("@"))]), broken));
            let [message] = read.messages.as_slice() else { panic!("{member}: {read:?}") };
            assert_eq!(message.text.as_deref(), Some("hello"));
        }
        let file = json!({ "kind": "location", "name": "x", "lat": "@", "lon": 1 });
        let poll = json!({ "kind": "poll", "question": "?", "options": [], "multiple_choice": true });
        let read = read(spliced(&sample::messages([message("attachments", json!([poll, file, poll]))]), broken));
        let [message] = read.messages.as_slice() else { panic!("{read:?}") };
        let [Attachment::Poll(_), Attachment::Unknown(json), Attachment::Poll(_)] = message.attachments.as_slice()
        else {
            panic!("{message:?}")
        };
        assert!(json.contains("location"), "{json}");
    }
}

#[test]
fn null_for_a_name_or_a_list_is_accepted() {
    let mut user = sample::user("u1", "", "");
    for name in ["first_name", "last_name", "organisation"] {
        user[name] = Value::Null;
    }
    let read = read(sample::messages([message("from_user", user.clone())]).to_string());
    assert_eq!(read.messages[0].from_user.full_name(), "");
    let mut group = sample::group("g1", "x");
    (group["members"], group["title"], group["owner"]) = (Value::Null, Value::Null, json!(7));
    let mut chat = sample::chat(TID, "x");
    (chat["users"], chat["admins"], chat["groups"]) = (Value::Null, json!([user]), json!([group]));
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), Respond::json(200, chat));
    let chat = Client::new(script).chats().by_thread_id(TID).expect("it is there").expect("it is there");
    assert_eq!((chat.user_members().len(), chat.admins().len(), chat.group_members()[0].members.len()), (0, 1, 0));
}

#[test]
fn post_with_an_invalid_optional_member_succeeds() {
    for broken in BROKEN {
        for member in ["link_preview", "sender_display_name"] {
            let body = spliced(&message(member, json!("@")), broken);
            let response = Respond::status(201).body("application/json", body);
            let script = Script::new().then(Expect::post(format!("/v1/chats/{TID}/messages")), response);
            let posted = Client::new(script.clone()).chats().chat(TID).post("hello").expect("it is posted");
            assert_eq!((posted.mid.as_str(), script.requests().len()), ("m2", 1));
        }
    }
}
