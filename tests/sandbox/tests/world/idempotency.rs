use serde_json::{Value, json};
use teamwire_sandbox::{
    org,
    world::{Admission, Handled, Payload, routes},
};

use crate::{
    avatars::jpeg,
    stage::{Answer, Stage},
};

const PATH: &str = "/v1/chats/t-lobby/messages";

#[test]
fn what_is_sent_twice_with_one_key_is_done_once() {
    let mut stage = Stage::new();
    let body = json!({ "msg": "once" });
    let first = stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    stage.pass(24 * 60 * 60 - 1);
    let again = stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    assert_eq!(first.bytes, again.bytes);
    assert_ne!(first.headers["x-request-id"], again.headers["x-request-id"]);
    assert_eq!(stage.world.message_count(), 1);
    // Without a key it is carried out each time.
    stage.post(PATH, &body).is(201);
    assert_eq!(stage.world.message_count(), 2);
}

#[test]
fn a_key_lives_a_day() {
    let mut stage = Stage::new();
    let body = json!({ "msg": "once a day" });
    stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    stage.pass(24 * 60 * 60);
    stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    assert_eq!(stage.world.message_count(), 2);
}

#[test]
fn a_key_belongs_to_one_request() {
    let mut stage = Stage::new();
    stage.ask("POST", PATH).key("k").json(&json!({ "msg": "a" })).answer().is(201);
    let others = [(PATH, json!({ "msg": "b" })), ("/v1/chats/t-notices/messages", json!({ "msg": "a" }))];
    for (path, body) in others {
        stage.ask("POST", path).key("k").json(&body).answer().fails(422, "idempotency_mismatch");
    }
    stage.ask("POST", &format!("{PATH}?x=1")).key("k").json(&json!({ "msg": "a" })).answer().is(422);
    stage.ask("DELETE", "/v1/reactions/subscriptions").key("k").answer().fails(422, "idempotency_mismatch");
    // Another bot's key of the same name is another key.
    let second = stage.world.create_bot("Second");
    stage.key = second;
    stage.ask("DELETE", "/v1/reactions/subscriptions").key("k").answer().is(204);
}

#[test]
fn a_second_leave_is_no_error() {
    let mut stage = Stage::new();
    let leave = |stage: &mut Stage, key| stage.ask("POST", "/v1/chats/t-lobby/leave").key(key).answer();
    leave(&mut stage, "k").is(204);
    assert!(leave(&mut stage, "k").is(204).bytes.is_empty());
    leave(&mut stage, "another").fails(404, "not_found");
}

#[test]
fn a_refusal_is_not_remembered() {
    let mut stage = Stage::new();
    let body = json!({ "msg": "too early" });
    let post = |stage: &mut Stage, body: &Value| stage.ask("POST", PATH).key("k").json(body).answer();
    stage.act(org::ANNA).close(org::LOBBY).expect("Anna is an admin");
    post(&mut stage, &body).fails(409, "conflict");
    stage.act(org::ANNA).reopen(org::LOBBY).expect("Anna is an admin");
    stage.act(org::ANNA).remove_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    post(&mut stage, &body).fails(404, "not_found");
    stage.act(org::ANNA).add_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    post(&mut stage, &json!({ "msg": 1 })).fails(422, "invalid_request");
    // The same request succeeds once nothing forbids it any more, and only then does the key belong to it.
    post(&mut stage, &body).is(201);
    post(&mut stage, &body).is(201);
    assert_eq!(stage.world.texts(org::LOBBY), [Some("too early".to_owned())]);
    post(&mut stage, &json!({ "msg": "other" })).fails(422, "idempotency_mismatch");
}

/// A change that a proxy holds back, its retry with the same key, and a newer change with a key of its own.
struct Late {
    method: &'static str,
    path: &'static str,
    older: Value,
    /// The method and path of the newer change, if it has others.
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

fn send(stage: &mut Stage, (method, path): (&str, &str), key: &str, body: &Value) -> Answer {
    let ask = stage.ask(method, path).key(key);
    if body.is_null() { ask.answer() } else { ask.json(body).answer() }
}

#[test]
fn a_first_attempt_that_arrives_after_a_newer_change_changes_nothing() {
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
        let mut stage = Stage::new();
        stage.put(admin).is(200);
        stage.post(&format!("{members}/add"), &json!({ "users": [org::EMMA] })).is(200);
        let first = send(&mut stage, (method, path), "older", &older).is(200);
        let now = send(&mut stage, undo.unwrap_or((method, path)), "newer", &newer).is(200);
        assert_ne!(first.body, now.body, "{method} {path}");
        let late = send(&mut stage, (method, path), "older", &older).is(200);
        assert_eq!(late.bytes, first.bytes, "{method} {path}");
        assert_eq!(stage.get(chat).is(200).body, now.body, "{method} {path}");
    }
}

