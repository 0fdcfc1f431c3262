//! The log of requests.

use serde_json::{Value, json};
use teamwire_sandbox::{Fault, Rule};

use crate::client::{Api, raw};

#[test]
fn attempts_of_a_key_and_their_message_are_joined() {
    let api = Api::start();
    api.sandbox.faults().add(Rule::new(Fault::status(503)));
    let body = json!({ "msg": "Ticket 4711 is open." });
    let post = || api.bot("POST", "/v1/chats/t-lobby/messages", &[("idempotency-key", "k1")], &body);
    let (first, (second, message), (third, again)) = (post(), post(), post());
    assert_eq!((first.0, second, third), (503, 201, 201));
    assert_eq!(message, again);
    let requests = api.get("/requests");
    let of = |name: &str| {
        let items = requests["items"].as_array().expect("it is a list").iter();
        items.map(|it| it[name].clone()).collect::<Vec<_>>()
    };
    assert_eq!(of("number"), [3, 2, 1]);
    assert_eq!(of("attempt"), [3, 2, 1]);
    assert_eq!(of("mid"), [message["mid"].clone(), message["mid"].clone(), json!(null)]);
    assert_eq!(of("fault"), [json!(null), json!(null), json!("status")]);
    assert_eq!(of("summary"), ["key k1 · try 3", "key k1 · try 2", "key k1 · fault: status · server"]);
    assert_eq!(of("code"), [json!(null), json!(null), json!("server")]);
    let window = api.get("/people/u-anna/chats/t-lobby/messages");
    assert_eq!(window["items"][0]["request"], 2, "the attempt that posted it");
    let older = api.get("/requests?before=3&limit=1");
    assert_eq!((&older["items"][0]["number"], &older["has_older"]), (&json!(2), &json!(true)));
    let details = api.get("/requests/2");
    assert_eq!(details["request_body"]["text"], body.to_string());
    let curl = details["curl"].as_str().expect("it is a string");
    assert!(curl.starts_with(r#"curl -u "$TEAMWIRE_APP_ID:$TEAMWIRE_SECRET" -X POST "#), "{curl}");
    let body_and_url = format!(r#" --data-raw '{body}' "$TEAMWIRE_URL"'/v1/chats/t-lobby/messages'"#);
    assert!(curl.contains(" -H 'idempotency-key: k1'") && curl.ends_with(&body_and_url), "{curl}");
    assert_eq!(details["response_body"]["bytes"], message.to_string().len());
    assert_eq!(api.send("GET", "/requests/99", &[], b"").status(), 404);
}

#[test]
fn secrets_are_never_shown() {
    let api = Api::start();
    api.bot(
        "GET",
        "/v1/me",
        &[("cookie", "session=chocolate"), ("proxy-authorization", "Basic vanilla")],
        &json!(null),
    );
    let details = api.get("/requests/1");
    let names: Vec<_> =
        details["request_headers"].as_array().expect("it is a list").iter().map(|it| &it["name"]).collect();
    assert!(names.contains(&&json!("host")) && !names.contains(&&json!("authorization")), "{names:?}");
    for text in [details.to_string(), api.get("/requests").to_string(), api.get("/world").to_string()] {
        for secret in [api.sandbox.secret(), "Basic", "chocolate", "vanilla"] {
            assert!(!text.contains(secret), "{secret} in {text}");
        }
    }
}

#[test]
fn rejected_credentials_have_a_reason() {
    let api = Api::start();
    let send = |authorization: Option<&str>| {
        let headers: Vec<_> = authorization.iter().map(|it| ("authorization", *it)).collect();
        raw(api.sandbox.address(), "GET", "/v1/me", &headers, b"")
    };
    let encode = |text: &str| {
        use base64::{Engine, prelude::BASE64_STANDARD};
        format!("Basic {}", BASE64_STANDARD.encode(text))
    };
    let (app_id, secret) = (api.sandbox.app_id().to_owned(), api.sandbox.secret().to_owned());
    send(None);
    send(Some("Bearer x"));
    send(Some(&encode(&format!("app-old:{secret}"))));
    send(Some(&encode(&format!("{app_id}:wrong-secret"))));
    api.sandbox.admin().revoke_key();
    send(Some(&encode(&format!("{app_id}:{secret}"))));
    let requests = api.get("/requests");
    let items = requests["items"].as_array().expect("it is a list");
    let reasons: Vec<_> = items.iter().rev().map(|it| it["credentials"].clone()).collect();
    assert_eq!(reasons, ["missing", "missing", "unknown_app_id", "wrong_secret", "revoked"]);
    assert_eq!(items[2]["app_id"], "app-old");
    let summary = items[2]["summary"].as_str().expect("it is a string");
    assert!(summary.starts_with("auth · an unknown App ID · ") && summary.ends_with(" B"), "{summary}");
    assert_eq!(api.get("/world")["last_seen"], json!({}));
    assert!(!requests.to_string().contains("wrong-secret"));
}

#[test]
fn method_is_one_word_of_the_command() {
    let api = Api::start();
    for (number, (method, word)) in
        [("X&reboot'&Y", r"'X&reboot'\''&Y'"), ("`id`", "'`id`'"), ("$PATH|!", "'$PATH|!'")].into_iter().enumerate()
    {
        raw(api.sandbox.address(), method, "/v1/me", &[], b"");
        let details = api.get(&format!("/requests/{}", number + 1));
        let curl = details["curl"].as_str().expect("it is a string");
        assert!(curl.contains(&format!(r#" -X {word} "$TEAMWIRE_URL""#)), "{curl}");
    }
}

#[test]
fn only_requests_with_valid_credentials_are_seen() {
    let api = Api::start();
    for path in ["/health", "/v1/me"] {
        // `app-unknown:x`
        let unknown = ("authorization", "Basic YXBwLXVua25vd246eA==");
        api.sandbox.faults().add(Rule::new(Fault::status(503)).under("/v1"));
        raw(api.sandbox.address(), "GET", path, &[unknown], b"");
    }
    assert_eq!(api.get("/world")["last_seen"], json!({}));
    api.bot("GET", "/v1/me", &[], &json!(null));
    assert!(api.get("/world")["last_seen"][api.sandbox.app_id()].is_i64());
}

#[test]
fn long_heads_are_not_kept_forever() {
    let api = Api::start();
    let long = "k".repeat(300_000);
    for _ in 0..100 {
        raw(api.sandbox.address(), "GET", "/health", &[("idempotency-key", &long)], b"");
    }
    let requests = api.get("/requests?limit=200");
    let kept = requests["items"].as_array().expect("it is a list").len();
    // An entry has the header and the key.
    assert!((20..60).contains(&kept), "{kept}");
    let transcript = api.sandbox.transcript();
    let key = transcript.last().and_then(|entry| entry.idempotency_key.as_ref()).expect("it has a key");
    assert_eq!((transcript.len(), key.len()), (100, 1_024));
}

#[test]
fn bodies_are_cut_and_pending_requests_are_shown() {
    let api = Api::start();
    let text = "ä".repeat(10_000);
    let attachment = json!({ "kind": "calendar", "title": "x", "start": "2025-03-14T09:26:53.000Z",
        "end": "2025-03-14T09:26:53.000Z", "description": "ä".repeat(10_000) });
    let body = json!({ "msg": text, "attachments": vec![attachment; 4] });
    api.bot("POST", "/v1/chats/t-lobby/messages", &[], &body);
    let kept = api.get("/requests/1")["request_body"].clone();
    assert_eq!(kept["bytes"], body.to_string().len());
    let length = kept["text"].as_str().expect("it is text").len();
    assert!((65_533..=65_536).contains(&length), "{length}");

    let (_, page) = api.bot("GET", "/v1/messages/updates", &[], &json!(null));
    let path = format!("/v1/messages/updates?wait=25&cursor={}", page["cursor"].as_str().expect("it is text"));
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| api.bot("GET", &path, &[], &json!(null)));
        assert!(api.sandbox.wait_until(std::time::Duration::from_secs(20), |it| it.pending_polls() == 1));
        let pending = api.get("/requests/3");
        assert_eq!((&pending["is_complete"], &pending["status"]), (&json!(false), &Value::Null));
        assert_eq!(api.get("/feeds")["polls"][0]["path"], "/v1/messages/updates");
        api.sandbox.as_person("u-anna").post("t-lobby", "x").expect("Anna is in the lobby");
        assert_eq!(poll.join().expect("the request is complete").0, 200);
    });
    assert_eq!(api.get("/requests/3")["status"], 200);
}

#[test]
fn upload_of_a_bot_shows_its_name_and_size() {
    let api = Api::start();
    let (app_id, secret) = (api.sandbox.app_id(), api.sandbox.secret());
    let token = {
        use base64::{Engine, prelude::BASE64_STANDARD};
        format!("Basic {}", BASE64_STANDARD.encode(format!("{app_id}:{secret}")))
    };
    let headers = [
        ("authorization", token.as_str()),
        ("content-type", "application/pdf"),
        ("content-disposition", "attachment; filename*=UTF-8''Shift%20plan.pdf"),
    ];
    assert_eq!(raw(api.sandbox.address(), "POST", "/v1/assets", &headers, b"%PDF-1.7").status(), 201);
    let details = api.get("/requests/1");
    assert_eq!((&details["file_name"], &details["request_bytes"]), (&json!("Shift plan.pdf"), &json!(8)));
    assert_eq!(details["request_body"], json!({ "text": null, "bytes": 8, "is_kept": false }));
}

#[test]
fn subscription_shows_since_when_its_cursor_is_the_same() {
    let api = Api::start();
    api.change("POST", "/clock/hold", &json!(null), 200);
    let (_, subscription) = api.bot("PUT", "/v1/reactions/subscriptions", &[], &json!(null));
    let text = |value: &Value| value.as_str().expect("it is text").to_owned();
    let poll = |cursor: &Value| {
        let path = format!("/v1/reactions/updates?subscription={}&cursor={}", text(&subscription["id"]), text(cursor));
        api.bot("GET", &path, &[], &json!(null)).1["cursor"].clone()
    };
    let elapsed = || api.get("/clock")["elapsed_ms"].clone();
    let since = || api.get("/feeds")["subscriptions"][0]["cursor_since_ms"].clone();
    let start = elapsed();
    assert_eq!(since(), start);
    api.change("POST", "/clock/advance", &json!({ "ms": 60_000 }), 200);
    poll(&subscription["cursor"]);
    assert_eq!(since(), start);
    let lobby = "/people/u-anna/chats/t-lobby/messages";
    let alert = api.change("POST", lobby, &json!({ "msg": "Fire", "alert_type": "alert" }), 201);
    let reaction = format!("/people/u-ben/chats/t-lobby/messages/{}/reaction", text(&alert["mid"]));
    api.change("PUT", &reaction, &json!({ "reaction_type": "ok" }), 200);
    let next = poll(&subscription["cursor"]);
    assert_ne!(next, subscription["cursor"]);
    poll(&next);
    assert_eq!(since(), elapsed());
}
