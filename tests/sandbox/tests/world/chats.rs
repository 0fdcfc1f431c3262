use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::stage::Stage;

fn uids(users: &Value) -> Vec<&str> {
    users.as_array().into_iter().flatten().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn a_new_group_chat_has_the_bot_as_member_and_admin() {
    let mut stage = Stage::new();
    let smallest = stage.post("/v1/chats", &json!({ "type": "group", "title": "" })).is(201);
    assert_eq!(uids(&smallest.body["users"]), [org::BOT]);
    assert_eq!(uids(&smallest.body["admins"]), [org::BOT]);
    assert_eq!(smallest.body["allow_sending"], true);
    assert_eq!(smallest.body["is_alert"], false);

    let body = json!({
        "type": "group", "title": "Night", "users": [org::ANNA, org::ANNA, org::BOT], "groups": [org::ON_CALL],
        "admins": [org::ANNA, org::BEN, org::DAVID], "is_alert": true, "allow_sending": false,
        "allow_mute_notifications": false, "message": "Hello",
    });
    let chat = stage.post("/v1/chats", &body).is(201);
    // Ben is a direct member as he is an admin, David is one by the group already.
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::ANNA, org::BEN]);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA, org::BEN, org::DAVID]);
    assert_eq!(chat.body["groups"][0]["gid"], org::ON_CALL);
    assert_eq!(chat.body["is_alert"], true);
    let path = format!("/v1/chats/{}/messages", chat.text("/tid"));
    let first = stage.get(&path).is(200);
    assert_eq!((first.texts("/msg"), &first.body["items"][0]["is_alert"]), (vec!["Hello".to_owned()], &json!(false)));
}

#[test]
fn a_chat_is_made_whole_or_not_at_all() {
    let mut stage = Stage::new();
    let count = |stage: &mut Stage| stage.walk("/v1/chats", 100).len();
    let before = count(&mut stage);
    let members = json!({
        "type": "group", "title": "x", "users": [org::ANNA, "u-nobody", org::IVAN], "groups": ["g-nothing"],
        "admins": [org::JANA, "u-nobody"],
    });
    let problem = stage.post("/v1/chats", &members).fails(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!(["u-nobody", org::IVAN, "g-nothing", org::JANA]));
    let asset = json!({ "type": "group", "title": "x", "attachments": [{ "kind": "file", "asset": "a-none" }] });
    stage.post("/v1/chats", &asset).fails(404, "not_found");
    let avatar = json!({ "type": "group", "title": "x", "avatar": "a-none" });
    stage.post("/v1/chats", &avatar).fails(422, "image_load");
    let wrong = json!({ "type": "group", "title": "x", "recipient": org::ANNA });
    stage.post("/v1/chats", &wrong).fails(422, "invalid_request");
    assert_eq!(count(&mut stage), before);
}

#[test]
fn there_is_one_1_to_1_chat_with_each_user() {
    let mut stage = Stage::new();
    let body = json!({ "type": "one_to_one", "recipient": org::EMMA });
    let first = stage.post("/v1/chats", &body).is(201);
    let with_message = json!({ "type": "one_to_one", "recipient": org::EMMA, "message": "Hi" });
    let again = stage.post("/v1/chats", &with_message).is(200);
    assert_eq!(first.text("/tid"), again.text("/tid"));
    assert_eq!(again.body["admins"], json!([]));
    let tid = again.text("/tid");
    assert_eq!(stage.world.texts(&tid), [Some("Hi".to_owned())]);
    assert_eq!(stage.act(org::EMMA).one_to_one(org::BOT), Ok(tid.clone()));

    for recipient in [org::BOT, org::IVAN, org::JANA, "u-nobody"] {
        let body = json!({ "type": "one_to_one", "recipient": recipient });
        let problem = stage.post("/v1/chats", &body).fails(422, "invalid_members");
        assert_eq!(problem.body["invalid_members"], json!([recipient]));
    }
    // All that is an admin's, and leaving, is refused there.
    let path = |rest: &str| format!("/v1/chats/{tid}{rest}");
    stage.patch(&path(""), &json!({ "title": "x" })).fails(403, "auth");
    stage.post(&path("/members/add"), &json!({ "users": [org::ANNA] })).fails(403, "auth");
    for rest in ["/leave", "/close", "/reopen"] {
        stage.post_empty(&path(rest)).fails(403, "auth");
    }
    stage.put(&path(&format!("/admins/{}", org::EMMA))).fails(403, "auth");
}

