use serde_json::json;
use teamwire_sandbox::world::{Admission, Handled, Payload};

use crate::stage::Stage;

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
fn a_refusal_is_kept_too_with_its_old_request_id() {
    let mut stage = Stage::new();
    let body = json!({ "msg": "too early" });
    stage.act("u-anna").close("t-lobby").expect("Anna is an admin");
    let first = stage.ask("POST", PATH).key("k").json(&body).answer().fails(409, "conflict");
    stage.act("u-anna").reopen("t-lobby").expect("Anna is an admin");
    let again = stage.ask("POST", PATH).key("k").json(&body).answer().fails(409, "conflict");
    assert_eq!(first.text("/request_id"), again.text("/request_id"));
    assert_ne!(again.text("/request_id"), again.headers["x-request-id"].to_str().unwrap_or_default());
}

#[test]
fn methods_that_need_no_key_ignore_one() {
    let mut stage = Stage::new();
    for title in ["a", "b"] {
        let patch = stage.ask("PATCH", "/v1/chats/t-lobby").key("k").json(&json!({ "title": title })).answer().is(200);
        assert_eq!(patch.text("/title"), title);
    }
    stage.ask("GET", "/v1/me").key("not a key").answer().is(200);
    // A subscription is a new thing, and takes one.
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
    let Admission::Go(mut admitted) = stage.world.admit(now, head) else { panic!("it is admitted") };
    admitted.answered_at(now.elapsed + std::time::Duration::from_secs(5));
    let done = stage.world.perform(now, admitted, Payload::Whole(body.to_string().into_bytes()));
    assert!(matches!(done, Handled::Answer(answer) if answer.status() == 201));

    stage.pass(4);
    stage.ask("POST", PATH).key("k").json(&body).answer().fails(409, "in_progress");
    stage.pass(1);
    stage.ask("POST", PATH).key("k").json(&body).answer().is(201);
    assert_eq!(stage.world.message_count(), 1);
}
