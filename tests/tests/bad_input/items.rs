//! An undecodable item in a list is skipped, and unknown members are kept.

use serde_json::{Value, json};
use teamwire_core::{
    AlertType, Client, Draft, ErrorKind, Message, NewChat, ReactionType, Script,
    error::Cause,
    model::{Attachment, ChatType, Messages, Upload},
    script::{
        Expect, Respond, sample,
        v1::{expect, respond},
    },
};
use teamwire_tests::operations::{TID, alert};

/// Returns the messages of a chat whose page has this text.
fn read(page: impl Into<Vec<u8>>) -> Messages {
    let response = Respond::status(200).body("application/json", page);
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}/messages")), response);
    Client::new(script).chats().chat(TID).messages(None).expect("it is a page")
}

fn page(items: Vec<Value>) -> String {
    sample::messages(items).to_string()
}

/// A message with one changed member.
fn message(member: &str, value: Value) -> Value {
    let mut message = sample::message("m1", TID, "hello");
    message[member] = value;
    message
}

fn one(message: Value) -> Message {
    let read = read(page(vec![message]));
    assert!(read.undecoded.is_empty(), "{read:?}");
    read.messages.into_iter().next().expect("there is one")
}

#[test]
fn undecodable_item_is_skipped_with_a_reason() {
    for (member, value, reason) in [
        ("mid", json!(7), "mid"),
        ("from_user", json!({ "first_name": "Anna" }), "from_user"),
        ("from_user", Value::Null, "from_user"),
        ("tid", Value::Null, "tid"),
        ("timestamp", json!("yesterday"), "timestamp"),
        ("timestamp", json!(1.5), "timestamp"),
    ] {
        let mut items: Vec<_> = (0..100).map(|at| sample::message(&format!("m{at}"), TID, "hello")).collect();
        items[37][member] = value;
        let bad = items[37].to_string();
        let read = read(page(items));
        assert_eq!(read.messages.len(), 99);
        assert!(read.messages.iter().all(|message| message.mid != "m37"));
        assert_eq!(read.undecoded.len(), 1);
        assert_eq!(read.undecoded[0].json, bad);
        assert!(read.undecoded[0].reason.contains(reason), "{:?}", read.undecoded[0]);
        assert!(read.last_modified.is_some());
    }
}

#[test]
fn lone_surrogate_affects_its_text_or_message() {
    for lone in ["\\ud800", "\\udc00", "\\ud83d x", "\\udc00\\ud800"] {
        let text = page(vec![
            sample::message("m1", TID, "before"),
            sample::message("m2", TID, "@lone@"),
            sample::message("m3", TID, "after \u{1f600}"),
        ]);
        let in_id = read(text.replace("m2", lone).replace("@lone@", "hello"));
        assert_eq!((in_id.messages.len(), in_id.undecoded.len()), (2, 1));
        assert!(in_id.undecoded[0].json.contains(lone), "{:?}", in_id.undecoded);
        let read = read(text.replace("@lone@", lone));
        let mids: Vec<_> = read.messages.iter().map(|message| message.mid.as_str()).collect();
        assert_eq!((mids, read.undecoded.len()), (vec!["m1", "m2", "m3"], 0));
        let text = read.messages[1].text.as_deref().unwrap_or_default();
        assert_eq!(text.trim_end_matches(" x").replace('\u{fffd}', ""), "", "{text:?}");
    }
}

#[test]
fn timestamp_out_of_all_time_costs_its_message_only() {
    for timestamp in [i64::MAX, i64::MIN, 8_210_266_876_800_000] {
        let read = read(page(vec![message("timestamp", timestamp.into()), sample::message("m2", TID, "hello")]));
        assert_eq!((read.messages.len(), read.undecoded.len()), (1, 1), "{timestamp}");
    }
    for timestamp in [0, -1, 253_402_300_800_000] {
        assert_eq!(one(message("timestamp", timestamp.into())).timestamp(), timestamp);
    }
    let big = page(vec![sample::message("m1", TID, "hello")]).replace("1767225600000", "99999999999999999999");
    assert_eq!(read(big).undecoded.len(), 1);
}

#[test]
fn items_that_are_not_objects_are_kept() {
    let read = read(page(vec![Value::Null, json!(7), json!([]), json!("m"), json!({})]));
    let kept: Vec<_> = read.undecoded.iter().map(|item| item.json.as_str()).collect();
    assert_eq!(kept, ["null", "7", "[]", "\"m\"", "{}"]);
    assert!(read.messages.is_empty());
}

#[test]
fn every_list_keeps_its_undecoded_items() {
    let chat = format!("/v1/chats/{TID}");
    let list = |path: &str, item: Value| {
        Script::new().then(Expect::get(path), Respond::json(200, sample::page([item, json!({ "odd": true })])))
    };
    let counts = |items: usize, undecoded: usize| assert_eq!((items, undecoded), (1, 1));
    let users = Client::new(list("/v1/users", sample::bot())).contacts().users().expect("it is a list");
    counts(users.len(), users.undecoded().len());
    let groups = list("/v1/groups", sample::group("g1", "x"));
    let groups = Client::new(groups).contacts().groups().expect("it is a list");
    counts(groups.len(), groups.undecoded().len());
    let chats = Client::new(list("/v1/chats", sample::chat(TID, "x"))).chats().list().expect("it is a list");
    counts(chats.len(), chats.undecoded().len());
    let readers = list(&format!("{chat}/readers"), sample::bot());
    let readers = Client::new(readers).chats().chat(TID).readers().expect("it is a list");
    counts(readers.len(), readers.undecoded().len());
    let reactions = list(&format!("{chat}/messages/m1/reactions"), sample::reaction("r1", "m1", TID, "ok"));
    let reactions = Client::new(reactions).chats().chat(TID).reactions(alert()).expect("it is a list");
    counts(reactions.len(), reactions.undecoded().len());
}

