use std::collections::BTreeSet;

use serde_json::json;
use teamwire_sandbox::world::{route_of, routes};

use crate::fixture::Fixture;

/// Returns `METHOD /path` of every operation in the contract. A path is a key at depth 2, a method one at depth 4.
fn documented() -> BTreeSet<String> {
    let document = include_str!("../../../../docs/openapi.yaml");
    let paths = document.lines().skip_while(|line| *line != "paths:").skip(1);
    let (mut path, mut found) = (String::new(), BTreeSet::new());
    for line in paths.take_while(|line| line.is_empty() || line.starts_with(' ')) {
        if let Some(name) = line.strip_prefix("  /").and_then(|rest| rest.strip_suffix(':')) {
            path = format!("/{name}");
        } else if let Some(method) = line.strip_prefix("    ").and_then(|rest| rest.strip_suffix(':'))
            && ["get", "put", "post", "patch", "delete"].contains(&method)
        {
            found.insert(format!("{} {path}", method.to_uppercase()));
        }
    }
    found
}

#[test]
fn routes_are_exactly_the_documented_operations() {
    let routed: BTreeSet<String> = routes().collect();
    assert!(documented().len() > 40);
    assert_eq!(routed, documented());
}

#[test]
fn encoded_ids_do_not_reach_other_routes() {
    let mut fixture = Fixture::new();
    for id in ["..%2Fme", "a%2Fb", "x%3Fy", "%25", &"x".repeat(128), &"%C3%A4".repeat(128)] {
        fixture.get(&format!("/v1/users/{id}")).assert_problem(404, "not_found");
        fixture.get(&format!("/v1/chats/{id}/messages")).assert_problem(404, "not_found");
    }
    for path in ["/v1/chats//messages", "/v1//me", "/v1/me/", "/v1/users/", "//v1/me", "/V1/me", "/v1", "/health/x"] {
        fixture.get(path).assert_problem(404, "not_found");
    }
    // Unnecessary percent-encoding does not change the path.
    fixture.get("/v1/%6de").assert_status(200);
    assert_eq!(route_of("GET", "/v1/chats/a%2Fb/messages").as_deref(), Some("GET /v1/chats/{tid}/messages"));
}

#[test]
fn invalid_ids_are_rejected_by_every_method() {
    let mut fixture = Fixture::new();
    for id in ["%2e", "%2E%2E", ".", "..", "%00", "%ff", "%2", &"x".repeat(129)] {
        fixture.get(&format!("/v1/users/{id}")).assert_problem(400, "invalid_request");
        fixture.post_empty(&format!("/v1/chats/{id}/close")).assert_problem(400, "invalid_request");
        fixture.put(&format!("/v1/chats/t-lobby/admins/{id}")).assert_problem(400, "invalid_request");
        fixture.patch(&format!("/v1/chats/{id}"), &json!({ "title": "x" })).assert_problem(400, "invalid_request");
        fixture.delete(&format!("/v1/reactions/subscriptions/{id}")).assert_problem(400, "invalid_request");
        fixture
            .delete(&format!("/v1/chats/t-lobby/location/subscriptions/{id}"))
            .assert_problem(400, "invalid_request");
        if !id.contains('%') || id.starts_with("%2e") {
            fixture.get(&format!("/v1/reactions/updates?subscription={id}")).assert_problem(400, "invalid_request");
        }
    }
    // An unknown subscription needs no deletion.
    fixture.delete(&format!("/v1/reactions/subscriptions/{}", "x".repeat(128))).assert_status(204);
}

#[test]
fn invalid_parameters_are_reported_before_missing_chats() {
    let mut fixture = Fixture::new();
    for path in [
        "/v1/chats/t-none/messages?since=x",
        "/v1/chats/t-none/messages?limit=0",
        "/v1/chats/t-none/messages?cursor=",
        "/v1/chats/t-none/readers?limit=0",
        "/v1/chats/t-none/readers?cursor=%00",
        "/v1/chats/t-none/messages/m/reactions?limit=101",
        "/v1/chats/t-none/messages/updates?wait=26",
        "/v1/chats/t-none/messages/updates?cursor=",
        "/v1/chats/t-none/location/updates",
        "/v1/chats/t-none/location/updates?subscription=s&wait=x",
        "/v1/reactions/updates?subscription=s&cursor=%20",
    ] {
        fixture.get(path).assert_problem(400, "invalid_request");
    }
    // Next come the chat and the subscription, and the cursor last.
    for path in [
        "/v1/chats/t-none/messages?cursor=x",
        "/v1/chats/t-none/readers?cursor=x",
        "/v1/chats/t-lobby/messages/m/reactions?cursor=x",
        "/v1/chats/t-none/messages/updates?cursor=x",
        "/v1/chats/t-none/location/updates?subscription=s&cursor=x",
        "/v1/chats/t-lobby/location/updates?subscription=s&cursor=x",
        "/v1/reactions/updates?subscription=s&cursor=x",
    ] {
        fixture.get(path).assert_problem(404, "not_found");
    }
    for path in ["/v1/chats/t-lobby/messages?cursor=x", "/v1/chats/t-lobby/messages/updates?cursor=x"] {
        fixture.get(path).assert_problem(410, "cursor_expired");
    }
    fixture.world.org_settings().read_receipts = false;
    fixture.get("/v1/chats/t-lobby/readers?cursor=x").assert_problem(403, "read_receipts_disabled");
    let nul = fixture.get("/v1/chats?title=%00").assert_problem(400, "invalid_request");
    assert_eq!(nul.string("/detail"), "Query parameter title must be a string of 0..=256 characters without U+0000.");
}

