//! Messages and their readers.

use std::time::Duration;

use chrono::TimeDelta;
use teamwire_core::{Draft, Message, model::Messages, script::sample};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const LISTS: &str = "GET /v1/chats/{tid}/messages";

fn texts(messages: &Messages) -> Vec<&str> {
    messages.messages.iter().filter_map(|message| message.text.as_deref()).collect()
}

#[executor_test(protocols)]
fn messages_come_oldest_first_and_all_of_them<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    let sent: Vec<_> = (0..230).map(|at| format!("message {at}")).collect();
    for text in &sent {
        anna.post(org::LOBBY, text).expect("Anna is in the lobby");
    }
    let messages = fixture.ok(fixture.chat(org::LOBBY).messages(None));
    assert_eq!(texts(&messages), sent);
    assert!(messages.undecoded.is_empty() && messages.last_modified.is_some());
    assert!(fixture.sandbox.received_count(LISTS) > 1, "they are on several pages");
}

#[executor_test(protocols)]
fn only_messages_since_a_moment_come<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.clock().pause();
    let anna = fixture.sandbox.as_person(org::ANNA);
    for text in ["one", "two", "three"] {
        anna.post(org::LOBBY, text).expect("Anna is in the lobby");
        fixture.sandbox.clock().advance(Duration::from_secs(60));
    }
    let lobby = fixture.chat(org::LOBBY);
    let all = fixture.ok(lobby.messages(None));
    let two: &Message = &all.messages[1];
    assert_eq!(texts(&fixture.ok(lobby.messages(two.sent_at))), ["two", "three"], "the moment itself is included");
    let later = fixture.ok(lobby.messages(two.sent_at + TimeDelta::milliseconds(1)));
    assert_eq!((texts(&later), later.last_modified), (vec!["three"], all.last_modified));
    let never = fixture.ok(lobby.messages(two.sent_at + TimeDelta::days(400)));
    assert_eq!((never.messages.len(), never.last_modified), (0, all.last_modified));
}

#[executor_test]
fn without_a_moment_messages_of_the_last_day_come<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    fixture.sandbox.as_person(org::BEN).post(org::LOBBY, "now").expect("Ben is in the lobby");
    assert_eq!(texts(&fixture.ok(fixture.chat(org::LOBBY).messages(None))), ["now"]);
    let query = fixture.sandbox.transcript().pop().expect("the list was asked for").path;
    let since = query.split(['=', '&']).nth(1).expect("it names a moment").replace("%3A", ":");
    let since: chrono::DateTime<chrono::Utc> = since.parse().expect("it is a moment");
    let ago = fixture.sandbox.clock().utc() - since;
    assert!((TimeDelta::hours(23)..TimeDelta::hours(25)).contains(&ago), "{ago}");
    anna.post(org::LOBBY, "later").expect("Anna is in the lobby");
}

#[executor_test(protocols)]
fn deleted_messages_come_if_they_are_asked_for<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    let mid = anna.post(org::LOBBY, "oops").expect("Anna is in the lobby");
    anna.post(org::LOBBY, "hello").expect("Anna is in the lobby");
    anna.delete(org::LOBBY, &mid).expect("it is her own");
    assert_eq!(texts(&fixture.ok(fixture.chat(org::LOBBY).messages(None))), ["hello"]);
    let all = fixture.client(|config| config.with_hide_deleted_messages(false));
    let all = fixture.ok(all.chats().chat(org::LOBBY).messages(None));
    assert_eq!((all.messages.len(), all.messages[0].mid.as_str()), (2, mid.as_str()));
    assert!(all.messages[0].deleted && all.messages[0].text.is_none());
}

