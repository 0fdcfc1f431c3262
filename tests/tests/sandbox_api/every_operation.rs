//! Every operation of the document succeeds once.

use serde_json::{Value, json};
use teamwire_tests::{contract::Contract, operations::AVATAR};

use crate::client::Api;

const NOTHING: Value = Value::Null;

#[test]
fn every_operation_of_the_document_succeeds() {
    let api = Api::start();
    world_and_organisation(&api);
    chats(&api);
    messages_and_files(&api);
    requests_and_faults(&api);
    api.change("POST", "/sample", &NOTHING, 201);
    api.change("POST", "/reset", &json!({ "seed": 5 }), 200);
    // A stream of events does not end, so that its checks are elsewhere.
    api.events(None);
    let succeeded = api.succeeded.lock().expect("no thread panics while holding the lock");
    let missing: Vec<_> = Contract::load_sandbox().operations().filter(|id| !succeeded.contains(id)).collect();
    assert_eq!(missing.iter().map(|id| id.as_str()).collect::<Vec<_>>(), ["stream_events"]);
}

fn world_and_organisation(api: &Api) {
    assert_eq!(api.get("/world")["name"], "Northwind City Works");
    assert_eq!(api.get("/key")["app_id"], api.sandbox.app_id());
    assert_eq!(api.change("PATCH", "/switches", &json!({ "leaving": false }), 200)["leaving"], false);
    api.change("PATCH", "/switches", &json!({ "leaving": true }), 200);
    let limit = json!({ "per_second": 1000, "burst": 1000 });
    let limited = api.change("PUT", "/rate-limit", &limit, 200);
    assert_eq!(limited["rate_limit"], json!({ "per_second": 1000.0, "burst": 1000 }));
    assert_eq!(api.change("PUT", "/rate-limit", &json!({}), 200)["rate_limit"], NOTHING);
    let bot = api.change("POST", "/bots", &json!({ "first_name": "Night" }), 201);
    let app_id = bot["app_id"].as_str().expect("it is text");
    api.change("PUT", &format!("/keys/{app_id}"), &json!({ "is_revoked": true }), 204);
    api.change("PATCH", "/people/u-henry", &json!({ "is_hidden": true }), 204);
    api.change("PUT", "/groups/g-on-call/members/u-farid", &NOTHING, 204);
    api.change("DELETE", "/groups/g-on-call/members/u-farid", &NOTHING, 204);
}

fn chats(api: &Api) {
    let draft = json!({ "type": "group", "title": "Night shift", "users": ["u-ben", "u-clara"] });
    let chat = api.change("POST", "/people/u-anna/chats", &draft, 201);
    let path = format!("/people/u-anna/chats/{}", chat["tid"].as_str().expect("it is text"));
    api.change("PATCH", &path, &json!({ "title": "Late shift" }), 200);
    api.change("POST", &format!("{path}/members/add"), &json!({ "users": ["u-david"] }), 200);
    api.change("POST", &format!("{path}/members/remove"), &json!({ "users": ["u-david"] }), 200);
    api.change("PUT", &format!("{path}/admins/u-ben"), &NOTHING, 200);
    api.change("DELETE", &format!("{path}/admins/u-ben"), &NOTHING, 200);
    api.change("POST", &format!("{path}/close"), &NOTHING, 200);
    api.change("POST", &format!("{path}/reopen"), &json!({}), 200);
    api.change("POST", &format!("{path}/read"), &NOTHING, 200);
    api.change("POST", &format!("{path}/leave"), &NOTHING, 204);
    assert_eq!(api.get("/people/u-anna/chats")["items"].as_array().map(Vec::len), Some(1));
}

