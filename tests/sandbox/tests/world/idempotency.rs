use serde_json::{Value, json};
use teamwire_sandbox::{
    org,
    world::{Admission, Handled, Payload, routes},
};

use crate::{
    avatars::jpeg,
    fixture::{Fixture, TestResponse},
};

const PATH: &str = "/v1/chats/t-lobby/messages";

#[test]
fn request_with_the_same_key_is_executed_once() {
    let mut fixture = Fixture::new();
    let body = json!({ "msg": "once" });
    let first = fixture.request("POST", PATH).key("k").json(&body).send().assert_status(201);
    fixture.advance(24 * 60 * 60 - 1);
    let again = fixture.request("POST", PATH).key("k").json(&body).send().assert_status(201);
    assert_eq!(first.bytes, again.bytes);
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    assert_eq!(fixture.world.message_count(), 1);
    // Without a key, each request is executed.
    fixture.post(PATH, &body).assert_status(201);
    assert_eq!(fixture.world.message_count(), 2);
}

#[test]
fn key_is_valid_for_a_day() {
    let mut fixture = Fixture::new();
    let body = json!({ "msg": "once a day" });
    fixture.request("POST", PATH).key("k").json(&body).send().assert_status(201);
    fixture.advance(24 * 60 * 60);
    fixture.request("POST", PATH).key("k").json(&body).send().assert_status(201);
    assert_eq!(fixture.world.message_count(), 2);
}

#[test]
fn key_belongs_to_one_request() {
    let mut fixture = Fixture::new();
    fixture.request("POST", PATH).key("k").json(&json!({ "msg": "a" })).send().assert_status(201);
    let others = [(PATH, json!({ "msg": "b" })), ("/v1/chats/t-notices/messages", json!({ "msg": "a" }))];
    for (path, body) in others {
        fixture.request("POST", path).key("k").json(&body).send().assert_problem(422, "idempotency_mismatch");
    }
    fixture.request("POST", &format!("{PATH}?x=1")).key("k").json(&json!({ "msg": "a" })).send().assert_status(422);
    fixture
        .request("DELETE", "/v1/reactions/subscriptions")
        .key("k")
        .send()
        .assert_problem(422, "idempotency_mismatch");
    // Keys of different bots are independent.
    let second = fixture.world.create_bot("Second");
    fixture.key = second;
    fixture.request("DELETE", "/v1/reactions/subscriptions").key("k").send().assert_status(204);
}

#[test]
fn repeated_leave_succeeds() {
    let mut fixture = Fixture::new();
    let leave = |fixture: &mut Fixture, key| fixture.request("POST", "/v1/chats/t-lobby/leave").key(key).send();
    leave(&mut fixture, "k").assert_status(204);
    assert!(leave(&mut fixture, "k").assert_status(204).bytes.is_empty());
    leave(&mut fixture, "another").assert_problem(404, "not_found");
}

#[test]
fn rejections_are_not_stored() {
    let mut fixture = Fixture::new();
    let body = json!({ "msg": "too early" });
    let post = |fixture: &mut Fixture, body: &Value| fixture.request("POST", PATH).key("k").json(body).send();
    fixture.as_person(org::ANNA).close(org::LOBBY).expect("Anna is an admin");
    post(&mut fixture, &body).assert_problem(409, "conflict");
    fixture.as_person(org::ANNA).reopen(org::LOBBY).expect("Anna is an admin");
    fixture.as_person(org::ANNA).remove_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    post(&mut fixture, &body).assert_problem(404, "not_found");
    fixture.as_person(org::ANNA).add_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    post(&mut fixture, &json!({ "msg": 1 })).assert_problem(422, "invalid_request");
    // The same request succeeds once it is allowed, and from then on the key belongs to it.
    post(&mut fixture, &body).assert_status(201);
    post(&mut fixture, &body).assert_status(201);
    assert_eq!(fixture.world.texts(org::LOBBY), [Some("too early".to_owned())]);
    post(&mut fixture, &json!({ "msg": "other" })).assert_problem(422, "idempotency_mismatch");
}

