use std::sync::{Arc, Mutex};

use serde_json::json;
use teamwire_sandbox::{Fault, ObservedExchange, Sandbox};

use crate::client::Client;

#[test]
fn observer_sees_request_and_response() {
    let observed: Arc<Mutex<Vec<ObservedExchange>>> = Arc::default();
    let sandbox = {
        let observed = observed.clone();
        let observer = move |exchange: &ObservedExchange| {
            observed.lock().expect("no thread panics while holding the lock").push(exchange.clone());
        };
        Sandbox::builder().observe(observer).start().expect("a port is free")
    };
    let path = "/v1/chats/t-lobby/messages";
    let mut client = Client::connect(&sandbox);
    let response = client.post(path, "k1", &json!({ "msg": "x" })).assert_status(201);
    sandbox.faults().add(Fault::response(418, "text/plain", "teapot"));
    client.post(path, "k2", &json!({ "msg": "y" })).assert_status(418);
    sandbox.faults().add(Fault::CutAfter);
    client.send_json(&format!("POST {path}"), "k3", &json!({ "msg": "z" })).expect("the connection is open");
    client.read_to_end();

    let observed = observed.lock().expect("no thread panics while holding the lock");
    let [first, faked, lost] = &observed[..] else { panic!("{} exchanges", observed.len()) };
    assert_eq!(first.route.as_deref(), Some("POST /v1/chats/{tid}/messages"));
    assert_eq!(first.request_body, br#"{"msg":"x"}"#);
    let shown = first.response.as_ref().expect("there is a response");
    assert_eq!(
        (shown.status.as_u16(), &shown.body, shown.injected, shown.delivered),
        (201, &response.bytes, false, true)
    );
    assert!(shown.headers.contains_key("x-request-id"));
    assert!(faked.response.as_ref().is_some_and(|it| it.injected && it.body == b"teapot"));
    assert!(lost.response.as_ref().is_some_and(|it| !it.delivered && it.status == 201));
    assert_eq!(lost.fault, Some("cut after"));
    // The credentials can be inspected but are not printed.
    assert!(first.request_headers.contains_key("authorization"));
    assert!(!format!("{observed:?}").contains("Basic"));
}

#[test]
fn transcript_lists_requests_with_status_and_fault() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Fault::status(500));
    let mut client = Client::connect(&sandbox);
    client.get("/v1/users?limit=2").assert_status(500);
    client.get("/v1/nothing").assert_status(404);
    let lines = sandbox.transcript();
    assert_eq!(format!("{lines:?}"), "[GET /v1/users?limit=2 -> Some(500) (status), GET /v1/nothing -> Some(404)]");
    assert_eq!(lines[0].route.as_deref(), Some("GET /v1/users"));
    assert_eq!(lines[1].route, None);
}
