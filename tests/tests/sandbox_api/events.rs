//! The stream of events.

use serde_json::json;
use teamwire_sandbox::{Sandbox, org};
use teamwire_test_support::Folder;

use crate::client::Api;

#[test]
fn what_happens_in_the_world_arrives_in_order() {
    let api = Api::start();
    let mut events = api.events(None);
    assert_eq!(events.next().0, "hello");
    let anna = api.sandbox.as_person(org::ANNA);
    let mid = anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("Anna is in the lobby");
    let message = events.wait_for("message", |it| it["message"]["mid"] == mid);
    assert_eq!((&message["tid"], &message["message"]["index"]), (&json!(org::LOBBY), &json!(0)));
    let badges = events.wait_for("badges", |_| true);
    assert_eq!(badges["people"][org::BEN], json!({ "unread": 1, "alerts": 1 }));
    let ben = api.sandbox.as_person(org::BEN);
    ben.react(org::LOBBY, &mid, "ok").expect("Ben is in the lobby");
    let reaction = events.wait_for("reaction", |it| it["mid"] == mid);
    assert_eq!(reaction["reactions"], json!([{ "uid": org::BEN, "reaction_type": "ok" }]));
    assert_eq!(events.wait_for("badges", |_| true)["people"][org::BEN], json!({ "unread": 1, "alerts": 0 }));
    ben.mark_read(org::LOBBY).expect("Ben is in the lobby");
    assert_eq!(events.wait_for("read", |_| true)["reads"], json!({ org::ANNA: 1, org::BEN: 1 }));
    anna.rename(org::LOBBY, "Foyer").expect("Anna administers the lobby");
    assert_eq!(events.wait_for("chat", |_| true)["title"], "Foyer");
    anna.share(org::LOBBY, 53.5, 10.0, std::time::Duration::from_secs(900)).expect("Anna is in the lobby");
    assert_eq!(events.wait_for("location", |_| true)["locations"][0]["uid"], org::ANNA);
    anna.delete(org::LOBBY, &mid).expect("it is Anna's");
    events.wait_for("message_deleted", |it| it["message"]["mid"] == mid && it["message"]["msg"].is_null());
    api.sandbox.admin().allow_leaving(false);
    assert_eq!(events.wait_for("organisation", |_| true)["switches"]["leaving"], false);
    api.sandbox.clock().pause();
    events.wait_for("clock", |it| it["is_held"] == true);
    api.change("POST", "/faults", &json!({ "kind": "cut_after" }), 201);
    events.wait_for("faults", |it| it["items"][0]["kind"] == "cut_after");
    api.sandbox.faults().clear();
    events.wait_for("faults", |it| it["items"] == json!([]));
    api.sandbox.faults().set_down(true);
    events.wait_for("outage", |it| it["outage"] == true);
    api.sandbox.faults().set_down(false);
    events.wait_for("outage", |it| it["outage"] == false);
}

#[test]
fn request_and_poll_of_a_bot_arrive() {
    let api = Api::start();
    let mut events = api.events(None);
    let (_, page) = api.bot("GET", "/v1/messages/updates", &[], &json!(null));
    let path = format!("/v1/messages/updates?wait=25&cursor={}", page["cursor"].as_str().expect("it is text"));
    std::thread::scope(|scope| {
        let poll = scope.spawn(|| api.bot("GET", &path, &[], &json!(null)));
        events.wait_for("request_begun", |it| it["number"] == 2 && it["status"].is_null());
        let feeds = events.wait_for("feeds", |it| it["polls"] != json!([]));
        assert_eq!(feeds["polls"][0]["app_id"], api.sandbox.app_id());
        api.sandbox.as_person(org::ANNA).post(org::LOBBY, "x").expect("Anna is in the lobby");
        poll.join().expect("the request is complete");
    });
    events.wait_for("request_ended", |it| it["number"] == 2 && it["status"] == 200);
    api.bot("POST", "/v1/chats/t-lobby/messages", &[], &json!({ "msg": "y" }));
    events.wait_for("request_ended", |it| it["number"] == 3 && it["mid"].is_string());
}

#[test]
fn stream_continues_after_an_event() {
    let api = Api::start();
    let anna = api.sandbox.as_person(org::ANNA);
    let mut first = api.events(None);
    first.next();
    anna.post(org::LOBBY, "one").expect("Anna is in the lobby");
    first.wait_for("message", |it| it["message"]["msg"] == "one");
    let id = first.id.clone();
    drop(first);
    for text in ["two", "three"] {
        anna.post(org::LOBBY, text).expect("Anna is in the lobby");
    }
    let mut second = api.events(Some(&id));
    assert_eq!(second.next().0, "hello");
    let mut texts = Vec::new();
    while texts.len() < 2 {
        let (name, data) = second.next();
        assert_ne!(name, "resync");
        if name == "message" {
            texts.push(data["message"]["msg"].clone());
        }
    }
    assert_eq!(texts, ["two", "three"]);
    // The world of a page, and the events after it, have no gap.
    let world = api.get("/world");
    let after = format!("{}.{}", world["boot"].as_str().expect("it is text"), world["seq"]);
    anna.post(org::LOBBY, "four").expect("Anna is in the lobby");
    let mut third = api.events(Some(&after));
    third.next();
    assert_eq!(third.wait_for("message", |_| true)["message"]["msg"], "four");
}

