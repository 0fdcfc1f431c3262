use std::time::Duration;

use serde_json::json;
use teamwire_sandbox::org;

use crate::stage::{Answer, Stage};

const LOBBY: &str = "/v1/chats/t-lobby/messages/updates";
const ALL: &str = "/v1/messages/updates";

fn cursor_of_now(stage: &mut Stage, path: &str) -> String {
    let answer = stage.get(&format!("{path}?wait=25")).is(200);
    assert_eq!(answer.body["items"], json!([]));
    answer.text("/cursor")
}

fn since(stage: &mut Stage, path: &str, cursor: &str) -> Answer {
    stage.get(&format!("{path}?cursor={cursor}")).is(200)
}

#[test]
fn every_item_has_a_cursor_of_its_own_and_comes_in_order() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    for text in ["a", "b", "c"] {
        stage.act(org::ANNA).post(org::LOBBY, text).expect("Anna is a member");
    }
    let all = since(&mut stage, ALL, &start);
    assert_eq!(all.texts("/data/msg"), ["a", "b", "c"]);
    assert_eq!(all.texts("/kind"), ["message"; 3]);
    let cursors = all.texts("/cursor");
    assert_eq!(since(&mut stage, ALL, &cursors[0]).texts("/data/msg"), ["b", "c"]);
    assert_eq!(all.text("/cursor"), cursors[2]);
    assert_eq!(since(&mut stage, ALL, &cursors[2]).body["items"], json!([]));
}

#[test]
fn an_answer_has_a_hundred_items_at_most_and_the_next_one_the_rest() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, LOBBY);
    for _ in 0..230 {
        stage.act(org::ANNA).post(org::LOBBY, "x").expect("Anna is a member");
    }
    let (mut cursor, mut counts) = (start, Vec::new());
    for _ in 0..4 {
        let answer = since(&mut stage, LOBBY, &cursor);
        counts.push(answer.texts("/cursor").len());
        cursor = answer.text("/cursor");
    }
    assert_eq!(counts, [100, 100, 30, 0]);
}

#[test]
fn a_poll_waits_until_something_happens() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, LOBBY);
    let path = format!("{LOBBY}?cursor={start}&wait=25");
    let (until, poll) = stage.ask("GET", &path).send().expect_err("nothing has happened");
    assert_eq!(until, Duration::from_secs(25));
    stage.pass(10);
    // Elsewhere does not count, and asking again is harmless.
    stage.act(org::BEN).post(org::NOTICES, "x").expect("Ben is a member");
    let (until, poll) = stage.resume(poll).expect_err("nothing has happened here");
    assert_eq!(until, Duration::from_secs(25));
    stage.act(org::BEN).post(org::LOBBY, "here").expect("Ben is a member");
    let answer = stage.resume(poll).expect("something has happened").is(200);
    assert_eq!(answer.texts("/data/msg"), ["here"]);
}

#[test]
fn a_poll_ends_with_its_wait() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    let (_, poll) = stage.ask("GET", &format!("{ALL}?cursor={start}&wait=3")).send().expect_err("it waits");
    stage.pass(3);
    let answer = stage.resume(poll).expect("the wait is over").is(200);
    assert_eq!(answer.body["items"], json!([]));
    since(&mut stage, ALL, &answer.text("/cursor"));
}

#[test]
fn a_poll_that_waits_ends_as_soon_as_its_answer_would_be_an_error() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, LOBBY);
    let path = format!("{LOBBY}?cursor={start}&wait=25");
    let (_, left) = stage.ask("GET", &path).send().expect_err("it waits");
    let (_, revoked) = stage.ask("GET", &path).send().expect_err("it waits");
    stage.act(org::ANNA).remove_users(org::LOBBY, &[org::BOT]).expect("Anna is an admin");
    stage.resume(left).expect("it ends").fails(404, "not_found");
    let app_id = stage.key.app_id.clone();
    stage.world.set_key_revoked(&app_id, true);
    stage.resume(revoked).expect("it ends").fails(401, "auth");
}

#[test]
fn a_deleted_message_comes_again_and_tells_nothing() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    let mid = stage.act(org::ANNA).post(org::LOBBY, "secret").expect("Anna is a member");
    let first = since(&mut stage, ALL, &start);
    assert_eq!(first.texts("/data/msg"), ["secret"]);
    stage.act(org::ANNA).delete(org::LOBBY, &mid).expect("it is hers");
    let second = since(&mut stage, ALL, &first.text("/cursor"));
    assert_eq!((second.texts("/data/mid"), &second.body["items"][0]["data"]["deleted"]), (vec![mid], &json!(true)));
    // Who comes late does not get to see it either.
    assert!(!since(&mut stage, ALL, &start).body.to_string().contains("secret"));
}

