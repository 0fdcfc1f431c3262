//! Invalid values of optional members: the object and its other members are still decoded.

use proptest::{
    prelude::*,
    sample::{Index, select},
    test_runner::TestRunner,
};
use serde_json::{Value, json};
use teamwire_core::{
    AlertType, Client, Group, Message, Script, User,
    model::Attachment,
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{TID, alert};

/// Replacements of a value, most of which are not valid JSON.
const RUBBISH: [&[u8]; 30] = [
    b"",
    b" ",
    b"\0",
    b"\xff",
    b"x",
    b"'x'",
    b"NaN",
    b"-Infinity",
    b"01",
    b"1e999",
    b"+1",
    b".5",
    b"7 7",
    b"tru",
    b"nul",
    b"\"M\xfcller\"",
    b"\"one\ntwo\"",
    b"\"\\ud800\"",
    b"\"\\q\\u12\"",
    b"\"a\" \"b\"",
    b"\"a\":\"b\"",
    b"[1,,]",
    b"[,]",
    b"{\"a\":1,\"a\":2,}",
    b"[NaN,{\"uid\":\"\xff\"},{}]",
    b"{\"uid\"}",
    b"[{]}]",
    b"[1}]",
    b"{]}",
    b"[[[[{\"a\":[]}]]]]",
];

/// An object with all members, a function that decodes it, and the pointers of its optional members.
struct ExtrasCase {
    json: Value,
    read: fn(Vec<u8>) -> String,
    extras: Vec<String>,
}

fn raw(status: u16, body: Vec<u8>) -> Respond {
    Respond::status(status).body("application/json", body)
}

fn page_of(item: &[u8]) -> Vec<u8> {
    [b"{\"items\":[", item, b"],\"last_modified\":\"2026-01-01T00:00:00.000Z\"}"].concat()
}

fn read_message(item: Vec<u8>) -> String {
    // `true` is a valid value of `deleted`, too.
    let config = teamwire_tests::operations::config().with_hide_deleted_messages(false);
    let path = format!("/v1/chats/{TID}/messages");
    let script = Script::with_config(config).then(Expect::get(path), raw(200, page_of(&item)));
    let read = Client::new(script).chats().chat(TID).messages(None).expect("it is a page");
    let [message] = read.messages.as_slice() else { panic!("{read:?}") };
    format!("{} {} {}", message.mid, message.from_user.uid, message.timestamp())
}

fn read_posted(body: Vec<u8>) -> String {
    let script = Script::new().then(Expect::post(format!("/v1/chats/{TID}/messages")), raw(201, body));
    let posted = Client::new(script.clone()).chats().chat(TID).post("hello").expect("it is posted");
    assert_eq!(script.requests().len(), 1);
    format!("{} {} {}", posted.mid, posted.from_user.uid, posted.timestamp())
}

fn read_chat(body: Vec<u8>) -> String {
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), raw(200, body));
    let chat = Client::new(script).chats().by_thread_id(TID).expect("it is a chat").expect("it is there");
    chat.tid().to_string()
}

fn read_group(item: Vec<u8>) -> String {
    let script = Script::new().then(Expect::get("/v1/groups"), raw(200, page_of(&item)));
    let groups = Client::new(script).contacts().groups().expect("it is a page");
    assert!(groups.undecoded().is_empty(), "{groups:?}");
    groups[0].gid.to_string()
}

fn read_reaction(item: Vec<u8>) -> String {
    let path = format!("/v1/chats/{TID}/messages/m1/reactions");
    let script = Script::new().then(Expect::get(path), raw(200, page_of(&item)));
    let reactions = Client::new(script).chats().chat(TID).reactions(alert()).expect("it is a page");
    assert!(reactions.undecoded().is_empty(), "{reactions:?}");
    format!("{} {} {:?}", reactions[0].reaction_id, reactions[0].from_user.uid, reactions[0].reaction_type)
}

fn message() -> Value {
    let mut message = sample::alert("m1", TID, "hello");
    message["reply_to"] = json!("m0");
    message["sender_display_name"] = json!("The Bot");
    let asset = json!({ "id": "a1", "file_name": "a.pdf", "media_type": "application/pdf", "size": 7 });
    message["attachments"] = json!([{ "kind": "file", "asset": asset }, { "kind": "gallery", "images": [asset] }]);
    message["link_preview"] =
        json!({ "url": "u", "title": "t", "description": "d", "image": "i", "domain": "example.org" });
    message
}

