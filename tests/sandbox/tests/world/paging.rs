use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

fn uids(users: &[Value]) -> Vec<&str> {
    users.iter().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn bot_sees_active_and_visible_users() {
    let mut fixture = Fixture::new();
    let users = fixture.all_pages("/v1/users", 100);
    let mut expected = org::PEOPLE.to_vec();
    expected.push(org::BOT);
    expected.sort_unstable();
    assert_eq!(uids(&users), expected);
    fixture.get("/v1/users/u-anna").assert_status(200);
    for uid in [org::IVAN, org::JANA, "u-nobody"] {
        fixture.get(&format!("/v1/users/{uid}")).assert_problem(404, "not_found");
    }
    let groups = fixture.all_pages("/v1/groups", 100);
    assert_eq!(groups.len(), 3);
    assert_eq!(fixture.get("/v1/groups/g-on-call").assert_status(200).string("/owner/uid"), org::ANNA);
    fixture.get("/v1/groups/g-nothing").assert_problem(404, "not_found");
}

#[test]
fn paging_returns_every_item_once_for_every_page_size() {
    let mut fixture = Fixture::new();
    let whole = fixture.all_pages("/v1/users", 100);
    for limit in 1..=whole.len() + 1 {
        assert_eq!(fixture.all_pages("/v1/users", limit), whole);
    }
    // The last page has no cursor, even if it is full.
    let full = fixture.get(&format!("/v1/users?limit={}", whole.len())).assert_status(200);
    assert_eq!(full.body.get("next_cursor"), None);
}

#[test]
fn cursor_is_valid_for_its_own_list_only() {
    let mut fixture = Fixture::new();
    let cursor = fixture.get("/v1/chats?limit=1").assert_status(200).string("/next_cursor");
    fixture.get(&format!("/v1/chats?cursor={cursor}")).assert_status(200);
    // The limit may change from page to page.
    fixture.get(&format!("/v1/chats?cursor={cursor}&limit=7")).assert_status(200);
    for path in ["/v1/users?", "/v1/chats?title=Lobby&", "/v1/messages/updates?"] {
        fixture.get(&format!("{path}cursor={cursor}")).assert_problem(410, "cursor_expired");
    }
    for foreign in ["x", "AAAAAAAAAAAAAAAAAAAAAAAA", &"A".repeat(1024)] {
        fixture.get(&format!("/v1/chats?cursor={foreign}")).assert_problem(410, "cursor_expired");
    }
    for bad in ["%20", "", "%00", "%C3%A4", &"A".repeat(1025)] {
        fixture.get(&format!("/v1/chats?cursor={bad}")).assert_problem(400, "invalid_request");
    }
    // A new epoch invalidates the cursors of lists.
    fixture.world.begin_epoch(1);
    fixture.get(&format!("/v1/chats?cursor={cursor}")).assert_problem(410, "cursor_expired");
}

#[test]
fn page_is_at_most_one_mebibyte() {
    let mut fixture = Fixture::new();
    let path = "/v1/chats/t-lobby/messages";
    let text = "\u{1f600}".repeat(10_000);
    for _ in 0..30 {
        fixture.as_person(org::ANNA).post(org::LOBBY, &text).expect("Anna is a member");
    }
    let first = fixture.get(path).assert_status(200);
    assert!(first.bytes.len() <= 1 << 20, "{} bytes", first.bytes.len());
    assert_eq!(first.strings("/mid").len(), 25);
    assert_eq!(fixture.all_pages(path, 50).len(), 30);
    // A single item may be larger: it is returned alone.
    let id = fixture.as_person(org::ANNA).upload(&"x".repeat(255), &format!("a/{}", "b".repeat(300)), b"x");
    let gallery = json!({ "kind": "gallery", "images": vec![id; 50] });
    let large = json!({ "attachments": vec![gallery; 50] });
    for _ in 0..2 {
        fixture.as_person(org::ANNA).post_json(org::LOBBY, &large).expect("Anna is a member");
    }
    assert_eq!(fixture.all_pages(path, 100).len(), 32);
    // Lists of users and groups have the same limit.
    let names: Vec<_> = (0..2000).map(|_| fixture.world.create_bot(&"n".repeat(500)).uid).collect();
    for uid in &names {
        let now = fixture.now();
        fixture.world.set_group_member(now, org::ON_CALL, uid, true);
    }
    let page = fixture.get("/v1/groups").assert_status(200);
    assert_eq!(page.strings("/gid"), [org::CONTROL_ROOM, org::EVERYONE]);
    let groups = fixture.all_pages("/v1/groups", 100);
    assert_eq!(groups.len(), 3);
}

#[test]
fn invalid_parameters_are_rejected_and_unknown_ones_ignored() {
    let mut fixture = Fixture::new();
    for query in ["limit=0", "limit=101", "limit=x", "limit=", "limit=1&limit=1", "limit=-1", "limit=1.0"] {
        fixture.get(&format!("/v1/users?{query}")).assert_problem(400, "invalid_request");
    }
    fixture.get("/v1/users?colour=red&colour=blue&%ff").assert_status(200);
    for query in ["wait=26", "wait=-1", "cursor=a&cursor=b"] {
        fixture.get(&format!("/v1/messages/updates?{query}")).assert_problem(400, "invalid_request");
    }
}

#[test]
fn paging_through_messages_shows_a_snapshot() {
    let mut fixture = Fixture::new();
    let path = "/v1/chats/t-lobby/messages";
    for number in 0..5 {
        fixture.advance(1);
        fixture.post(path, &json!({ "msg": format!("{number}") })).assert_status(201);
    }
    let first = fixture.get(&format!("{path}?limit=2")).assert_status(200);
    fixture.advance(1);
    fixture.post(path, &json!({ "msg": "late" })).assert_status(201);
    let mut texts = first.strings("/msg");
    let mut next = first.body["next_cursor"].as_str().map(str::to_owned);
    while let Some(cursor) = next {
        let page = fixture.get(&format!("{path}?limit=2&cursor={cursor}")).assert_status(200);
        assert_eq!(page.body["last_modified"], first.body["last_modified"]);
        texts.extend(page.strings("/msg"));
        next = page.body["next_cursor"].as_str().map(str::to_owned);
    }
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);
}
