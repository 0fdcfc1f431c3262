use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

const ADD: &str = "/v1/chats/t-lobby/members/add";
const REMOVE: &str = "/v1/chats/t-lobby/members/remove";

fn uids(users: &Value) -> Vec<&str> {
    users.as_array().into_iter().flatten().filter_map(|user| user["uid"].as_str()).collect()
}

#[test]
fn members_are_added_all_or_none() {
    let mut fixture = Fixture::new();
    let bad = json!({ "users": [org::EMMA, org::JANA], "groups": ["g-none"] });
    let problem = fixture.post(ADD, &bad).assert_problem(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!([org::JANA, "g-none"]));
    let good = json!({ "users": [org::EMMA, org::EMMA, org::ANNA], "groups": [org::ON_CALL] });
    let chat = fixture.post(ADD, &good).assert_status(200);
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::ANNA, org::BEN, org::CLARA, org::EMMA]);
    assert_eq!(chat.body["groups"][0]["gid"], org::ON_CALL);
    assert_eq!(fixture.post(ADD, &good).assert_status(200).body, chat.body);
    for body in [json!({}), json!({ "users": [] }), json!({ "users": [""] }), json!({ "users": "u" })] {
        fixture.post(ADD, &body).assert_problem(422, "invalid_request");
    }
    let many: Vec<_> = (0..1001).map(|number| format!("u{number}")).collect();
    fixture.post(ADD, &json!({ "users": many })).assert_problem(422, "invalid_request");
}

#[test]
fn members_are_removed_all_or_none_but_never_the_bot() {
    let mut fixture = Fixture::new();
    let bad = json!({ "users": [org::BEN, org::EMMA, org::BOT], "groups": [org::ON_CALL] });
    let problem = fixture.post(REMOVE, &bad).assert_problem(422, "invalid_members");
    assert_eq!(problem.body["invalid_members"], json!([org::EMMA, org::BOT, org::ON_CALL]));
    let chat = fixture.post(REMOVE, &json!({ "users": [org::BEN, org::ANNA] })).assert_status(200);
    assert_eq!(uids(&chat.body["users"]), [org::BOT, org::CLARA]);
    // A removed member is no longer an admin.
    assert_eq!(uids(&chat.body["admins"]), [org::BOT]);
    assert!(
        fixture.as_person(org::ANNA).post(org::LOBBY, "still here?").is_err_and(|refusal| refusal.code == "not_found")
    );
}

#[test]
fn admin_with_group_membership_stays_admin_when_removed() {
    let mut fixture = Fixture::new();
    fixture.post(ADD, &json!({ "groups": [org::CONTROL_ROOM] })).assert_status(200);
    let chat = fixture.post(REMOVE, &json!({ "users": [org::ANNA] })).assert_status(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA]);
    let chat = fixture.post(REMOVE, &json!({ "groups": [org::CONTROL_ROOM] })).assert_status(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT]);
}

#[test]
fn member_updates_can_be_disabled() {
    let mut fixture = Fixture::new();
    fixture.world.org_settings().member_updates = false;
    let body = json!({ "users": [org::EMMA] });
    fixture.post(ADD, &body).assert_problem(403, "update_members_not_allowed");
    fixture.post(REMOVE, &body).assert_problem(403, "update_members_not_allowed");
    fixture.post("/v1/chats/t-notices/members/add", &body).assert_problem(403, "update_members_not_allowed");
    // Creating a chat with members is always allowed.
    fixture.post("/v1/chats", &json!({ "type": "group", "title": "", "users": [org::EMMA] })).assert_status(201);
    fixture.world.org_settings().member_updates = true;
    fixture.post("/v1/chats/t-notices/members/add", &body).assert_problem(403, "auth");
}

