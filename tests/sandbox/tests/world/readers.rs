use serde_json::json;
use teamwire_sandbox::org;

use crate::fixture::Fixture;

const READERS: &str = "/v1/chats/t-lobby/readers";
const READ: &str = "/v1/chats/t-lobby/read";

#[test]
fn readers_have_read_everything() {
    let mut fixture = Fixture::new();
    // A chat without messages has no readers.
    assert_eq!(fixture.post_empty(READ).assert_status(200).body, json!({ "items": [] }));
    fixture.as_person(org::CLARA).post(org::LOBBY, "one").expect("Clara is a member");
    assert_eq!(fixture.get(READERS).assert_status(200).strings("/uid"), [org::CLARA]);
    fixture.as_person(org::ANNA).mark_read(org::LOBBY).expect("Anna is a member");
    assert_eq!(fixture.post_empty(READ).assert_status(200).strings("/uid"), [org::ANNA, org::CLARA, org::BOT]);
    assert_eq!(fixture.all_pages(READERS, 1).len(), 3);
    fixture.as_person(org::BEN).post(org::LOBBY, "two").expect("Ben is a member");
    assert_eq!(fixture.get(READERS).assert_status(200).strings("/uid"), [org::BEN]);
}

#[test]
fn bot_read_marks_can_be_disabled() {
    let mut fixture = Fixture::new();
    fixture.as_person(org::ANNA).post(org::LOBBY, "x").expect("Anna is a member");
    fixture.world.org_settings().bot_read_marks = false;
    fixture.post_empty("/v1/chats/t-none/read").assert_problem(404, "not_found");
    fixture.post_empty("/v1/chats/t-lobby/read").assert_problem(403, "auth");
    fixture.as_person(org::BEN).mark_read(org::LOBBY).expect("people are not bots");
    fixture.world.org_settings().bot_read_marks = true;
    fixture.post_empty("/v1/chats/t-lobby/read").assert_status(200);
}

#[test]
fn reading_is_hidden_without_read_receipts() {
    let mut fixture = Fixture::new();
    fixture.as_person(org::CLARA).post(org::LOBBY, "one").expect("Clara is a member");
    fixture.world.org_settings().read_receipts = false;
    fixture.get(READERS).assert_problem(403, "read_receipts_disabled");
    assert_eq!(fixture.post_empty(READ).assert_status(200).body, json!({ "items": [] }));
    fixture.world.org_settings().read_receipts = true;
    assert_eq!(fixture.get(READERS).assert_status(200).strings("/uid"), [org::CLARA, org::BOT]);
    fixture.get("/v1/chats/t-none/readers").assert_problem(404, "not_found");
}
