use serde_json::json;
use teamwire_sandbox::org;

use crate::fixture::{Fixture, TestResponse};

const SUBSCRIPTIONS: &str = "/v1/reactions/subscriptions";
const UPDATES: &str = "/v1/reactions/updates";

fn subscribe(fixture: &mut Fixture) -> (String, String) {
    let response = fixture.put(SUBSCRIPTIONS).assert_status(200);
    (response.string("/id"), response.string("/cursor"))
}

fn poll(fixture: &mut Fixture, id: &str, cursor: &str) -> TestResponse {
    fixture.get(&format!("{UPDATES}?subscription={id}&cursor={cursor}"))
}

#[test]
fn lease_is_renewed_by_polls() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    for _ in 0..3 {
        fixture.advance(299);
        poll(&mut fixture, &id, &cursor).assert_status(200);
    }
    fixture.advance(300);
    poll(&mut fixture, &id, &cursor).assert_problem(409, "lease_expired");
}

#[test]
fn lease_does_not_expire_during_a_poll() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    fixture.advance(290);
    let path = format!("{UPDATES}?subscription={id}&cursor={cursor}&wait=25");
    let (_, waiting) = fixture.request("GET", &path).try_send().expect_err("the poll waits");
    fixture.advance(25);
    fixture.resume(waiting).expect("the wait has elapsed").assert_status(200);
    fixture.advance(299);
    poll(&mut fixture, &id, &cursor).assert_status(200);
    // The lease of a client that disconnected expires nevertheless.
    drop(fixture.request("GET", &path).try_send().expect_err("the poll waits"));
    fixture.advance(324);
    poll(&mut fixture, &id, &cursor).assert_status(200);
    fixture.advance(325);
    poll(&mut fixture, &id, &cursor).assert_problem(409, "lease_expired");
}

#[test]
fn resubscribing_misses_nothing() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    let mid = fixture.as_person(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    fixture.as_person(org::BEN).react(org::LOBBY, &mid, "ok").expect("Ben is a member");
    fixture.advance(301);
    poll(&mut fixture, &id, &cursor).assert_problem(409, "lease_expired");
    let (id, _) = subscribe(&mut fixture);
    let updates = poll(&mut fixture, &id, &cursor).assert_status(200);
    assert_eq!((updates.strings("/kind"), updates.strings("/data/mid")), (vec!["reaction".to_owned()], vec![mid]));
}

#[test]
fn feed_has_added_and_changed_reactions() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    let mid = fixture.as_person(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    for reaction_type in ["ok", "ok", "sos"] {
        fixture.as_person(org::BEN).react(org::LOBBY, &mid, reaction_type).expect("Ben is a member");
    }
    let updates = poll(&mut fixture, &id, &cursor).assert_status(200);
    assert_eq!(updates.strings("/data/reaction_type"), ["ok", "sos"]);
    let ids = updates.strings("/data/reaction_id");
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn deleted_subscription_is_reported_for_a_day() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    let (other, _) = subscribe(&mut fixture);
    assert_ne!(id, other);
    let path = format!("{UPDATES}?subscription={id}&cursor={cursor}&wait=25");
    let (_, waiting) = fixture.request("GET", &path).try_send().expect_err("the poll waits");
    fixture.delete(&format!("{SUBSCRIPTIONS}/{id}")).assert_status(204);
    fixture.resume(waiting).expect("the poll ends").assert_problem(410, "unsubscribed");
    fixture.delete(&format!("{SUBSCRIPTIONS}/{id}")).assert_status(204);
    fixture.delete(&format!("{SUBSCRIPTIONS}/s-none")).assert_status(204);
    poll(&mut fixture, &other, &cursor).assert_status(200);
    // The subscription is checked before the cursor.
    poll(&mut fixture, &id, "nonsense").assert_problem(410, "unsubscribed");
    fixture.delete(SUBSCRIPTIONS).assert_status(204);
    poll(&mut fixture, &other, &cursor).assert_problem(410, "unsubscribed");
    fixture.advance(24 * 60 * 60);
    poll(&mut fixture, &other, &cursor).assert_problem(404, "not_found");
}

#[test]
fn subscription_is_valid_for_its_own_feed_and_bot() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    fixture.get(&format!("{UPDATES}?cursor={cursor}")).assert_problem(400, "invalid_request");
    fixture.get(&format!("/v1/chats/t-lobby/location/updates?subscription={id}")).assert_problem(404, "not_found");
    fixture.delete(&format!("/v1/chats/t-lobby/location/subscriptions/{id}")).assert_status(204);
    poll(&mut fixture, &id, &cursor).assert_status(200);
    let second = fixture.world.create_bot("Second");
    let first = std::mem::replace(&mut fixture.key, second);
    poll(&mut fixture, &id, &cursor).assert_problem(404, "not_found");
    fixture.delete(SUBSCRIPTIONS).assert_status(204);
    fixture.key = first;
    poll(&mut fixture, &id, &cursor).assert_status(200);
}

#[test]
fn unsubscribing_a_chat_ends_only_its_subscriptions() {
    let mut fixture = Fixture::new();
    let follow = |fixture: &mut Fixture, tid: &str| {
        let response = fixture.put(&format!("/v1/chats/{tid}/location/subscriptions")).assert_status(200);
        format!(
            "/v1/chats/{tid}/location/updates?subscription={}&cursor={}",
            response.string("/id"),
            response.string("/cursor")
        )
    };
    let feeds =
        [follow(&mut fixture, org::LOBBY), follow(&mut fixture, org::LOBBY), follow(&mut fixture, org::NOTICES)];
    let (reactions, cursor) = subscribe(&mut fixture);
    fixture.delete("/v1/chats/t-lobby/location/subscriptions").assert_status(204);
    assert_eq!(feeds.map(|path| fixture.get(&path).status), [410, 410, 200]);
    poll(&mut fixture, &reactions, &cursor).assert_status(200);
    fixture.delete("/v1/chats/t-none/location/subscriptions").assert_problem(404, "not_found");
}

#[test]
fn admin_can_end_and_expire_all_subscriptions() {
    let mut fixture = Fixture::new();
    let (id, cursor) = subscribe(&mut fixture);
    let now = fixture.now();
    fixture.world.expire_leases(now);
    poll(&mut fixture, &id, &cursor).assert_problem(409, "lease_expired");
    let (id, cursor) = subscribe(&mut fixture);
    assert_eq!(fixture.world.subscription_count(now), 1);
    fixture.world.unsubscribe_all(now);
    poll(&mut fixture, &id, &cursor).assert_problem(410, "unsubscribed");
    assert_eq!(fixture.get("/v1/me").assert_status(200).body["is_bot"], json!(true));
}