/// A change delayed by a proxy, its retry with the same key, and a newer change with its own key.
struct Late {
    method: &'static str,
    path: &'static str,
    older: Value,
    /// The method and path of the newer change, if they differ.
    undo: Option<(&'static str, &'static str)>,
    newer: Value,
}

impl Late {
    fn body(method: &'static str, path: &'static str, older: Value, newer: Value) -> Self {
        Self { method, path, older, undo: None, newer }
    }

    fn undone(method: &'static str, path: &'static str, by: (&'static str, &'static str)) -> Self {
        Self { method, path, older: Value::Null, undo: Some(by), newer: Value::Null }
    }
}

fn send(fixture: &mut Fixture, (method, path): (&str, &str), key: &str, body: &Value) -> TestResponse {
    let request = fixture.request(method, path).key(key);
    if body.is_null() { request.send() } else { request.json(body).send() }
}

#[test]
fn late_first_attempt_does_not_undo_a_newer_change() {
    let chat = "/v1/chats/t-lobby";
    let admin = "/v1/chats/t-lobby/admins/u-ben";
    let members = "/v1/chats/t-lobby/members";
    let users = json!({ "users": [org::EMMA] });
    let adding = ("POST", "/v1/chats/t-lobby/members/add");
    let cases = [
        Late::body("PATCH", chat, json!({ "allow_sending": false }), json!({ "allow_sending": true })),
        Late::body("PATCH", chat, json!({ "title": "older" }), json!({ "title": "newer" })),
        Late::undone("PUT", admin, ("DELETE", admin)),
        Late::undone("DELETE", admin, ("PUT", admin)),
        Late::undone("POST", "/v1/chats/t-lobby/close", ("POST", "/v1/chats/t-lobby/reopen")),
        Late::undone("POST", "/v1/chats/t-lobby/reopen", ("POST", "/v1/chats/t-lobby/close")),
        Late { undo: Some(adding), ..Late::body("POST", "/v1/chats/t-lobby/members/remove", users.clone(), users) },
    ];
    for Late { method, path, older, undo, newer } in cases {
        let mut fixture = Fixture::new();
        fixture.put(admin).assert_status(200);
        fixture.post(&format!("{members}/add"), &json!({ "users": [org::EMMA] })).assert_status(200);
        let first = send(&mut fixture, (method, path), "older", &older).assert_status(200);
        let now = send(&mut fixture, undo.unwrap_or((method, path)), "newer", &newer).assert_status(200);
        assert_ne!(first.body, now.body, "{method} {path}");
        let late = send(&mut fixture, (method, path), "older", &older).assert_status(200);
        assert_eq!(late.bytes, first.bytes, "{method} {path}");
        assert_eq!(fixture.get(chat).assert_status(200).body, now.body, "{method} {path}");
    }
}

#[test]
fn older_position_never_replaces_a_newer_one() {
    let mut fixture = Fixture::new();
    let live = json!({ "kind": "live_location", "initial_lat": 0.0, "initial_lon": 0.0, "duration": 900 });
    fixture.post(PATH, &json!({ "attachments": [live] })).assert_status(201);
    let feed = fixture.put("/v1/chats/t-lobby/location/subscriptions").assert_status(200);
    for (key, lat) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("a", 1.0)] {
        let position = json!({ "lat": lat, "lon": 0.0 });
        fixture.request("PUT", "/v1/location").key(key).json(&position).send().assert_status(200);
    }
    let (id, cursor) = (feed.string("/id"), feed.string("/cursor"));
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={id}&cursor={cursor}");
    let items = fixture.get(&path).assert_status(200).body["items"].clone();
    let shown: Vec<_> = items.as_array().into_iter().flatten().map(|it| it["data"]["lat"].clone()).collect();
    assert_eq!(shown, [1.0, 2.0, 3.0]);
}