#[test]
fn the_feed_of_all_chats_tells_of_those_that_the_bot_was_in_at_the_time() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    let tid = stage.act(org::EMMA).create_chat("Later", &[]).expect("everybody makes chats");
    stage.act(org::EMMA).post(&tid, "alone").expect("Emma is a member");
    stage.act(org::EMMA).add_users(&tid, &[org::BOT]).expect("Emma is an admin");
    stage.act(org::EMMA).post(&tid, "together").expect("Emma is a member");
    assert_eq!(since(&mut stage, ALL, &start).texts("/data/msg"), ["together"]);
}

#[test]
fn a_cursor_serves_its_feed_for_an_hour() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    stage.get(&format!("{LOBBY}?cursor={start}")).fails(410, "cursor_expired");
    stage.act(org::ANNA).post(org::LOBBY, "old").expect("Anna is a member");
    stage.pass(3600);
    assert_eq!(since(&mut stage, ALL, &start).texts("/data/msg"), ["old"]);
    stage.pass(1);
    stage.get(&format!("{ALL}?cursor={start}")).fails(410, "cursor_expired");
    let fresh = cursor_of_now(&mut stage, ALL);
    // A quiet feed's cursor does not age: nothing after it is lost.
    stage.pass(100_000);
    since(&mut stage, ALL, &fresh);
}

#[test]
fn cursors_can_be_made_too_old() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    let path = format!("{ALL}?cursor={start}&wait=25");
    let (_, poll) = stage.ask("GET", &path).send().expect_err("it waits");
    stage.world.expire_cursors();
    stage.resume(poll).expect("it ends").fails(410, "cursor_expired");
    let fresh = cursor_of_now(&mut stage, ALL);
    stage.act(org::ANNA).post(org::LOBBY, "new").expect("Anna is a member");
    assert_eq!(since(&mut stage, ALL, &fresh).texts("/data/msg"), ["new"]);
}

#[test]
fn a_cursor_of_another_world_is_too_old_and_not_taken_in_silence() {
    let mut stage = Stage::new();
    let start = cursor_of_now(&mut stage, ALL);
    stage.act(org::ANNA).post(org::LOBBY, "a").expect("Anna is a member");
    let later = since(&mut stage, ALL, &start).text("/cursor");
    // The same server, set up anew: it has the same secrets, and has not come as far.
    let mut stage = Stage::new();
    stage.get(&format!("{ALL}?cursor={later}&wait=25")).fails(410, "cursor_expired");
    stage.act(org::ANNA).post(org::LOBBY, "b").expect("Anna is a member");
    // Restored from a backup, it may have: so it begins a new epoch, and polls that wait hear of it.
    let now = since(&mut stage, ALL, &start).text("/cursor");
    let (_, poll) = stage.ask("GET", &format!("{ALL}?cursor={now}&wait=25")).send().expect_err("it waits");
    stage.world.begin_epoch(1);
    stage.resume(poll).expect("it ends").fails(410, "cursor_expired");
    let fresh = cursor_of_now(&mut stage, ALL);
    since(&mut stage, ALL, &fresh);
    for foreign in ["x", "bTo1MA", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        stage.get(&format!("{ALL}?cursor={foreign}")).fails(410, "cursor_expired");
    }
}

#[test]
fn a_batch_ends_before_it_has_more_than_a_mebibyte() {
    let mut stage = Stage::new();
    let mut cursor = cursor_of_now(&mut stage, LOBBY);
    let text = "\u{1f600}".repeat(10_000);
    for _ in 0..60 {
        stage.act(org::ANNA).post(org::LOBBY, &text).expect("Anna is a member");
    }
    let mut counts = Vec::new();
    while counts.iter().sum::<usize>() < 60 {
        let batch = since(&mut stage, LOBBY, &cursor);
        assert!(batch.bytes.len() <= 1 << 20, "{} bytes", batch.bytes.len());
        counts.push(batch.texts("/cursor").len());
        assert_eq!(batch.texts("/cursor").last(), Some(&batch.text("/cursor")));
        cursor = batch.text("/cursor");
    }
    assert_eq!(counts, [25, 25, 10]);
}

#[test]
fn the_world_says_when_a_poll_may_have_something_to_tell() {
    let mut stage = Stage::new();
    let before = stage.world.revision();
    stage.get("/v1/chats").is(200);
    cursor_of_now(&mut stage, ALL);
    assert_eq!(stage.world.revision(), before);
    stage.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).is(201);
    assert!(stage.world.revision() > before);
}
