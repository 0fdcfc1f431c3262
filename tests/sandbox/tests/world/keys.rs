use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use teamwire_sandbox::{RateLimit, org};

use crate::fixture::Fixture;

#[test]
fn only_health_needs_no_credentials() {
    let mut fixture = Fixture::new();
    assert_eq!(
        fixture.request_without_credentials("GET", "/health").send().assert_status(200).body,
        json!({ "status": "ok" })
    );
    for path in ["/v1/me", "/v1/nothing", "/"] {
        let response = fixture.request_without_credentials("GET", path).send().assert_problem(401, "auth");
        assert_eq!(response.headers["www-authenticate"], r#"Basic realm="teamwire", charset="UTF-8""#);
    }
    fixture.request_without_credentials("POST", "/health").send().assert_problem(405, "method_not_allowed");
}

#[test]
fn invalid_credentials_all_get_the_same_response() {
    let mut fixture = Fixture::new();
    let (app_id, secret) = (fixture.key.app_id.clone(), fixture.key.secret.clone());
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
        fixture
            .request_without_credentials("GET", "/v1/me")
            .header("authorization", &value)
            .send()
            .assert_problem(401, "auth");
    }
    let right = basic(format!("{app_id}:{secret}")).replace("Basic", "bAsIc");
    fixture.request_without_credentials("GET", "/v1/me").header("authorization", &right).send().assert_status(200);
}

#[test]
fn revoked_key_is_rejected_until_restored() {
    let mut fixture = Fixture::new();
    let app_id = fixture.key.app_id.clone();
    assert!(fixture.world.set_key_revoked(&app_id, true));
    fixture.get("/v1/me").assert_problem(401, "auth");
    assert!(fixture.world.set_key_revoked(&app_id, false));
    assert_eq!(fixture.get("/v1/me").assert_status(200).string("/uid"), org::BOT);
    assert!(!fixture.world.set_key_revoked("nobody", true));
}

#[test]
fn second_bot_sees_no_chats_of_the_first() {
    let mut fixture = Fixture::new();
    let second = fixture.world.create_bot("Second");
    let first = std::mem::replace(&mut fixture.key, second.clone());
    assert_eq!(fixture.get("/v1/me").assert_status(200).string("/uid"), second.uid);
    assert_eq!(fixture.get("/v1/chats").assert_status(200).body, json!({ "items": [] }));
    fixture.get("/v1/chats/t-lobby").assert_problem(404, "not_found");
    fixture.key = first;
    fixture.get("/v1/chats/t-lobby").assert_status(200);
}

#[test]
fn rate_limited_key_gets_retry_after() {
    let mut fixture = Fixture::new();
    fixture.world.set_rate_limit(Some(RateLimit { per_second: 0.5, burst: 3 }));
    for _ in 0..3 {
        fixture.get("/v1/me").assert_status(200);
    }
    let refused = fixture.get("/v1/me").assert_problem(429, "rate_limited");
    assert_eq!(refused.headers["retry-after"], "2");
    fixture.elapsed += Duration::from_millis(1500);
    assert_eq!(fixture.get("/v1/me").assert_status(429).headers["retry-after"], "1");
    fixture.elapsed += Duration::from_millis(500);
    fixture.get("/v1/me").assert_status(200);
    // An invalid key is not charged, and is reported first.
    fixture.request_without_credentials("GET", "/v1/me").send().assert_status(401);
}

#[test]
fn secret_is_not_in_debug_output() {
    let fixture = Fixture::new();
    let printed = format!("{:?} {:?}", fixture.key, fixture.world);
    assert!(printed.contains(&fixture.key.app_id));
    assert!(!printed.contains(&fixture.key.secret));
}
