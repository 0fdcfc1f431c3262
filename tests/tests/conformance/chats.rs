//! Chats: finding, creating, changing and leaving them.

use teamwire_core::{
    ErrorKind, NewChat,
    model::{ChatType, NewOneToOne, Poll},
};
use teamwire_sandbox::{Fault, Rule, org};
use teamwire_tests::{Fixture, executor_test, harness::Harness};

const CREATES: &str = "POST /v1/chats";

#[executor_test(protocols)]
fn all_chats_are_listed<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let ben = fixture.sandbox.as_person(org::BEN);
    for at in 0..60 {
        ben.create_chat(&format!("Room {at}"), &[org::BOT]).expect("the bot can be a member");
    }
    ben.create_chat("Not for bots", &[org::ANNA]).expect("Anna can be a member");
    let chats = fixture.ok(fixture.client.chats().list());
    let titles: Vec<_> = chats.iter().map(|chat| chat.title().to_owned()).collect();
    assert_eq!((titles.len(), titles[0].as_str(), titles[61].as_str()), (62, "Lobby", "Room 59"));
    fixture.ok(chats[0].post("a listed chat can be used"));
}

#[executor_test(protocols)]
fn chats_are_found_by_their_id<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    assert_eq!((lobby.title(), lobby.chat_type(), lobby.is_closed()), ("Lobby", &ChatType::Group, false));
    assert_eq!((lobby.user_members().len(), lobby.admins().len(), lobby.group_members().len()), (4, 2, 0));
    assert!(fixture.ok(fixture.client.chats().by_thread_id("t-nobody-has-it")).is_none());
    let secret = fixture.sandbox.as_person(org::BEN).create_chat("Not for bots", &[org::ANNA]).expect("she can be one");
    assert!(fixture.ok(fixture.client.chats().by_thread_id(secret)).is_none(), "the bot is not a member");
}

#[executor_test]
fn chats_are_found_by_their_exact_title<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let ben = fixture.sandbox.as_person(org::BEN);
    for title in ["Ward 3", "Ward 3", "ward 3", "Ward 3 ", "100% & more?", "Ü", "U\u{308}", ""] {
        ben.create_chat(title, &[org::BOT]).expect("the bot can be a member");
    }
    for (title, found) in
        [("Ward 3", 2), ("ward 3", 1), ("Ward 3 ", 1), ("100% & more?", 1), ("Ü", 1), ("", 1), ("x", 0)]
    {
        let chats = fixture.ok(fixture.client.chats().by_title(title));
        assert_eq!(chats.len(), found, "{title:?}");
        assert!(chats.iter().all(|chat| chat.title() == title));
    }
}

#[executor_test(protocols)]
fn new_chat_has_all_its_options<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let wanted = NewChat::titled("Ops \u{1f6a8}")
        .users([org::ANNA, org::BEN, org::ANNA])
        .group(org::ON_CALL)
        .admin(org::CLARA)
        .message("Welcome")
        .attach(Poll::new("Who?", ["I", "you"]).expect("two options"))
        .alert_chat(true)
        .allow_sending(false)
        .allow_mute_notifications(false);
    let chat = fixture.ok(fixture.client.chats().create_chat(wanted));
    assert_eq!(chat.title(), "Ops \u{1f6a8}");
    assert!(chat.is_alert() && !chat.allow_sending() && !chat.allow_mute_notifications() && !chat.is_closed());
    let mut users: Vec<_> = chat.user_members().iter().map(|user| user.uid.as_str()).collect();
    let mut admins: Vec<_> = chat.admins().iter().map(|user| user.uid.as_str()).collect();
    users.sort_unstable();
    admins.sort_unstable();
    assert_eq!((users, admins), (vec![org::ANNA, org::BEN, org::CLARA, org::BOT], vec![org::CLARA, org::BOT]));
    assert_eq!(chat.group_members()[0].gid, org::ON_CALL);
    let messages = fixture.ok(chat.messages(None)).messages;
    assert_eq!((messages.len(), messages[0].text.as_deref(), messages[0].attachments.len()), (1, Some("Welcome"), 1));
}

