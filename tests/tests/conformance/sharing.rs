//! Sharing the bot's location, on the server and in the client.

use std::{thread, time::Duration};

use teamwire_core::{
    ChatRef, Client, Draft, LocationShares, NewChat,
    executor::Executor,
    model::{Coordinates, LiveLocation, LiveLocationUpdate, NewOneToOne, ShareDuration},
};
use teamwire_sandbox::org;
use teamwire_tests::{FeedProbe, Fixture, executor_test, harness::Harness};

fn place(lat: f64) -> Coordinates {
    Coordinates::new(lat, 9.0).expect("it is on earth")
}

fn live(lat: f64) -> LiveLocation {
    LiveLocation::new(place(lat), ShareDuration::QuarterHour)
}

fn begin<H: Harness>(fixture: &Fixture<H>, tid: &str) {
    fixture.ok(fixture.client.chats().chat(tid).post(Draft::new().attach(live(1.0))));
}

/// Returns the chats in which the client shares its location, and asserts that no request is sent.
#[track_caller]
fn active<H: Harness>(fixture: &Fixture<H>) -> Vec<String> {
    let before = fixture.sandbox.transcript().len();
    let chats = fixture.client.chats();
    let active = chats.location_sharing_active_chats();
    assert_eq!(chats.has_location_sharing_active_chats(), !active.is_empty());
    assert_eq!(fixture.sandbox.transcript().len(), before, "no request is sent");
    names(&active)
}

fn names<X: Executor>(chats: &[ChatRef<X>]) -> Vec<String> {
    chats.iter().map(|chat| chat.tid().to_string()).collect()
}

#[executor_test]
fn live_location_that_is_posted_is_shared<H: Harness>() {
    let fixture = Fixture::<H>::new();
    assert!(active(&fixture).is_empty());
    begin(&fixture, org::LOBBY);
    assert_eq!(active(&fixture), [org::LOBBY]);
    fixture.sandbox.as_person(org::ANNA).share_for(org::LOBBY, 1.0, 2.0, 60).expect("Anna is in the lobby");
    assert_eq!(fixture.ok(fixture.client.chats().chat(org::LOBBY).active_shared_locations()), 2);

    let group = fixture.ok(fixture.client.chats().create_chat(NewChat::titled("Ops").attach(live(1.0))));
    let pair = NewOneToOne::new(org::BEN).attach(live(1.0));
    let pair = fixture.ok(fixture.client.chats().create_one_to_one_chat(pair));
    let mut all = vec![org::LOBBY.to_owned(), group.tid().to_string(), pair.tid().to_string()];
    all.sort();
    assert_eq!(active(&fixture), all);
    assert_eq!(fixture.sandbox.with_world(|world, _| world.share_count()), 4);
}

#[executor_test]
fn old_key_starts_no_share<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let begins = |client: &Client<H::X>| {
        let draft = Draft::new().attach(live(1.0)).idempotency_key("a-post");
        fixture.ok(client.chats().chat(org::LOBBY).post(draft));
        let chat = NewChat::titled("Ops").attach(live(1.0)).idempotency_key("a-chat");
        fixture.ok(client.chats().create_chat(chat));
        let pair = NewOneToOne::new(org::BEN).attach(live(1.0)).idempotency_key("a-pair");
        fixture.ok(client.chats().create_one_to_one_chat(pair));
        client.chats().location_sharing_active_chats().len()
    };
    assert_eq!(begins(&fixture.client), 3);
    fixture.sandbox.clock().advance(Duration::from_secs(60 * 60));
    assert_eq!(begins(&fixture.client(|config| config)), 0, "they have expired");
}

#[executor_test]
fn share_moves_in_all_its_chats_for_every_member<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client(|config| config).chats().chat(org::LOBBY);
    let mut seen = FeedProbe::<H>::new(lobby.live_locations(None), |it: LiveLocationUpdate| {
        format!("{} at {}{}", it.user.uid, it.coordinates.lat(), if it.ended { ", no longer" } else { "" })
    });
    seen.expect_started();
    fixture.ok(fixture.client.chats().update_shared_location(place(0.5)));
    begin(&fixture, org::LOBBY);
    begin(&fixture, org::NOTICES);
    fixture.ok(fixture.client.chats().update_shared_location(place(2.0)));
    fixture.ok(fixture.client.chats().update_shared_location(place(3.0)));
    assert_eq!(active(&fixture), [org::LOBBY, org::NOTICES]);
    fixture.ok(fixture.client.chats().chat(org::LOBBY).stop_sharing_location());
    fixture.ok(fixture.client.chats().update_shared_location(place(4.0)));
    assert_eq!(active(&fixture), [org::NOTICES]);
    let expected = ["u-ops-bot at 1", "u-ops-bot at 2", "u-ops-bot at 3", "u-ops-bot at 3, no longer"];
    assert_eq!(seen.expect_updates(4), expected);
}

