use std::collections::BTreeSet;

use serde_json::json;
use teamwire_sandbox::world::{route_of, routes};

use crate::stage::Stage;

/// `METHOD /path` of every operation in the contract: a path is a key at depth 2, a method one at depth 4.
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
fn every_operation_of_the_document_is_routed_and_nothing_else() {
    let routed: BTreeSet<String> = routes().collect();
    assert!(documented().len() > 40);
    assert_eq!(routed, documented());
}

#[test]
fn no_id_reaches_another_route() {
    let mut stage = Stage::new();
    for id in ["..%2Fme", "a%2Fb", "x%3Fy", "%25", &"x".repeat(128), &"%C3%A4".repeat(128)] {
        stage.get(&format!("/v1/users/{id}")).fails(404, "not_found");
        stage.get(&format!("/v1/chats/{id}/messages")).fails(404, "not_found");
    }
    for path in ["/v1/chats//messages", "/v1//me", "/v1/me/", "/v1/users/", "//v1/me", "/V1/me", "/v1", "/health/x"] {
        stage.get(path).fails(404, "not_found");
    }
    // Encoded where it need not be, it is the same path.
    stage.get("/v1/%6de").is(200);
    assert_eq!(route_of("GET", "/v1/chats/a%2Fb/messages").as_deref(), Some("GET /v1/chats/{tid}/messages"));
}

#[test]
fn what_is_no_id_is_refused_by_every_method() {
    let mut stage = Stage::new();
    for id in ["%2e", "%2E%2E", ".", "..", "%00", "%ff", "%2", &"x".repeat(129)] {
        stage.get(&format!("/v1/users/{id}")).fails(400, "invalid_request");
        stage.post_empty(&format!("/v1/chats/{id}/close")).fails(400, "invalid_request");
        stage.put(&format!("/v1/chats/t-lobby/admins/{id}")).fails(400, "invalid_request");
        stage.patch(&format!("/v1/chats/{id}"), &json!({ "title": "x" })).fails(400, "invalid_request");
        stage.delete(&format!("/v1/reactions/subscriptions/{id}")).fails(400, "invalid_request");
        stage.delete(&format!("/v1/chats/t-lobby/location/subscriptions/{id}")).fails(400, "invalid_request");
        if !id.contains('%') || id.starts_with("%2e") {
            stage.get(&format!("/v1/reactions/updates?subscription={id}")).fails(400, "invalid_request");
        }
    }
    // Nobody has it, and so there is nothing to end.
    stage.delete(&format!("/v1/reactions/subscriptions/{}", "x".repeat(128))).is(204);
}

#[test]
fn a_bad_parameter_comes_before_what_the_chat_could_say() {
    let mut stage = Stage::new();
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
        stage.get(path).fails(400, "invalid_request");
    }
    // Then the chat, then the subscription, and the cursor last.
    for path in [
        "/v1/chats/t-none/messages?cursor=x",
        "/v1/chats/t-none/readers?cursor=x",
        "/v1/chats/t-lobby/messages/m/reactions?cursor=x",
        "/v1/chats/t-none/messages/updates?cursor=x",
        "/v1/chats/t-none/location/updates?subscription=s&cursor=x",
        "/v1/chats/t-lobby/location/updates?subscription=s&cursor=x",
        "/v1/reactions/updates?subscription=s&cursor=x",
    ] {
        stage.get(path).fails(404, "not_found");
    }
    for path in ["/v1/chats/t-lobby/messages?cursor=x", "/v1/chats/t-lobby/messages/updates?cursor=x"] {
        stage.get(path).fails(410, "cursor_expired");
    }
    stage.world.org_settings().read_receipts = false;
    stage.get("/v1/chats/t-lobby/readers?cursor=x").fails(403, "read_receipts_disabled");
    let nul = stage.get("/v1/chats?title=%00").fails(400, "invalid_request");
    assert_eq!(nul.text("/detail"), "Query parameter title is not a text of 0..=256 characters without U+0000.");
}

#[test]
fn null_is_no_value_of_a_request() {
    let mut stage = Stage::new();
    let path = "/v1/chats/t-lobby/messages";
    for name in ["attachments", "alert_type", "reply_to", "sender_display_name"] {
        let mut body = json!({ "msg": "x" });
        body[name] = json!(null);
        let refused = stage.post(path, &body).fails(422, "invalid_request");
        assert_eq!(refused.text("/errors/0/pointer"), format!("/{name}"));
    }
    for body in [json!({ "title": "x", "allow_sending": null }), json!({ "allow_mute_notifications": null })] {
        stage.patch("/v1/chats/t-lobby", &body).fails(422, "invalid_request");
    }
    let members = json!({ "users": ["u-emma"], "groups": null });
    stage.post("/v1/chats/t-lobby/members/add", &members).fails(422, "invalid_request");
    for name in ["users", "groups", "admins", "message", "attachments", "is_alert", "avatar", "allow_sending"] {
        let mut body = json!({ "type": "group", "title": "x" });
        body[name] = json!(null);
        stage.post("/v1/chats", &body).fails(422, "invalid_request");
    }
}

