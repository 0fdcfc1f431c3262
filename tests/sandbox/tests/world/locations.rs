use std::time::Duration;

use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

struct Feed {
    id: String,
    cursor: String,
}

const QUARTER: Duration = Duration::from_secs(900);

fn follow(fixture: &mut Fixture) -> Feed {
    let response = fixture.put("/v1/chats/t-lobby/location/subscriptions").assert_status(200);
    Feed { id: response.string("/id"), cursor: response.string("/cursor") }
}

/// Returns the uid, the latitude and whether the share has ended, for each update.
fn updates(fixture: &mut Fixture, feed: &mut Feed) -> Vec<(String, f64, bool)> {
    let Feed { id, cursor } = &*feed;
    let response = fixture
        .get(&format!("/v1/chats/t-lobby/location/updates?subscription={id}&cursor={cursor}"))
        .assert_status(200);
    feed.cursor = response.string("/cursor");
    let shown = |item: &Value| {
        let data = &item["data"];
        let uid = data["user"]["uid"].as_str().expect("the update has a user").to_owned();
        (
            uid,
            data["lat"].as_f64().expect("the update has a latitude"),
            data["ended"].as_bool().expect("the update has a flag"),
        )
    };
    response.body["items"].as_array().expect("the response has items").iter().map(shown).collect()
}

fn count(fixture: &mut Fixture) -> u64 {
    fixture.get("/v1/chats/t-lobby/location/active").assert_status(200).body["count"]
        .as_u64()
        .expect("the response has a count")
}

fn share_own(fixture: &mut Fixture, tid: &str) {
    let live = json!({ "kind": "live_location", "initial_lat": 1.0, "initial_lon": 1.0, "duration": 900 });
    fixture.post(&format!("/v1/chats/{tid}/messages"), &json!({ "attachments": [live] })).assert_status(201);
}

