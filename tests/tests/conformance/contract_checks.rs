//! An exchange that breaks the contract fails its test.

use std::{
    io::{Read, Write},
    net::TcpStream,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use teamwire_sandbox::{Fault, org};
use teamwire_tests::{Fixture, harness::Blocking};

/// Sends this request, with the sandbox's key, and waits for its response.
fn send(fixture: &Fixture<Blocking>, request: &str, body: &str) {
    let token = BASE64_STANDARD.encode(format!("{}:{}", fixture.sandbox.app_id(), fixture.sandbox.secret()));
    let mut stream = TcpStream::connect(fixture.sandbox.address()).expect("the sandbox listens");
    let head = format!(
        "{request} HTTP/1.1\r\nHost: sandbox\r\nAuthorization: Basic {token}\r\nConnection: close\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(format!("{head}{body}").as_bytes()).expect("the sandbox listens");
    let mut response = String::new();
    stream.read_to_string(&mut response).expect("it is text");
    assert!(response.starts_with("HTTP/1.1 "), "{response}");
}

#[test]
fn exchange_within_the_contract_passes() {
    let fixture = Fixture::<Blocking>::new();
    send(&fixture, "GET /v1/me", "");
    send(&fixture, &format!("POST /v1/chats/{}/messages", org::LOBBY), r#"{"msg": "hello"}"#);
}

#[test]
#[should_panic(
    expected = "violations of the contract:\nGET /v1/users?limit=1000: list_users: the query parameter `limit`"
)]
fn request_that_breaks_the_contract_fails_its_test() {
    send(&Fixture::new(), "GET /v1/users?limit=1000", "");
}

#[test]
#[should_panic(expected = "violations of the contract:\nPOST /v1/chats/t-lobby/messages: post_message: its body")]
fn body_that_breaks_the_contract_fails_its_test() {
    send(&Fixture::new(), &format!("POST /v1/chats/{}/messages", org::LOBBY), r#"{"msg": "hello", "color": "red"}"#);
}

#[test]
fn faked_response_may_break_the_contract() {
    let fixture = Fixture::<Blocking>::new();
    fixture.sandbox.faults().add(Fault::response(299, "text/html", "<html>"));
    fixture.err(fixture.client.contacts().me());
}