#[test]
fn null_is_rejected_everywhere() {
    let mut fixture = Fixture::new();
    let path = "/v1/chats/t-lobby/messages";
    for name in ["attachments", "alert_type", "reply_to", "sender_display_name"] {
        let mut body = json!({ "msg": "x" });
        body[name] = json!(null);
        let refused = fixture.post(path, &body).assert_problem(422, "invalid_request");
        assert_eq!(refused.string("/errors/0/pointer"), format!("/{name}"));
    }
    for body in [json!({ "title": "x", "allow_sending": null }), json!({ "allow_mute_notifications": null })] {
        fixture.patch("/v1/chats/t-lobby", &body).assert_problem(422, "invalid_request");
    }
    let members = json!({ "users": ["u-emma"], "groups": null });
    fixture.post("/v1/chats/t-lobby/members/add", &members).assert_problem(422, "invalid_request");
    for name in ["users", "groups", "admins", "message", "attachments", "is_alert", "avatar", "allow_sending"] {
        let mut body = json!({ "type": "group", "title": "x" });
        body[name] = json!(null);
        fixture.post("/v1/chats", &body).assert_problem(422, "invalid_request");
    }
}

#[test]
fn numbers_outside_f64_are_invalid_json() {
    let mut fixture = Fixture::new();
    let put = |fixture: &mut Fixture, body: &str| {
        let request = fixture.request("PUT", "/v1/location").header("content-type", "application/json");
        request.body(body.as_bytes().to_vec()).send()
    };
    for number in ["0", "-0.0", "9e1", "1e-400", "12.345678901234567890123"] {
        put(&mut fixture, &format!(r#"{{"lat":{number},"lon":1}}"#)).assert_status(200);
    }
    for number in ["1e400", "-1e400", "NaN", "Infinity", "01", "+1", ".5"] {
        put(&mut fixture, &format!(r#"{{"lat":{number},"lon":1}}"#)).assert_problem(400, "invalid_request");
    }
    for number in ["90.0000001", "1e300", "\"1\"", "true", "null"] {
        put(&mut fixture, &format!(r#"{{"lat":{number},"lon":1}}"#)).assert_problem(422, "invalid_request");
    }
}

#[test]
fn wrong_method_gets_the_allowed_ones() {
    let mut fixture = Fixture::new();
    let response = fixture.request("PUT", "/v1/chats/t-lobby").send().assert_problem(405, "method_not_allowed");
    assert_eq!(response.headers["allow"], "GET, PATCH");
    for (method, path) in [("HEAD", "/v1/me"), ("OPTIONS", "/v1/me"), ("HEAD", "/health"), ("TRACE", "/v1/chats")] {
        fixture.request(method, path).send().assert_problem(405, "method_not_allowed");
    }
}

#[test]
fn checks_follow_the_order_of_the_contract() {
    let mut fixture = Fixture::new();
    let large = vec![b' '; 1024 * 1024 + 1];
    let path = "/v1/chats/none/messages";
    // The order is 413, 415, 400, 422, 404.
    fixture.request("POST", path).key("bad key").body(large).send().assert_problem(413, "payload_too_large");
    fixture
        .request("POST", path)
        .key("bad key")
        .body(b"{".to_vec())
        .send()
        .assert_problem(415, "unsupported_media_type");
    let json = |fixture: &mut Fixture, key: &str, body: &[u8]| {
        fixture.request("POST", path).header("content-type", "application/json").key(key).body(body.to_vec()).send()
    };
    json(&mut fixture, "bad key", b"{}").assert_problem(400, "invalid_request");
    json(&mut fixture, "k1", b"{").assert_problem(400, "invalid_request");
    json(&mut fixture, "k2", b"{}").assert_problem(422, "invalid_request");
    json(&mut fixture, "k3", br#"{"msg":"x"}"#).assert_problem(404, "not_found");
    // The key is checked before the schema.
    json(&mut fixture, "k3", br#"{"msg":"x"}"#).assert_problem(404, "not_found");
    let real = "/v1/chats/t-lobby/messages";
    fixture.request("POST", real).key("k4").json(&json!({ "msg": "x" })).send().assert_status(201);
    fixture
        .request("POST", real)
        .key("k4")
        .json(&json!({ "msg": 1 }))
        .send()
        .assert_problem(422, "idempotency_mismatch");
}

#[test]
fn body_must_be_utf_8_json() {
    let mut fixture = Fixture::new();
    let path = "/v1/chats/t-lobby/messages";
    let send = |fixture: &mut Fixture, media_type: &str, body: &[u8]| {
        fixture.request("POST", path).header("content-type", media_type).body(body.to_vec()).send()
    };
    send(&mut fixture, "Application/JSON; charset=utf-8", br#"{"msg":"x"}"#).assert_status(201);
    send(&mut fixture, "text/json", br#"{"msg":"x"}"#).assert_problem(415, "unsupported_media_type");
    send(&mut fixture, "application/json", b"").assert_problem(400, "invalid_request");
    send(&mut fixture, "application/json", b"{\"msg\":\"\xff\"}").assert_problem(400, "invalid_request");
    send(&mut fixture, "application/json", br#"{"msg":"\ud800"}"#).assert_problem(400, "invalid_request");
    send(&mut fixture, "application/json", br"[]").assert_problem(422, "invalid_request");
    let gzip = fixture.request("POST", path).header("content-encoding", "gzip").json(&json!({ "msg": "x" }));
    gzip.send().assert_problem(415, "unsupported_media_type");
}
