use std::time::Duration;

use serde_json::json;
use teamwire_sandbox::org;

use crate::fixture::{Fixture, TestResponse};

const LOBBY: &str = "/v1/chats/t-lobby/messages/updates";
const ALL: &str = "/v1/messages/updates";

fn cursor_of_now(fixture: &mut Fixture, path: &str) -> String {
    let response = fixture.get(&format!("{path}?wait=25")).assert_status(200);
    assert_eq!(response.body["items"], json!([]));
    response.string("/cursor")
}

fn since(fixture: &mut Fixture, path: &str, cursor: &str) -> TestResponse {
    fixture.get(&format!("{path}?cursor={cursor}")).assert_status(200)
}

#[test]
fn items_are_ordered_and_have_their_own_cursors() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    for text in ["a", "b", "c"] {
        fixture.as_person(org::ANNA).post(org::LOBBY, text).expect("Anna is a member");
    }
    let all = since(&mut fixture, ALL, &start);
    assert_eq!(all.strings("/data/msg"), ["a", "b", "c"]);
    assert_eq!(all.strings("/kind"), ["message"; 3]);
    let cursors = all.strings("/cursor");
    let later = since(&mut fixture, ALL, &cursors[0]);
    assert_eq!(later.strings("/data/msg"), ["b", "c"]);
    assert_eq!(later.strings("/cursor"), cursors[1..], "each has the same cursor in every response");
    assert_eq!(all.string("/cursor"), cursors[2]);
    assert_eq!(since(&mut fixture, ALL, &cursors[2]).body["items"], json!([]));
}

#[test]
fn batch_has_at_most_100_items() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, LOBBY);
    for _ in 0..230 {
        fixture.as_person(org::ANNA).post(org::LOBBY, "x").expect("Anna is a member");
    }
    let (mut cursor, mut counts) = (start, Vec::new());
    for _ in 0..4 {
        let response = since(&mut fixture, LOBBY, &cursor);
        counts.push(response.strings("/cursor").len());
        cursor = response.string("/cursor");
    }
    assert_eq!(counts, [100, 100, 30, 0]);
}

#[test]
fn poll_waits_for_an_update() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, LOBBY);
    let path = format!("{LOBBY}?cursor={start}&wait=25");
    let (until, poll) = fixture.request("GET", &path).try_send().expect_err("there is no update");
    assert_eq!(until, Duration::from_secs(25));
    fixture.advance(10);
    // An update of another chat does not end the poll.
    fixture.as_person(org::BEN).post(org::NOTICES, "x").expect("Ben is a member");
    let (until, poll) = fixture.resume(poll).expect_err("there is no update of this chat");
    assert_eq!(until, Duration::from_secs(25));
    fixture.as_person(org::BEN).post(org::LOBBY, "here").expect("Ben is a member");
    let response = fixture.resume(poll).expect("there is an update").assert_status(200);
    assert_eq!(response.strings("/data/msg"), ["here"]);
}

#[test]
fn poll_ends_when_its_wait_elapses() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    let (_, poll) =
        fixture.request("GET", &format!("{ALL}?cursor={start}&wait=3")).try_send().expect_err("the poll waits");
    fixture.advance(3);
    let response = fixture.resume(poll).expect("the wait has elapsed").assert_status(200);
    assert_eq!(response.body["items"], json!([]));
    since(&mut fixture, ALL, &response.string("/cursor"));
}

#[test]
fn pending_poll_ends_as_soon_as_it_would_fail() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, LOBBY);
    let path = format!("{LOBBY}?cursor={start}&wait=25");
    let (_, left) = fixture.request("GET", &path).try_send().expect_err("the poll waits");
    let (_, revoked) = fixture.request("GET", &path).try_send().expect_err("the poll waits");
    fixture.as_person(org::ANNA).remove_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    fixture.resume(left).expect("the poll ends").assert_problem(404, "not_found");
    let app_id = fixture.key.app_id.clone();
    fixture.world.set_key_revoked(&app_id, true);
    fixture.resume(revoked).expect("the poll ends").assert_problem(401, "auth");
}

#[test]
fn deleted_message_is_delivered_again_without_content() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    let mid = fixture.as_person(org::ANNA).post(org::LOBBY, "secret").expect("Anna is a member");
    let first = since(&mut fixture, ALL, &start);
    assert_eq!(first.strings("/data/msg"), ["secret"]);
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    let second = since(&mut fixture, ALL, &first.string("/cursor"));
    assert_eq!((second.strings("/data/mid"), &second.body["items"][0]["data"]["deleted"]), (vec![mid], &json!(true)));
    // A feed that is read late does not contain it either.
    assert!(!since(&mut fixture, ALL, &start).body.to_string().contains("secret"));
}

