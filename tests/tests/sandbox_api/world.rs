//! The world as a whole: reset, key, groups.

use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::client::Api;

#[test]
fn reset_keeps_the_key_and_nothing_else() {
    let api = Api::start();
    let upload = "/people/u-anna/assets?file_name=a.txt&media_type=text/plain";
    let uploaded = api.send("POST", upload, &[("content-type", "application/octet-stream")], b"text");
    let asset: Value = serde_json::from_slice(uploaded.body()).expect("it is JSON");
    let bot = api.change("POST", "/bots", &json!({ "first_name": "Night" }), 201);
    api.change("POST", "/people/u-anna/chats/t-lobby/messages", &json!({ "msg": "x" }), 201);
    api.change("POST", "/faults", &json!({ "kind": "no_response", "always": true }), 201);
    api.change("POST", "/clock/hold", &json!(null), 200);
    let (key, before) = (api.get("/key"), api.get("/world"));

    let seed = api.change("POST", "/reset", &json!(null), 200);
    assert_eq!(seed["seed"], 0);
    let after = api.get("/world");
    assert_ne!(before["boot"], after["boot"]);
    assert_eq!((&after["boot"], &after["seq"]), (&seed["boot"], &json!(0)));
    assert_eq!(api.get("/key"), key);
    assert_eq!(api.get("/faults"), json!({ "items": [], "closing": null }));
    assert_eq!((api.get("/clock")["is_held"].clone(), api.sandbox.message_count()), (json!(false), 0));
    assert_eq!((&api.get("/requests")["items"], &api.get("/transcript")["items"]), (&json!([]), &json!([])));
    let path = format!("/people/u-anna/assets/{}", asset["id"].as_str().expect("it is text"));
    assert_eq!(api.send("GET", &path, &[], b"").status(), 404);
    assert_eq!(after["bots"].as_array().map(Vec::len), Some(1));
    assert_eq!(
        api.change(
            "PUT",
            &format!("/keys/{}", bot["app_id"].as_str().expect("it is text")),
            &json!({ "is_revoked": false }),
            404
        )["code"],
        "not_found"
    );
    let (status, me) = api.bot("GET", "/v1/me", &[], &json!(null));
    assert_eq!((status, &me["uid"]), (200, &json!(org::BOT)));
}

#[test]
fn seed_of_a_reset_determines_the_ids() {
    let api = Api::start();
    let first_mid = |seed: u64| {
        api.change("POST", "/reset", &json!({ "seed": seed }), 200);
        // The ids of responses come from the same source, so that the order of calls matters.
        api.sandbox.as_person(org::ANNA).post(org::LOBBY, "x").expect("Anna is in the lobby")
    };
    let (one, other) = (first_mid(1), first_mid(2));
    assert_ne!(one, other);
    assert_eq!(first_mid(1), one);
    let problem = api.change("POST", "/reset", &json!({ "seed": -1 }), 422);
    assert_eq!(problem["errors"][0]["pointer"], "/seed");
}

#[test]
fn pending_poll_ends_with_a_reset() {
    let api = Api::start();
    let (_, page) = api.bot("GET", "/v1/messages/updates", &[], &json!(null));
    let path = format!("/v1/messages/updates?wait=25&cursor={}", page["cursor"].as_str().expect("it is text"));
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| api.bot("GET", &path, &[], &json!(null)));
        assert!(api.sandbox.wait_until(std::time::Duration::from_secs(20), |it| it.pending_polls() == 1));
        api.sandbox.admin().reset(9);
        let (status, problem) = poll.join().expect("the request is complete");
        assert_eq!((status, &problem["code"]), (410, &json!("cursor_expired")));
    });
}

#[test]
fn unknown_things_are_404_and_other_methods_405() {
    let api = Api::start();
    let statuses = [
        ("PATCH", "/people/u-nobody", json!({ "is_hidden": true }), 404),
        ("PATCH", "/people/u-ops-bot", json!({ "is_deleted": true }), 404),
        ("PATCH", "/people/u-ben", json!({ "is_deleted": false }), 422),
        ("PATCH", "/people/u-ben", json!({}), 422),
        ("PUT", "/keys/app-x", json!({ "is_revoked": true }), 404),
        ("PUT", "/groups/g-x/members/u-ben", json!(null), 404),
        ("DELETE", "/faults/99", json!(null), 404),
        ("PUT", "/rate-limit", json!({ "burst": 1 }), 422),
        ("PATCH", "/switches", json!({ "flying": true }), 422),
        ("POST", "/clock/advance", json!({}), 422),
        ("POST", "/clock/advance", json!({ "ms": 315_360_000_001_u64 }), 422),
        ("POST", "/bots", json!({ "first_name": "" }), 422),
        ("POST", "/world", json!(null), 405),
        ("DELETE", "/clock", json!(null), 405),
        ("POST", "/nothing", json!(null), 404),
    ];
    for (method, path, body, status) in statuses {
        api.change(method, path, &body, status);
    }
    let broken = api.send("POST", "/bots", &[("content-type", "application/json")], b"{");
    assert_eq!(broken.status(), 400);
    let huge = vec![b' '; (1 << 20) + 1];
    assert_eq!(api.send("POST", "/bots", &[("content-type", "application/json")], &huge).status(), 413);
}