#[test]
fn lost_position_and_another_world_need_a_resync() {
    let api = Api::start();
    let mut events = api.events(None);
    let (_, hello) = events.next();
    for unknown in ["", "nonsense", "0000000000000000.0", "nonsense.1"] {
        let mut events = api.events(Some(unknown));
        assert_eq!(events.next().0, "hello", "{unknown}");
        events.wait_for("resync", |_| true);
    }
    let boot = hello["boot"].as_str().expect("it is text");
    let mut ahead = api.events(Some(&format!("{boot}.999999")));
    ahead.next();
    assert_eq!(ahead.next().0, "resync");
    api.change("POST", "/reset", &json!(null), 200);
    let renewed = events.wait_for("hello", |_| true);
    assert_ne!(renewed["boot"], hello["boot"]);
    assert_eq!(events.next().0, "resync");
    api.sandbox.as_person(org::ANNA).post(org::LOBBY, "new").expect("Anna is in the lobby");
    events.wait_for("message", |it| it["message"]["msg"] == "new");
}

#[test]
fn position_of_an_earlier_run_is_not_continued_with_the_same_world() {
    let folder = Folder::new();
    let start = || Api::with(Sandbox::builder().data(folder.path("world")));
    let api = start();
    let mut events = api.events(None);
    let (_, hello) = events.next();
    drop((events, api));
    let api = start();
    // As many events as before, so that the number alone would fit.
    api.sandbox.as_person(org::ANNA).post(org::LOBBY, "new").expect("Anna is in the lobby");
    let after = format!("{}.{}", hello["boot"].as_str().expect("it is text"), hello["seq"]);
    let mut events = api.events(Some(&after));
    let (name, renewed) = events.next();
    assert_eq!(name, "hello");
    assert_ne!(renewed["boot"], hello["boot"]);
    events.wait_for("resync", |_| true);
}

#[test]
fn expired_updates_of_feeds_need_a_resync() {
    let api = Api::start();
    let mut events = api.events(None);
    events.next();
    // The events are taken from the same log as the feeds of bots.
    api.sandbox.with_world(|world, now| {
        world.as_person(now, org::ANNA).post(org::LOBBY, "lost").expect("Anna is in the lobby");
        world.expire_cursors();
    });
    events.wait_for("resync", |_| true);
    api.sandbox.as_person(org::ANNA).post(org::LOBBY, "next").expect("Anna is in the lobby");
    events.wait_for("message", |it| it["message"]["msg"] == "next");
}

#[test]
fn slow_reader_is_never_waited_for() {
    let api = Api::start();
    let mut slow = api.events(None);
    let start = slow.next().1;
    let start = format!("{}.{}", start["boot"].as_str().expect("it is text"), start["seq"]);
    let anna = api.sandbox.as_person(org::ANNA);
    let post_many = || {
        for _ in 0..2500 {
            anna.post(org::LOBBY, &"x".repeat(9000)).expect("Anna is in the lobby");
        }
        anna.post(org::LOBBY, "last").expect("Anna is in the lobby");
    };
    // More than the buffers of the connection hold, so that the stream waits when another reader has it all.
    post_many();
    api.events(Some(&start)).wait_for("message", |it| it["message"]["msg"] == "last");
    // More than may be missed.
    post_many();
    api.get("/world");
    slow.wait_for("resync", |_| true);
    anna.post(org::LOBBY, "after").expect("Anna is in the lobby");
    slow.wait_for("message", |it| it["message"]["msg"] == "after");
}

#[test]
fn reader_that_connects_again_gets_thousands_of_events() {
    let api = Api::start();
    let mut first = api.events(None);
    first.next();
    let id = first.id.clone();
    let anna = api.sandbox.as_person(org::ANNA);
    for at in 0..3000 {
        anna.post(org::LOBBY, &at.to_string()).expect("Anna is in the lobby");
    }
    first.wait_for("message", |it| it["message"]["msg"] == "2999");
    let mut again = api.events(Some(&id));
    let mut count = 0;
    while count < 3000 {
        let (name, data) = again.next();
        assert_ne!(name, "resync");
        if name == "message" {
            assert_eq!(data["message"]["msg"], count.to_string());
            count += 1;
        }
    }
}