#[test]
fn chats_come_oldest_first_and_by_exact_title() {
    let mut stage = Stage::new();
    for title in ["Night", "night", "Night "] {
        stage.post("/v1/chats", &json!({ "type": "group", "title": title })).is(201);
    }
    assert_eq!(stage.get("/v1/chats").texts("/title"), ["Lobby", "Notices", "Night", "night", "Night "]);
    assert_eq!(stage.get("/v1/chats?title=Night").texts("/title"), ["Night"]);
    assert_eq!(stage.get("/v1/chats?title=Night%20").texts("/title"), ["Night "]);
    assert!(stage.get("/v1/chats?title=").texts("/title").is_empty());
    stage.get(&format!("/v1/chats?title={}", "x".repeat(257))).fails(400, "invalid_request");
}

#[test]
fn only_admins_change_a_chat_and_a_closed_one_too() {
    let mut stage = Stage::new();
    stage.post_empty("/v1/chats/t-lobby/close").is(200);
    let changed = stage.patch("/v1/chats/t-lobby", &json!({ "title": "Foyer", "allow_sending": false })).is(200);
    assert_eq!(changed.text("/title"), "Foyer");
    assert_eq!(changed.body["allow_mute_notifications"], true);
    for body in [json!({}), json!({ "title": null }), json!({ "colour": "red" }), json!({ "title": "x".repeat(257) })] {
        stage.patch("/v1/chats/t-lobby", &body).fails(422, "invalid_request");
    }
    stage.patch("/v1/chats/t-notices", &json!({ "title": "x" })).fails(403, "auth");
    stage.patch("/v1/chats/t-none", &json!({ "title": "x" })).fails(404, "not_found");
}

#[test]
fn a_closed_chat_takes_no_messages_reactions_or_members() {
    let mut stage = Stage::new();
    let mid = stage.act(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    assert_eq!(stage.post_empty("/v1/chats/t-lobby/close").is(200).body["is_closed"], true);
    stage.post_empty("/v1/chats/t-lobby/close").is(200);
    stage.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).fails(409, "conflict");
    let reactions = format!("/v1/chats/t-lobby/messages/{mid}/reactions");
    stage.post(&reactions, &json!({ "reaction_type": "ok" })).fails(409, "conflict");
    stage.post("/v1/chats/t-lobby/members/add", &json!({ "users": [org::EMMA] })).fails(409, "conflict");
    stage.post("/v1/chats/t-lobby/members/remove", &json!({ "users": [org::BEN] })).fails(409, "conflict");
    // All else remains possible.
    stage.post_empty("/v1/chats/t-lobby/read").is(200);
    stage.put("/v1/chats/t-lobby/admins/u-ben").is(200);
    assert_eq!(stage.post_empty("/v1/chats/t-lobby/reopen").is(200).body["is_closed"], false);
    stage.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).is(201);
}

#[test]
fn the_organisations_switch_comes_before_the_bots_rights() {
    let mut stage = Stage::new();
    stage.world.org_settings().closing = false;
    stage.post_empty("/v1/chats/t-notices/close").fails(403, "close_chat_not_allowed");
    stage.post_empty("/v1/chats/t-none/close").fails(404, "not_found");
    // No switch forbids to reopen.
    stage.post_empty("/v1/chats/t-lobby/reopen").is(200);
    stage.world.org_settings().closing = true;
    stage.post_empty("/v1/chats/t-notices/close").fails(403, "auth");
}
