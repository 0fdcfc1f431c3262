use std::fs;

use teamwire_sandbox::{Fault, Rule, Sandbox};

use crate::client::{Client, Response, wait_until};

const HEADERS: [(&str, &str); 2] =
    [("content-type", "text/plain"), ("content-disposition", "attachment; filename*=UTF-8''a.txt")];

fn upload(client: &mut Client, key: &str, bytes: &[u8]) -> Response {
    let headers = [HEADERS[0], HEADERS[1], ("idempotency-key", key)];
    client.send("POST /v1/assets", &headers, bytes).expect("the connection is open");
    client.read()
}

fn id(response: &Response) -> String {
    response.json()["id"].as_str().expect("an asset has an id").to_owned()
}

/// Returns bytes that differ from position to position.
fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| u8::try_from(at * 31 % 251).unwrap_or(0)).collect()
}

#[test]
fn large_file_is_downloaded_as_uploaded() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let sent = bytes(3_000_000);
    let id = id(&upload(&mut client, "k", &sent).assert_status(201));
    assert!(client.get(&format!("/v1/assets/{id}")).assert_status(200).bytes == sent);
    client
        .send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=1000000-1999999")], b"")
        .expect("the connection is open");
    assert!(client.read().assert_status(206).bytes == sent[1_000_000..2_000_000]);
    client.send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=3000000-")], b"").expect("the connection is open");
    assert_eq!(client.read().assert_status(416).header("content-range"), Some("bytes */3000000"));
}

#[test]
fn upload_may_be_chunked_or_empty() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("transfer-encoding", "chunked")];
    client
        .send("POST /v1/assets", &headers, b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n")
        .expect("the connection is open");
    let id = id(&client.read().assert_status(201));
    assert_eq!(client.get(&format!("/v1/assets/{id}")).assert_status(200).bytes, b"hello world");
    assert_eq!(upload(&mut client, "k", b"").assert_status(201).json()["size"], 0);
}

#[test]
fn interrupted_download_can_be_resumed() {
    let sandbox = Sandbox::start().expect("a port is free");
    let sent = bytes(500_000);
    let id = id(&upload(&mut Client::connect(&sandbox), "k", &sent).assert_status(201));
    sandbox.faults().add(Rule::new(Fault::CutBody { after_bytes: 123_456 }).under("/v1/assets/"));
    let mut client = Client::connect(&sandbox);
    client.send(&format!("GET /v1/assets/{id}"), &[], b"").expect("the connection is open");
    let read = client.read_to_end();
    let head = read.windows(4).position(|it| it == b"\r\n\r\n").expect("the head is complete") + 4;
    assert!(read[head..] == sent[..123_456]);
    let mut client = Client::connect(&sandbox);
    client.send(&format!("GET /v1/assets/{id}"), &[("range", "bytes=123456-")], b"").expect("the connection is open");
    assert!(client.read().assert_status(206).bytes == sent[123_456..]);
}

#[test]
fn oversized_upload_is_rejected_with_or_without_a_length() {
    let folder = std::env::temp_dir().join(format!("teamwire-sandbox-test-{}", std::process::id()));
    let sandbox = Sandbox::builder().asset_limit(1000).asset_folder(&folder).start().expect("a port is free");
    let too_large = upload(&mut Client::connect(&sandbox), "k", &bytes(1001)).assert_status(413);
    assert_eq!(too_large.json()["code"], "payload_too_large");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("transfer-encoding", "chunked")];
    let chunk = [b"3e9\r\n".to_vec(), bytes(1001), b"\r\n0\r\n\r\n".to_vec()].concat();
    client.send("POST /v1/assets", &headers, &chunk).expect("the connection is open");
    client.read().assert_status(413);
    upload(&mut Client::connect(&sandbox), "k", &bytes(1000)).assert_status(201);
    // A rejected file is not kept, and a repeated one is kept once.
    upload(&mut Client::connect(&sandbox), "k", &bytes(1000)).assert_status(201);
    assert_eq!(fs::read_dir(&folder).map(Iterator::count).ok(), Some(1));
    drop(sandbox);
    fs::remove_dir_all(&folder).expect("the given folder is not removed");
}

#[test]
fn interrupted_upload_can_be_retried() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let headers = [HEADERS[0], HEADERS[1], ("idempotency-key", "k"), ("content-length", "1000")];
    client.send("POST /v1/assets", &headers, &bytes(10)).expect("the connection is open");
    let mut other = Client::connect(&sandbox);
    wait_until(&sandbox, |sandbox| sandbox.received_count("POST /v1/assets") == 1);
    let mut tries = 0..100;
    while tries.next().is_some() && upload(&mut other, "k", &bytes(1000)).status != 409 {}
    drop(client);
    wait_until(&sandbox, |sandbox| sandbox.connections().open == 1);
    upload(&mut other, "k", &bytes(1000)).assert_status(201);
}

#[test]
fn download_without_its_file_is_recorded_as_it_was_sent() {
    let folder = std::env::temp_dir().join(format!("teamwire-sandbox-lost-file-{}", std::process::id()));
    let sandbox = Sandbox::builder().data(&folder).start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    let id = id(&upload(&mut client, "k", b"content").assert_status(201));
    fs::remove_dir_all(folder.join("files")).expect("it has the file");
    client.get(&format!("/v1/assets/{id}")).assert_status(500);
    wait_until(&sandbox, |sandbox| sandbox.transcript().last().is_some_and(|entry| entry.path.ends_with(&id)));
    assert_eq!(sandbox.transcript().last().and_then(|entry| entry.status), Some(500));
    drop(sandbox);
    fs::remove_dir_all(folder).expect("it is ours");
}
