use serde_json::json;
use teamwire_sandbox::org;

use crate::stage::{Answer, Stage};

const SUBSCRIPTIONS: &str = "/v1/reactions/subscriptions";
const UPDATES: &str = "/v1/reactions/updates";

fn subscribe(stage: &mut Stage) -> (String, String) {
    let answer = stage.put(SUBSCRIPTIONS).is(200);
    assert_eq!(answer.body["lease"], 300);
    (answer.text("/id"), answer.text("/cursor"))
}

fn poll(stage: &mut Stage, id: &str, cursor: &str) -> Answer {
    stage.get(&format!("{UPDATES}?subscription={id}&cursor={cursor}"))
}

#[test]
fn a_lease_lives_by_being_polled() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    for _ in 0..3 {
        stage.pass(299);
        poll(&mut stage, &id, &cursor).is(200);
    }
    stage.pass(300);
    poll(&mut stage, &id, &cursor).fails(409, "lease_expired");
}

#[test]
fn a_lease_does_not_run_out_during_a_poll_and_begins_anew_with_its_answer() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    stage.pass(290);
    let path = format!("{UPDATES}?subscription={id}&cursor={cursor}&wait=25");
    let (_, waiting) = stage.ask("GET", &path).send().expect_err("it waits");
    stage.pass(25);
    stage.resume(waiting).expect("the wait is over").is(200);
    stage.pass(299);
    poll(&mut stage, &id, &cursor).is(200);
    // A client that goes away leaves a lease that runs out all the same.
    drop(stage.ask("GET", &path).send().expect_err("it waits"));
    stage.pass(324);
    poll(&mut stage, &id, &cursor).is(200);
    stage.pass(325);
    poll(&mut stage, &id, &cursor).fails(409, "lease_expired");
}

#[test]
fn nothing_is_missed_by_subscribing_again() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    let mid = stage.act(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    stage.act(org::BEN).react(org::LOBBY, &mid, "ok").expect("Ben is a member");
    stage.pass(301);
    poll(&mut stage, &id, &cursor).fails(409, "lease_expired");
    let (id, _) = subscribe(&mut stage);
    let news = poll(&mut stage, &id, &cursor).is(200);
    assert_eq!((news.texts("/kind"), news.texts("/data/mid")), (vec!["reaction".to_owned()], vec![mid]));
}

#[test]
fn a_reaction_is_told_when_it_is_added_and_when_it_is_changed() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    let mid = stage.act(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    for reaction_type in ["ok", "ok", "sos"] {
        stage.act(org::BEN).react(org::LOBBY, &mid, reaction_type).expect("Ben is a member");
    }
    let news = poll(&mut stage, &id, &cursor).is(200);
    assert_eq!(news.texts("/data/reaction_type"), ["ok", "sos"]);
    let ids = news.texts("/data/reaction_id");
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn a_deleted_subscription_ends_its_feed_and_is_remembered_for_a_day() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    let (other, _) = subscribe(&mut stage);
    assert_ne!(id, other);
    let path = format!("{UPDATES}?subscription={id}&cursor={cursor}&wait=25");
    let (_, waiting) = stage.ask("GET", &path).send().expect_err("it waits");
    stage.delete(&format!("{SUBSCRIPTIONS}/{id}")).is(204);
    stage.resume(waiting).expect("it ends").fails(410, "unsubscribed");
    stage.delete(&format!("{SUBSCRIPTIONS}/{id}")).is(204);
    stage.delete(&format!("{SUBSCRIPTIONS}/s-none")).is(204);
    poll(&mut stage, &other, &cursor).is(200);
    // The subscription is looked at before the cursor.
    poll(&mut stage, &id, "nonsense").fails(410, "unsubscribed");
    stage.delete(SUBSCRIPTIONS).is(204);
    poll(&mut stage, &other, &cursor).fails(410, "unsubscribed");
    stage.pass(24 * 60 * 60);
    poll(&mut stage, &other, &cursor).fails(404, "not_found");
}

#[test]
fn a_subscription_serves_its_own_feed_of_its_own_bot() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    stage.get(&format!("{UPDATES}?cursor={cursor}")).fails(400, "invalid_request");
    stage.get(&format!("/v1/chats/t-lobby/location/updates?subscription={id}")).fails(404, "not_found");
    stage.delete(&format!("/v1/chats/t-lobby/location/subscriptions/{id}")).is(204);
    poll(&mut stage, &id, &cursor).is(200);
    let second = stage.world.create_bot("Second");
    let first = std::mem::replace(&mut stage.key, second);
    poll(&mut stage, &id, &cursor).fails(404, "not_found");
    stage.delete(SUBSCRIPTIONS).is(204);
    stage.key = first;
    poll(&mut stage, &id, &cursor).is(200);
}

#[test]
fn all_subscriptions_to_one_chat_end_together_and_no_others() {
    let mut stage = Stage::new();
    let follow = |stage: &mut Stage, tid: &str| {
        let answer = stage.put(&format!("/v1/chats/{tid}/location/subscriptions")).is(200);
        format!(
            "/v1/chats/{tid}/location/updates?subscription={}&cursor={}",
            answer.text("/id"),
            answer.text("/cursor")
        )
    };
    let feeds = [follow(&mut stage, org::LOBBY), follow(&mut stage, org::LOBBY), follow(&mut stage, org::NOTICES)];
    let (reactions, cursor) = subscribe(&mut stage);
    stage.delete("/v1/chats/t-lobby/location/subscriptions").is(204);
    assert_eq!(feeds.map(|path| stage.get(&path).status), [410, 410, 200]);
    poll(&mut stage, &reactions, &cursor).is(200);
    stage.delete("/v1/chats/t-none/location/subscriptions").fails(404, "not_found");
}

#[test]
fn an_admin_can_end_and_expire_them_all() {
    let mut stage = Stage::new();
    let (id, cursor) = subscribe(&mut stage);
    let now = stage.now();
    stage.world.expire_leases(now);
    poll(&mut stage, &id, &cursor).fails(409, "lease_expired");
    let (id, cursor) = subscribe(&mut stage);
    assert_eq!(stage.world.subscription_count(now), 1);
    stage.world.unsubscribe_all(now);
    poll(&mut stage, &id, &cursor).fails(410, "unsubscribed");
    assert_eq!(stage.get("/v1/me").is(200).body["is_bot"], json!(true));
}
