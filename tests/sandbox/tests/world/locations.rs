use std::time::Duration;

use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::stage::Stage;

struct Feed {
    id: String,
    cursor: String,
}

const QUARTER: Duration = Duration::from_secs(900);

fn follow(stage: &mut Stage) -> Feed {
    let answer = stage.put("/v1/chats/t-lobby/location/subscriptions").is(200);
    Feed { id: answer.text("/id"), cursor: answer.text("/cursor") }
}

/// Who moved where, and whether it has ended.
fn news(stage: &mut Stage, feed: &mut Feed) -> Vec<(String, f64, bool)> {
    let Feed { id, cursor } = &*feed;
    let answer = stage.get(&format!("/v1/chats/t-lobby/location/updates?subscription={id}&cursor={cursor}")).is(200);
    feed.cursor = answer.text("/cursor");
    let shown = |item: &Value| {
        let data = &item["data"];
        let uid = data["user"]["uid"].as_str().expect("a user").to_owned();
        (uid, data["lat"].as_f64().expect("a latitude"), data["ended"].as_bool().expect("a flag"))
    };
    answer.body["items"].as_array().expect("items").iter().map(shown).collect()
}

fn count(stage: &mut Stage) -> u64 {
    stage.get("/v1/chats/t-lobby/location/active").is(200).body["count"].as_u64().expect("a count")
}

fn share_own(stage: &mut Stage, tid: &str) {
    let live = json!({ "kind": "live_location", "initial_lat": 1.0, "initial_lon": 1.0, "duration": 900 });
    stage.post(&format!("/v1/chats/{tid}/messages"), &json!({ "attachments": [live] })).is(201);
}