#[test]
fn a_number_that_no_double_holds_is_no_json() {
    let mut stage = Stage::new();
    let put = |stage: &mut Stage, body: &str| {
        let ask = stage.ask("PUT", "/v1/location").header("content-type", "application/json");
        ask.body(body.as_bytes().to_vec()).answer()
    };
    for number in ["0", "-0.0", "9e1", "1e-400", "12.345678901234567890123"] {
        put(&mut stage, &format!(r#"{{"lat":{number},"lon":1}}"#)).is(200);
    }
    for number in ["1e400", "-1e400", "NaN", "Infinity", "01", "+1", ".5"] {
        put(&mut stage, &format!(r#"{{"lat":{number},"lon":1}}"#)).fails(400, "invalid_request");
    }
    for number in ["90.0000001", "1e300", "\"1\"", "true", "null"] {
        put(&mut stage, &format!(r#"{{"lat":{number},"lon":1}}"#)).fails(422, "invalid_request");
    }
}

#[test]
fn a_path_says_which_methods_it_has() {
    let mut stage = Stage::new();
    let answer = stage.ask("PUT", "/v1/chats/t-lobby").answer().fails(405, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "GET, PATCH");
    for (method, path) in [("HEAD", "/v1/me"), ("OPTIONS", "/v1/me"), ("HEAD", "/health"), ("TRACE", "/v1/chats")] {
        stage.ask(method, path).answer().fails(405, "method_not_allowed");
    }
}

#[test]
fn what_is_wrong_is_named_in_the_order_of_the_contract() {
    let mut stage = Stage::new();
    let large = vec![b' '; 1024 * 1024 + 1];
    let path = "/v1/chats/none/messages";
    // 413 before 415 before 400 before 422 before 404.
    stage.ask("POST", path).key("bad key").body(large).answer().fails(413, "payload_too_large");
    stage.ask("POST", path).key("bad key").body(b"{".to_vec()).answer().fails(415, "unsupported_media_type");
    let json = |stage: &mut Stage, key: &str, body: &[u8]| {
        stage.ask("POST", path).header("content-type", "application/json").key(key).body(body.to_vec()).answer()
    };
    json(&mut stage, "bad key", b"{}").fails(400, "invalid_request");
    json(&mut stage, "k1", b"{").fails(400, "invalid_request");
    json(&mut stage, "k2", b"{}").fails(422, "invalid_request");
    json(&mut stage, "k3", br#"{"msg":"x"}"#).fails(404, "not_found");
    // The key comes before the schema.
    json(&mut stage, "k3", br#"{"msg":"x"}"#).fails(404, "not_found");
    let real = "/v1/chats/t-lobby/messages";
    stage.ask("POST", real).key("k4").json(&json!({ "msg": "x" })).answer().is(201);
    stage.ask("POST", real).key("k4").json(&json!({ "msg": 1 })).answer().fails(422, "idempotency_mismatch");
}

#[test]
fn a_body_is_json_in_utf_8_and_nothing_else() {
    let mut stage = Stage::new();
    let path = "/v1/chats/t-lobby/messages";
    let send = |stage: &mut Stage, media_type: &str, body: &[u8]| {
        stage.ask("POST", path).header("content-type", media_type).body(body.to_vec()).answer()
    };
    send(&mut stage, "Application/JSON; charset=utf-8", br#"{"msg":"x"}"#).is(201);
    send(&mut stage, "text/json", br#"{"msg":"x"}"#).fails(415, "unsupported_media_type");
    send(&mut stage, "application/json", b"").fails(400, "invalid_request");
    send(&mut stage, "application/json", b"{\"msg\":\"\xff\"}").fails(400, "invalid_request");
    send(&mut stage, "application/json", br#"{"msg":"\ud800"}"#).fails(400, "invalid_request");
    send(&mut stage, "application/json", br"[]").fails(422, "invalid_request");
    let gzip = stage.ask("POST", path).header("content-encoding", "gzip").json(&json!({ "msg": "x" }));
    gzip.answer().fails(415, "unsupported_media_type");
}
