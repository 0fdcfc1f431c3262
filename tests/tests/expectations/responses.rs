//! Successful responses keep to the contract.

use std::time::Duration;

use chrono::DateTime;
use serde_json::Value;
use teamwire_core::{
    AlertType, Client, FeedEvent, Message, Reaction, ReactionType, Script,
    effect::{Exchange, Response},
    machine::Reply,
    model::{
        Asset, ChatEvent, ChatInfo, ChatType, Coordinates, DeletedMessage, LiveLocationUpdate, LocationShare,
        ReadReceipt,
    },
    protocol::{Batch, BatchItem, Page},
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};
use teamwire_tests::{
    contract::{Contract, OperationId},
    operations::AVATAR,
};

use crate::{by_hand, first, rendering::anna};

/// Returns the response of a script.
#[track_caller]
pub(crate) fn response_of(respond: Respond) -> Response {
    let me: Exchange = first(&mut *by_hand().contacts().me());
    match Script::new().then(expect::me(), respond).perform(&me) {
        Reply::Response(response) => response,
        reply => panic!("expected a response, not {reply:?}"),
    }
}

pub(crate) fn operation(name: &str) -> OperationId {
    let mut operations = Contract::load().operations();
    operations.find(|id| id.as_str() == name).unwrap_or_else(|| panic!("the contract has no {name}")).clone()
}

/// Returns an event of each kind.
fn events(message: &Message, reaction: &Reaction, location: &LiveLocationUpdate, chat: &ChatInfo) -> [ChatEvent; 11] {
    [
        ChatEvent::Message(message.clone()),
        ChatEvent::Deleted(DeletedMessage::new("c1", "m1")),
        ChatEvent::Read(ReadReceipt::new("c1", anna())),
        ChatEvent::Reaction(reaction.clone()),
        ChatEvent::Location(location.clone()),
        ChatEvent::Joined(chat.clone()),
        ChatEvent::Left("c1".into()),
        ChatEvent::Closed(chat.clone()),
        ChatEvent::Reopened(chat.clone()),
        ChatEvent::Renamed(chat.clone()),
        ChatEvent::Changed(chat.clone()),
    ]
}

fn of_sample(status: u16, json: Value) -> Respond {
    Respond::json(status, json).header("x-request-id", "req-1")
}

fn sample_events() -> Vec<Value> {
    let mut poll = sample::message("m1", "c1", "Please vote");
    poll["attachments"] = [sample::poll("Who is on call?", ["Anna", "Ben"])].into();
    vec![
        sample::event("message", poll),
        sample::message_deleted("m1", "c1"),
        sample::read("c1"),
        sample::event("reaction", sample::reaction("r1", "m1", "c1", "ok")),
        sample::event("location", sample::location("c1", 48.1, 11.6)),
        sample::event("chat_joined", sample::chat("c1", "Operations")),
        sample::chat_left("c1"),
        sample::event("weather", sample::json("[3]")),
    ]
}

#[test]
fn every_event_is_read_back() {
    let start = DateTime::UNIX_EPOCH;
    let place = Coordinates::new(48.1, 11.6).expect("it is on earth");
    let events = events(
        &Message::new("m1", "c1", anna(), start),
        &Reaction::new("r1", "m1", "c1", ReactionType::Love, anna()),
        &LiveLocationUpdate::new("c1", anna(), place, start),
        &ChatInfo::new("c1", ChatType::Group),
    );
    let script = Script::new().on(expect::subscribe_events(), [respond::subscription("s1", "k0")]).on(
        expect::event_updates().subscription("s1"),
        [respond::event_updates(&events, "k1"), respond::event_updates(sample_events(), "k2")],
    );
    let delivered: Vec<_> =
        Client::new(script.clone()).chats().events(None).map(|event| event.expect("the script has it")).collect();
    let items: Vec<_> = delivered.iter().filter_map(FeedEvent::item).collect();
    assert_eq!(items[..11], events.iter().collect::<Vec<_>>());
    assert!(items.iter().all(|event| event.tid() == "c1"));
    assert_eq!(items.len(), 11 + 7);
    let Some(FeedEvent::Undecoded { item, .. }) = delivered.last() else { panic!("it is of an unknown kind") };
    assert!(item.json.contains("weather") && item.reason.contains("unknown event kind \"weather\""), "{item:?}");
    script.assert_done();
}