#[test]
fn a_share_begins_moves_and_ends() {
    let mut stage = Stage::new();
    let mut feed = follow(&mut stage);
    stage.act(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    assert_eq!(stage.act(org::ANNA).move_to(49.0, 11.0), [org::LOBBY]);
    stage.act(org::ANNA).stop_sharing(org::LOBBY).expect("Anna is a member");
    stage.act(org::ANNA).stop_sharing(org::LOBBY).expect("also if there is none");
    assert!(stage.act(org::ANNA).move_to(50.0, 11.0).is_empty());
    let anna = |lat, ended| (org::ANNA.to_owned(), lat, ended);
    assert_eq!(news(&mut stage, &mut feed), [anna(48.0, false), anna(49.0, false), anna(49.0, true)]);
}

#[test]
fn a_share_expires_by_itself_and_wakes_who_waits() {
    let mut stage = Stage::new();
    stage.act(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    let feed = follow(&mut stage);
    stage.pass(890);
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&cursor={}&wait=25", feed.id, feed.cursor);
    // The lease has run out in the meantime.
    stage.get(&path).fails(409, "lease_expired");
    let feed = Feed { cursor: feed.cursor, ..follow(&mut stage) };
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&cursor={}&wait=25", feed.id, feed.cursor);
    let (until, poll) = stage.ask("GET", &path).send().expect_err("nothing has happened");
    assert_eq!(until, QUARTER);
    assert_eq!(stage.world.next_expiry(), Some(QUARTER));
    stage.pass(10);
    let answer = stage.resume(poll).expect("it has expired").is(200);
    assert_eq!(answer.body["items"][0]["data"]["ended"], true);
    assert_eq!(answer.text("/items/0/data/time"), "2025-03-14T09:35:00.000Z");
    assert_eq!(count(&mut stage), 0);
    assert_eq!(stage.world.next_expiry(), None);
}

#[test]
fn a_user_has_one_share_in_a_chat() {
    let mut stage = Stage::new();
    let mut feed = follow(&mut stage);
    for lat in [1.0, 2.0] {
        stage.act(org::ANNA).share(org::LOBBY, lat, 0.0, QUARTER).expect("Anna is a member");
    }
    stage.act(org::BEN).share(org::LOBBY, 3.0, 0.0, QUARTER).expect("Ben is a member");
    assert_eq!(count(&mut stage), 2);
    let (anna, ben) = (org::ANNA.to_owned(), org::BEN.to_owned());
    let expected = [(anna.clone(), 1.0, false), (anna.clone(), 1.0, true), (anna, 2.0, false), (ben, 3.0, false)];
    assert_eq!(news(&mut stage, &mut feed), expected);
}

#[test]
fn the_bot_moves_all_its_shares_at_once() {
    let mut stage = Stage::new();
    let position = json!({ "lat": 2.0, "lon": 2.0 });
    let move_it = |stage: &mut Stage| stage.ask("PUT", "/v1/location").json(&position).answer().is(200).body;
    assert_eq!(move_it(&mut stage), json!({ "active": [] }));
    share_own(&mut stage, org::NOTICES);
    share_own(&mut stage, org::LOBBY);
    assert_eq!(move_it(&mut stage), json!({ "active": [org::LOBBY, org::NOTICES] }));
    stage.delete("/v1/chats/t-lobby/location").is(204);
    stage.delete("/v1/chats/t-lobby/location").is(204);
    assert_eq!(move_it(&mut stage), json!({ "active": [org::NOTICES] }));
    stage.pass(900);
    assert_eq!(move_it(&mut stage), json!({ "active": [] }));
    for body in [json!({ "lat": 1 }), json!({ "lat": 1, "lon": 180.1 }), json!({ "lat": "1", "lon": 1 })] {
        stage.ask("PUT", "/v1/location").json(&body).answer().fails(422, "invalid_request");
    }
}

#[test]
fn a_bot_that_was_restarted_asks_for_its_own_shares() {
    let mut stage = Stage::new();
    assert_eq!(stage.get("/v1/location").is(200).body, json!({ "items": [] }));
    stage.act(org::ANNA).share(org::LOBBY, 48.0, 11.0, QUARTER).expect("Anna is a member");
    share_own(&mut stage, org::NOTICES);
    stage.pass(100);
    share_own(&mut stage, org::LOBBY);
    stage.ask("PUT", "/v1/location").json(&json!({ "lat": 2.5, "lon": -3.0 })).answer().is(200);
    let share = |tid: &str, ends_at: &str, remaining_ms: u64| json!({ "tid": tid, "lat": 2.5, "lon": -3.0, "ends_at": ends_at, "remaining_ms": remaining_ms });
    let lobby = share(org::LOBBY, "2025-03-14T09:36:40.000Z", 900_000);
    let notices = share(org::NOTICES, "2025-03-14T09:35:00.000Z", 800_000);
    assert_eq!(stage.get("/v1/location").is(200).body["items"], json!([lobby, notices]));
    assert_eq!(stage.walk("/v1/location", 1).len(), 2);
    stage.delete("/v1/chats/t-lobby/location").is(204);
    stage.pass(799);
    assert_eq!(stage.get("/v1/location").is(200).body["items"][0]["remaining_ms"], 1000);
    stage.pass(1);
    assert_eq!(stage.get("/v1/location").is(200).body, json!({ "items": [] }));
}

#[test]
fn a_share_ends_with_the_chat_or_the_membership() {
    let mut stage = Stage::new();
    let mut feed = follow(&mut stage);
    for uid in [org::ANNA, org::BEN, org::CLARA] {
        stage.act(uid).share(org::LOBBY, 1.0, 1.0, QUARTER).expect("they are members");
    }
    news(&mut stage, &mut feed);
    stage.act(org::BEN).leave(org::LOBBY).expect("Ben may leave");
    stage.act(org::ANNA).remove_users(org::LOBBY, &[org::CLARA]).expect("Anna is an admin");
    stage.post_empty("/v1/chats/t-lobby/close").is(200);
    let ended = news(&mut stage, &mut feed);
    assert_eq!(ended.iter().map(|it| it.0.as_str()).collect::<Vec<_>>(), [org::BEN, org::CLARA, org::ANNA]);
    assert!(ended.iter().all(|it| it.2));
    assert_eq!(stage.world.share_count(), 0);
}

#[test]
fn a_new_chat_can_begin_with_a_share() {
    let mut stage = Stage::new();
    let live = json!({ "kind": "live_location", "initial_lat": 1.0, "initial_lon": 1.0, "duration": 3600 });
    let body = json!({ "type": "one_to_one", "recipient": org::EMMA, "attachments": [live] });
    let tid = stage.post("/v1/chats", &body).is(201).text("/tid");
    assert_eq!(stage.get(&format!("/v1/chats/{tid}/location/active")).is(200).body, json!({ "count": 1 }));
    let twice = json!({ "attachments": [live, live] });
    stage.post("/v1/chats/t-lobby/messages", &twice).fails(422, "invalid_request");
}
