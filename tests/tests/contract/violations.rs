//! Violations of the contract are found and named.

use http::{Request, Response};
use serde_json::json;
use teamwire_core::script::sample;
use teamwire_tests::{
    contract::{Contract, OperationId},
    operations::{ByHandBot, ENTROPY, Operation, TID, config, response},
};

fn request(operation: Operation) -> Request<Vec<u8>> {
    ByHandBot::by_hand(config(), ENTROPY).request(operation)
}

#[track_caller]
fn refused(request: &Request<Vec<u8>>, why: &str) {
    let violation = Contract::load().check_request(request).expect_err("it is wrong");
    assert!(violation.to_string().contains(why), "{violation}");
}

#[track_caller]
fn unknown(operation: &str, response: &Response<Vec<u8>>, why: &str) {
    let operation = operation_id(operation);
    let violation = Contract::load().check_response(&operation, response).expect_err("it is wrong");
    assert!(violation.to_string().contains(why), "{violation}");
    assert_eq!(violation.operation, Some(operation));
}

fn operation_id(name: &str) -> OperationId {
    Contract::load().operations().find(|id| id.as_str() == name).expect("the contract has it").clone()
}

fn to(uri: &str) -> Request<Vec<u8>> {
    let mut request = request(Operation::Me);
    *request.uri_mut() = format!("https://teamwire.example.org{uri}").parse().expect("it is a URI");
    request
}

fn posting(body: &str) -> Request<Vec<u8>> {
    request(Operation::Post).map(|_| body.as_bytes().to_vec())
}

#[test]
fn request_to_nowhere_is_found() {
    let nowhere = ["/", "/v1", "/v2/me", "/v1/me/", "/v1//me", "/v1/users/a/b", "/v1/users/%2", "/v1/users/%ff"];
    for uri in nowhere {
        refused(&to(uri), "no route for");
    }
    for id in ["", ".", "..", "%2E", "%00", &"x".repeat(129)] {
        refused(&to(&format!("/v1/users/{id}")), "the path parameter `uid`");
    }
}

#[test]
fn wrong_query_is_found() {
    refused(&to("/v1/users?limit=101"), "`limit`");
    refused(&to("/v1/users?limit=ten"), "`limit`");
    refused(&to("/v1/users?cursor="), "`cursor`");
    refused(&to("/v1/users?cursor=a&cursor=b"), "more than once");
    refused(&to("/v1/users?since=now"), "does not know the query parameter `since`");
    refused(&to(&format!("/v1/chats/{TID}/messages?since=2025-03-14T09:26:53Z")), "`since`");
    refused(&to(&format!("/v1/chats/{TID}/messages?since=2025-13-14T09:26:53.000Z")), "`since`");
    refused(&to("/v1/reactions/updates?wait=25"), "`subscription` is missing");
}

#[test]
fn wrong_credentials_and_headers_are_found() {
    let with = |name: &'static str, value: &str| {
        let mut request = request(Operation::Post);
        request.headers_mut().insert(name, value.parse().expect("it is a header"));
        request
    };
    refused(&with("authorization", "Bearer x"), "not Basic");
    refused(&with("authorization", "Basic *"), "not Base64");
    refused(&with("authorization", "Basic OnNlY3JldA=="), "no App ID");
    refused(&with("authorization", "Basic YXBwOg=="), "no Secret");
    refused(&with("idempotency-key", ""), "`Idempotency-Key`");
    refused(&with("idempotency-key", "a b"), "`Idempotency-Key`");
    refused(&with("idempotency-key", &"k".repeat(129)), "`Idempotency-Key`");
    refused(&with("content-type", "text/plain"), "its media type is `text/plain`");
    let mut without = request(Operation::Me);
    without.headers_mut().remove("authorization");
    refused(&without, "no credentials");
}

