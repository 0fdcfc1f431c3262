use std::fs;

use teamwire_sandbox::{Fault, Rule, Sandbox};

use crate::client::{Answer, Client, until};

const HEADERS: [(&str, &str); 2] =
    [("content-type", "text/plain"), ("content-disposition", "attachment; filename*=UTF-8''a.txt")];

fn upload(client: &mut Client, key: &str, bytes: &[u8]) -> Answer {
    let headers = [HEADERS[0], HEADERS[1], ("idempotency-key", key)];
    client.send("POST /v1/assets", &headers, bytes).expect("it is sent");
    client.read()
}

fn id(answer: &Answer) -> String {
    answer.json()["id"].as_str().expect("an asset has an id").to_owned()
}

/// Bytes that differ from place to place.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect()
}

#[test]
fn a_large_file_comes_back_as_it_was_sent() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let sent = bytes(3_000_000);
    let id = id(&upload(&mut client, "k", &sent).is(201));
    assert!(client.get(&format!("/v1/assets/{id}")).is(200).bytes == sent);
    client.send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=1000000-1999999")], b"").expect("it is sent");
    assert!(client.read().is(206).bytes == sent[1_000_000..2_000_000]);
    client.send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=3000000-")], b"").expect("it is sent");
    assert_eq!(client.read().is(416).header("content-range"), Some("bytes */3000000"));
}

#[test]
fn a_file_may_come_in_chunks_and_be_empty() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("transfer-encoding", "chunked")];
    client.send("POST /v1/assets", &headers, b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n").expect("it is sent");
    let id = id(&client.read().is(201));
    assert_eq!(client.get(&format!("/v1/assets/{id}")).is(200).bytes, b"hello world");
    assert_eq!(upload(&mut client, "k", b"").is(201).json()["size"], 0);
}

#[test]
fn a_download_that_was_cut_goes_on_where_it_ended() {
    let sandbox = Sandbox::start().expect("a port is free");
    let sent = bytes(500_000);
    let id = id(&upload(&mut Client::connect(&sandbox), "k", &sent).is(201));
    sandbox.faults().add(Rule::new(Fault::CutBody { after_bytes: 123_456 }).under("/v1/assets/"));
    let mut client = Client::connect(&sandbox);
    client.send(&format!("GET /v1/assets/{id}"), &[], b"").expect("it is sent");
    let read = client.rest();
    let head = read.windows(4).position(|it| it == b"\r\n\r\n").expect("the head is whole") + 4;
    assert!(read[head..] == sent[..123_456]);
    let mut client = Client::connect(&sandbox);
    client.send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=123456-")], b"").expect("it is sent");
    assert!(client.read().is(206).bytes == sent[123_456..]);
}

#[test]
fn a_file_that_is_too_large_is_refused_whether_it_says_so_or_not() {
    let folder = std::env::temp_dir().join(format!("teamwire-sandbox-test-{}", std::process::id()));
    let sandbox = Sandbox::builder().asset_limit(1000).asset_folder(&folder).start().expect("a port is free");
    let too_large = upload(&mut Client::connect(&sandbox), "k", &bytes(1001)).is(413);
    assert_eq!(too_large.json()["code"], "payload_too_large");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("transfer-encoding", "chunked")];
    let chunk = [b"3e9\r\n".to_vec(), bytes(1001), b"\r\n0\r\n\r\n".to_vec()].concat();
    client.send("POST /v1/assets", &headers, &chunk).expect("it is sent");
    client.read().is(413);
    upload(&mut Client::connect(&sandbox), "k", &bytes(1000)).is(201);
    // What was refused is not kept; what was repeated is kept once.
    upload(&mut Client::connect(&sandbox), "k", &bytes(1000)).is(201);
    assert_eq!(fs::read_dir(&folder).map(Iterator::count).ok(), Some(1));
    drop(sandbox);
    fs::remove_dir_all(&folder).expect("a folder that was given is left where it is");
}

#[test]
fn an_upload_that_was_cut_off_can_be_sent_again() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("idempotency-key", "k"), ("content-length", "1000")];
    client.send("POST /v1/assets", &headers, &bytes(10)).expect("it is sent");
    let mut other = Client::connect(&sandbox);
    until(&sandbox, |sandbox| sandbox.received_count("POST /v1/assets") == 1);
    let mut tries = 0..100;
    while tries.next().is_some() && upload(&mut other, "k", &bytes(1000)).status != 409 {}
    drop(client);
    until(&sandbox, |sandbox| sandbox.connections().open == 1);
    upload(&mut other, "k", &bytes(1000)).is(201);
}
