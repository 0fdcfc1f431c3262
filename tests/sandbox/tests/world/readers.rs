use serde_json::json;
use teamwire_sandbox::org;

use crate::stage::Stage;

const READERS: &str = "/v1/chats/t-lobby/readers";
const READ: &str = "/v1/chats/t-lobby/read";

#[test]
fn readers_are_those_who_have_read_everything() {
    let mut stage = Stage::new();
    // Where there is nothing to read, nobody has.
    assert_eq!(stage.post_empty(READ).is(200).body, json!({ "items": [] }));
    stage.act(org::CLARA).post(org::LOBBY, "one").expect("Clara is a member");
    assert_eq!(stage.get(READERS).is(200).texts("/uid"), [org::CLARA]);
    stage.act(org::ANNA).mark_read(org::LOBBY).expect("Anna is a member");
    assert_eq!(stage.post_empty(READ).is(200).texts("/uid"), [org::ANNA, org::CLARA, org::BOT]);
    assert_eq!(stage.walk(READERS, 1).len(), 3);
    stage.act(org::BEN).post(org::LOBBY, "two").expect("Ben is a member");
    assert_eq!(stage.get(READERS).is(200).texts("/uid"), [org::BEN]);
}

#[test]
fn an_organisation_can_forbid_bots_to_mark_as_read() {
    let mut stage = Stage::new();
    stage.act(org::ANNA).post(org::LOBBY, "x").expect("Anna is a member");
    stage.world.org_settings().bot_read_marks = false;
    stage.post_empty("/v1/chats/t-none/read").fails(404, "not_found");
    stage.post_empty("/v1/chats/t-lobby/read").fails(403, "auth");
    stage.act(org::BEN).mark_read(org::LOBBY).expect("people are not bots");
    stage.world.org_settings().bot_read_marks = true;
    stage.post_empty("/v1/chats/t-lobby/read").is(200);
}

#[test]
fn without_read_receipts_reading_goes_on_unseen() {
    let mut stage = Stage::new();
    stage.act(org::CLARA).post(org::LOBBY, "one").expect("Clara is a member");
    stage.world.org_settings().read_receipts = false;
    stage.get(READERS).fails(403, "read_receipts_disabled");
    assert_eq!(stage.post_empty(READ).is(200).body, json!({ "items": [] }));
    stage.world.org_settings().read_receipts = true;
    assert_eq!(stage.get(READERS).is(200).texts("/uid"), [org::CLARA, org::BOT]);
    stage.get("/v1/chats/t-none/readers").fails(404, "not_found");
}
