use serde_json::json;
use teamwire_sandbox::org;

use crate::stage::Stage;

fn posted(stage: &mut Stage, alert_type: &str) -> String {
    let mid = stage.act(org::ANNA).post_alert(org::LOBBY, "Well?", alert_type).expect("Anna is a member");
    format!("/v1/chats/t-lobby/messages/{mid}/reactions")
}

#[test]
fn each_type_answers_its_own_kind_of_message() {
    let mut stage = Stage::new();
    for alert_type in ["alert", "announcement", "note"] {
        let path = posted(&mut stage, alert_type);
        for reaction_type in ["ok", "sos", "thumbs_up", "applause", "smile", "laugh", "love"] {
            let answers_alerts = ["ok", "sos"].contains(&reaction_type);
            let answer = stage.post(&path, &json!({ "reaction_type": reaction_type }));
            assert_eq!(answer.status < 400, answers_alerts == (alert_type == "alert"), "{}", answer.body);
            assert!(answer.status < 400 || answer.body["code"] == "invalid_request");
        }
        for body in [json!({}), json!({ "reaction_type": "wow" }), json!({ "reaction_type": "ok", "x": 1 })] {
            stage.post(&path, &body).fails(422, "invalid_request");
        }
    }
}

#[test]
fn everybody_has_one_reaction_that_can_be_changed() {
    let mut stage = Stage::new();
    let path = posted(&mut stage, "alert");
    let new = stage.post(&path, &json!({ "reaction_type": "ok" })).is(201);
    let changed = stage.post(&path, &json!({ "reaction_type": "sos" })).is(200);
    assert_eq!(new.text("/reaction_id"), changed.text("/reaction_id"));
    let own = format!("{path}/{}", new.text("/reaction_id"));
    assert_eq!(stage.patch(&own, &json!({ "reaction_type": "ok" })).is(200).text("/reaction_type"), "ok");
    stage.patch(&own, &json!({ "reaction_type": "love" })).fails(422, "invalid_request");
    assert_eq!(stage.get(&path).is(200).body["items"], json!([new.body]));
}

#[test]
fn an_organisation_can_forbid_bots_to_react_and_to_read_reactions() {
    let mut stage = Stage::new();
    let path = posted(&mut stage, "alert");
    let body = json!({ "reaction_type": "ok" });
    let id = stage.post(&path, &body).is(201).text("/reaction_id");
    stage.world.org_settings().bot_reactions = false;
    stage.get(&path).fails(403, "auth");
    stage.get(&format!("{path}?limit=0")).fails(400, "invalid_request");
    stage.get(&format!("{path}?cursor=x")).fails(403, "auth");
    stage.post(&path, &body).fails(403, "auth");
    stage.patch(&format!("{path}/{id}"), &body).fails(403, "auth");
    stage.patch(&format!("{path}/r-none"), &body).fails(404, "not_found");
    let mid = path.split('/').nth(5).expect("the path names the message");
    stage.act(org::BEN).react(org::LOBBY, mid, "sos").expect("people are not bots");
    // The closed chat comes after the rights, and what the message is after its cursor.
    stage.act(org::ANNA).close(org::LOBBY).expect("Anna is an admin");
    stage.post(&path, &body).fails(403, "auth");
    stage.world.org_settings().bot_reactions = true;
    stage.post(&path, &body).fails(409, "conflict");
    assert_eq!(stage.get(&path).is(200).texts("/reaction_type"), ["ok", "sos"]);
    let plain = stage.act(org::ANNA).post(org::NOTICES, "x").err();
    assert!(plain.is_some_and(|refusal| refusal.code == "not_found"));
    let plain = stage.act(org::BEN).post(org::NOTICES, "x").expect("Ben is a member");
    let path = format!("/v1/chats/t-notices/messages/{plain}/reactions");
    stage.get(&format!("{path}?cursor=x")).fails(410, "cursor_expired");
    stage.get(&path).fails(422, "invalid_request");
}

#[test]
fn nobody_changes_somebody_elses_reaction() {
    let mut stage = Stage::new();
    let path = posted(&mut stage, "alert");
    let mid = path.split('/').nth(5).expect("the path has a mid").to_owned();
    let id = stage.act(org::BEN).react(org::LOBBY, &mid, "ok").expect("Ben is a member");
    stage.patch(&format!("{path}/{id}"), &json!({ "reaction_type": "sos" })).fails(403, "auth");
    stage.patch(&format!("{path}/r-none"), &json!({ "reaction_type": "sos" })).fails(404, "not_found");
}

#[test]
fn reactions_are_listed_in_the_order_in_which_they_came() {
    let mut stage = Stage::new();
    let path = posted(&mut stage, "note");
    let mid = path.split('/').nth(5).expect("the path has a mid").to_owned();
    for uid in [org::CLARA, org::ANNA, org::BEN] {
        stage.act(uid).react(org::LOBBY, &mid, "smile").expect("they are members");
    }
    stage.act(org::CLARA).react(org::LOBBY, &mid, "love").expect("Clara is a member");
    let listed = stage.walk(&path, 1);
    let uids: Vec<_> = listed.iter().map(|it| it["from_user"]["uid"].clone()).collect();
    assert_eq!(uids, [org::CLARA, org::ANNA, org::BEN]);
    assert_eq!(listed[0]["reaction_type"], "love");
}

#[test]
fn only_attention_messages_that_are_there_take_reactions() {
    let mut stage = Stage::new();
    let mid = stage.act(org::ANNA).post(org::LOBBY, "plain").expect("Anna is a member");
    let plain = format!("/v1/chats/t-lobby/messages/{mid}/reactions");
    stage.get(&plain).fails(422, "invalid_request");
    stage.post(&plain, &json!({ "reaction_type": "ok" })).fails(422, "invalid_request");
    stage.act(org::ANNA).delete(org::LOBBY, &mid).expect("it is hers");
    stage.get(&plain).fails(404, "not_found");
    stage.post("/v1/chats/t-lobby/messages/m-none/reactions", &json!({ "reaction_type": "ok" })).is(404);
}
