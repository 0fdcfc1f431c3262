//! A built value equals the one that is read from the JSON of a response.

use std::{fmt::Debug, time::Duration};

use serde_json::json;
use teamwire_core::{
    AlertType, Client, Error, Group, Message, Reaction, ReactionType, Script,
    model::{
        ChatInfo, ChatType, Coordinates, LinkPreview, Listing, LiveLocationUpdate, LocationShare, Messages, Undecoded,
    },
    script::{Expect, Respond, sample},
};

use crate::{anna, bot, client, new_year};

/// Asserts the output of an operation.
#[track_caller]
fn assert_output<T: PartialEq + Debug>(result: Result<T, Error>, built: T) {
    assert_eq!(result.expect("the script has it"), built);
}

#[test]
fn users_and_groups_can_be_built() {
    assert_output(client("/v1/me", sample::bot()).contacts().me(), bot());

    let mut json = sample::group("g1", "Night shift");
    json["members"] = json!([sample::user("u-anna", "Anna", "Berg"), sample::bot()]);
    json["owner"] = sample::user("u-anna", "Anna", "Berg");
    let mut night_shift = Group::new("g1", "Night shift");
    night_shift.members = vec![anna(), bot()];
    night_shift.owner = Some(anna());
    (night_shift.is_circle, night_shift.is_public) = (true, true);
    assert_output(client("/v1/groups/g1", json.clone()).contacts().group("g1"), Some(night_shift.clone()));

    let mut list = night_shift.clone();
    (list.is_circle, list.is_list, list.is_public) = (false, true, false);
    for (name, value) in [("is_circle", false), ("is_list", true), ("is_public", false)] {
        json[name] = value.into();
    }
    let groups = client("/v1/groups", sample::page([json])).contacts().groups();
    assert_output(groups, Listing::from_iter([list]));
}

#[test]
fn lists_with_undecoded_items_can_be_built() {
    let users = client("/v1/users", sample::page([sample::bot(), json!({ "uid": 7 })])).contacts().users();
    let users = users.expect("the script has it");
    let [undecoded] = users.undecoded() else { panic!("one item is malformed: {users:?}") };
    let built = Listing::new(vec![bot()], vec![Undecoded::new(r#"{"uid":7}"#, undecoded.reason.clone())]);
    assert_eq!(users, built);
    assert_ne!(users, Listing::from_iter([bot()]));
}

#[test]
fn chats_can_be_built() {
    let read = |json| {
        let client = client("/v1/chats/c1", json);
        client.chats().by_thread_id("c1").expect("the script has it").expect("it exists").info().clone()
    };
    let mut json = sample::chat("c1", "Operations");
    json["groups"] = json!([sample::group("g1", "Night shift")]);
    let mut group = Group::new("g1", "Night shift");
    (group.is_circle, group.is_public) = (true, true);
    let mut chat = ChatInfo::new("c1", ChatType::Group);
    chat.title = "Operations".into();
    (chat.users, chat.groups, chat.admins) = (vec![bot()], vec![group], vec![bot()]);
    assert_eq!(read(json.clone()), chat);

    for (name, value) in
        [("is_alert", true), ("allow_sending", false), ("allow_mute_notifications", false), ("is_closed", true)]
    {
        json[name] = value.into();
    }
    (chat.is_alert, chat.is_closed) = (true, true);
    (chat.allow_sending, chat.allow_mute_notifications) = (false, false);
    assert_eq!(read(json), chat);

    assert_eq!(read(json!({ "tid": "c1", "type": "one_to_one" })), ChatInfo::new("c1", ChatType::OneToOne));
}

#[test]
fn messages_can_be_built() {
    let ordinary = sample::message("m1", "c1", "hello");
    let mut alert = sample::alert("m2", "c1", "see https://example.org/status");
    alert["reply_to"] = "m1".into();
    alert["sender_display_name"] = "Monitoring".into();
    alert["link_preview"] = json!({
        "url": "https://example.org/status", "title": "Status", "description": "All systems",
        "image": "https://example.org/status.png", "domain": "example.org",
    });
    let mut deleted = sample::message("m3", "c1", "");
    deleted["msg"] = json!(null);
    deleted["deleted"] = true.into();
    deleted["from_user"] = sample::user("u-anna", "Anna", "Berg");

    let mut expected = Messages::new(["m1", "m2", "m3"].map(|mid| Message::new(mid, "c1", bot(), new_year())));
    expected.last_modified = Some(new_year());
    let [first, second, third] = &mut expected.messages[..] else { panic!("there are three") };
    first.text = Some("hello".into());
    *second = second.clone().with_alert_type(AlertType::Alert);
    second.text = Some("see https://example.org/status".into());
    second.reply_to = Some("m1".into());
    second.sender_display_name = Some("Monitoring".into());
    let mut preview = LinkPreview::new("https://example.org/status", "example.org");
    preview.title = Some("Status".into());
    preview.description = Some("All systems".into());
    preview.image = Some("https://example.org/status.png".into());
    second.link_preview = Some(preview);
    (third.from_user, third.deleted) = (anna(), true);

    let script = Script::with_config(teamwire_tests::operations::config().with_hide_deleted_messages(false))
        .always(Expect::get("/v1/chats/c1/messages"), Respond::json(200, sample::messages([ordinary, alert, deleted])));
    assert_output(Client::new(script).chats().chat("c1").messages(None), expected);
}

#[test]
fn reactions_can_be_built() {
    let message = Message::new("m1", "c1", bot(), new_year()).with_alert_type(AlertType::Alert);
    let json = sample::page(["ok", "sos"].map(|name| sample::reaction("r1", "m1", "c1", name)));
    let built = [ReactionType::Ok, ReactionType::Sos].map(|it| Reaction::new("r1", "m1", "c1", it, anna()));
    let reactions = client("/v1/chats/c1/messages/m1/reactions", json).chats().chat("c1").reactions(&message);
    assert_output(reactions, Listing::from_iter(built));
}

#[test]
fn live_locations_can_be_built() {
    let update = |cursor: &str, ended: bool| {
        json!({ "cursor": cursor, "kind": "location", "data": {
            "tid": "c1", "user": sample::user("u-anna", "Anna", "Berg"), "lat": 48.1, "lon": -11.6,
            "time": "2026-01-01T00:00:00.000Z", "ended": ended,
        } })
    };
    let batch = json!({ "items": [update("p1", false), update("p2", true)], "cursor": "p2" });
    let script = Script::new()
        .then(
            Expect::put("/v1/chats/c1/location/subscriptions"),
            Respond::json(200, json!({ "id": "s1", "cursor": "p0" })),
        )
        .then(Expect::get("/v1/chats/c1/location/updates"), Respond::json(200, batch));
    let events = Client::new(script).chats().chat("c1").live_locations(None);
    let received: Vec<_> = events.filter_map(|event| event.expect("the script has it").into_item()).collect();

    let place = Coordinates::new(48.1, -11.6).expect("it is on earth");
    let first = LiveLocationUpdate::new("c1", anna(), place, new_year());
    let mut last = first.clone();
    last.ended = true;
    assert_eq!(received, [first, last]);
}

#[test]
fn location_shares_can_be_built() {
    let share = LocationShare::new("c1", Duration::from_secs(900));
    assert_eq!((share.tid.as_str(), share.remaining.as_secs()), ("c1", 900));
}