#[test]
fn wrong_body_is_found() {
    refused(&posting(""), "it has no body");
    refused(&posting("hello"), "not JSON");
    refused(&posting("{}"), "its body");
    refused(&posting(r#"{"msg": ""}"#), "/msg");
    refused(&posting(r#"{"msg": null}"#), "/msg");
    refused(&posting("{\"msg\": \"\\u0000\"}"), "/msg");
    refused(&posting(r#"{"msg": "hello", "is_alert": true}"#), "is_alert");
    refused(&posting(r#"{"msg": "hello", "alert_type": "shout"}"#), "/alert_type");
    refused(&posting(&json!({ "msg": "x".repeat(10_001) }).to_string()), "/msg");
    refused(&posting(&json!({ "msg": "x".repeat(1 << 20) }).to_string()), "too large");
    for attachment in [
        r#"{"kind": "file"}"#,
        r#"{"kind": "file", "asset": ".."}"#,
        r#"{"kind": "location", "name": "x", "lat": 91, "lon": 0}"#,
        r#"{"kind": "location", "name": "x", "lat": 0, "lon": 0, "planet": "Earth"}"#,
        r#"{"kind": "live_location", "initial_lat": 0, "initial_lon": 0, "duration": 60}"#,
        r#"{"kind": "poll", "question": "Who?", "options": ["I", "I"], "multiple_choice": true}"#,
        r#"{"kind": "sticker"}"#,
    ] {
        refused(&posting(&format!(r#"{{"attachments": [{attachment}]}}"#)), "/attachments/0");
    }
    refused(&request(Operation::Close).map(|_| b"{}".to_vec()), "the route takes none");
}

#[test]
fn response_of_another_operation_is_found() {
    unknown("get_me", &response(204, &json!(null)), "none with this status");
    unknown("get_me", &response(200, &json!(null)), "no media type");
    unknown("get_me", &response(200, &sample::chat(TID, "")), "its body");
    unknown("leave_chat", &response(204, &json!({})), "where none is allowed");
    unknown("list_users", &response(200, &sample::page([sample::chat(TID, "")])), "/items/0");
    unknown("list_messages", &response(200, &sample::page([])), "last_modified");
    let mut html = response(200, &sample::bot());
    html.headers_mut().insert("content-type", "text/html".parse().expect("it is a header"));
    unknown("get_me", &html, "its media type is `text/html`");
    let mut nameless = response(200, &sample::bot());
    nameless.headers_mut().remove("x-request-id");
    unknown("get_me", &nameless, "`X-Request-Id` is missing");
}

#[test]
fn wrong_problem_is_found() {
    let problem = |status: u16, title: &str, code: &str| {
        let body = json!({
            "type": "about:blank", "title": title, "status": status, "detail": "", "code": code, "request_id": "req-1",
        });
        let mut response = response(status, &body);
        let media_type = "application/problem+json".parse().expect("it is a header");
        response.headers_mut().insert("content-type", media_type);
        response
    };
    let contract = Contract::load();
    contract.check_response(&operation_id("leave_chat"), &problem(404, "Not Found", "not_found")).expect("it is right");
    contract.check_response(&operation_id("get_me"), &problem(502, "Bad Gateway", "server")).expect("it is right");
    unknown("leave_chat", &problem(404, "Not Found", "image_load"), "the code `image_load`");
    unknown("leave_chat", &problem(404, "Gone", "not_found"), "Gone");
    unknown("leave_chat", &problem(401, "Unauthorized", "auth"), "`WWW-Authenticate` is missing");
    unknown("leave_chat", &problem(429, "Too Many Requests", "rate_limited"), "`Retry-After` is missing");
    unknown("leave_chat", &problem(410, "Gone", "unsubscribed"), "none with this status");
    unknown("get_me", &problem(404, "Not Found", "not_found"), "none with this status");
    unknown("add_members", &problem(422, "Unprocessable Content", "invalid_members"), "invalid members");
    let mut other = problem(404, "Not Found", "not_found");
    *other.status_mut() = http::StatusCode::FORBIDDEN;
    unknown("leave_chat", &other, "the code `not_found`");
}