#[test]
fn share_starts_moves_and_ends() {
    let mut fixture = Fixture::new();
    let mut feed = follow(&mut fixture);
    fixture.as_person(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    assert_eq!(fixture.as_person(org::ANNA).move_to(49.0, 11.0), [org::LOBBY]);
    fixture.as_person(org::ANNA).stop_sharing(org::LOBBY).expect("Anna is a member");
    fixture.as_person(org::ANNA).stop_sharing(org::LOBBY).expect("ending a share twice is allowed");
    assert!(fixture.as_person(org::ANNA).move_to(50.0, 11.0).is_empty());
    let anna = |lat, ended| (org::ANNA.to_owned(), lat, ended);
    assert_eq!(updates(&mut fixture, &mut feed), [anna(48.0, false), anna(49.0, false), anna(49.0, true)]);
}

#[test]
fn share_expires_and_wakes_pending_polls() {
    let mut fixture = Fixture::new();
    fixture.as_person(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    let feed = follow(&mut fixture);
    fixture.advance(890);
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&cursor={}&wait=25", feed.id, feed.cursor);
    // The lease has expired meanwhile.
    fixture.get(&path).assert_problem(409, "lease_expired");
    let feed = Feed { cursor: feed.cursor, ..follow(&mut fixture) };
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&cursor={}&wait=25", feed.id, feed.cursor);
    let (until, poll) = fixture.request("GET", &path).try_send().expect_err("there is no update");
    assert_eq!(until, QUARTER);
    assert_eq!(fixture.world.next_expiry(), Some(QUARTER));
    fixture.advance(10);
    let response = fixture.resume(poll).expect("the share has expired").assert_status(200);
    assert_eq!(response.body["items"][0]["data"]["ended"], true);
    assert_eq!(response.string("/items/0/data/time"), "2025-03-14T09:35:00.000Z");
    assert_eq!(count(&mut fixture), 0);
    assert_eq!(fixture.world.next_expiry(), None);
}

#[test]
fn user_has_one_share_in_a_chat() {
    let mut fixture = Fixture::new();
    let mut feed = follow(&mut fixture);
    for lat in [1.0, 2.0] {
        fixture.as_person(org::ANNA).share(org::LOBBY, lat, 0.0, QUARTER).expect("Anna is a member");
    }
    fixture.as_person(org::BEN).share(org::LOBBY, 3.0, 0.0, QUARTER).expect("Ben is a member");
    assert_eq!(count(&mut fixture), 2);
    let (anna, ben) = (org::ANNA.to_owned(), org::BEN.to_owned());
    let expected = [(anna.clone(), 1.0, false), (anna.clone(), 1.0, true), (anna, 2.0, false), (ben, 3.0, false)];
    assert_eq!(updates(&mut fixture, &mut feed), expected);
}

#[test]
fn bot_moves_all_its_shares_at_once() {
    let mut fixture = Fixture::new();
    let position = json!({ "lat": 2.0, "lon": 2.0 });
    let move_it =
        |fixture: &mut Fixture| fixture.request("PUT", "/v1/location").json(&position).send().assert_status(200).body;
    assert_eq!(move_it(&mut fixture), json!({ "active": [] }));
    share_own(&mut fixture, org::NOTICES);
    share_own(&mut fixture, org::LOBBY);
    assert_eq!(move_it(&mut fixture), json!({ "active": [org::LOBBY, org::NOTICES] }));
    fixture.delete("/v1/chats/t-lobby/location").assert_status(204);
    fixture.delete("/v1/chats/t-lobby/location").assert_status(204);
    assert_eq!(move_it(&mut fixture), json!({ "active": [org::NOTICES] }));
    fixture.advance(900);
    assert_eq!(move_it(&mut fixture), json!({ "active": [] }));
    for body in [json!({ "lat": 1 }), json!({ "lat": 1, "lon": 180.1 }), json!({ "lat": "1", "lon": 1 })] {
        fixture.request("PUT", "/v1/location").json(&body).send().assert_problem(422, "invalid_request");
    }
}

#[test]
fn restarted_bot_can_list_its_shares() {
    let mut fixture = Fixture::new();
    assert_eq!(fixture.get("/v1/location").assert_status(200).body, json!({ "items": [] }));
    fixture.as_person(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    share_own(&mut fixture, org::NOTICES);
    fixture.advance(100);
    share_own(&mut fixture, org::LOBBY);
    fixture.request("PUT", "/v1/location").json(&json!({ "lat": 2.5, "lon": -3.0 })).send().assert_status(200);
    let share = |tid: &str, ends_at: &str, left: u64| {
        let (lat, lon) = (2.5, -3.0);
        json!({ "tid": tid, "lat": lat, "lon": lon, "ends_at": ends_at, "remaining_ms": left })
    };
    let lobby = share(org::LOBBY, "2025-03-14T09:36:40.000Z", 900_000);
    let notices = share(org::NOTICES, "2025-03-14T09:35:00.000Z", 800_000);
    assert_eq!(fixture.get("/v1/location").assert_status(200).body["items"], json!([lobby, notices]));
    assert_eq!(fixture.all_pages("/v1/location", 1).len(), 2);
    fixture.delete("/v1/chats/t-lobby/location").assert_status(204);
    fixture.advance(799);
    assert_eq!(fixture.get("/v1/location").assert_status(200).body["items"][0]["remaining_ms"], 1000);
    fixture.advance(1);
    assert_eq!(fixture.get("/v1/location").assert_status(200).body, json!({ "items": [] }));
}

#[test]
fn share_ends_with_the_chat_or_the_membership() {
    let mut fixture = Fixture::new();
    let mut feed = follow(&mut fixture);
    for uid in [org::ANNA, org::BEN, org::CLARA] {
        fixture.as_person(uid).share(org::LOBBY, 1.0, 1.0, QUARTER).expect("all of them are members");
    }
    updates(&mut fixture, &mut feed);
    fixture.as_person(org::BEN).leave(org::LOBBY).expect("leaving is allowed");
    fixture.as_person(org::ANNA).remove_users(org::LOBBY, &[org::CLARA]).expect("Anna is an admin");
    fixture.post_empty("/v1/chats/t-lobby/close").assert_status(200);
    let ended = updates(&mut fixture, &mut feed);
    assert_eq!(ended.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [org::BEN, org::CLARA, org::ANNA]);
    assert!(ended.iter().all(|it| it.2));
    assert_eq!(fixture.world.share_count(), 0);
}

#[test]
fn new_chat_can_start_with_a_share() {
    let mut fixture = Fixture::new();
    let live = json!({ "kind": "live_location", "initial_lat": 1.0, "initial_lon": 1.0, "duration": 3600 });
    let body = json!({ "type": "one_to_one", "recipient": org::EMMA, "attachments": [live] });
    let tid = fixture.post("/v1/chats", &body).assert_status(201).string("/tid");
    assert_eq!(fixture.get(&format!("/v1/chats/{tid}/location/active")).assert_status(200).body, json!({ "count": 1 }));
    let twice = json!({ "attachments": [live, live] });
    fixture.post("/v1/chats/t-lobby/messages", &twice).assert_problem(422, "invalid_request");
}