#[executor_test]
fn share_that_is_stopped_is_over<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let lobby = fixture.client.chats().chat(org::LOBBY);
    fixture.ok(lobby.stop_sharing_location());
    begin(&fixture, org::LOBBY);
    fixture.ok(lobby.stop_sharing_location());
    assert!(active(&fixture).is_empty());
    assert_eq!(fixture.ok(lobby.active_shared_locations()), 0);
    fixture.ok(lobby.stop_sharing_location());
}

#[executor_test]
fn share_that_the_server_has_ended_is_over<H: Harness>() {
    let fixture = Fixture::<H>::new();
    begin(&fixture, org::LOBBY);
    begin(&fixture, org::NOTICES);
    fixture.sandbox.as_person(org::ANNA).remove_users(org::LOBBY, &[org::BOT]).expect("Anna administers the lobby");
    fixture.ok(fixture.client.chats().update_shared_location(place(2.0)));
    assert_eq!(active(&fixture), [org::NOTICES]);
    fixture.sandbox.clock().advance(Duration::from_secs(15 * 60));
    fixture.ok(fixture.client.chats().update_shared_location(place(3.0)));
    assert!(active(&fixture).is_empty());
}

#[executor_test]
fn all_clones_of_a_client_know_its_shares<H: Harness>() {
    let fixture = Fixture::<H>::new();
    let stranger = fixture.client(|config| config);
    thread::scope(|scope| {
        for tid in [org::LOBBY, org::NOTICES] {
            let client = fixture.client.clone();
            scope.spawn(move || {
                let chat = client.chats().chat(tid);
                H::wait(chat.post(Draft::new().attach(live(1.0)))).unwrap_or_else(|error| panic!("{error}"));
                assert!(client.chats().has_location_sharing_active_chats());
            });
        }
    });
    assert_eq!(active(&fixture), [org::LOBBY, org::NOTICES]);
    fixture.ok(fixture.client.clone().chats().chat(org::LOBBY).stop_sharing_location());
    assert_eq!(active(&fixture), [org::NOTICES]);
    assert!(!stranger.chats().has_location_sharing_active_chats(), "a client that is not a clone has its own shares");
}

#[executor_test]
fn shares_are_saved_and_restored_in_another_client<H: Harness>() {
    let fixture = Fixture::<H>::new();
    begin(&fixture, org::LOBBY);
    begin(&fixture, org::NOTICES);
    let json = serde_json::to_string(&fixture.client.chats().export_location_shares()).expect("it can be written");
    assert!(!json.contains(fixture.sandbox.secret()) && !json.contains(fixture.sandbox.app_id()), "{json}");
    let saved: LocationShares = serde_json::from_str(&json).expect("it can be read");

    let next = fixture.client(|config| config);
    next.chats().import_location_shares(saved);
    assert_eq!(names(&next.chats().location_sharing_active_chats()), [org::LOBBY, org::NOTICES]);
    fixture.ok(next.chats().chat(org::LOBBY).stop_sharing_location());
    fixture.ok(next.chats().update_shared_location(place(2.0)));
    assert_eq!(names(&next.chats().location_sharing_active_chats()), [org::NOTICES]);
}

#[executor_test]
fn shares_are_asked_for_after_a_restart<H: Harness>() {
    let fixture = Fixture::<H>::new();
    begin(&fixture, org::LOBBY);
    begin(&fixture, org::NOTICES);
    let next = fixture.client(|config| config);
    let active = || names(&next.chats().location_sharing_active_chats());
    assert!(active().is_empty());
    fixture.ok(next.chats().refresh_location_shares());
    assert_eq!(active(), [org::LOBBY, org::NOTICES]);
    fixture.ok(fixture.client.chats().chat(org::LOBBY).stop_sharing_location());
    fixture.ok(next.chats().refresh_location_shares());
    assert_eq!(active(), [org::NOTICES]);
}
