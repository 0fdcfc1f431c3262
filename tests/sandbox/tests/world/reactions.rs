use serde_json::json;
use teamwire_sandbox::org;

use crate::fixture::Fixture;

fn posted(fixture: &mut Fixture, alert_type: &str) -> String {
    let mid = fixture.as_person(org::ANNA).post_alert(org::LOBBY, "Well?", alert_type).expect("Anna is a member");
    format!("/v1/chats/t-lobby/messages/{mid}/reactions")
}

#[test]
fn reaction_types_match_their_alert_type() {
    let mut fixture = Fixture::new();
    for alert_type in ["alert", "announcement", "note"] {
        let path = posted(&mut fixture, alert_type);
        for reaction_type in ["ok", "sos", "thumbs_up", "applause", "smile", "laugh", "love"] {
            let answers_alerts = ["ok", "sos"].contains(&reaction_type);
            let response = fixture.post(&path, &json!({ "reaction_type": reaction_type }));
            assert_eq!(response.status < 400, answers_alerts == (alert_type == "alert"), "{}", response.body);
            assert!(response.status < 400 || response.body["code"] == "invalid_request");
        }
        for body in [json!({}), json!({ "reaction_type": "wow" }), json!({ "reaction_type": "ok", "x": 1 })] {
            fixture.post(&path, &body).assert_problem(422, "invalid_request");
        }
    }
}

#[test]
fn user_has_one_reaction_which_can_be_changed() {
    let mut fixture = Fixture::new();
    let path = posted(&mut fixture, "alert");
    let new = fixture.post(&path, &json!({ "reaction_type": "ok" })).assert_status(201);
    let changed = fixture.post(&path, &json!({ "reaction_type": "sos" })).assert_status(200);
    assert_eq!(new.string("/reaction_id"), changed.string("/reaction_id"));
    let own = format!("{path}/{}", new.string("/reaction_id"));
    assert_eq!(
        fixture.patch(&own, &json!({ "reaction_type": "ok" })).assert_status(200).string("/reaction_type"),
        "ok"
    );
    fixture.patch(&own, &json!({ "reaction_type": "love" })).assert_problem(422, "invalid_request");
    assert_eq!(fixture.get(&path).assert_status(200).body["items"], json!([new.body]));
}

#[test]
fn bot_reactions_can_be_disabled() {
    let mut fixture = Fixture::new();
    let path = posted(&mut fixture, "alert");
    let body = json!({ "reaction_type": "ok" });
    let id = fixture.post(&path, &body).assert_status(201).string("/reaction_id");
    fixture.world.org_settings().bot_reactions = false;
    fixture.get(&path).assert_problem(403, "auth");
    fixture.get(&format!("{path}?limit=0")).assert_problem(400, "invalid_request");
    fixture.get(&format!("{path}?cursor=x")).assert_problem(403, "auth");
    fixture.post(&path, &body).assert_problem(403, "auth");
    fixture.patch(&format!("{path}/{id}"), &body).assert_problem(403, "auth");
    fixture.patch(&format!("{path}/r-none"), &body).assert_problem(404, "not_found");
    let mid = path.split('/').nth(5).expect("the path names the message");
    fixture.as_person(org::BEN).react(org::LOBBY, mid, "sos").expect("people are not bots");
    // Rights are checked before the state of the chat, and the cursor before the type of the message.
    fixture.as_person(org::ANNA).close(org::LOBBY).expect("Anna is an admin");
    fixture.post(&path, &body).assert_problem(403, "auth");
    fixture.world.org_settings().bot_reactions = true;
    fixture.post(&path, &body).assert_problem(409, "conflict");
    assert_eq!(fixture.get(&path).assert_status(200).strings("/reaction_type"), ["ok", "sos"]);
    let plain = fixture.as_person(org::ANNA).post(org::NOTICES, "x").err();
    assert!(plain.is_some_and(|refusal| refusal.code == "not_found"));
    let plain = fixture.as_person(org::BEN).post(org::NOTICES, "x").expect("Ben is a member");
    let path = format!("/v1/chats/t-notices/messages/{plain}/reactions");
    fixture.get(&format!("{path}?cursor=x")).assert_problem(410, "cursor_expired");
    fixture.get(&path).assert_problem(422, "invalid_request");
}

#[test]
fn reaction_can_only_be_changed_by_its_author() {
    let mut fixture = Fixture::new();
    let path = posted(&mut fixture, "alert");
    let mid = path.split('/').nth(5).expect("the path has a mid").to_owned();
    let id = fixture.as_person(org::BEN).react(org::LOBBY, &mid, "ok").expect("Ben is a member");
    fixture.patch(&format!("{path}/{id}"), &json!({ "reaction_type": "sos" })).assert_problem(403, "auth");
    fixture.patch(&format!("{path}/r-none"), &json!({ "reaction_type": "sos" })).assert_problem(404, "not_found");
}

#[test]
fn reactions_are_listed_oldest_first() {
    let mut fixture = Fixture::new();
    let path = posted(&mut fixture, "note");
    let mid = path.split('/').nth(5).expect("the path has a mid").to_owned();
    for uid in [org::CLARA, org::ANNA, org::BEN] {
        fixture.as_person(uid).react(org::LOBBY, &mid, "smile").expect("all of them are members");
    }
    fixture.as_person(org::CLARA).react(org::LOBBY, &mid, "love").expect("Clara is a member");
    let listed = fixture.all_pages(&path, 1);
    let uids: Vec<_> = listed.iter().map(|it| it["from_user"]["uid"].clone()).collect();
    assert_eq!(uids, [org::CLARA, org::ANNA, org::BEN]);
    assert_eq!(listed[0]["reaction_type"], "love");
}

#[test]
fn only_existing_attention_messages_accept_reactions() {
    let mut fixture = Fixture::new();
    let mid = fixture.as_person(org::ANNA).post(org::LOBBY, "plain").expect("Anna is a member");
    let plain = format!("/v1/chats/t-lobby/messages/{mid}/reactions");
    fixture.get(&plain).assert_problem(422, "invalid_request");
    fixture.post(&plain, &json!({ "reaction_type": "ok" })).assert_problem(422, "invalid_request");
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    fixture.get(&plain).assert_problem(404, "not_found");
    fixture.post("/v1/chats/t-lobby/messages/m-none/reactions", &json!({ "reaction_type": "ok" })).assert_status(404);
}
