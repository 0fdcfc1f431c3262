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
    for id in ["..%2Fme", "a%2Fb", "%2e", "%2E%2E", ".", "..", "%00", "x%3Fy", "%25"] {
        stage.get(&format!("/v1/users/{id}")).fails(404, "not_found");
        stage.get(&format!("/v1/chats/{id}/messages")).fails(404, "not_found");
    }
    stage.get("/v1/users/%ff").fails(400, "invalid_request");
    stage.get("/v1/users/%2").fails(400, "invalid_request");
    for path in ["/v1/chats//messages", "/v1//me", "/v1/me/", "/v1/users/", "//v1/me", "/V1/me", "/v1", "/health/x"] {
        stage.get(path).fails(404, "not_found");
    }
    // Encoded where it need not be, it is the same path.
    stage.get("/v1/%6de").is(200);
    assert_eq!(route_of("GET", "/v1/chats/a%2Fb/messages").as_deref(), Some("GET /v1/chats/{tid}/messages"));
}

#[test]
fn a_path_says_which_methods_it_has() {
    let mut stage = Stage::new();
    let answer = stage.ask("PUT", "/v1/chats/t-lobby").answer().fails(405, "method_not_allowed");
    assert_eq!(answer.headers["allow"], "GET, PATCH");
    stage.ask("HEAD", "/v1/me").answer().is(405);
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