fn messages_and_files(api: &Api) {
    let lobby = "/people/u-anna/chats/t-lobby";
    let alert = json!({ "msg": "Pump 3 is down", "alert_type": "alert" });
    let alert = api.change("POST", &format!("{lobby}/messages"), &alert, 201);
    let mid = alert["mid"].as_str().expect("it is text").to_owned();
    assert_eq!(api.get("/people/u-ben/alerts")["items"][0]["mid"], mid);
    let reaction = format!("/people/u-ben/chats/t-lobby/messages/{mid}/reaction");
    api.change("PUT", &reaction, &json!({ "reaction_type": "ok" }), 200);
    let reacted = api.change("POST", "/people/u-clara/alerts/reaction", &json!({ "reaction_type": "sos" }), 200);
    assert_eq!((&reacted["tid"], &reacted["mid"]), (&json!("t-lobby"), &json!(mid)));
    assert_eq!(api.get(&format!("{lobby}/messages"))["count"], 1);
    let live = json!({ "kind": "live_location", "initial_lat": 53.5, "initial_lon": 10, "duration": 900 });
    api.change("POST", &format!("{lobby}/messages"), &json!({ "attachments": [live] }), 201);
    let moved = api.change("PUT", "/people/u-anna/location", &json!({ "lat": 53.6, "lon": 10.1 }), 200);
    assert_eq!(moved["active"], json!(["t-lobby"]));
    api.change("DELETE", &format!("{lobby}/location"), &NOTHING, 204);
    api.change("DELETE", &format!("{lobby}/messages/{mid}"), &NOTHING, 204);

    let upload = "/people/u-anna/assets?file_name=gauge.jpg&media_type=image/jpeg";
    let uploaded = api.send("POST", upload, &[("content-type", "application/octet-stream")], AVATAR);
    let asset: Value = serde_json::from_slice(uploaded.body()).expect("it is JSON");
    let id = asset["id"].as_str().expect("it is text");
    for path in [format!("/people/u-anna/assets/{id}"), format!("/people/u-anna/assets/{id}/inline")] {
        assert_eq!(api.send("GET", &path, &[], b"").body(), AVATAR);
    }
    let draft = json!({ "type": "group", "title": "With an avatar", "avatar": id });
    let chat = api.change("POST", "/people/u-anna/chats", &draft, 201);
    let avatar = format!("/people/u-anna/chats/{}/avatar", chat["tid"].as_str().expect("it is text"));
    assert_eq!(api.send("GET", &avatar, &[], b"").body(), AVATAR);
}

fn requests_and_faults(api: &Api) {
    api.bot("GET", "/v1/me", &[], &NOTHING);
    assert_eq!(api.get("/requests")["items"][0]["path"], "/v1/me");
    assert_eq!(api.get("/requests/1")["status"], 200);
    assert_eq!(api.get("/transcript")["items"][0]["path"], "/v1/me");
    assert_eq!(api.get("/feeds")["polls"], json!([]));
    api.change("POST", "/leases/expire", &NOTHING, 204);
    api.change("POST", "/cursors/expire", &NOTHING, 204);
    api.change("POST", "/subscriptions/delete", &NOTHING, 204);
    let id = api.change("POST", "/faults", &json!({ "kind": "cut_after" }), 201)["id"].clone();
    assert_eq!(api.get("/faults")["items"][0]["id"], id);
    api.change("DELETE", &format!("/faults/{id}"), &NOTHING, 204);
    api.change("DELETE", "/faults", &NOTHING, 204);
    api.change("PUT", "/closing", &json!({ "every": 3, "announced": false }), 200);
    api.change("PUT", "/outage", &json!({ "outage": true }), 200);
    api.change("PUT", "/outage", &json!({ "outage": false }), 200);
    assert_eq!(api.get("/clock")["is_held"], false);
    assert_eq!(api.change("POST", "/clock/hold", &NOTHING, 200)["is_held"], true);
    let before = api.get("/clock")["elapsed_ms"].as_u64().expect("it is a number");
    let after = api.change("POST", "/clock/advance", &json!({ "ms": 25_000 }), 200);
    assert_eq!(after["elapsed_ms"], before + 25_000);
    assert_eq!(api.change("POST", "/clock/run", &NOTHING, 200)["is_held"], false);
}
