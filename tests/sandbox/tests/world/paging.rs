use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::stage::Stage;

fn uids(users: &[Value]) -> Vec<&str> {
    users.iter().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn the_bot_sees_active_users_that_the_admin_lets_it_see() {
    let mut stage = Stage::new();
    let users = stage.walk("/v1/users", 100);
    let mut expected = org::PEOPLE.to_vec();
    expected.push(org::BOT);
    expected.sort_unstable();
    assert_eq!(uids(&users), expected);
    stage.get("/v1/users/u-anna").is(200);
    for uid in [org::IVAN, org::JANA, "u-nobody"] {
        stage.get(&format!("/v1/users/{uid}")).fails(404, "not_found");
    }
    let groups = stage.walk("/v1/groups", 100);
    assert_eq!(groups.len(), 3);
    assert_eq!(stage.get("/v1/groups/g-on-call").is(200).text("/owner/uid"), org::ANNA);
    stage.get("/v1/groups/g-nothing").fails(404, "not_found");
}

#[test]
fn a_walk_gives_everything_once_whatever_the_size_of_its_pages() {
    let mut stage = Stage::new();
    let whole = stage.walk("/v1/users", 100);
    for limit in 1..=whole.len() + 1 {
        assert_eq!(stage.walk("/v1/users", limit), whole);
    }
    // The last page has no cursor, also when it is full.
    let full = stage.get(&format!("/v1/users?limit={}", whole.len())).is(200);
    assert_eq!(full.body.get("next_cursor"), None);
}

#[test]
fn a_cursor_serves_the_list_it_was_made_for_alone() {
    let mut stage = Stage::new();
    let cursor = stage.get("/v1/chats?limit=1").is(200).text("/next_cursor");
    stage.get(&format!("/v1/chats?cursor={cursor}")).is(200);
    // With another limit it is the same list.
    stage.get(&format!("/v1/chats?cursor={cursor}&limit=7")).is(200);
    for path in ["/v1/users?", "/v1/chats?title=Lobby&", "/v1/messages/updates?"] {
        stage.get(&format!("{path}cursor={cursor}")).fails(410, "cursor_expired");
    }
    for foreign in ["x", "AAAAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(1024)] {
        stage.get(&format!("/v1/chats?cursor={foreign}")).fails(410, "cursor_expired");
    }
    for bad in ["%20", "", "%00", "%C3%A4", &"A".repeat(1025)] {
        stage.get(&format!("/v1/chats?cursor={bad}")).fails(400, "invalid_request");
    }
    // After a new beginning no list knows it.
    stage.world.begin_epoch(1);
    stage.get(&format!("/v1/chats?cursor={cursor}")).fails(410, "cursor_expired");
}

#[test]
fn a_page_ends_before_it_has_more_than_a_mebibyte() {
    let mut stage = Stage::new();
    let path = "/v1/chats/t-lobby/messages";
    let text = "\u{1f600}".repeat(10_000);
    for _ in 0..30 {
        stage.act(org::ANNA).post(org::LOBBY, &text).expect("Anna is a member");
    }
    let first = stage.get(path).is(200);
    assert!(first.bytes.len() <= 1 << 20, "{} bytes", first.bytes.len());
    assert_eq!(first.texts("/mid").len(), 25);
    assert_eq!(stage.walk(path, 50).len(), 30);
    // A single item may be larger: it comes alone.
    let id = stage.act(org::ANNA).upload(&"x".repeat(255), &format!("a/{}", "b".repeat(300)), b"x");
    let gallery = json!({ "kind": "gallery", "images": vec![id; 50] });
    let large = json!({ "attachments": vec![gallery; 50] });
    for _ in 0..2 {
        stage.act(org::ANNA).post_json(org::LOBBY, &large).expect("Anna is a member");
    }
    assert_eq!(stage.walk(path, 100).len(), 32);
    // Lists of what the organisation has are bounded by the same rule.
    let names: Vec<_> = (0..2000).map(|_| stage.world.create_bot(&"n".repeat(500)).uid).collect();
    for uid in &names {
        let now = stage.now();
        stage.world.set_group_member(now, org::ON_CALL, uid, true);
    }
    let page = stage.get("/v1/groups").is(200);
    assert_eq!(page.texts("/gid"), [org::CONTROL_ROOM, org::EVERYONE]);
    let groups = stage.walk("/v1/groups", 100);
    assert_eq!(groups.len(), 3);
}

#[test]
fn a_parameter_out_of_its_limits_or_given_twice_is_refused_and_an_unknown_one_ignored() {
    let mut stage = Stage::new();
    for query in ["limit=0", "limit=101", "limit=x", "limit=", "limit=1&limit=1", "limit=-1", "limit=1.0"] {
        stage.get(&format!("/v1/users?{query}")).fails(400, "invalid_request");
    }
    stage.get("/v1/users?colour=red&colour=blue&%ff").is(200);
    for query in ["wait=26", "wait=-1", "cursor=a&cursor=b"] {
        stage.get(&format!("/v1/messages/updates?{query}")).fails(400, "invalid_request");
    }
}

#[test]
fn a_walk_through_messages_shows_what_was_there_when_it_began() {
    let mut stage = Stage::new();
    let path = "/v1/chats/t-lobby/messages";
    for number in 0..5 {
        stage.pass(1);
        stage.post(path, &json!({ "msg": format!("{number}") })).is(201);
    }
    let first = stage.get(&format!("{path}?limit=2")).is(200);
    stage.pass(1);
    stage.post(path, &json!({ "msg": "late" })).is(201);
    let mut texts = first.texts("/msg");
    let mut next = first.body["next_cursor"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = stage.get(&format!("{path}?limit=2&cursor={cursor}")).is(200);
        assert_eq!(page.body["last_modified"], first.body["last_modified"]);
        texts.extend(page.texts("/msg"));
        next = page.body["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
}