#[test]
fn chat_keeps_at_least_one_admin() {
    let mut fixture = Fixture::new();
    let admin = |uid: &str| format!("/v1/chats/t-lobby/admins/{uid}");
    let chat = fixture.put(&admin(org::BEN)).assert_status(200);
    assert_eq!(uids(&chat.body["admins"]), [org::BOT, org::ANNA, org::BEN]);
    assert_eq!(fixture.put(&admin(org::BEN)).assert_status(200).body, chat.body);
    for uid in [org::EMMA, org::IVAN, org::JANA, "u-nobody"] {
        fixture.put(&admin(uid)).assert_problem(404, "not_found");
        fixture.delete(&admin(uid)).assert_problem(404, "not_found");
    }
    fixture.delete(&admin(org::CLARA)).assert_status(200);
    fixture.delete(&admin(org::BEN)).assert_status(200);
    fixture.delete(&admin(org::ANNA)).assert_status(200);
    fixture.delete(&admin(org::BOT)).assert_problem(409, "conflict");
    fixture.put(&admin(org::ANNA)).assert_status(200);
    // An admin can also remove itself, and is then no longer allowed to add admins.
    fixture.delete(&admin(org::BOT)).assert_status(200);
    fixture.put(&admin(org::BOT)).assert_problem(403, "auth");
}

#[test]
fn last_admin_cannot_be_removed_but_may_leave() {
    let mut fixture = Fixture::new();
    let anna = &mut fixture.as_person(org::ANNA);
    anna.remove_admin(org::LOBBY, org::BOT).expect("Anna is an admin");
    let refused = anna.remove_admin(org::LOBBY, org::ANNA);
    assert!(refused.is_err_and(|refusal| refusal.code == "conflict"));
    anna.leave(org::LOBBY).expect("the last admin may leave");
    assert_eq!(fixture.get("/v1/chats/t-lobby").assert_status(200).body["admins"], json!([]));
}

#[test]
fn leaving_ends_membership_and_can_be_disabled() {
    let mut fixture = Fixture::new();
    fixture.world.org_settings().leaving = false;
    fixture.post_empty("/v1/chats/t-lobby/leave").assert_problem(403, "leave_chat_not_allowed");
    fixture.world.org_settings().leaving = true;
    assert!(fixture.post_empty("/v1/chats/t-lobby/leave").assert_status(204).bytes.is_empty());
    fixture.get("/v1/chats/t-lobby").assert_problem(404, "not_found");
    fixture.post_empty("/v1/chats/t-lobby/leave").assert_problem(404, "not_found");
}

#[test]
fn group_members_cannot_leave() {
    let mut fixture = Fixture::new();
    let now = fixture.now();
    assert!(fixture.world.set_group_member(now, org::ON_CALL, org::BOT, true));
    fixture.as_person(org::BEN).add_groups(org::NOTICES, &[org::ON_CALL]).expect("Ben is an admin");
    fixture.as_person(org::BEN).remove_users(org::NOTICES, &[org::BOT]).expect("Ben is an admin");
    fixture.get("/v1/chats/t-notices").assert_status(200);
    fixture.post_empty("/v1/chats/t-notices/leave").assert_problem(403, "auth");
    assert!(fixture.world.set_group_member(now, org::ON_CALL, org::BOT, false));
    fixture.get("/v1/chats/t-notices").assert_problem(404, "not_found");
}

#[test]
fn deleted_user_is_not_listed() {
    let mut fixture = Fixture::new();
    fixture.post(ADD, &json!({ "groups": [org::CONTROL_ROOM] })).assert_status(200);
    fixture.as_person(org::ANNA).post(org::LOBBY, "Bye").expect("Anna is a member");
    let now = fixture.now();
    assert!(fixture.world.delete_user(now, org::ANNA));
    let chat = fixture.get("/v1/chats/t-lobby").assert_status(200);
    assert!(!chat.body.to_string().contains(org::ANNA));
    assert!(!fixture.get("/v1/groups").assert_status(200).body.to_string().contains(org::ANNA));
    assert_eq!(fixture.get("/v1/chats/t-lobby/readers").assert_status(200).body["items"], json!([]));
    fixture.get("/v1/users/u-anna").assert_problem(404, "not_found");
    // Her messages keep their author.
    assert_eq!(fixture.get("/v1/chats/t-lobby/messages").strings("/from_user/uid"), [org::ANNA]);
    let refused = fixture.as_person(org::ANNA).create_chat("x", &[]);
    assert!(refused.is_err_and(|refusal| refusal.code == "not_found"));
}