#[test]
fn an_older_position_never_replaces_a_newer_one() {
    let mut stage = Stage::new();
    let live = json!({ "kind": "live_location", "initial_lat": 0.0, "initial_lon": 0.0, "duration": 900 });
    stage.post(PATH, &json!({ "attachments": [live] })).is(201);
    let feed = stage.put("/v1/chats/t-lobby/location/subscriptions").is(200);
    for (key, lat) in [("a", 1.0), ("b", 2.0), ("c", 3.0), ("a", 1.0)] {
        let position = json!({ "lat": lat, "lon": 0.0 });
        stage.ask("PUT", "/v1/location").key(key).json(&position).answer().is(200);
    }
    let (id, cursor) = (feed.text("/id"), feed.text("/cursor"));
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={id}&cursor={cursor}");
    let items = stage.get(&path).is(200).body["items"].clone();
    let shown: Vec<_> = items.as_array().into_iter().flatten().map(|it| it["data"]["lat"].clone()).collect();
    assert_eq!(shown, [1.0, 2.0, 3.0]);
}

#[test]
fn an_older_avatar_never_replaces_a_newer_one() {
    let mut stage = Stage::new();
    let path = "/v1/chats/t-lobby/avatar";
    for (key, side) in [("a", 1), ("b", 2), ("a", 1)] {
        let ask = stage.ask("PUT", path).key(key).header("content-type", "image/jpeg");
        ask.body(jpeg(side, side)).answer().is(200);
    }
    assert_eq!(stage.get(path).is(200).bytes, jpeg(2, 2));
    stage.ask("DELETE", path).key("d").answer().is(200);
    let late = stage.ask("PUT", path).key("b").header("content-type", "image/jpeg");
    late.body(jpeg(2, 2)).answer().is(200);
    stage.get(path).fails(404, "image_load");
}

#[test]
fn an_older_reaction_never_replaces_a_newer_one() {
    let mut stage = Stage::new();
    let mid = stage.act(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    let path = format!("{PATH}/{mid}/reactions");
    let id = stage.post(&path, &json!({ "reaction_type": "ok" })).is(201).text("/reaction_id");
    for (key, kind) in [("a", "ok"), ("b", "sos"), ("a", "ok")] {
        let ask = stage.ask("PATCH", &format!("{path}/{id}")).key(key);
        ask.json(&json!({ "reaction_type": kind })).answer().is(200);
    }
    assert_eq!(stage.get(&path).is(200).texts("/reaction_type"), ["sos"]);
}

#[test]
fn every_operation_that_changes_something_takes_a_key_and_no_other_does() {
    let mut stage = Stage::new();
    for route in routes() {
        let (method, path) = route.split_once(' ').expect("a route has a method and a path");
        let ask = stage.ask(method, &path.replace('{', "x").replace('}', "")).key("two words");
        let name = "attachment; filename*=UTF-8''a";
        let (path, ask) = (path.to_owned(), ask.header("content-disposition", name));
        let media_type = if path.ends_with("/avatar") { "image/jpeg" } else { "application/json" };
        let answer = ask.header("content-type", media_type).body(b"{}".to_vec()).send().expect("nothing waits here");
        assert_eq!(answer.body["detail"].to_string().contains("Idempotency-Key"), method != "GET", "{method} {path}");
    }
    // A subscription is a new thing, and repeated it is the same one.
    let subscribe = |stage: &mut Stage| stage.ask("PUT", "/v1/reactions/subscriptions").key("s").answer().text("/id");
    assert_eq!(subscribe(&mut stage), subscribe(&mut stage));
}

#[test]
fn a_malformed_key_is_refused() {
    let mut stage = Stage::new();
    for key in ["", "two words", "ä", &"x".repeat(129)] {
        let post = stage.ask("POST", PATH).key(key).json(&json!({ "msg": "x" }));
        post.answer().fails(400, "invalid_request");
    }
    let twice = stage.ask("POST", PATH).key("a").key("b").json(&json!({ "msg": "x" }));
    twice.answer().fails(400, "invalid_request");
    stage.ask("POST", PATH).key(&"x".repeat(128)).json(&json!({ "msg": "x" })).answer().is(201);
}

#[test]
fn a_key_is_in_progress_until_its_first_request_is_answered() {
    let mut stage = Stage::new();
    let body = json!({ "msg": "slow" });
    let token = {
        use base64::{Engine, engine::general_purpose::STANDARD};
        STANDARD.encode(format!("{}:{}", stage.key.app_id, stage.key.secret))
    };
    let request = http::Request::post(PATH)
        .header("authorization", format!("Basic {token}"))
        .header("content-type", "application/json")
        .header("idempotency-key", "k")
        .body(());
    let (head, ()) = request.expect("a request").into_parts();
    let now = stage.now();
    let Admission::Admit(mut admitted) = stage.world.admit(now, head) else { panic!("it is admitted") };
    admitted.respond_at(now.elapsed + std::time::Duration::from_secs(5));
    let done = stage.world.execute(now, admitted, Payload::Whole(body.to_string().into_bytes()));
    assert!(matches!(done, Handled::Response(answer) if answer.status() == 201));

    stage.pass(4);
    stage.ask("POST", PATH).key("k").json(&body).answer().fails(409, "in_progress");
    stage.pass(1);
    stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    assert_eq!(stage.world.message_count(), 1);
}
