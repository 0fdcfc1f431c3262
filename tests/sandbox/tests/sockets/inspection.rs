//! Lists of armed faults and of pending polls.

use std::time::Duration;

use serde_json::json;
use teamwire_sandbox::{Fault, Rule, Sandbox};

use crate::client::{Client, wait_until};

#[test]
fn rule_is_listed_until_it_is_spent_or_removed() {
    let sandbox = Sandbox::start().expect("a port is free");
    let faults = sandbox.faults();
    let rule = Rule::new(Fault::status(503)).on("POST", "/v1/chats/*/messages").after(1).times(2);
    let (first, second) = (faults.add(rule), faults.add(Rule::new(Fault::CutAfter).under("/v1/users").always()));
    let listed = faults.list();
    let [posts, users] = &listed[..] else { panic!("{listed:?}") };
    assert_eq!((posts.id, posts.skip, posts.times), (first, 1, Some(2)));
    assert_eq!((posts.method.as_deref(), posts.path.as_deref()), (Some("POST"), Some("/v1/chats/*/messages")));
    assert_eq!(posts.fault, Fault::status(503));
    assert_eq!((users.id, users.under.as_deref(), users.times), (second, Some("/v1/users"), None));
    assert!(!users.has_condition);

    let mut client = Client::connect(&sandbox);
    let mut post = |key: &str| client.post("/v1/chats/t-lobby/messages", key, &json!({ "msg": "x" })).status;
    assert_eq!([post("a"), post("b")], [201, 503]);
    assert_eq!((faults.list()[0].skip, faults.list()[0].times), (0, Some(1)));
    assert_eq!([post("c"), post("d")], [503, 201]);
    assert_eq!(faults.list().iter().map(|it| it.id).collect::<Vec<_>>(), [second]);
    assert!(!faults.remove(first), "a spent rule is gone");
    assert!(faults.remove(second));
    assert!(!faults.remove(second));
    assert_eq!(faults.list(), []);
    let next = faults.add(Rule::new(Fault::CutBefore).when(|head| head.uri.path() == "/health"));
    assert!(next > second, "ids are not used again");
    assert!(faults.list()[0].has_condition);
}

#[test]
fn pending_poll_is_listed_with_its_deadline() {
    let sandbox = Sandbox::start().expect("a port is free");
    sandbox.clock().pause();
    let mut client = Client::connect(&sandbox);
    let cursor = client.get("/v1/chats/t-lobby/messages/updates").assert_status(200).json()["cursor"].clone();
    let path = format!("/v1/chats/t-lobby/messages/updates?wait=20&cursor={}", cursor.as_str().expect("it is text"));
    client.send(&format!("GET {path}"), &[], b"").expect("the connection is open");
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    let polls = sandbox.list_polls();
    let [poll] = &polls[..] else { panic!("{polls:?}") };
    assert_eq!((poll.app_id.as_str(), poll.path.as_str()), (sandbox.app_id(), "/v1/chats/t-lobby/messages/updates"));
    assert_eq!((poll.tid.as_deref(), poll.subscription.as_deref()), (Some("t-lobby"), None));
    assert_eq!(poll.until, poll.since + Duration::from_secs(20));
    sandbox.clock().advance(Duration::from_secs(20));
    client.read().assert_status(200);
    wait_until(&sandbox, |sandbox| sandbox.list_polls().is_empty());

    let subscription = client.send("PUT /v1/reactions/subscriptions", &[], b"").map(|()| client.read());
    let subscription = subscription.expect("the connection is open").assert_status(200).json();
    let [id, cursor] = ["id", "cursor"].map(|name| subscription[name].as_str().expect("it is text").to_owned());
    let path = format!("/v1/reactions/updates?wait=25&subscription={id}&cursor={cursor}");
    client.send(&format!("GET {path}"), &[], b"").expect("the connection is open");
    wait_until(&sandbox, |sandbox| sandbox.pending_polls() == 1);
    assert_eq!(sandbox.list_polls()[0].subscription, Some(id));
    assert_eq!(sandbox.list_polls()[0].tid, None);
    drop(client);
    wait_until(&sandbox, |sandbox| sandbox.list_polls().is_empty());
}

#[test]
fn extreme_numbers_are_no_failure() {
    let sandbox = Sandbox::start().expect("a port is free");
    let rule = || Rule::new(Fault::status(503)).on("DELETE", "/v1/chats/*").times(u32::MAX);
    sandbox.faults().add(rule());
    sandbox.faults().add(rule());
    assert_eq!(sandbox.faults().remaining(), u32::MAX);
    let mut client = Client::connect(&sandbox);
    let mut post = |key: &str| client.post("/v1/chats/t-lobby/messages", key, &json!({ "msg": "x" })).status;
    assert_eq!(post("a"), 201);
    sandbox.clock().advance(Duration::MAX);
    assert_eq!([post("a"), post("b")], [201, 201]);
    let mut client = Client::connect(&sandbox);
    let updates = client.get("/v1/chats/t-lobby/messages/updates").assert_status(200).json();
    let cursor = updates["cursor"].as_str().expect("it is text");
    sandbox.as_person("u-anna").post("t-lobby", "x").expect("Anna is in the lobby");
    client.get(&format!("/v1/chats/t-lobby/messages/updates?wait=25&cursor={cursor}")).assert_status(200);
}