fn cases() -> Vec<ExtrasCase> {
    let mut group = sample::group("g1", "Night");
    (group["members"], group["owner"]) = (json!([sample::bot(), sample::bot()]), sample::bot());
    let mut chat = sample::chat(TID, "Lobby");
    chat["groups"] = json!([group, group]);
    let case = |json: Value, read, essential: &[&str]| {
        let mut extras = Vec::new();
        members(&json, "", &mut extras);
        extras.retain(|pointer| !essential.contains(&pointer.as_str()));
        ExtrasCase { json, read, extras }
    };
    let of_message = ["/mid", "/tid", "/timestamp", "/from_user", "/from_user/uid"];
    vec![
        case(message(), read_message, &of_message),
        case(message(), read_posted, &of_message),
        case(chat, read_chat, &["/tid"]),
        case(group, read_group, &["/gid"]),
        case(
            sample::reaction("r1", "m1", TID, "ok"),
            read_reaction,
            &["/reaction_id", "/mid", "/tid", "/reaction_type", "/from_user", "/from_user/uid"],
        ),
    ]
}

/// Adds the pointers of all members of all objects in a value.
fn members(json: &Value, at: &str, all: &mut Vec<String>) {
    match json {
        Value::Object(object) => {
            for (name, value) in object {
                let pointer = format!("{at}/{name}");
                members(value, &pointer, all);
                all.push(pointer);
            }
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(number, item)| members(item, &format!("{at}/{number}"), all));
        }
        _ => {}
    }
}

/// Returns the document with these bytes in place of a member.
fn replaced(json: &Value, pointer: &str, bytes: &[u8]) -> Vec<u8> {
    let mut json = json.clone();
    *json.pointer_mut(pointer).expect("the document has it") = json!("@@");
    let text = json.to_string();
    let (before, behind) = text.split_once("\"@@\"").expect("it has a place");
    [before.as_bytes(), bytes, behind.as_bytes()].concat()
}

#[test]
fn rubbish_in_the_place_of_an_extra_costs_the_extra() {
    for case in cases() {
        let expected = (case.read)(case.json.to_string().into_bytes());
        for pointer in &case.extras {
            for rubbish in RUBBISH {
                let read = (case.read)(replaced(&case.json, pointer, rubbish));
                assert_eq!(read, expected, "{pointer}: {}", String::from_utf8_lossy(rubbish));
            }
            let mut without = case.json.clone();
            let (parent, name) = pointer.rsplit_once('/').expect("a pointer has a slash");
            without.pointer_mut(parent).and_then(Value::as_object_mut).expect("it is an object").remove(name);
            assert_eq!((case.read)(without.to_string().into_bytes()), expected, "without {pointer}");
        }
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(|number| json!(number)),
        ".*".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        let name = select(vec!["uid", "gid", "kind", "items", "x", ""]).prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((name, inner), 0..6).prop_map(|all| all.into_iter().collect::<Value>()),
        ]
    })
}

#[test]
fn invalid_optional_member_affects_only_itself() {
    let cases = cases();
    let input = (any::<Index>(), any::<Index>(), any_json());
    let result = TestRunner::new(teamwire_tests::cases(400)).run(&input, |(case, extra, value)| {
        let case = case.get(&cases);
        let expected = (case.read)(case.json.to_string().into_bytes());
        let pointer = extra.get(&case.extras);
        prop_assert_eq!((case.read)(replaced(&case.json, pointer, value.to_string().as_bytes())), expected);
        Ok(())
    });
    result.unwrap_or_else(|why| panic!("{why}"));
}

/// A text, or `null`.
fn maybe() -> impl Strategy<Value = Option<String>> {
    prop::option::of(".*")
}

#[test]
fn a_strict_document_is_read_as_a_strict_reader_reads_it() {
    let texts = (".*", maybe(), maybe(), maybe(), ".*", ".*");
    let cases = (texts, any::<(bool, bool, bool)>(), -(1_i64 << 50)..(1_i64 << 50));
    let result = TestRunner::new(teamwire_tests::cases(200)).run(&cases, |(texts, flags, timestamp)| {
        let (mid, msg, reply_to, sender, first_name, title) = texts;
        let mut message = sample::message(&mid, TID, "");
        message["msg"] = json!(msg);
        message["reply_to"] = json!(reply_to);
        message["sender_display_name"] = json!(sender);
        message["from_user"]["first_name"] = json!(first_name);
        message["from_user"]["is_bot"] = json!(flags.0);
        (message["is_alert"], message["deleted"]) = (json!(flags.1), json!(flags.2));
        message["timestamp"] = json!(timestamp);
        let page = sample::messages([message]);
        for body in [page.to_string(), serde_json::to_string_pretty(&page).expect("it can be written")] {
            let path = format!("/v1/chats/{TID}/messages");
            let config = teamwire_tests::operations::config().with_hide_deleted_messages(false);
            let script = Script::with_config(config).then(Expect::get(path), raw(200, body.into_bytes()));
            let read = Client::new(script).chats().chat(TID).messages(None).expect("it is a page");
            let [read] = read.messages.as_slice() else { panic!("{read:?}") };
            prop_assert_eq!((read.mid.as_str(), &read.text), (mid.as_str(), &msg));
            prop_assert_eq!(read.reply_to.as_ref().map(|mid| mid.as_str()), reply_to.as_deref());
            prop_assert_eq!((&read.sender_display_name, &read.from_user.first_name), (&sender, &first_name));
            prop_assert_eq!((read.from_user.is_bot, read.is_alert, read.deleted), flags);
            prop_assert_eq!(read.timestamp(), timestamp);
        }
        let mut group = sample::group(&mid, &title);
        group["members"] = json!([sample::user(&title, &first_name, &mid), sample::user("u2", "", "")]);
        let script = Script::new().then(Expect::get("/v1/groups"), raw(200, page_of(group.to_string().as_bytes())));
        let groups = Client::new(script).contacts().groups().expect("it is a page");
        let [Group { gid, title: read, members, owner: None, is_circle: true, is_list: false, is_public: true, .. }] =
            &*groups
        else {
            panic!("{groups:?}")
        };
        prop_assert_eq!((gid.as_str(), read, members.len()), (mid.as_str(), &title, 2));
        let User { uid, first_name: first, last_name, organisation, .. } = &members[0];
        prop_assert_eq!(
            (uid.as_str(), first, last_name, organisation.as_str()),
            (title.as_str(), &first_name, &mid, "Example Org")
        );
        Ok(())
    });
    result.unwrap_or_else(|why| panic!("{why}"));
}

