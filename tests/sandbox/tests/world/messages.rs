use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

const PATH: &str = "/v1/chats/t-lobby/messages";

#[test]
fn posted_message_is_returned() {
    let mut fixture = Fixture::new();
    let first = fixture.post(PATH, &json!({ "msg": "See https://example.org/plan?x=1." })).assert_status(201);
    assert_eq!(first.body["timestamp"], 1_741_944_000_000_i64);
    assert_eq!(first.body["from_user"]["uid"], org::BOT);
    assert_eq!(first.body["link_preview"], json!({ "url": "https://example.org/plan?x=1", "domain": "example.org" }));
    for name in ["alert_type", "reply_to", "attachments", "sender_display_name"] {
        assert_eq!(first.body[name], Value::Null);
    }
    let body = json!({
        "msg": "Down", "alert_type": "alert", "reply_to": first.string("/mid"), "sender_display_name": "Monitoring",
    });
    let alert = fixture.post(PATH, &body).assert_status(201);
    assert_eq!((&alert.body["is_alert"], &alert.body["alert_type"]), (&json!(true), &json!("alert")));
    assert_eq!(alert.body["reply_to"], first.body["mid"]);
    assert_eq!(alert.body["sender_display_name"], "Monitoring");
    let listed = fixture.get(PATH).assert_status(200);
    assert_eq!(listed.body["items"], json!([first.body, alert.body]));
    assert_eq!(listed.body["last_modified"], "2025-03-14T09:20:00.000Z");
}

#[test]
fn invalid_message_names_the_invalid_member() {
    let mut fixture = Fixture::new();
    let long = "x".repeat(10_001);
    let bad = [
        (json!({}), ""),
        (json!({ "msg": null }), "/msg"),
        (json!({ "msg": "" }), "/msg"),
        (json!({ "msg": long }), "/msg"),
        (json!({ "msg": "a\u{0}b" }), "/msg"),
        (json!({ "msg": "x", "colour": 1 }), "/colour"),
        (json!({ "msg": "x", "alert_type": "warning" }), "/alert_type"),
        (json!({ "msg": "x", "reply_to": ".." }), "/reply_to"),
        (json!({ "msg": "x", "sender_display_name": "" }), "/sender_display_name"),
        (json!({ "attachments": [] }), "/attachments"),
        (json!({ "attachments": [{ "kind": "hologram" }] }), "/attachments/0/kind"),
        (json!({ "attachments": [{ "kind": "location", "name": "x", "lat": 91, "lon": 0 }] }), "/attachments/0/lat"),
        (json!({ "attachments": [{ "kind": "location", "name": "x", "lat": 1 }] }), "/attachments/0/lon"),
        (json!({ "attachments": [{ "kind": "file", "asset": "a", "duration_ms": 1 }] }), "/attachments/0/duration_ms"),
        (json!({ "attachments": [{ "kind": "gallery", "images": [] }] }), "/attachments/0/images"),
        (
            json!({ "attachments": [{
                "kind": "poll", "question": "?", "options": ["a", "a"], "multiple_choice": true,
            }] }),
            "/attachments/0/options",
        ),
        (
            json!({ "attachments": [{ "kind": "live_location", "initial_lat": 1, "initial_lon": 1, "duration": 60 }] }),
            "/attachments/0/duration",
        ),
        (
            json!({ "attachments": [{
                "kind": "calendar", "title": "x",
                "start": "2025-03-14T09:00:00.000Z", "end": "2025-03-14T08:00:00.000Z",
            }] }),
            "/attachments/0/end",
        ),
        (
            json!({ "attachments": [{ "kind": "calendar", "title": "x", "start": "today", "end": "2025-03-14" }] }),
            "/attachments/0/start",
        ),
    ];
    for (body, pointer) in bad {
        let problem = fixture.post(PATH, &body).assert_problem(422, "invalid_request");
        assert_eq!(problem.body["errors"][0]["pointer"], pointer, "{body}: {}", problem.body);
    }
    assert_eq!(fixture.world.message_count(), 0);
}

#[test]
fn attachments_are_returned_as_sent() {
    let mut fixture = Fixture::new();
    let attachments = json!([
        { "kind": "calendar", "title": "Review", "start": "2025-03-17T09:00:00.000Z",
          "end": "2025-03-17T10:00:00.000Z", "description": "All of it" },
        { "kind": "location", "name": "Depot", "lat": 48.137_154, "lon": 11.576_124, "postal_code": "80331" },
        { "kind": "live_location", "initial_lat": 48.0, "initial_lon": 11.0, "duration": 900 },
        { "kind": "poll", "question": "Who?", "options": ["Early", "Late"], "multiple_choice": false },
    ]);
    let posted = fixture.post(PATH, &json!({ "attachments": attachments })).assert_status(201);
    assert_eq!(posted.body["attachments"], attachments);
    assert_eq!(posted.body["msg"], Value::Null);
}

#[test]
fn reply_refers_to_a_message_of_the_same_chat() {
    let mut fixture = Fixture::new();
    let mid = fixture.as_person(org::ANNA).post(org::LOBBY, "Oops").expect("Anna is a member");
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    fixture.post(PATH, &json!({ "msg": "?", "reply_to": mid })).assert_status(201);
    let elsewhere = json!({ "msg": "?", "reply_to": mid });
    fixture.post("/v1/chats/t-notices/messages", &elsewhere).assert_problem(404, "not_found");
}

