//! Invalid arguments that the client recognises: nothing is sent.

use std::time::Duration;

use chrono::{DateTime, TimeDelta};
use serde_json::json;
use teamwire_core::{
    AlertType, Client, Draft, ErrorKind, NewChat, Reaction, ReactionType, Script,
    model::{
        CalendarEvent, Coordinates, LiveLocation, Location, NewAttachment, NewOneToOne, Poll, ShareDuration, Upload,
    },
    script::{Expect, Respond, sample},
};
use teamwire_tests::operations::{ScriptBot, TID, alert, reaction};

use super::{bot, client, refused};

/// Returns the number of requests after the search for the chat.
fn sent(bot: &ScriptBot) -> usize {
    bot.client.executor().requests().len() - 1
}

fn place() -> Coordinates {
    Coordinates::new(0.0, 0.0).expect("it is on earth")
}

#[test]
fn coordinates_off_the_earth_are_refused() {
    for lat in [90.000_001, -90.000_001, 91.0, f64::MAX, f64::INFINITY, f64::NEG_INFINITY, f64::NAN] {
        refused(Coordinates::new(lat, 0.0), "latitude", "-90 to 90");
    }
    for lon in [180.000_001, -180.000_001, 360.0, f64::INFINITY, f64::NAN] {
        refused(Coordinates::new(0.0, lon), "longitude", "-180 to 180");
    }
    for (lat, lon) in [(90.0, 180.0), (-90.0, -180.0), (-0.0, 0.0)] {
        Coordinates::new(lat, lon).expect("it is on earth");
    }
}

