use std::{
    io::Read,
    time::{Duration, Instant},
};

use serde_json::json;
use teamwire_sandbox::{Fault, Rule, Sandbox, org};

use crate::client::{Client, poll, wait_until};

const PATH: &str = "/v1/chats/t-lobby/messages";
const POSTED: &str = "POST /v1/chats/{tid}/messages";

/// Posts on a new connection, and reads until it is closed.
fn post_and_read_all(sandbox: &Sandbox) -> String {
    let mut client = Client::connect(sandbox);
    client.send_json(&format!("POST {PATH}"), "k", &json!({ "msg": "x" })).expect("the connection is open");
    String::from_utf8_lossy(&client.read_to_end()).into_owned()
}

#[test]
fn status_fault_responds_without_executing() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Fault::status_retry_after(503, 2));
    let mut client = Client::connect(&sandbox);
    let response = client.post(PATH, "k", &json!({ "msg": "x" })).assert_status(503);
    assert_eq!((response.header("retry-after"), &response.json()["code"]), (Some("2"), &json!("server")));
    assert_eq!((sandbox.message_count(), sandbox.received_count(POSTED), sandbox.handled_count(POSTED)), (0, 1, 0));
    // The rule no longer applies, and the connection is still usable.
    client.post(PATH, "k", &json!({ "msg": "x" })).assert_status(201);
}

#[test]
fn cut_after_executes_the_request() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/messages"));
    assert_eq!(post_and_read_all(&sandbox), "");
    assert_eq!(sandbox.message_count(), 1);
    Client::connect(&sandbox).post(PATH, "k", &json!({ "msg": "x" })).assert_status(201);
    assert_eq!(sandbox.message_count(), 1);
}

#[test]
fn cut_before_executes_nothing() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Rule::new(Fault::CutBefore).times(2));
    sandbox.faults().add(Fault::CutRequest { after_bytes: 5 });
    for left in [2, 1, 0] {
        assert_eq!(post_and_read_all(&sandbox), "");
        assert_eq!(sandbox.faults().remaining(), left);
    }
    assert_eq!(sandbox.message_count(), 0);
}

#[test]
fn cut_body_sends_the_given_number_of_bytes() {
    let sandbox = Sandbox::start().expect("a port is free");
    for after_bytes in [0, 1, 100] {
        sandbox.faults().add(Fault::CutBody { after_bytes });
        let read = post_and_read_all(&sandbox);
        let (head, body) = read.split_once("\r\n\r\n").expect("the head is complete");
        assert!(head.starts_with("HTTP/1.1 201 Created\r\n") && head.contains("x-request-id: "), "{head}");
        let length =
            head.lines().find_map(|line| line.strip_prefix("content-length: ")).expect("the head has a length");
        assert!(length.parse::<u64>().is_ok_and(|length| length > after_bytes));
        assert_eq!(u64::try_from(body.len()), Ok(after_bytes));
    }
}

#[test]
fn raw_bytes_are_sent_unchanged() {
    let sandbox = Sandbox::start().expect("a port is free");
    for bytes in
        ["HTTP/1.1 200 OK\r\ncontent-length: 3000000000\r\n\r\n{", "\u{0}\u{1}", "HTTP/1.1 204 No Content\r\n\r\n"]
    {
        sandbox.faults().add(Fault::raw(bytes));
        assert_eq!(post_and_read_all(&sandbox), bytes);
    }
    assert_eq!(sandbox.message_count(), 0);
    sandbox.faults().add(Fault::response(502, "text/html", "<h1>Bad gateway</h1>"));
    let mut client = Client::connect(&sandbox);
    let html = client.post(PATH, "k", &json!({ "msg": "x" })).assert_status(502);
    assert_eq!((html.header("content-type"), &html.bytes[..]), (Some("text/html"), &b"<h1>Bad gateway</h1>"[..]));
    client.get("/v1/me").assert_status(200);
}

#[test]
fn no_response_keeps_the_connection_open() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Fault::NoResponse);
    sandbox.faults().add(Fault::NoResponseAfter);
    sandbox.faults().add(Fault::RawThenHang(b"HTTP/1.1 200 OK\r\n".to_vec()));
    let mut clients = Vec::new();
    for number in 1..=3 {
        let mut client = Client::connect(&sandbox);
        client.send_json(&format!("POST {PATH}"), "k", &json!({ "msg": "x" })).expect("the connection is open");
        wait_until(&sandbox, |sandbox| sandbox.transcript().len() == number);
        clients.push(client);
    }
    assert_eq!(sandbox.message_count(), 1);
    assert_eq!(sandbox.connections().open, 3);
    drop(sandbox);
    let read: Vec<_> = clients.iter_mut().map(Client::read_to_end).collect();
    assert_eq!(read, [b"".to_vec(), b"".to_vec(), b"HTTP/1.1 200 OK\r\n".to_vec()]);
}

