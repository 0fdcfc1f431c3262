use std::time::Duration;

use serde_json::{Value, json};
use teamwire_sandbox::{Sandbox, org};

use crate::client::{Client, until};

const FEED: &str = "/v1/messages/updates";

fn poll(client: &mut Client, wait: u64) {
    let cursor = client.get(FEED).is(200).json()["cursor"].as_str().map(str::to_owned).expect("a cursor");
    client.send(&format!("GET {FEED}?cursor={cursor}&wait={wait}"), &[], b"").expect("it is sent");
}

#[test]
fn a_poll_is_answered_when_somebody_posts() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    sandbox.as_person(org::ANNA).post(org::LOBBY, "news").expect("Anna is a member");
    assert_eq!(client.read().is(200).json()["items"][0]["data"]["msg"], "news");
}

#[test]
fn a_poll_ends_by_the_sandboxs_clock() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    let held = sandbox.clock().utc();
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    sandbox.clock().advance(Duration::from_secs(25));
    assert_eq!(client.read().is(200).json()["items"], json!([]));
    assert_eq!(sandbox.clock().utc(), held + Duration::from_secs(25));
    assert_eq!(sandbox.pending_polls(), 0);
    sandbox.clock().resume();
    poll(&mut client, 1);
    assert_eq!(client.read().is(200).json()["items"], json!([]));
}

#[test]
fn a_poll_hears_of_everything_that_ends_it() {
    type End = fn(&Sandbox);
    let ends: [(End, u16); 2] = [(|it| it.admin().revoke_key(), 401), (|it| it.admin().expire_cursors(), 410)];
    for (end, status) in ends {
        let sandbox = Sandbox::start().expect("a port is free");
        let mut client = Client::connect(&sandbox);
        poll(&mut client, 25);
        until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
        end(&sandbox);
        client.read().is(status);
    }
}

#[test]
fn a_poll_whose_client_has_gone_is_forgotten() {
    let sandbox = Sandbox::start().expect("a port is free");
    let mut client = Client::connect(&sandbox);
    poll(&mut client, 25);
    until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    drop(client);
    until(&sandbox, |sandbox| sandbox.pending_polls() == 0 && sandbox.connections().open == 0);
    assert_eq!(sandbox.transcript().last().map(|line| line.status), Some(None));
}

#[test]
fn what_is_shared_expires_by_the_sandboxs_clock() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    let mut client = Client::connect(&sandbox);
    client.send("PUT /v1/chats/t-lobby/location/subscriptions", &[], b"").expect("it is sent");
    let feed = client.read().is(200).json();
    let text = |name: &str| feed[name].as_str().expect("a text").to_owned();
    let anna = sandbox.as_person(org::ANNA);
    anna.share_for(org::LOBBY, 48.0, 11.0, 20).expect("Anna is a member");
    let path = format!("/v1/chats/t-lobby/location/updates?subscription={}&wait=25&cursor=", text("id"));
    let first = client.get(&format!("{path}{}", text("cursor"))).is(200).json();
    let cursor = first["cursor"].as_str().expect("a cursor");
    client.send(&format!("GET {path}{cursor}"), &[], b"").expect("it is sent");
    until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    sandbox.clock().advance(Duration::from_secs(20));
    let last: Value = client.read().is(200).json();
    assert_eq!(last["items"][0]["data"]["ended"], true);
}
