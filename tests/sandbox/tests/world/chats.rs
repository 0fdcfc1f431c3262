use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

fn uids(users: &Value) -> Vec<&str> {
    users.as_array().into_iter().flatten().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn new_group_chat_has_the_bot_as_member_and_admin() {
    let mut fixture = Fixture::new();
    let smallest = fixture.post("/v1/chats", &json!({ "type": "group", "title": "" })).assert_status(201);
    assert_eq!(uids(&smallest.body["users"]), [org::BOT]);
    assert_eq!(uids(&smallest.body["admins"]), [org::BOT]);
    assert_eq!(smallest.body["allow_sending"], true);
    assert_eq!(smallest.body["is_alert"], false);

    let body = json!({
        "type": "group", "title": "Night", "users": [org::ANNA, org::ANNA, org::BOT], "groups": [org::ON_CALL],
        "admins": [org::ANNA, org::BEN, org::DAVID], "is_alert": true, "allow_sending": false,
        "allow_mute_notifications": false, "message": "Hello",
    });
    let chat = fixture.post("/v1/chats", &body).assert_status(201);
    // Ben becomes a direct member because he is an admin; David is a member through the group.
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::ANNA, org::BEN]);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA, org::BEN, org::DAVID]);
    assert_eq!(chat.body["groups"][0]["gid"], org::ON_CALL);
    assert_eq!(chat.body["is_alert"], true);
    let path = format!("/v1/chats/{}/messages", chat.string("/tid"));
    let first = fixture.get(&path).assert_status(200);
    assert_eq!((first.strings("/msg"), &first.body["items"][0]["is_alert"]), (vec!["Hello".to_owned()], &json!(false)));
}

#[test]
fn chat_is_created_completely_or_not_at_all() {
    let mut fixture = Fixture::new();
    let count = |fixture: &mut Fixture| fixture.all_pages("/v1/chats", 100).len();
    let before = count(&mut fixture);
    let members = json!({
        "type": "group", "title": "x", "users": [org::ANNA, "u-nobody", org::IVAN], "groups": ["g-nothing"],
        "admins": [org::JANA, "u-nobody"],
    });
    let problem = fixture.post("/v1/chats", &members).assert_problem(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!(["u-nobody", org::IVAN, "g-nothing", org::JANA]));
    let asset = json!({ "type": "group", "title": "x", "attachments": [{ "kind": "file", "asset": "a-none" }] });
    fixture.post("/v1/chats", &asset).assert_problem(404, "not_found");
    let avatar = json!({ "type": "group", "title": "x", "avatar": "a-none" });
    fixture.post("/v1/chats", &avatar).assert_problem(422, "image_load");
    let wrong = json!({ "type": "group", "title": "x", "recipient": org::ANNA });
    fixture.post("/v1/chats", &wrong).assert_problem(422, "invalid_request");
    assert_eq!(count(&mut fixture), before);
}

#[test]
fn one_to_one_chat_with_a_user_is_unique() {
    let mut fixture = Fixture::new();
    let body = json!({ "type": "one_to_one", "recipient": org::EMMA });
    let first = fixture.post("/v1/chats", &body).assert_status(201);
    let with_message = json!({ "type": "one_to_one", "recipient": org::EMMA, "message": "Hi" });
    let again = fixture.post("/v1/chats", &with_message).assert_status(200);
    assert_eq!(first.string("/tid"), again.string("/tid"));
    assert_eq!(again.body["admins"], json!([]));
    let tid = again.string("/tid");
    assert_eq!(fixture.world.texts(&tid), [Some("Hi".to_owned())]);
    assert_eq!(fixture.as_person(org::EMMA).one_to_one(org::BOT), Ok(tid.clone()));

    for recipient in [org::BOT, org::IVAN, org::JANA, "u-nobody"] {
        let body = json!({ "type": "one_to_one", "recipient": recipient });
        let problem = fixture.post("/v1/chats", &body).assert_problem(422, "invalid_members");
        assert_eq!(problem.body["invalid_members"], json!([recipient]));
    }
    // Admin operations and leaving are rejected in a 1:1 chat.
    let path = |rest: &str| format!("/v1/chats/{tid}{rest}");
    fixture.patch(&path(""), &json!({ "title": "x" })).assert_problem(403, "auth");
    fixture.post(&path("/members/add"), &json!({ "users": [org::ANNA] })).assert_problem(403, "auth");
    for rest in ["/leave", "/close", "/reopen"] {
        fixture.post_empty(&path(rest)).assert_problem(403, "auth");
    }
    fixture.put(&path(&format!("/admins/{}", org::EMMA))).assert_problem(403, "auth");
}