#[test]
fn text_that_is_too_long_is_refused_with_its_length() {
    let client = client();
    let chats = client.chats();
    let long = "ä".repeat(10_000);
    let longer = format!("{long}x");
    refused(chats.by_title(long.as_str()), "title", "not 10000");
    refused(chats.create_chat(NewChat::titled(long.as_str())), "title", "not 10000");
    refused(bot().chat.update_title(long.as_str()), "title", "at most 256");
    refused(chats.chat("c1").post(longer.as_str()), "message", "not 10001");
    refused(chats.create_chat(NewChat::titled("").message(longer.as_str())), "message", "10001");
    refused(chats.create_one_to_one_chat(NewOneToOne::new("u1").message(longer.as_str())), "message", "10001");
    let named = |name: &str| chats.chat("c1").post(Draft::text("hello").sender_display_name(name));
    refused(named(&"ä".repeat(65)), "sender display name", "at most 64");
    refused(named(""), "sender display name", "empty");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn duration_beyond_53_bits_of_milliseconds_is_refused() {
    let client = client();
    let chat = client.chats().chat("c1");
    let longest = Duration::from_millis((1 << 53) - 1);
    for sound in [NewAttachment::sound, NewAttachment::video] {
        let lasting = |lasts| chat.post(Draft::new().attach(sound(Upload::from_bytes("a", *b"a"), Some(lasts))));
        refused(lasting(longest + Duration::from_millis(1)), "duration", "at most 9007199254740991 ms");
        refused(lasting(Duration::MAX), "duration", "at most");
    }
    assert!(client.executor().requests().is_empty());
    let asset = || Respond::json(201, json!({ "id": "a1", "file_name": "a", "media_type": "audio/ogg", "size": 1 }));
    let script = Script::new().then(Expect::post("/v1/assets"), asset());
    let script =
        script.then(Expect::post("/v1/chats/c1/messages"), Respond::json(201, sample::message("m1", "c1", "")));
    let draft = Draft::new().attach(NewAttachment::sound(Upload::from_bytes("a", *b"a"), longest));
    Client::new(script.clone()).chats().chat("c1").post(draft).expect("it is the longest");
    assert_eq!(
        script.requests()[1].json().expect("it is JSON")["attachments"][0]["duration_ms"],
        json!(9_007_199_254_740_991_u64)
    );
}

#[test]
fn nul_is_refused_in_every_text_and_its_place_is_named() {
    let client = client();
    let (chats, nul) = (client.chats(), "ab\0");
    refused(chats.by_title(nul), "title", "character 3 is NUL");
    refused(chats.create_chat(NewChat::titled(nul)), "title", "character 3");
    refused(chats.create_chat(NewChat::titled("").message(nul)), "message", "character 3");
    refused(chats.create_one_to_one_chat(NewOneToOne::new("u1").message(nul)), "message", "character 3");
    refused(bot().chat.update_title(nul), "title", "character 3");
    let post = |draft: Draft| chats.chat("c1").post(draft);
    refused(post(Draft::text(nul)), "message", "character 3");
    refused(post(Draft::text("hello").sender_display_name(nul)), "sender display name", "character 3");
    let attach = |it: Location| post(Draft::new().attach(it));
    refused(attach(Location::new(nul, place())), "location name", "character 3");
    for part in ["address", "city", "country", "postal code"] {
        let mut location = Location::new("x", place());
        let field = match part {
            "address" => &mut location.address,
            "city" => &mut location.city,
            "country" => &mut location.country,
            _ => &mut location.postal_code,
        };
        *field = Some(nul.into());
        refused(attach(location), &format!("location {part}"), "character 3");
    }
    let calendar =
        |title: &str| CalendarEvent::new(title, DateTime::UNIX_EPOCH, DateTime::UNIX_EPOCH).expect("it is in order");
    refused(post(Draft::new().attach(calendar(nul))), "calendar title", "character 3");
    refused(post(Draft::new().attach(calendar("x").with_description(nul))), "calendar description", "character 3");
    refused(post(Draft::new().attach(calendar("x").with_location(nul))), "calendar location", "character 3");
    let poll = |question: &str, option: &str| Poll::new(question, [option, "b"]).expect("two options");
    refused(post(Draft::new().attach(poll(nul, "a"))), "poll question", "character 3");
    refused(post(Draft::new().attach(poll("Who?", nul))), "poll option", "character 3");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn empty_message_is_refused() {
    let client = client();
    let chat = client.chats().chat("c1");
    for draft in [Draft::new(), Draft::text(""), Draft::text("").alert(AlertType::Alert).reply_to("m1")] {
        refused(chat.post(draft), "message", "text or an attachment");
    }
    assert!(client.executor().requests().is_empty());
}

#[test]
fn attachments_that_no_message_can_have_are_refused() {
    let client = client();
    let post = |draft: Draft| client.chats().chat("c1").post(draft);
    let many = (0..51).fold(Draft::text("hello"), |draft, _| draft.attach(Location::new("x", place())));
    refused(post(many), "attachments", "51");
    let live = || LiveLocation::new(place(), ShareDuration::OneHour);
    refused(post(Draft::new().attach(live()).attach(live())), "attachments", "one live location");
    let mut odd = live();
    odd.duration += Duration::from_secs(1);
    refused(post(Draft::new().attach(odd)), "live location", "15 minutes, 1 hour or 8 hours");
    let poll = |question: &str, option: &str| Poll::new(question, [option, "b"]).expect("two options");
    refused(post(Draft::new().attach(poll("", "a"))), "poll question", "empty");
    refused(post(Draft::new().attach(poll("Who?", ""))), "poll option", "empty");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn poll_without_a_choice_is_refused() {
    refused(Poll::new("Who?", ["I"]), "poll", "2 or more options, not 1");
    refused(Poll::new("Who?", ["I", "you", "I"]), "poll", "\"I\" occurs twice");
}

#[test]
fn appointment_that_ends_before_it_begins_is_refused() {
    let start = DateTime::UNIX_EPOCH;
    refused(CalendarEvent::new("x", start, start - TimeDelta::nanoseconds(1)), "calendar", "before the start");
}

#[test]
fn key_that_is_not_a_header_value_is_refused() {
    let client = client();
    let (chats, long) = (client.chats(), "k".repeat(129));
    for key in ["", " ", "a b", "ä", "\n", "k\0", long.as_str()] {
        let why = "1 to 128 printable ASCII";
        refused(chats.chat("c1").post(Draft::text("hello").idempotency_key(key)), "idempotency key", why);
        refused(chats.create_chat(NewChat::titled("").idempotency_key(key)), "idempotency key", why);
        let one_to_one = NewOneToOne::new("u1").idempotency_key(key);
        refused(chats.create_one_to_one_chat(one_to_one), "idempotency key", why);
    }
    let reserved = Draft::text("hello").idempotency_key("teamwire-file:1");
    refused(chats.chat("c1").post(reserved), "idempotency key", "are reserved");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn more_members_than_a_request_can_name_are_refused() {
    let many = || (0..1001).map(|at| format!("id{at}"));
    let mut bot = bot();
    refused(bot.chat.add_members(many(), [""; 0]), "members", "not 1001");
    refused(bot.chat.remove_members([""; 0], many()), "members", "not 1001");
    for chat in
        [NewChat::titled("").users(many()), NewChat::titled("").groups(many()), NewChat::titled("").admins(many())]
    {
        refused(bot.client.chats().create_chat(chat), "members", "not 1001");
    }
    refused(bot.chat.add_members([""; 0], [""; 0]), "members", "neither users nor groups");
    refused(bot.chat.remove_members([""; 0], [""; 0]), "members", "neither users nor groups");
    assert_eq!(sent(&bot), 0);
    let response = Respond::json(200, sample::chat(TID, "Night shift"));
    let _ = bot.client.executor().clone().then(Expect::post(format!("/v1/chats/{TID}/members/add")), response);
    bot.chat.add_members(many().take(1000).chain(many().take(7)), [""; 0]).expect("each counts once");
    let ids = bot.client.executor().requests()[1].json().expect("it is JSON")["users"].as_array().map(Vec::len);
    assert_eq!(ids, Some(1000));
}

#[test]
fn one_to_one_chat_refuses_what_it_does_not_support() {
    let mut private = sample::chat(TID, "");
    private["type"] = "one_to_one".into();
    let script = Script::new().then(Expect::get(format!("/v1/chats/{TID}")), Respond::json(200, private));
    let mut chat = Client::new(script.clone()).chats().by_thread_id(TID).expect("it is there").expect("it is there");
    refused(chat.leave(), "chat", "a 1:1 chat cannot be left");
    refused(chat.add_members(["u1"], [""; 0]), "chat", "cannot be added to a 1:1 chat");
    refused(chat.remove_members(["u1"], [""; 0]), "chat", "cannot be removed from a 1:1 chat");
    assert_eq!(script.requests().len(), 1);
}

#[test]
fn reaction_that_does_not_fit_its_message_is_refused() {
    use ReactionType::{Applause, Laugh, Love, Ok, Smile, Sos, ThumbsUp};
    let (to_alerts, to_others) = (vec![Ok, Sos], vec![ThumbsUp, Applause, Smile, Laugh, Love]);
    let bot = bot();
    for kind in ["alert", "announcement", "note"] {
        let mut message = alert().clone();
        message.alert_type = Some(attention(kind));
        let (fit, unfit) = if kind == "alert" { (&to_alerts, &to_others) } else { (&to_others, &to_alerts) };
        for reaction in unfit {
            refused(bot.chat.send_reaction(&message, reaction.clone()), "reaction", "accept");
        }
        assert_eq!(sent(&bot), 0);
        for reaction in fit {
            let path = format!("/v1/chats/{TID}/messages/m1/reactions");
            let response = Respond::json(201, sample::reaction("r1", "m1", TID, "ok"));
            let fresh = super::bot();
            let _ = fresh.client.executor().clone().then(Expect::post(path), response);
            fresh.chat.send_reaction(&message, reaction.clone()).expect("it fits");
        }
    }
    let mut ordinary = alert().clone();
    ordinary.alert_type = None;
    refused(bot.chat.send_reaction(&ordinary, Ok), "reaction", "ordinary");
    refused(bot.chat.reactions(&ordinary), "message", "only attention messages");
    refused(
        bot.chat.send_reaction(alert(), ReactionType::Unknown("wave".into())),
        "reaction",
        "this version cannot send \"wave\"",
    );
    assert_eq!(sent(&bot), 0);
}

fn attention(kind: &str) -> AlertType {
    match kind {
        "alert" => AlertType::Alert,
        "announcement" => AlertType::Announcement,
        _ => AlertType::Note,
    }
}

#[test]
fn reaction_is_changed_only_into_one_of_its_kind() {
    let bot = bot();
    let old = |kind: ReactionType| {
        let mut old: Reaction = reaction().clone();
        old.reaction_type = kind;
        old
    };
    refused(bot.chat.update_reaction(&old(ReactionType::Ok), ReactionType::Love), "reaction", "only Ok and Sos");
    refused(bot.chat.update_reaction(&old(ReactionType::Love), ReactionType::Sos), "reaction", "only alerts do");
    let unknown = ReactionType::Unknown("wave".into());
    refused(bot.chat.update_reaction(&old(ReactionType::Ok), unknown), "reaction", "this version cannot send \"wave\"");
    assert_eq!(sent(&bot), 0);
}

#[test]
fn message_or_reaction_of_another_chat_is_refused() {
    let client = client();
    let other = client.chats().chat("another");
    refused(other.send_reaction(alert(), ReactionType::Ok), "message", "another chat");
    refused(other.reactions(alert()), "message", "another chat");
    refused(other.message(alert()), "message", "another chat");
    refused(other.update_reaction(reaction(), ReactionType::Sos), "previous", "another chat");
    assert!(client.executor().requests().is_empty());
}

#[test]
fn type_that_is_to_come_can_be_received_and_not_sent() {
    let client = client();
    let draft = Draft::text("hello").alert(AlertType::Unknown("siren".into()));
    refused(client.chats().chat("c1").post(draft), "alert type", "\"siren\"");
    let mut message = alert().clone();
    message.alert_type = Some(AlertType::Unknown("siren".into()));
    let bot = bot();
    let path = format!("/v1/chats/{TID}/messages/m1/reactions");
    let response = Respond::problem(422, "invalid_request");
    let _ = bot.client.executor().clone().then(Expect::post(path).json(json!({ "reaction_type": "love" })), response);
    let error = bot.chat.send_reaction(&message, ReactionType::Love).expect_err("the server knows what fits");
    assert_eq!(error.kind(), ErrorKind::InvalidRequest);
}

#[test]
fn local_refusal_is_not_transient_and_has_no_response() {
    let error = client().chats().chat("c1").post("").expect_err("it is empty");
    assert!(!error.is_transient() && !error.outcome_unknown());
    assert_eq!((error.status(), error.code(), error.request_id(), error.retry_after()), (None, None, None, None));
}