#[test]
fn deleted_message_keeps_its_place_without_content() {
    let mut fixture = Fixture::new();
    let mid = fixture.as_person(org::ANNA).post(org::LOBBY, "https://secret.example").expect("Anna is a member");
    fixture.advance(5);
    assert!(fixture.as_person(org::BEN).delete(org::LOBBY, &mid).is_err_and(|refusal| refusal.code == "auth"));
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    let listed = fixture.get(PATH).assert_status(200);
    let message = &listed.body["items"][0];
    assert_eq!((&message["mid"], &message["deleted"]), (&json!(mid), &json!(true)));
    assert_eq!(
        (&message["msg"], &message["attachments"], &message["link_preview"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    // A deletion does not change it.
    assert_eq!(listed.body["last_modified"], "2025-03-14T09:20:00.000Z");
}

#[test]
fn since_is_inclusive_with_milliseconds() {
    let mut fixture = Fixture::new();
    for text in ["a", "b", "c"] {
        fixture.post(PATH, &json!({ "msg": text })).assert_status(201);
        fixture.advance(1);
    }
    let since = |time: &str| format!("{PATH}?since={time}");
    assert_eq!(fixture.get(&since("2025-03-14T09:20:01.000Z")).strings("/msg"), ["b", "c"]);
    let later = fixture.get(&since("2025-03-14T09:20:02.001Z")).assert_status(200);
    assert_eq!(later.strings("/msg").len(), 0);
    assert_eq!(later.body["last_modified"], "2025-03-14T09:20:02.000Z");
    for time in
        ["2025-03-14T09:20:01Z", "2025-03-14", "2025-02-30T09:20:01.000Z", "2025-03-14T09:20:01.000%2B00:00", ""]
    {
        fixture.get(&since(time)).assert_problem(400, "invalid_request");
    }
    let empty = fixture.get("/v1/chats/t-notices/messages").assert_status(200);
    assert_eq!(empty.body, json!({ "items": [], "last_modified": null }));
}

#[test]
fn single_message_is_returned_as_listed() {
    let mut fixture = Fixture::new();
    let posted = fixture.post(PATH, &json!({ "msg": "hello" })).assert_status(201);
    let path = format!("{PATH}/{}", posted.string("/mid"));
    assert_eq!(fixture.get(&path).assert_status(200).body, posted.body);
    fixture.get(&format!("{PATH}/m-none")).assert_problem(404, "not_found");
    fixture.get(&path.replace("t-lobby", "t-notices")).assert_problem(404, "not_found");
    let mid = fixture.as_person(org::ANNA).post(org::LOBBY, "oops").expect("Anna is a member");
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    let deleted = fixture.get(&format!("{PATH}/{mid}")).assert_status(200);
    assert_eq!((&deleted.body["deleted"], &deleted.body["msg"]), (&json!(true), &json!(null)));
    // The path of the feed has only one method, although two routes match it.
    let refused = fixture.post(&format!("{PATH}/updates"), &json!({})).assert_problem(405, "method_not_allowed");
    assert_eq!(refused.headers["allow"], "GET");
}

#[test]
fn only_admins_post_when_sending_is_disabled() {
    let mut fixture = Fixture::new();
    fixture.as_person(org::BEN).allow_sending(org::NOTICES, false).expect("Ben is an admin");
    fixture.post("/v1/chats/t-notices/messages", &json!({ "msg": "x" })).assert_problem(403, "auth");
    assert!(fixture.as_person(org::DAVID).post(org::NOTICES, "x").is_err());
    fixture.as_person(org::BEN).post(org::NOTICES, "x").expect("Ben is an admin");
    fixture.as_person(org::BEN).add_admin(org::NOTICES, org::BOT).expect("Ben is an admin");
    fixture.post("/v1/chats/t-notices/messages", &json!({ "msg": "x" })).assert_status(201);
}

#[test]
fn deleted_message_keeps_the_documented_members() {
    let mut fixture = Fixture::new();
    let first = fixture.as_person(org::ANNA).post(org::LOBBY, "first").expect("Anna is a member");
    let message = json!({
        "msg": "see https://example.org/plan.", "alert_type": "note", "reply_to": first, "sender_display_name": "Desk",
    });
    let mid = fixture.as_person(org::ANNA).post_json(org::LOBBY, &message).expect("Anna is a member");
    let shown = |fixture: &mut Fixture| fixture.get(PATH).assert_status(200).body["items"][1].clone();
    let mut before = shown(&mut fixture);
    assert_eq!(before["link_preview"], json!({ "url": "https://example.org/plan", "domain": "example.org" }));
    fixture.as_person(org::BEN).react(org::LOBBY, &mid, "smile").expect("Ben is a member");
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    before["deleted"] = json!(true);
    before["msg"] = json!(null);
    before["link_preview"] = json!(null);
    assert_eq!(shown(&mut fixture), before);
    fixture.get(&format!("{PATH}/{mid}/reactions")).assert_problem(404, "not_found");
}
