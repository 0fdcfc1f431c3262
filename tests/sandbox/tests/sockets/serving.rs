use std::{io, net::TcpStream};

use serde_json::json;
use teamwire_sandbox::{Connections, Sandbox, org};

use crate::client::{Client, wait_until};

#[test]
fn sandbox_serves_from_start_until_drop() {
    let sandbox = Sandbox::start().expect("a port is free");
    assert_eq!(sandbox.url(), format!("http://{}", sandbox.address()));
    let mut client = Client::connect(&sandbox);
    let me = client.get("/v1/me").assert_status(200);
    assert_eq!(me.json()["uid"], sandbox.uid());
    assert!(me.header("x-request-id").is_some());
    let address = sandbox.address();
    drop(sandbox);
    assert!(TcpStream::connect(address).is_err());
    assert!(client.read_to_end().is_empty());
}

#[test]
fn connection_serves_many_requests() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    for number in 0..50 {
        client.post("/v1/chats/t-lobby/messages", &format!("k{number}"), &json!({ "msg": "x" })).assert_status(201);
        // Also after a rejection whose request body is not needed.
        client.post("/v1/nothing", "k", &json!({ "msg": "x" })).assert_status(404);
    }
    assert_eq!(sandbox.connections(), Connections { open: 1, accepted: 1 });
    assert_eq!(sandbox.message_count(), 50);
    assert_eq!(sandbox.handled_count("POST /v1/chats/{tid}/messages"), 50);
    drop(client);
    wait_until(&sandbox, |sandbox| sandbox.connections().open == 0);
}

#[test]
fn sandboxes_are_independent() {
    let (one, other) = (Sandbox::start().expect("a port is free"), Sandbox::start().expect("a port is free"));
    one.as_person(org::ANNA).post(org::LOBBY, "here").expect("Anna is a member");
    assert_eq!((one.message_count(), other.message_count()), (1, 0));
    assert_eq!(one.texts(org::LOBBY), [Some("here".to_owned())]);
    // The same seed produces the same key.
    assert_eq!(one.secret(), other.secret());
    let third = Sandbox::builder().seed(1).start().expect("a port is free");
    assert_ne!(one.secret(), third.secret());
    assert!(!format!("{one:?}").contains(one.secret()));
    // Cursors are not interchangeable, even at the same position.
    let cursor = |sandbox: &Sandbox| {
        let now = Client::connect(sandbox).get("/v1/messages/updates").assert_status(200).json();
        now["cursor"].as_str().expect("the feed has a cursor").to_owned()
    };
    let path = format!("/v1/messages/updates?cursor={}", cursor(&other));
    Client::connect(&other).get(&path).assert_status(200);
    assert_eq!(Client::connect(&one).get(&path).assert_status(410).json()["code"], "cursor_expired");
}

#[test]
fn sandbox_stays_on_loopback_by_default() {
    let address = "0.0.0.0:0".parse().expect("the address is valid");
    let refused = Sandbox::builder().bind(address).start();
    assert!(refused.is_err_and(|error| error.kind() == io::ErrorKind::InvalidInput));
    assert!(Sandbox::builder().bind(address).allow_remote().start().is_ok());
}

#[test]
fn oversized_body_is_rejected_before_it_has_arrived() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let headers = [("content-type", "application/json"), ("content-length", "3000000000")];
    client.send("POST /v1/chats", &headers, b"{").expect("the connection is open");
    assert_eq!(client.read().assert_status(413).json()["code"], "payload_too_large");
    // The size of a chunked body is unknown in advance.
    let mut client = Client::connect(&sandbox);
    let headers = [("content-type", "application/json"), ("transfer-encoding", "chunked")];
    client.send("POST /v1/chats", &headers, b"").expect("the connection is open");
    let chunk = [b"20000\r\n".to_vec(), vec![b' '; 0x2_0000], b"\r\n".to_vec()].concat();
    for _ in 0..20 {
        client.write(&chunk).expect("the server is still reading");
    }
    assert_eq!(client.read().assert_status(413).json()["code"], "payload_too_large");
}

#[test]
fn head_request_gets_405_without_a_body() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    client.send("HEAD /v1/me", &[], b"").expect("the connection is open");
    let head = client.read_head().assert_status(405);
    assert_eq!(head.header("allow"), Some("GET"));
    // No body is left over on the connection.
    client.get("/v1/me").assert_status(200);
}

#[test]
fn invalid_http_does_not_affect_other_connections() {
    let sandbox = Sandbox::start().expect("a port is free");
    for input in
        [&b"\x16\x03\x01\x02\0\x01\0"[..], b"GET\r\n\r\n", b"\r\n\r\n\r\n", b"GET / HTTP/1.1\r\nx\0: y\r\n\r\n"]
    {
        let mut client = Client::connect(&sandbox);
        client.write(input).expect("the connection is open");
    }
    Client::connect(&sandbox).get("/v1/me").assert_status(200);
}