#[executor_test(protocols)]
fn single_message_is_found_by_its_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let (anna, lobby) = (fixture.sandbox.as_person(org::ANNA), fixture.client.chats().chat(org::LOBBY));
    let mid = anna.post(org::LOBBY, "hello").expect("Anna is in the lobby");
    anna.post(org::LOBBY, "another").expect("Anna is in the lobby");
    let found = fixture.ok(lobby.message(mid.as_str())).expect("it is there");
    assert_eq!(found, fixture.ok(lobby.messages(None)).messages[0]);
    assert_eq!(fixture.ok(lobby.message("m-unknown")), None);
    let reply = fixture.ok(lobby.post(Draft::text("me, too").reply_to(&found)));
    let original = reply.reply_to.expect("it is a reply");
    assert_eq!(fixture.ok(lobby.message(original)), Some(found));

    let private =
        fixture.sandbox.as_person(org::BEN).create_chat("Not for bots", &[org::ANNA]).expect("she can be one");
    let secret = anna.post(&private, "secret").expect("Anna is a member");
    assert_eq!(fixture.ok(fixture.client.chats().chat(private).message(secret.as_str())), None, "no member");
    assert_eq!(fixture.ok(lobby.message(secret)), None, "it belongs to another chat");
}

#[executor_test(protocols)]
fn deleted_message_is_found_if_it_is_asked_for<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let anna = fixture.sandbox.as_person(org::ANNA);
    let mid = anna.post(org::LOBBY, "oops").expect("Anna is in the lobby");
    anna.delete(org::LOBBY, &mid).expect("it is her own");
    assert_eq!(fixture.ok(fixture.client.chats().chat(org::LOBBY).message(mid.as_str())), None);
    let all = fixture.client(|config| config.with_hide_deleted_messages(false));
    let found = fixture.ok(all.chats().chat(org::LOBBY).message(mid.as_str())).expect("it is there");
    assert!(found.deleted && found.text.is_none() && found.mid == mid);
}

#[executor_test(protocols)]
fn empty_chat_has_no_last_message<H: Harness>() {
    let fixture = Fixture::<H>::new();
    assert_eq!(fixture.ok(fixture.chat(org::LOBBY).messages(None)), Messages::default());
}

#[executor_test]
fn undecoded_message_leaves_the_others_readable<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    let posted = fixture.ok(lobby.post("hello"));
    let mut late = sample::message("m3", org::LOBBY, "its time cannot be read");
    late["timestamp"] = "yesterday".into();
    let page = sample::messages([
        sample::message(posted.mid.as_str(), org::LOBBY, "hello"),
        sample::message("m2", org::LOBBY, "@lone@"),
        late,
    ]);
    let page = page.to_string().replace("@lone@", "\\ud800");
    fixture.sandbox.faults().add(Rule::new(Fault::response(200, "application/json", page)).method("GET"));
    let messages = fixture.ok(lobby.messages(None));
    assert_eq!((texts(&messages), messages.undecoded.len()), (vec!["hello", "\u{fffd}"], 1));
    assert!(messages.undecoded[0].json.contains("yesterday"), "{messages:?}");
}

#[executor_test]
fn readers_have_read_everything<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    let uids = |readers: teamwire_core::model::Listing<teamwire_core::User>| {
        readers.iter().map(|user| user.uid.to_string()).collect::<Vec<_>>()
    };
    fixture.sandbox.as_person(org::ANNA).post(org::LOBBY, "hello").expect("Anna is in the lobby");
    assert_eq!(uids(fixture.ok(lobby.readers())), [org::ANNA]);
    assert_eq!(uids(fixture.ok(lobby.mark_as_read())), [org::ANNA, org::BOT]);
    fixture.sandbox.as_person(org::BEN).mark_read(org::LOBBY).expect("Ben is in the lobby");
    assert_eq!(uids(fixture.ok(lobby.readers())), [org::ANNA, org::BEN, org::BOT]);
    fixture.sandbox.admin().allow_read_receipts(false);
    assert_eq!(uids(fixture.ok(lobby.mark_as_read())), [""; 0], "it is still marked");
}