#[test]
fn older_avatar_never_replaces_a_newer_one() {
    let mut fixture = Fixture::new();
    let path = "/v1/chats/t-lobby/avatar";
    for (key, side) in [("a", 1), ("b", 2), ("a", 1)] {
        let request = fixture.request("PUT", path).key(key).header("content-type", "image/jpeg");
        request.body(jpeg(side, side)).send().assert_status(200);
    }
    assert_eq!(fixture.get(path).assert_status(200).bytes, jpeg(2, 2));
    fixture.request("DELETE", path).key("d").send().assert_status(200);
    let late = fixture.request("PUT", path).key("b").header("content-type", "image/jpeg");
    late.body(jpeg(2, 2)).send().assert_status(200);
    fixture.get(path).assert_problem(404, "image_load");
}

#[test]
fn older_reaction_never_replaces_a_newer_one() {
    let mut fixture = Fixture::new();
    let mid = fixture.as_person(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    let path = format!("{PATH}/{mid}/reactions");
    let id = fixture.post(&path, &json!({ "reaction_type": "ok" })).assert_status(201).string("/reaction_id");
    for (key, kind) in [("a", "ok"), ("b", "sos"), ("a", "ok")] {
        let request = fixture.request("PATCH", &format!("{path}/{id}")).key(key);
        request.json(&json!({ "reaction_type": kind })).send().assert_status(200);
    }
    assert_eq!(fixture.get(&path).assert_status(200).strings("/reaction_type"), ["sos"]);
}

#[test]
fn every_mutation_takes_a_key_and_nothing_else_does() {
    let mut fixture = Fixture::new();
    for route in routes() {
        let (method, path) = route.split_once(' ').expect("a route has a method and a path");
        let request = fixture.request(method, &path.replace('{', "x").replace('}', "")).key("two words");
        let name = "attachment; filename*=UTF-8''a";
        let (path, request) = (path.to_owned(), request.header("content-disposition", name));
        let media_type = if path.ends_with("/avatar") { "image/jpeg" } else { "application/json" };
        let response =
            request.header("content-type", media_type).body(b"{}".to_vec()).try_send().expect("no poll waits");
        assert_eq!(response.body["detail"].to_string().contains("Idempotency-Key"), method != "GET", "{method} {path}");
    }
    // Repeating a subscription with its key returns the same subscription.
    let subscribe =
        |fixture: &mut Fixture| fixture.request("PUT", "/v1/reactions/subscriptions").key("s").send().string("/id");
    assert_eq!(subscribe(&mut fixture), subscribe(&mut fixture));
}

#[test]
fn malformed_key_is_rejected() {
    let mut fixture = Fixture::new();
    for key in ["", "two words", "ä", &"x".repeat(129)] {
        let post = fixture.request("POST", PATH).key(key).json(&json!({ "msg": "x" }));
        post.send().assert_problem(400, "invalid_request");
    }
    let twice = fixture.request("POST", PATH).key("a").key("b").json(&json!({ "msg": "x" }));
    twice.send().assert_problem(400, "invalid_request");
    fixture.request("POST", PATH).key(&"x".repeat(128)).json(&json!({ "msg": "x" })).send().assert_status(201);
}

#[test]
fn key_is_in_progress_until_the_first_response() {
    let mut fixture = Fixture::new();
    let body = json!({ "msg": "slow" });
    let token = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(format!("{}:{}", fixture.key.app_id, fixture.key.secret))
    };
    let request = http::Request::post(PATH)
        .header("authorization", format!("Basic {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(());
    let (head, ()) = request.expect("the request is valid").into_parts();
    let now = fixture.now();
    let Admission::Admit(mut admitted) = fixture.world.admit(now, head) else { panic!("the request is admitted") };
    admitted.respond_at(now.elapsed + std::time::Duration::from_secs(5));
    let done = fixture.world.execute(now, admitted, Payload::Whole(body.to_string().into_bytes()));
    assert!(matches!(done, Handled::Response(response) if response.status() == 201));

    fixture.advance(4);
    fixture.request("POST", PATH).key("k").json(&body).send().assert_problem(409, "in_progress");
    fixture.advance(1);
    fixture.request("POST", PATH).key("k").json(&body).send().assert_status(201);
    assert_eq!(fixture.world.message_count(), 1);
}
