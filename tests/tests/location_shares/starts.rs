//! Starts of shares, with and without a known outcome.

use std::time::Duration;

use teamwire_core::{
    Client, Config, Credentials, NewChat, Script,
    config::RetryPolicy,
    model::{Coordinates, LiveLocation, NewOneToOne, ShareDuration},
    script::{Expect, Respond, sample},
};

use crate::support::{QUARTER, live, shares};

fn is_active(client: &Client<Script>) -> bool {
    client.chats().has_location_sharing_active_chats()
}

fn post() -> Expect {
    Expect::post("/v1/chats/c1/messages")
}

#[test]
fn share_with_unknown_outcome_counts_until_the_server_denies_it() {
    let credentials = Credentials::new("app", "secret").expect("they are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("it is a URL");
    let config = config.with_retry(RetryPolicy::NEVER);
    let refused = || Respond::problem(403, "auth");
    for (response, may_have_begun) in [
        (Respond::connection_lost(), true),
        (Respond::timeout(), true),
        (Respond::status(201).body("text/html", "<html>"), true),
        (Respond::unreachable(), false),
        (refused(), false),
    ] {
        let moved = Respond::json(200, sample::json(r#"{"active":[]}"#));
        let script =
            Script::with_config(config.clone()).then(post(), response).then(Expect::put("/v1/location"), moved);
        let client = Client::new(script.clone());
        client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect_err("it fails");
        assert_eq!(is_active(&client), may_have_begun);
        client.chats().update_shared_location(Coordinates::new(3.0, 4.0).expect("it is a place")).expect("it is moved");
        assert!(!is_active(&client));
    }
    let script = Script::new().then(post(), Respond::connection_lost()).then(post(), refused());
    let client = Client::new(script);
    client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect_err("the last attempt is refused");
    assert!(is_active(&client), "the first attempt may have begun it");
}

#[test]
fn share_posted_again_by_its_key_ends_with_the_first() {
    // The message was sent when scripts begin: 2026-01-01 00:00 UTC.
    let later = |date: &str| Respond::json(201, sample::message("m1", "c1", "here")).header("date", date);
    for (date, left) in [
        ("Thu, 01 Jan 2026 00:00:00 GMT", 15),
        ("Thu, 01 Jan 2026 00:10:00 GMT", 5),
        ("Thu, 01 Jan 2026 01:00:00 GMT", 0),
        ("Wed, 31 Dec 2025 00:00:00 GMT", 15),
        ("soon", 15),
    ] {
        let script = Script::new().then(post(), later(date));
        let client = Client::new(script.clone());
        client.chats().chat("c1").post(live(ShareDuration::QuarterHour).idempotency_key("k")).expect("it is posted");
        if left > 0 {
            script.advance(Duration::from_secs(left * 60 - 1));
            assert!(is_active(&client), "{date}");
        }
        script.advance(Duration::from_secs(1));
        assert!(!is_active(&client), "{date}");
    }
    // Without a valid date, the clock of this machine is used.
    for (key, date, left) in [
        (Some("k"), None, 0),
        (Some("k"), Some("Wed, 31 Dec 2025 00:00:00 GMT"), 0),
        (Some("k"), Some("soon"), 0),
        // The key has not been used before, so the message is new, whatever the clock says.
        (None, None, 15),
    ] {
        let script = Script::new();
        script.advance(Duration::from_secs(60 * 60));
        let response = Respond::json(201, sample::message("m1", "c1", "here"));
        let response = date.into_iter().fold(response, |response, date| response.header("date", date));
        let client = Client::new(script.clone().then(post(), response));
        let draft = live(ShareDuration::QuarterHour);
        let draft = key.into_iter().fold(draft, |draft, key| draft.idempotency_key(key));
        client.chats().chat("c1").post(draft).expect("it is posted");
        assert_eq!(is_active(&client), left > 0, "{key:?}, {date:?}");
    }
    let now = || Respond::json(201, sample::message("m2", "c1", "here"));
    let script = Script::new().then(post(), now()).then(post(), later("Thu, 01 Jan 2026 00:10:00 GMT"));
    let client = Client::new(script.clone());
    let chat = client.chats().chat("c1");
    script.advance(QUARTER);
    chat.post(live(ShareDuration::OneHour)).expect("it is posted");
    chat.post(live(ShareDuration::QuarterHour).idempotency_key("k")).expect("it is there");
    script.advance(Duration::from_secs(59 * 60));
    assert!(is_active(&client), "the one that it replaces is newer");
}

#[test]
fn share_of_a_chat_created_by_an_old_key_is_requested() {
    let place = || LiveLocation::new(Coordinates::new(1.0, 2.0).expect("it is a place"), ShareDuration::QuarterHour);
    let (created, asked) = (|| Expect::post("/v1/chats"), || Expect::get("/v1/location"));
    let chat = || Respond::json(201, sample::chat("c1", "Ops"));
    for (response, active) in [
        (Respond::json(200, sample::json(&shares("c1", QUARTER))), true),
        (Respond::json(200, sample::json(r#"{"items":[]}"#)), false),
        // Without the list, no share is assumed; the chat is still created.
        (Respond::problem(403, "auth"), false),
    ] {
        let script = Script::new().then(created(), chat()).then(asked(), response.clone());
        let script = script.then(created(), chat()).then(asked(), response);
        let client = Client::new(script);
        client.chats().create_chat(NewChat::titled("Ops").attach(place()).idempotency_key("k")).expect("it is created");
        assert_eq!(is_active(&client), active);
        let pair = NewOneToOne::new("u1").attach(place()).idempotency_key("l");
        client.chats().create_one_to_one_chat(pair).expect("it is created");
        assert_eq!(is_active(&client), active);
    }
    let client = Client::new(Script::new().then(created(), chat()).then(created(), chat()));
    client.chats().create_chat(NewChat::titled("Ops").idempotency_key("k")).expect("it is created");
    assert!(!is_active(&client), "nothing is shared, and nothing asked");
    client.chats().create_chat(NewChat::titled("Ops").attach(place())).expect("it is created");
    assert!(is_active(&client), "a key of the session is new");
}

#[test]
fn shares_can_be_requested_from_the_server() {
    let shares = sample::json(
        r#"{"items":[
            {"tid":"c2","lat":1.0,"lon":2.0,"ends_at":"2030-01-01T00:00:00.000Z","remaining_ms":60000},
            {"tid":"c3","lat":1.0,"lon":2.0,"ends_at":"2030-01-01T00:00:00.000Z","remaining_ms":999999999999}
        ]}"#,
    );
    let script = Script::new()
        .then(post(), Respond::json(201, sample::message("m1", "c1", "here")))
        .then(Expect::get("/v1/location"), Respond::json(200, shares));
    let client = Client::new(script.clone());
    client.chats().chat("c1").post(live(ShareDuration::QuarterHour)).expect("it is posted");
    client.chats().refresh_location_shares().expect("the server lists them");
    let active = || {
        let active = client.chats().location_sharing_active_chats();
        active.iter().map(|chat| chat.tid().to_string()).collect::<Vec<_>>()
    };
    assert_eq!(active(), ["c2", "c3"]);
    script.advance(Duration::from_secs(60));
    assert_eq!(active(), ["c3"]);
    script.advance(Duration::from_secs(8 * 60 * 60));
    assert!(active().is_empty(), "none is longer than eight hours");
}
