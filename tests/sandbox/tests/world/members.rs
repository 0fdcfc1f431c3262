use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::stage::Stage;

const ADD: &str = "/v1/chats/t-lobby/members/add";
const REMOVE: &str = "/v1/chats/t-lobby/members/remove";

fn uids(users: &Value) -> Vec<&str> {
    users.as_array().into_iter().flatten().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn members_are_added_all_or_none() {
    let mut stage = Stage::new();
    let bad = json!({ "users": [org::EMMA, org::JANA], "groups": ["g-none"] });
    let problem = stage.post(ADD, &bad).fails(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!([org::JANA, "g-none"]));
    let good = json!({ "users": [org::EMMA, org::EMMA, org::ANNA], "groups": [org::ON_CALL] });
    let chat = stage.post(ADD, &good).is(200);
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::ANNA, org::BEN, org::CLARA, org::EMMA]);
    assert_eq!(chat.body["groups"][0]["gid"], org::ON_CALL);
    assert_eq!(stage.post(ADD, &good).is(200).body, chat.body);
    for body in [json!({}), json!({ "users": [] }), json!({ "users": [""] }), json!({ "users": "u" })] {
        stage.post(ADD, &body).fails(422, "invalid_request");
    }
    let many: Vec<_> = (0..1001).map(|number| format!("u{number}")).collect();
    stage.post(ADD, &json!({ "users": many })).fails(422, "invalid_request");
}

#[test]
fn members_are_removed_all_or_none_and_never_the_bot_itself() {
    let mut stage = Stage::new();
    let bad = json!({ "users": [org::BEN, org::EMMA, org::BOT], "groups": [org::ON_CALL] });
    let problem = stage.post(REMOVE, &bad).fails(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!([org::EMMA, org::BOT, org::ON_CALL]));
    let chat = stage.post(REMOVE, &json!({ "users": [org::BEN, org::ANNA] })).is(200);
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::CLARA]);
    // Who is removed is no admin any more.
    assert_eq!(uids(&chat.body["admins"]), [org::BOT]);
    assert!(stage.act(org::ANNA).post(org::LOBBY, "still here?").is_err_and(|refusal| refusal.code == "not_found"));
}

#[test]
fn who_stays_through_a_group_stays_an_admin() {
    let mut stage = Stage::new();
    stage.post(ADD, &json!({ "groups": [org::CONTROL_ROOM] })).is(200);
    let chat = stage.post(REMOVE, &json!({ "users": [org::ANNA] })).is(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA]);
    let chat = stage.post(REMOVE, &json!({ "groups": [org::CONTROL_ROOM] })).is(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT]);
}

#[test]
fn the_organisation_can_forbid_updates_of_members() {
    let mut stage = Stage::new();
    stage.world.org_settings().member_updates = false;
    let body = json!({ "users": [org::EMMA] });
    stage.post(ADD, &body).fails(403, "update_members_not_allowed");
    stage.post(REMOVE, &body).fails(403, "update_members_not_allowed");
    stage.post("/v1/chats/t-notices/members/add", &body).fails(403, "update_members_not_allowed");
    // Creating a chat with members is never switched off.
    stage.post("/v1/chats", &json!({ "type": "group", "title": "", "users": [org::EMMA] })).is(201);
    stage.world.org_settings().member_updates = true;
    stage.post("/v1/chats/t-notices/members/add", &body).fails(403, "auth");
}

#[test]
fn admins_are_members_and_a_chat_keeps_one() {
    let mut stage = Stage::new();
    let admin = |uid: &str| format!("/v1/chats/t-lobby/admins/{uid}");
    let chat = stage.put(&admin(org::BEN)).is(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA, org::BEN]);
    assert_eq!(stage.put(&admin(org::BEN)).is(200).body, chat.body);
    for uid in [org::EMMA, org::IVAN, org::JANA, "u-nobody"] {
        stage.put(&admin(uid)).fails(404, "not_found");
        stage.delete(&admin(uid)).fails(404, "not_found");
    }
    stage.delete(&admin(org::CLARA)).is(200);
    stage.delete(&admin(org::BEN)).is(200);
    stage.delete(&admin(org::ANNA)).is(200);
    stage.delete(&admin(org::BOT)).fails(409, "conflict");
    stage.put(&admin(org::ANNA)).is(200);
    // Also of oneself; then one is none any more.
    stage.delete(&admin(org::BOT)).is(200);
    stage.put(&admin(org::BOT)).fails(403, "auth");
}

#[test]
fn the_last_admin_is_not_removed_but_may_leave() {
    let mut stage = Stage::new();
    let anna = &mut stage.act(org::ANNA);
    anna.remove_admin(org::LOBBY, org::BOT).expect("Anna is an admin");
    let refused = anna.remove_admin(org::LOBBY, org::ANNA);
    assert!(refused.is_err_and(|refusal| refusal.code == "conflict"));
    anna.leave(org::LOBBY).expect("the last admin may leave");
    assert_eq!(stage.get("/v1/chats/t-lobby").is(200).body["admins"], json!([]));
}

#[test]
fn leaving_ends_everything_and_can_be_forbidden() {
    let mut stage = Stage::new();
    stage.world.org_settings().leaving = false;
    stage.post_empty("/v1/chats/t-lobby/leave").fails(403, "leave_chat_not_allowed");
    stage.world.org_settings().leaving = true;
    assert!(stage.post_empty("/v1/chats/t-lobby/leave").is(204).bytes.is_empty());
    stage.get("/v1/chats/t-lobby").fails(404, "not_found");
    stage.post_empty("/v1/chats/t-lobby/leave").fails(404, "not_found");
}

#[test]
fn who_is_a_member_through_a_group_does_not_leave() {
    let mut stage = Stage::new();
    let now = stage.now();
    assert!(stage.world.set_group_member(now, org::ON_CALL, org::BOT, true));
    stage.act(org::BEN).add_groups(org::NOTICES, &[org::ON_CALL]).expect("Ben is an admin");
    stage.act(org::BEN).remove_users(org::NOTICES, &[org::BOT]).expect("Ben is an admin");
    stage.get("/v1/chats/t-notices").is(200);
    stage.post_empty("/v1/chats/t-notices/leave").fails(403, "auth");
    assert!(stage.world.set_group_member(now, org::ON_CALL, org::BOT, false));
    stage.get("/v1/chats/t-notices").fails(404, "not_found");
}

#[test]
fn a_deleted_user_is_nowhere_listed() {
    let mut stage = Stage::new();
    stage.post(ADD, &json!({ "groups": [org::CONTROL_ROOM] })).is(200);
    stage.act(org::ANNA).post(org::LOBBY, "Bye").expect("Anna is a member");
    let now = stage.now();
    assert!(stage.world.delete_user(now, org::ANNA));
    let chat = stage.get("/v1/chats/t-lobby").is(200);
    assert!(!chat.body.to_string().contains(org::ANNA));
    assert!(!stage.get("/v1/groups").is(200).body.to_string().contains(org::ANNA));
    assert_eq!(stage.get("/v1/chats/t-lobby/readers").is(200).body["items"], json!([]));
    stage.get("/v1/users/u-anna").fails(404, "not_found");
    // What she has said stays hers.
    assert_eq!(stage.get("/v1/chats/t-lobby/messages").texts("/from_user/uid"), [org::ANNA]);
    let refused = stage.act(org::ANNA).create_chat("x", &[]);
    assert!(refused.is_err_and(|refusal| refusal.code == "not_found"));
}