#[test]
fn feed_of_all_chats_covers_memberships_at_the_time() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    let tid = fixture.as_person(org::EMMA).create_chat("Later", &[]).expect("every user may create chats");
    fixture.as_person(org::EMMA).post(&tid, "alone").expect("Emma is a member");
    fixture.as_person(org::EMMA).add_users(&tid, &[org::BOT]).expect("Emma is an admin");
    fixture.as_person(org::EMMA).post(&tid, "together").expect("Emma is a member");
    assert_eq!(since(&mut fixture, ALL, &start).strings("/data/msg"), ["together"]);
}

#[test]
fn cursor_is_valid_for_its_feed_and_for_an_hour() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    fixture.get(&format!("{LOBBY}?cursor={start}")).assert_problem(410, "cursor_expired");
    fixture.as_person(org::ANNA).post(org::LOBBY, "old").expect("Anna is a member");
    fixture.advance(3600);
    assert_eq!(since(&mut fixture, ALL, &start).strings("/data/msg"), ["old"]);
    fixture.advance(1);
    fixture.get(&format!("{ALL}?cursor={start}")).assert_problem(410, "cursor_expired");
    let fresh = cursor_of_now(&mut fixture, ALL);
    // A cursor without later updates does not expire.
    fixture.advance(100_000);
    since(&mut fixture, ALL, &fresh);
}

#[test]
fn cursors_can_be_expired() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    let path = format!("{ALL}?cursor={start}&wait=25");
    let (_, poll) = fixture.request("GET", &path).try_send().expect_err("the poll waits");
    fixture.world.expire_cursors();
    fixture.resume(poll).expect("the poll ends").assert_problem(410, "cursor_expired");
    let fresh = cursor_of_now(&mut fixture, ALL);
    fixture.as_person(org::ANNA).post(org::LOBBY, "new").expect("Anna is a member");
    assert_eq!(since(&mut fixture, ALL, &fresh).strings("/data/msg"), ["new"]);
}

#[test]
fn cursor_of_another_world_is_expired() {
    let mut fixture = Fixture::new();
    let start = cursor_of_now(&mut fixture, ALL);
    fixture.as_person(org::ANNA).post(org::LOBBY, "a").expect("Anna is a member");
    let later = since(&mut fixture, ALL, &start).string("/cursor");
    // A new server with the same secrets, which has fewer updates.
    let mut fixture = Fixture::new();
    fixture.get(&format!("{ALL}?cursor={later}&wait=25")).assert_problem(410, "cursor_expired");
    fixture.as_person(org::ANNA).post(org::LOBBY, "b").expect("Anna is a member");
    // A server restored from a backup may have as many updates. It begins a new epoch, which ends pending polls.
    let now = since(&mut fixture, ALL, &start).string("/cursor");
    let (_, poll) =
        fixture.request("GET", &format!("{ALL}?cursor={now}&wait=25")).try_send().expect_err("the poll waits");
    fixture.world.begin_epoch(1);
    fixture.resume(poll).expect("the poll ends").assert_problem(410, "cursor_expired");
    let fresh = cursor_of_now(&mut fixture, ALL);
    since(&mut fixture, ALL, &fresh);
    for foreign in ["x", "bTo1MA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        fixture.get(&format!("{ALL}?cursor={foreign}")).assert_problem(410, "cursor_expired");
    }
}

#[test]
fn batch_is_at_most_one_mebibyte() {
    let mut fixture = Fixture::new();
    let mut cursor = cursor_of_now(&mut fixture, LOBBY);
    let text = "\u{1f600}".repeat(10_000);
    for _ in 0..60 {
        fixture.as_person(org::ANNA).post(org::LOBBY, &text).expect("Anna is a member");
    }
    let mut counts = Vec::new();
    while counts.iter().sum::<usize>() < 60 {
        let batch = since(&mut fixture, LOBBY, &cursor);
        assert!(batch.bytes.len() <= 1 << 20, "{} bytes", batch.bytes.len());
        counts.push(batch.strings("/cursor").len());
        assert_eq!(batch.strings("/cursor").last(), Some(&batch.string("/cursor")));
        cursor = batch.string("/cursor");
    }
    assert_eq!(counts, [25, 25, 10]);
}

#[test]
fn revision_grows_when_polls_should_be_resumed() {
    let mut fixture = Fixture::new();
    let before = fixture.world.revision();
    fixture.get("/v1/chats").assert_status(200);
    cursor_of_now(&mut fixture, ALL);
    assert_eq!(fixture.world.revision(), before);
    fixture.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).assert_status(201);
    assert!(fixture.world.revision() > before);
}
