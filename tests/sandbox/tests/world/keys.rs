use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use teamwire_sandbox::{RateLimit, org};

use crate::stage::Stage;

#[test]
fn only_health_needs_no_key() {
    let mut stage = Stage::new();
    assert_eq!(stage.ask_bare("GET", "/health").answer().is(200).body, json!({ "status": "ok" }));
    for path in ["/v1/me", "/v1/nothing", "/"] {
        let answer = stage.ask_bare("GET", path).answer().fails(401, "auth");
        assert_eq!(answer.headers["www-authenticate"], r#"Basic realm="teamwire", charset="UTF-8""#);
    }
    stage.ask_bare("POST", "/health").answer().fails(405, "method_not_allowed");
}

#[test]
fn an_unknown_app_id_a_wrong_secret_and_a_header_that_is_none_look_the_same() {
    let mut stage = Stage::new();
    let (app_id, secret) = (stage.key.app_id.clone(), stage.key.secret.clone());
    let basic = |pair: String| format!("Basic {}", STANDARD.encode(pair));
    let wrong = [
        basic(format!("nobody:{secret}")),
        basic(format!("{app_id}:wrong")),
        basic(app_id.clone()),
        format!("Bearer {secret}"),
        "Basic".into(),
        "Basic !!!".into(),
    ];
    for value in wrong {
        stage.ask_bare("GET", "/v1/me").header("authorization", &value).answer().fails(401, "auth");
    }
    let right = basic(format!("{app_id}:{secret}")).replace("Basic", "bAsIc");
    stage.ask_bare("GET", "/v1/me").header("authorization", &right).answer().is(200);
}

#[test]
fn a_revoked_key_is_refused_until_it_is_restored() {
    let mut stage = Stage::new();
    let app_id = stage.key.app_id.clone();
    assert!(stage.world.set_key_revoked(&app_id, true));
    stage.get("/v1/me").fails(401, "auth");
    assert!(stage.world.set_key_revoked(&app_id, false));
    assert_eq!(stage.get("/v1/me").is(200).text("/uid"), org::BOT);
    assert!(!stage.world.set_key_revoked("nobody", true));
}

#[test]
fn a_second_bot_sees_none_of_the_first_ones_chats() {
    let mut stage = Stage::new();
    let second = stage.world.create_bot("Second");
    let first = std::mem::replace(&mut stage.key, second.clone());
    assert_eq!(stage.get("/v1/me").is(200).text("/uid"), second.uid);
    assert_eq!(stage.get("/v1/chats").is(200).body, json!({ "items": [] }));
    stage.get("/v1/chats/t-lobby").fails(404, "not_found");
    stage.key = first;
    stage.get("/v1/chats/t-lobby").is(200);
}

#[test]
fn a_key_that_asks_too_often_is_told_when_to_come_again() {
    let mut stage = Stage::new();
    stage.world.set_rate_limit(Some(RateLimit { per_second: 0.5, burst: 3 }));
    for _ in 0..3 {
        stage.get("/v1/me").is(200);
    }
    let refused = stage.get("/v1/me").fails(429, "rate_limited");
    assert_eq!(refused.headers["retry-after"], "2");
    stage.elapsed += Duration::from_millis(1500);
    assert_eq!(stage.get("/v1/me").is(429).headers["retry-after"], "1");
    stage.elapsed += Duration::from_millis(500);
    stage.get("/v1/me").is(200);
    // A key that is not good is not charged, and told first.
    stage.ask_bare("GET", "/v1/me").answer().is(401);
}

#[test]
fn the_secret_is_never_printed() {
    let stage = Stage::new();
    let printed = format!("{:?} {:?}", stage.key, stage.world);
    assert!(printed.contains(&stage.key.app_id));
    assert!(!printed.contains(&stage.key.secret));
}
