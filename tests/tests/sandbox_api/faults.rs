//! Faults over the control API, which never concern the page.

use serde_json::{Value, json};

use crate::client::{Api, exchange};

#[test]
fn every_kind_of_fault_is_listed_as_it_was_armed() {
    let api = Api::start();
    let drafts = [
        json!({ "kind": "delay", "ms": 5 }),
        json!({ "kind": "slow", "ms": 5 }),
        json!({ "kind": "status", "status": 503, "retry_after": 2 }),
        json!({ "kind": "response", "status": 299, "content_type": "text/html", "text": "<html>" }),
        json!({ "kind": "raw", "text": "HTTP/1.1 204 No Content\r\n\r\n" }),
        json!({ "kind": "raw_then_hang", "base64": "/w==" }),
        json!({ "kind": "cut_before" }),
        json!({ "kind": "cut_request", "after_bytes": 3 }),
        json!({ "kind": "cut_after" }),
        json!({ "kind": "cut_body", "after_bytes": 0 }),
        json!({ "kind": "no_response" }),
        json!({ "kind": "no_response_after" }),
    ];
    let limits = json!({ "method": "POST", "path": "/v1/chats/*/messages", "under": "/v1", "after": 2, "times": 3 });
    for draft in &drafts {
        let mut draft = draft.clone();
        merge(&mut draft, &limits);
        api.change("POST", "/faults", &draft, 201);
    }
    let listed = api.get("/faults")["items"].clone();
    for (draft, listed) in drafts.iter().zip(listed.as_array().expect("it is a list")) {
        for (name, value) in draft.as_object().expect("it is an object").iter().chain(limits.as_object().expect("so")) {
            assert_eq!(&listed[name], value, "{name} of {draft}");
        }
    }
    assert_eq!(listed.as_array().map(Vec::len), Some(12));
    assert_eq!(listed[2]["summary"], "status 503 · POST …/messages · after 2 · 3 left");
    assert_eq!(listed[7]["summary"], "cut request · POST …/messages · after 2 · 3 left");
    let always = api.change("POST", "/faults", &json!({ "kind": "cut_before", "always": true }), 201);
    let items = api.get("/faults")["items"].clone();
    let last = items.as_array().and_then(|items| items.last()).expect("it is listed");
    assert_eq!((&last["id"], &last["times"], &last["path"]), (&always["id"], &Value::Null, &Value::Null));
    assert_eq!(last["summary"], "cut before · any request · always");
}

fn merge(object: &mut Value, other: &Value) {
    for (name, value) in other.as_object().expect("it is an object") {
        object[name] = value.clone();
    }
}

#[test]
fn invalid_fault_is_refused_with_its_place() {
    let api = Api::start();
    let drafts = [
        (json!({}), "/kind"),
        (json!({ "kind": "fire" }), "/kind"),
        (json!({ "kind": "delay" }), "/ms"),
        (json!({ "kind": "delay", "ms": 86_400_001 }), "/ms"),
        (json!({ "kind": "status", "status": 200 }), "/status"),
        (json!({ "kind": "response", "status": 99 }), "/status"),
        (json!({ "kind": "raw" }), ""),
        (json!({ "kind": "raw", "base64": "*" }), "/base64"),
        (json!({ "kind": "cut_after", "ms": 5 }), "/ms"),
        (json!({ "kind": "cut_after", "times": 2, "always": true }), "/times"),
        (json!({ "kind": "cut_after", "times": 4_294_967_296_u64 }), "/times"),
    ];
    for (draft, pointer) in drafts {
        let problem = api.change("POST", "/faults", &draft, 422);
        assert!(
            problem["errors"].as_array().is_some_and(|it| it.iter().any(|it| it["pointer"] == pointer)),
            "{problem}"
        );
    }
    assert_eq!(api.get("/faults")["items"], json!([]));
}

#[test]
fn faults_and_outages_never_concern_the_page() {
    let api = Api::start();
    api.change("POST", "/faults", &json!({ "kind": "cut_before" }), 201);
    api.change("PUT", "/closing", &json!({ "every": 1, "announced": false }), 200);
    let before = (api.sandbox.connections(), api.sandbox.transcript().len());
    for _ in 0..3 {
        api.get("/world");
    }
    assert_eq!((api.sandbox.connections(), api.sandbox.transcript().len()), before);
    assert_eq!(api.sandbox.faults().remaining(), 1);
    api.change("PUT", "/outage", &json!({ "outage": true }), 200);
    let health = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    assert!(exchange(api.sandbox.address(), health).is_err());
    assert_eq!(api.get("/world")["outage"], true);
    api.change("POST", "/people/u-anna/chats/t-lobby/messages", &json!({ "msg": "still here" }), 201);
    api.change("PUT", "/outage", &json!({ "outage": false }), 200);
    api.change("DELETE", "/faults", &json!(null), 204);
    assert_eq!(exchange(api.sandbox.address(), health).expect("the outage is over").status(), 200);
}
