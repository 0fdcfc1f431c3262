use std::time::Duration;

use serde_json::{Value, json};
use teamwire_sandbox::{Sandbox, org};

use crate::client::{Client, poll, wait_until};

#[test]
fn poll_returns_when_someone_posts() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    sandbox.as_person(org::ANNA).post(org::LOBBY, "news").expect("Anna is a member");
    assert_eq!(client.read().assert_status(200).json()["items"][0]["data"]["msg"], "news");
}

#[test]
fn poll_ends_by_the_sandbox_clock() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    let held = sandbox.clock().utc();
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    sandbox.clock().advance(Duration::from_secs(25));
    assert_eq!(client.read().assert_status(200).json()["items"], json!([]));
    assert_eq!(sandbox.clock().utc(), held + Duration::from_secs(25));
    assert_eq!(sandbox.pending_polls(), 0);
    sandbox.clock().resume();
    poll(&mut client, 1);
    assert_eq!(client.read().assert_status(200).json()["items"], json!([]));
}

#[test]
fn poll_ends_early_with_an_error() {
    type End = fn(&Sandbox);
    let ends: [(End, u16); 2] = [(|it| it.admin().revoke_key(), 401), (|it| it.admin().expire_cursors(), 410)];
    for (end, status) in ends {
        let sandbox = Sandbox::start().expect("a port is free");
        let mut client = Client::connect(&sandbox);
        poll(&mut client, 25);
        wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
        end(&sandbox);
        client.read().assert_status(status);
    }
}

#[test]
fn poll_is_dropped_when_its_client_disconnects() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    drop(client);
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 0 && sandbox.connections().open == 0);
    assert_eq!(sandbox.transcript().last().map(|line| line.status), Some(None));
}

#[test]
fn location_share_expires_by_the_sandbox_clock() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    let mut client = Client::connect(&sandbox);
    client.send("PUT /v1/chats/t-lobby/location/subscriptions", &[], b"").expect("the connection is open");
    let feed = client.read().assert_status(200).json();
    let text = |name: &str| feed[name].as_str().expect("the member is a string").to_owned();
    let anna = sandbox.as_person(org::ANNA);
    anna.share_for(org::LOBBY, 48.0, 11.0, 20).expect("Anna is a member");
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&wait=25&cursor=", text("id"));
    let first = client.get(&format!("{path}{}", text("cursor"))).assert_status(200).json();
    let cursor = first["cursor"].as_str().expect("the response has a cursor");
    client.send(&format!("GET {path}{cursor}"), &[], b"").expect("the connection is open");
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    sandbox.clock().advance(Duration::from_secs(20));
    let last: Value = client.read().assert_status(200).json();
    assert_eq!(last["items"][0]["data"]["ended"], true);
}