#[executor_test(protocols)]
fn new_chat_needs_only_a_title<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chat = fixture.ok(fixture.client.chats().create_chat(NewChat::titled("")));
    assert!(!chat.is_alert() && chat.allow_sending() && chat.allow_mute_notifications());
    assert_eq!((chat.user_members().len(), chat.admins()[0].uid.as_str()), (1, org::BOT));
    assert!(fixture.ok(chat.messages(None)).messages.is_empty());
}

#[executor_test]
fn chat_that_may_have_been_created_is_created_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    fixture.sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", "/v1/chats").times(3));
    let chat = fixture.ok(fixture.client.chats().create_chat(NewChat::titled("Ops").message("Welcome")));
    assert_eq!((fixture.sandbox.received_count(CREATES), fixture.sandbox.message_count()), (4, 1));
    assert_eq!(fixture.ok(fixture.client.chats().by_title("Ops")).len(), 1);
    fixture.ok(chat.post("it is this one"));
}

#[executor_test]
fn chat_of_a_title_is_found_or_created<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chats = fixture.client.chats();
    let ben = fixture.sandbox.as_person(org::BEN);
    ben.create_chat("Ops", &[org::ANNA]).expect("Anna can be a member");
    let wanted = || NewChat::titled("Ops").user(org::ANNA).message("Welcome");
    let created = fixture.ok(chats.get_or_create(wanted()));
    assert_eq!((created.user_members().len(), created.admins()[0].uid.as_str()), (2, org::BOT));
    let found = fixture.ok(fixture.client(|config| config).chats().get_or_create(wanted().user(org::CLARA)));
    assert_eq!((found.tid(), found.info()), (created.tid(), created.info()), "it is found as it is");
    assert_eq!((fixture.sandbox.received_count(CREATES), fixture.sandbox.message_count()), (1, 1));

    ben.create_chat("Ops", &[org::BOT]).expect("the bot can be a member");
    assert_eq!(fixture.ok(chats.get_or_create(wanted())).tid(), created.tid(), "the oldest of several");
    let mut chats_of_title = fixture.ok(chats.by_title("Ops")).into_vec();
    for chat in &mut chats_of_title {
        let by_id = chats.chat(&*chat);
        if chat.tid() == created.tid() { fixture.ok(chat.close()) } else { fixture.ok(by_id.leave()) }
    }
    let next = fixture.ok(chats.get_or_create(wanted()));
    assert!(chats_of_title.iter().all(|chat| chat.tid() != next.tid()), "one is closed, and the bot left the other");
    assert_eq!(next.user_members().len(), 2);
}

#[executor_test]
fn chat_that_two_processes_create_with_one_key_is_the_same<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let wanted = || NewChat::titled("Ops").idempotency_key("chat-ops");
    let other = fixture.client(|config| config);
    // The other process finds nothing, and creates the chat between the two requests of this one.
    fixture.sandbox.faults().add(Rule::new(Fault::response(200, "application/json", r#"{"items":[]}"#)).method("GET"));
    let first = fixture.ok(other.chats().create_chat(wanted()));
    let second = fixture.ok(fixture.client.chats().get_or_create(wanted()));
    assert_eq!((first.tid(), fixture.sandbox.received_count(CREATES)), (second.tid(), 2));
}

#[executor_test(protocols)]
fn chat_is_fetched_again<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    fixture.sandbox.as_person(org::ANNA).add_groups(org::LOBBY, &[org::ON_CALL]).expect("Anna administers the lobby");
    let now = fixture.ok(lobby.get());
    assert_eq!((lobby.group_members().len(), now.group_members().len(), now.title()), (0, 1, "Lobby"));
    let error = fixture.err(fixture.client.chats().chat("t-nobody-has-it").get());
    assert_eq!((error.kind(), error.status()), (ErrorKind::NotFound, Some(404)));
}

#[executor_test(protocols)]
fn one_to_one_chat_is_created_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let chats = fixture.client.chats();
    let first = fixture.ok(chats.create_one_to_one_chat(NewOneToOne::new(org::ANNA).message("one")));
    let second = fixture.ok(chats.create_one_to_one_chat(NewOneToOne::new(org::ANNA).message("two")));
    assert_eq!(first.tid(), second.tid());
    assert_eq!(fixture.sandbox.texts(first.tid().as_str()), [Some("one".to_owned()), Some("two".to_owned())]);
    let anna = &first.user_members().iter().find(|user| user.uid == org::ANNA).expect("she is in it").clone();
    assert_eq!(fixture.ok(chats.create_one_to_one_chat(anna)).tid(), first.tid());
    let error = fixture.err(chats.create_one_to_one_chat(org::BOT));
    assert_eq!(error.kind(), ErrorKind::InvalidMembers, "a user cannot have a chat with themselves");
}