#[test]
fn idempotency_key_is_in_progress_while_the_response_is_slow() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    sandbox.faults().add(Fault::Slow(Duration::from_secs(3)));
    let (mut first, mut second) = (Client::connect(&sandbox), Client::connect(&sandbox));
    first.send_json(&format!("POST {PATH}"), "k", &json!({ "msg": "x" })).expect("the connection is open");
    wait_until(&sandbox, |sandbox| sandbox.message_count() == 1);
    let early = second.post(PATH, "k", &json!({ "msg": "x" })).assert_status(409);
    assert_eq!(early.json()["code"], "in_progress");
    wait_until(&sandbox, |sandbox| sandbox.handled_count(POSTED) == 2);
    sandbox.clock().advance(Duration::from_secs(3));
    let response = first.read().assert_status(201);
    assert_eq!(second.post(PATH, "k", &json!({ "msg": "x" })).assert_status(201).bytes, response.bytes);
}

#[test]
fn delay_postpones_the_request() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.faults().add(Fault::Delay(Duration::from_millis(30)));
    let began = Instant::now();
    Client::connect(&sandbox).get("/v1/me").assert_status(200);
    assert!(began.elapsed() >= Duration::from_millis(30));
}

#[test]
fn rules_apply_to_matching_requests() {
    let sandbox = Sandbox::start().expect("a port is free");
    let faults = sandbox.faults();
    faults.add(Rule::new(Fault::status(500)).under("/v1/users").always());
    faults.add(Rule::new(Fault::status(501)).method("GET").after(1).times(1));
    faults.add(Rule::new(Fault::status(502)).when(|head| head.uri.query() == Some("limit=7")));
    let mut client = Client::connect(&sandbox);
    let mut status = |path: &str| client.get(path).status;
    assert_eq!([status("/v1/users"), status("/v1/me"), status("/v1/me"), status("/v1/me")], [500, 200, 501, 200]);
    assert_eq!([status("/v1/chats?limit=7"), status("/v1/chats?limit=7"), status("/v1/users/u-anna")], [502, 200, 500]);
    faults.clear();
    assert_eq!(status("/v1/users/u-anna"), 200);
}

#[test]
fn outage_cuts_all_connections_and_keeps_all_data() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut before = Client::connect(&sandbox);
    before.post(PATH, "k", &json!({ "msg": "x" })).assert_status(201);
    sandbox.faults().set_down(true);
    assert!(before.read_to_end().is_empty());
    let mut during = std::net::TcpStream::connect(sandbox.address()).expect("the port is still there");
    let mut nothing = Vec::new();
    assert!(during.read_to_end(&mut nothing).map_or(true, |read| read == 0));
    sandbox.faults().set_down(false);
    assert_eq!(Client::connect(&sandbox).get(PATH).assert_status(200).json()["items"][0]["msg"], "x");
    sandbox.as_person(org::ANNA).post(org::LOBBY, "still here").expect("Anna is a member");
}

#[test]
fn pending_poll_delivers_nothing_that_happens_during_an_outage() {
    for _ in 0..20 {
        let sandbox = Sandbox::start().expect("a port is free");
        let mut client = Client::connect(&sandbox);
        poll(&mut client, 25);
        wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
        sandbox.faults().set_down(true);
        sandbox.as_person(org::ANNA).post(org::LOBBY, "news").expect("Anna is a member");
        assert_eq!(String::from_utf8_lossy(&client.read_to_end()), "");
    }
}

#[test]
fn outage_of_any_length_cuts_all_connections() {
    for _ in 0..20 {
        let sandbox = Sandbox::start().expect("a port is free");
        let (mut idle, mut polling) = (Client::connect(&sandbox), Client::connect(&sandbox));
        idle.get("/v1/me").assert_status(200);
        poll(&mut polling, 25);
        wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
        sandbox.faults().set_down(true);
        sandbox.faults().set_down(false);
        assert_eq!([idle.read_to_end(), polling.read_to_end()], [b"", b""]);
        Client::connect(&sandbox).get("/v1/me").assert_status(200);
    }
}