#[test]
fn chats_are_listed_oldest_first_or_by_exact_title() {
    let mut fixture = Fixture::new();
    for title in ["Night", "night", "Night "] {
        fixture.post("/v1/chats", &json!({ "type": "group", "title": title })).assert_status(201);
    }
    assert_eq!(fixture.get("/v1/chats").strings("/title"), ["Lobby", "Notices", "Night", "night", "Night "]);
    assert_eq!(fixture.get("/v1/chats?title=Night").strings("/title"), ["Night"]);
    assert_eq!(fixture.get("/v1/chats?title=Night%20").strings("/title"), ["Night "]);
    assert!(fixture.get("/v1/chats?title=").strings("/title").is_empty());
    fixture.get(&format!("/v1/chats?title={}", "x".repeat(257))).assert_problem(400, "invalid_request");
}

#[test]
fn only_admins_change_a_chat_even_when_closed() {
    let mut fixture = Fixture::new();
    fixture.post_empty("/v1/chats/t-lobby/close").assert_status(200);
    let changed =
        fixture.patch("/v1/chats/t-lobby", &json!({ "title": "Foyer", "allow_sending": false })).assert_status(200);
    assert_eq!(changed.string("/title"), "Foyer");
    assert_eq!(changed.body["allow_mute_notifications"], true);
    for body in [json!({}), json!({ "title": null }), json!({ "colour": "red" }), json!({ "title": "x".repeat(257) })] {
        fixture.patch("/v1/chats/t-lobby", &body).assert_problem(422, "invalid_request");
    }
    fixture.patch("/v1/chats/t-notices", &json!({ "title": "x" })).assert_problem(403, "auth");
    fixture.patch("/v1/chats/t-none", &json!({ "title": "x" })).assert_problem(404, "not_found");
}

#[test]
fn closed_chat_rejects_messages_reactions_and_members() {
    let mut fixture = Fixture::new();
    let mid = fixture.as_person(org::ANNA).post_alert(org::LOBBY, "Fire", "alert").expect("Anna is a member");
    assert_eq!(fixture.post_empty("/v1/chats/t-lobby/close").assert_status(200).body["is_closed"], true);
    fixture.post_empty("/v1/chats/t-lobby/close").assert_status(200);
    fixture.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).assert_problem(409, "conflict");
    let reactions = format!("/v1/chats/t-lobby/messages/{mid}/reactions");
    fixture.post(&reactions, &json!({ "reaction_type": "ok" })).assert_problem(409, "conflict");
    fixture.post("/v1/chats/t-lobby/members/add", &json!({ "users": [org::EMMA] })).assert_problem(409, "conflict");
    fixture.post("/v1/chats/t-lobby/members/remove", &json!({ "users": [org::BEN] })).assert_problem(409, "conflict");
    // Everything else is still possible.
    fixture.post_empty("/v1/chats/t-lobby/read").assert_status(200);
    fixture.put("/v1/chats/t-lobby/admins/u-ben").assert_status(200);
    assert_eq!(fixture.post_empty("/v1/chats/t-lobby/reopen").assert_status(200).body["is_closed"], false);
    fixture.post("/v1/chats/t-lobby/messages", &json!({ "msg": "x" })).assert_status(201);
}

#[test]
fn organisation_settings_are_checked_before_bot_rights() {
    let mut fixture = Fixture::new();
    fixture.world.org_settings().closing = false;
    fixture.post_empty("/v1/chats/t-notices/close").assert_problem(403, "close_chat_not_allowed");
    fixture.post_empty("/v1/chats/t-none/close").assert_problem(404, "not_found");
    // Reopening cannot be disabled.
    fixture.post_empty("/v1/chats/t-lobby/reopen").assert_status(200);
    fixture.world.org_settings().closing = true;
    fixture.post_empty("/v1/chats/t-notices/close").assert_problem(403, "auth");
}
