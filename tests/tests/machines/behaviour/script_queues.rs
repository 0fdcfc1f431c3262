//! Queues of responses, outages, and what is left of a script.

use std::time::Duration;

use teamwire_core::{
    Client, Error, ErrorKind, FeedEvent, Script,
    effect::Moment,
    script::{
        Respond,
        v1::{expect, respond, sample},
    },
};

use super::scripts::{never, panic_of};

fn post(script: &Script, tid: &str) -> Result<teamwire_core::Message, Error> {
    Client::new(script.clone()).chats().chat(tid).post("hello")
}

fn posted(mid: &str) -> Respond {
    respond::message(sample::message(mid, "c1", "hello"))
}

fn posted_mid(script: &Script, tid: &str) -> String {
    post(script, tid).expect("there is a response").mid.to_string()
}

#[test]
fn queues_respond_in_any_order_before_all_others() {
    let script = never()
        .then(expect::post("c3"), posted("step"))
        .always(expect::post("c1"), posted("always"))
        .on(expect::post("c1"), [posted("m1"), posted("m2").times(2)])
        .on(expect::post("c2"), [posted("m3")]);
    let mids = ["c2", "c1", "c1", "c1", "c1", "c3"].map(|tid| posted_mid(&script, tid));
    assert_eq!(mids, ["m3", "m1", "m2", "m2", "always", "step"]);
    script.assert_done();
}

#[test]
fn queues_for_the_same_request_follow_each_other_and_give_way_to_steps() {
    let script = never()
        .on(expect::post("c1"), [posted("m1")])
        .on(expect::post("c1"), [posted("m2").times(0), posted("m3")])
        .then(expect::post("c1"), posted("step").times(2));
    assert_eq!(["c1"; 4].map(|tid| posted_mid(&script, tid)), ["m1", "m3", "step", "step"]);
    script.assert_done();
}

#[test]
fn operation_fails_the_test_when_its_responses_are_used_up() {
    let script = never().on(expect::post("c1"), [posted("m1"), posted("m2")]).then(expect::me(), respond::done());
    let line = line!() - 1;
    for _ in 0..2 {
        post(&script, "c1").expect("there is a response");
    }
    let panic = panic_of(|| post(&script, "c1"));
    assert!(panic.starts_with("unexpected request: its 2 responses are used up\n"), "{panic}");
    assert!(panic.contains(&format!("{}:{line}:", file!())), "it names the line of the script: {panic}");
    assert!(panic.contains(r#"got       POST /v1/chats/c1/messages {"msg":"hello"}"#), "{panic}");
    let panic = panic_of(|| post(&script, "c2"));
    assert!(panic.contains("step 1 of 1") && panic.contains("differs   in the method"), "{panic}");
}

#[test]
fn what_is_left_is_named_with_its_number() {
    let script = never()
        .on(expect::post("c1"), [posted("m1"), posted("m2").times(3)])
        .on(expect::post("c2"), [posted("m3")])
        .then(expect::me(), Respond::unreachable().times(2));
    post(&script, "c1").expect("there is a response");
    post(&script, "c2").expect("there is a response");
    let panic = panic_of(|| script.assert_done());
    assert!(panic.contains("expected  POST /v1/chats/c1/messages (3 times)\n"), "{panic}");
    assert!(panic.contains("expected  GET /v1/me (2 times)\n") && !panic.contains("c2"), "{panic}");
}

#[test]
fn outage_precedes_all_responses_and_uses_up_none() {
    let script =
        Script::new().on(expect::post("c1"), [posted("m1")]).always(expect::me(), respond::user(sample::bot()));
    script.down_for(Duration::from_secs(1));
    assert_eq!(posted_mid(&script, "c1"), "m1", "it is retried until the server is up again");
    assert!(script.requests().len() > 1 && script.requests().last().is_some_and(|last| last.at >= second(1)));
    script.down_for(Duration::from_secs(3600));
    let error = Client::new(script.clone()).contacts().me().expect_err("it is down");
    assert_eq!((error.kind(), error.outcome_unknown()), (ErrorKind::Connection, false));
    script.advance(Duration::from_secs(3600));
    Client::new(script.clone()).contacts().me().expect("it is up again");
    script.assert_done();
}

fn second(number: u64) -> Moment {
    Moment::from_epoch(Duration::from_secs(number))
}

#[test]
fn feeds_end_with_their_own_responses() {
    let message = |mid| sample::message(mid, "c1", "");
    let script = Script::new()
        .on(
            expect::message_updates("c1"),
            [
                respond::no_updates("k0"),
                Respond::unreachable().times(2),
                respond::message_updates([message("m1")], "k1"),
            ],
        )
        .on(expect::message_updates("c2"), [respond::no_updates("k0")])
        .then(expect::post("c1"), posted("m2"));
    let client = Client::new(script.clone());
    let chats = client.chats();
    let mut retries = 0;
    let mut events = chats.chat("c1").new_messages(None);
    let updates: Vec<_> = events
        .by_ref()
        .map(|event| event.expect("the feed does not fail"))
        .inspect(|event| retries += u32::from(matches!(event, FeedEvent::Retrying(_))))
        .filter_map(FeedEvent::into_item)
        .map(|message| message.mid.to_string())
        .collect();
    assert_eq!((updates, retries), (vec!["m1".to_owned()], 2));
    // The other feed, and the step, are still to come.
    let panic = panic_of(|| script.assert_done());
    assert!(panic.contains("/v1/chats/c2/messages/updates") && panic.contains("POST /v1/chats/c1/messages"), "{panic}");
    assert_eq!(chats.chat("c2").new_messages(None).count(), 1);
    post(&script, "c1").expect("it is the step");
    script.assert_done();
}

#[test]
fn feed_reports_an_outage() {
    let script = Script::new().on(expect::message_updates("c1"), [respond::no_updates("k0")]);
    script.down_for(Duration::from_secs(2));
    let events: Vec<_> = Client::new(script.clone()).chats().chat("c1").new_messages(None).collect();
    let is_retry = |event: &Result<_, Error>| matches!(event, Ok(FeedEvent::<_>::Retrying(_)));
    assert!(events.iter().any(is_retry) && matches!(events.last(), Some(Ok(FeedEvent::Started(_)))), "{events:?}");
    script.assert_done();
}