/// Returns the message of a page with these bytes in place of a member.
fn with(pointer: &str, bytes: &[u8]) -> Message {
    let page = page_of(&replaced(&message(), pointer, bytes));
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}/messages")), raw(200, page));
    let read = Client::new(script).chats().chat(TID).messages(None).expect("it is a page");
    read.messages.into_iter().next().expect("it is read")
}

#[test]
fn what_can_be_read_of_an_odd_extra_is_read() {
    assert_eq!(with("/msg", b"\"M\xfcller\none\\ud800\"").text.as_deref(), Some("M\u{fffd}ller\none\u{fffd}"));
    assert_eq!(with("/msg", b"7").text, None);
    assert_eq!(with("/from_user/first_name", b"\"J\xfcrgen\"").from_user.first_name, "J\u{fffd}rgen");
    assert_eq!(with("/link_preview/title", b"7").link_preview.map(|it| (it.url, it.title)), Some(("u".into(), None)));
    assert_eq!(with("/link_preview/url", b"7").link_preview, None);
    assert_eq!(with("/is_alert", b"\"yes\"").alert_type, Some(AlertType::Alert));
    assert!(with("/is_alert", b"null").is_alert, "its type implies it");
    assert!(!with("/deleted", b"null").deleted);
    assert!(with("/attachments", b"7").attachments.is_empty());
    let odd = with("/attachments/0/asset/size", b"NaN").attachments;
    assert!(
        matches!(odd.as_slice(), [Attachment::Unknown(json), Attachment::Gallery(_)] if json.contains("NaN")),
        "{odd:?}"
    );
    let named = with("/attachments/0/asset/file_name", b"7").attachments;
    assert!(matches!(named.as_slice(), [Attachment::File(asset), _] if asset.file_name.is_empty()), "{named:?}");
}

#[test]
fn odd_members_of_a_chat_cost_themselves() {
    let mut chat = sample::chat(TID, "Lobby");
    chat["users"] = json!([7, sample::bot(), { "uid": 7 }, { "uid": "u2", "first_name": 7 }, null]);
    chat["admins"] = json!({ "uid": "u1" });
    chat["groups"] = json!([{ "gid": "g1", "members": [null, sample::bot()] }, { "title": "no id" }]);
    chat["type"] = Value::Null;
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), Respond::json(200, chat));
    let chat = Client::new(script).chats().by_thread_id(TID).expect("it is a chat").expect("it is there");
    let uids: Vec<_> = chat.user_members().iter().map(|user| user.uid.to_string()).collect();
    assert_eq!((uids, chat.admins().len()), (vec!["u-bot".to_owned(), "u2".to_owned()], 0));
    assert_eq!((chat.group_members().len(), chat.group_members()[0].members.len()), (1, 1));
}

#[test]
fn chat_is_marked_as_read_if_its_readers_are_undecodable() {
    for (body, kept) in [("{\"items\":null}", "null"), ("{}", "{}"), ("\u{feff}{\"items\":7}", "7"), ("[]", "[]")] {
        let script = Script::new().then(Expect::post(format!("/v1/chats/{TID}/read")), raw(200, body.into()));
        let readers = Client::new(script).chats().chat(TID).mark_as_read().expect("it is done");
        assert_eq!((readers.len(), readers.undecoded().len()), (0, 1), "{body}");
        assert_eq!(readers.undecoded()[0].json, kept);
    }
}