#[executor_test(protocols)]
fn one_to_one_chat_has_no_admins_and_fixed_members<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut chat = fixture.ok(fixture.client.chats().create_one_to_one_chat(org::ANNA));
    assert_eq!((chat.chat_type(), chat.admins().len(), chat.user_members().len()), (&ChatType::OneToOne, 0, 2));
    let before = fixture.sandbox.transcript().len();
    for error in [
        fixture.err(chat.leave()),
        fixture.err(chat.add_members([org::BEN], [""; 0])),
        fixture.err(chat.remove_members([org::ANNA], [""; 0])),
    ] {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert_eq!(fixture.sandbox.transcript().len(), before, "nothing was sent");
    for error in
        [fixture.err(chat.close()), fixture.err(chat.update_title("x")), fixture.err(chat.add_admin(org::ANNA))]
    {
        assert_eq!((error.kind(), error.status()), (ErrorKind::Auth, Some(403)));
    }
}

#[executor_test(protocols)]
fn changes_update_the_snapshot_and_the_server<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    fixture.ok(lobby.update_title("Ward 3"));
    fixture.ok(lobby.set_allow_sending(false));
    fixture.ok(lobby.set_allow_mute_notifications(false));
    assert_eq!((lobby.title(), lobby.allow_sending(), lobby.allow_mute_notifications()), ("Ward 3", false, false));
    assert_eq!(fixture.chat(org::LOBBY).info(), lobby.info());
    fixture.sandbox.as_person(org::ANNA).rename(org::LOBBY, "Anna's").expect("Anna administers the lobby");
    assert_eq!(lobby.title(), "Ward 3", "a snapshot shows what the server said last");
    fixture.ok(lobby.set_allow_sending(true));
    assert_eq!((lobby.title(), lobby.allow_sending()), ("Anna's", true));
}

#[executor_test(protocols)]
fn chat_is_closed_and_reopened<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let mut lobby = fixture.chat(org::LOBBY);
    for (is_closed, _) in [(true, "closed"), (true, "closed already"), (false, "reopened"), (false, "open already")] {
        if is_closed {
            fixture.ok(lobby.close());
        } else {
            fixture.ok(lobby.reopen());
        }
        assert_eq!((lobby.is_closed(), fixture.chat(org::LOBBY).is_closed()), (is_closed, is_closed));
    }
}

#[executor_test]
fn bot_leaves_once<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.chat(org::LOBBY);
    fixture.sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/leave").times(2));
    fixture.ok(lobby.leave());
    assert_eq!(fixture.sandbox.handled_count("POST /v1/chats/{tid}/leave"), 3, "a repeated request is not an error");
    assert!(fixture.ok(fixture.client.chats().by_thread_id(org::LOBBY)).is_none());
    assert_eq!(fixture.err(lobby.leave()).kind(), ErrorKind::NotFound);
}

#[executor_test(protocols)]
fn ids_with_any_characters_reach_their_chat_or_none<H: Harness>() {
    let fixture = Fixture::<H>::new();
    for tid in
        ["../me", "a/b", "%2e%2e", "?x=1", "#", "\u{1f600}", " ", "t-lobby/messages", "t%2Dlobby", "\\", "a\r\nb"]
    {
        assert!(fixture.ok(fixture.client.chats().by_thread_id(tid)).is_none(), "{tid:?}");
        assert_eq!(fixture.err(fixture.client.chats().chat(tid).post("hello")).kind(), ErrorKind::NotFound, "{tid:?}");
    }
    let routes: Vec<_> = fixture.sandbox.transcript().into_iter().filter_map(|line| line.route).collect();
    assert_eq!(routes.len(), 22, "each reached a route");
    assert!(routes.iter().all(|route| route == "GET /v1/chats/{tid}" || route == "POST /v1/chats/{tid}/messages"));
}