#[test]
fn every_success_keeps_to_the_contract() {
    let start = DateTime::UNIX_EPOCH;
    let message = Message::new("m1", "c1", anna(), start).with_alert_type(AlertType::Note).with_text("hello");
    let reaction = Reaction::new("r1", "m1", "c1", ReactionType::Love, anna());
    let mut chat = ChatInfo::new("c1", ChatType::Group);
    (chat.users, chat.admins) = (vec![anna()], vec![anna()]);
    let place = Coordinates::new(48.1, 11.6).expect("it is on earth");
    let update = LiveLocationUpdate::new("c1", anna(), place, start);
    let asset = Asset::new("a1", "plan.txt", "text/plain", 9);
    let group = sample::group("g1", "Night shift");
    let batch = || Batch::new("k2").items([BatchItem::new("m1", Ok(message.clone())).at("k1")]);
    let page = Page::new(vec![anna()]).next(Some("k1".into()));

    let responses = [
        ("get_me", respond::user(sample::bot())),
        ("get_user", respond::user(anna())),
        ("list_users", respond::users([anna()])),
        ("list_users", respond::page(page)),
        ("get_group", respond::group(group.clone())),
        ("list_groups", respond::groups([group])),
        ("list_chats", respond::chats([&chat])),
        ("get_chat", respond::chat(&chat)),
        ("create_chat", respond::chat(&chat)),
        ("update_chat", respond::chat(&chat)),
        ("close_chat", respond::chat(&chat)),
        ("reopen_chat", respond::chat(&chat)),
        ("leave_chat", respond::done()),
        ("add_members", respond::chat(&chat)),
        ("remove_members", respond::chat(&chat)),
        ("add_admin", respond::chat(&chat)),
        ("remove_admin", respond::chat(&chat)),
        ("list_readers", respond::users([anna()])),
        ("mark_as_read", respond::users([anna()])),
        ("list_messages", respond::messages([&message])),
        ("get_message", respond::found_message(&message)),
        ("post_message", respond::message(&message)),
        ("poll_chat_messages", respond::message_updates([&message, &message], "k1")),
        ("poll_chat_messages", respond::batch(batch())),
        ("poll_messages", respond::no_updates("k1")),
        ("get_avatar", respond::avatar(AVATAR)),
        ("set_avatar", respond::chat(&chat)),
        ("remove_avatar", respond::chat(&chat)),
        ("upload_asset", respond::uploaded(&asset)),
        ("download_asset", respond::content(&asset, "stay calm")),
        ("list_shared_locations", respond::location_shares([LocationShare::new("c1", Duration::from_secs(900))])),
        ("update_shared_location", respond::moved_location(&["c1"])),
        ("update_shared_location", respond::moved_location(&[])),
        ("stop_sharing_location", respond::done()),
        ("count_active_locations", respond::location_count(2)),
        ("subscribe_locations", respond::subscription("s1", "k0")),
        ("unsubscribe_locations", respond::done()),
        ("unsubscribe_all_locations", respond::done()),
        ("poll_locations", respond::live_location_updates([&update], "k1")),
        ("list_reactions", respond::reactions([&reaction])),
        ("send_reaction", respond::reaction(&reaction)),
        ("update_reaction", respond::reaction(&reaction)),
        ("subscribe_reactions", respond::subscription("s1", "k0")),
        ("unsubscribe_reactions", respond::done()),
        ("unsubscribe_all_reactions", respond::done()),
        ("poll_reactions", respond::reaction_updates([&reaction], "k1")),
        ("subscribe_events", respond::subscription("s1", "k0")),
        ("unsubscribe_events", respond::done()),
        ("unsubscribe_all_events", respond::done()),
        ("poll_events", respond::event_updates(events(&message, &reaction, &update, &chat), "k1")),
        ("poll_events", respond::event_updates(sample_events(), "k1")),
        ("poll_events", of_sample(200, sample::updates("reaction", [sample::of(&reaction)], "k1"))),
        ("subscribe_events", of_sample(200, sample::subscription("s1", "k0"))),
        ("upload_asset", of_sample(201, sample::asset("a1", "plan.txt", "text/plain", 9))),
        ("list_users", respond::empty_list()),
        ("list_groups", respond::empty_list()),
        ("list_chats", respond::empty_list()),
        ("list_readers", respond::empty_list()),
        ("mark_as_read", respond::empty_list()),
        ("list_messages", respond::empty_list()),
        ("list_reactions", respond::empty_list()),
        ("list_shared_locations", respond::empty_list()),
    ];
    let contract = Contract::load();
    for operation in contract.operations().filter(|id| id.as_str() != "get_health") {
        assert!(responses.iter().any(|(name, _)| *name == operation.as_str()), "{} has none", operation.as_str());
    }
    for (name, respond) in responses {
        let response = response_of(respond);
        contract.check_response(&operation(name), &response).unwrap_or_else(|violation| panic!("{violation}"));
    }
}