#[test]
fn types_that_are_to_come_survive_as_the_server_wrote_them() {
    let message = one(message("alert_type", "siren".into()));
    assert_eq!(message.alert_type, Some(AlertType::Unknown("siren".into())));
    let mut chat = sample::chat(TID, "");
    chat["type"] = "channel".into();
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), Respond::json(200, chat));
    let chat = Client::new(script).chats().by_thread_id(TID).expect("it is there").expect("it is there");
    assert_eq!(*chat.chat_type(), ChatType::Unknown("channel".into()));
    let reactions = sample::page([sample::reaction("r1", "m1", TID, "wave")]);
    let path = format!("/v1/chats/{TID}/messages/m1/reactions");
    let script = Script::new().then(Expect::get(path), Respond::json(200, reactions));
    let reactions = Client::new(script).chats().chat(TID).reactions(alert()).expect("it is a list");
    assert_eq!(reactions[0].reaction_type, ReactionType::Unknown("wave".into()));
}

#[test]
fn unknown_or_broken_attachment_is_kept_as_json() {
    for json in [
        json!({ "kind": "sticker", "pack": ["a", 1] }),
        json!({ "kind": "location", "name": "Mars", "lat": 91.0, "lon": 0.0 }),
        json!({ "kind": "file" }),
        json!({ "kind": null }),
        json!({}),
        json!("file"),
        Value::Null,
    ] {
        let text = json.to_string();
        let message = one(message(
            "attachments",
            json!([json, { "kind": "poll", "question": "?", "options": [], "multiple_choice": true }]),
        ));
        assert!(matches!(&message.attachments[0], Attachment::Unknown(kept) if *kept == text), "{message:?}");
        assert!(matches!(&message.attachments[1], Attachment::Poll(_)), "{message:?}");
    }
}

#[test]
fn alert_without_a_type_is_an_alert() {
    assert_eq!(one(message("is_alert", true.into())).alert_type, Some(AlertType::Alert));
    assert_eq!(one(message("is_alert", false.into())).alert_type, None);
}

#[test]
fn list_of_another_type_is_an_error() {
    for page in [json!({ "items": null }), json!({ "items": {} }), json!({}), json!([]), json!({ "items": 0 })] {
        let script = Script::new().then(Expect::get("/v1/users"), Respond::json(200, page));
        let error = Client::new(script).contacts().users().expect_err("it is not a page");
        assert_eq!(error.kind(), ErrorKind::UnexpectedResponse);
    }
    let odd = json!({ "items": [], "next_cursor": 7 });
    let script = Script::new().then(Expect::get("/v1/users"), Respond::json(200, odd));
    let error = Client::new(script).contacts().users().expect_err("it is not a cursor");
    let Cause::UnexpectedResponse(error) = error.cause() else { panic!("{error:?}") };
    assert_eq!(error.path.as_deref(), Some("next_cursor"));
}

#[test]
fn post_needs_only_the_id_of_an_uploaded_file() {
    for asset in [json!({ "id": "a1" }), json!({ "id": "a1", "size": "12", "file_name": 7, "media_type": null })] {
        let script = Script::new()
            .then(Expect::post("/v1/assets"), Respond::json(201, asset))
            .then(expect::post("c1"), respond::message(sample::message("m1", "c1", "hello")));
        let draft = Draft::text("hello").attach(Upload::from_bytes("a.txt", *b"a"));
        Client::new(script).chats().chat("c1").post(draft).expect("the id is enough");
    }
}

#[test]
fn undecoded_items_of_a_list_are_bounded() {
    let script = (0..30).fold(Script::new(), |script, at| {
        let next = if at < 29 { json!(at.to_string()) } else { Value::Null };
        let page = json!({ "items": vec![1; 1_000], "next_cursor": next });
        script.then(Expect::get("/v1/users"), Respond::json(200, page))
    });
    let users = Client::new(script).contacts().users().expect("it is a list");
    assert_eq!((users.len(), users.undecoded().len()), (0, 1_001));
    assert_eq!(users.undecoded()[1_000].reason, "more items cannot be decoded");
}

#[test]
fn text_of_an_error_names_some_of_many_ids() {
    // As many as a request may have in its three lists.
    let ids: Vec<_> = (0..3_000).map(|at| format!("u{at}")).collect();
    let problem = json!({ "code": "invalid_members", "detail": "no", "invalid_members": ids });
    let problem = Respond::status(422).body("application/problem+json", problem.to_string());
    let script = Script::new().then(Expect::post("/v1/chats"), problem);
    let error = Client::new(script).chats().create_chat(NewChat::titled("a").users(["u0"])).expect_err("it is refused");
    assert_eq!(error.kind(), ErrorKind::InvalidMembers);
    assert_eq!(error.api().expect("it is an error of the server").invalid_members.len(), 3_000);
    let text = error.to_string();
    assert!(text.contains("u19, and 2980 more") && text.len() < 500, "{text}");
}
