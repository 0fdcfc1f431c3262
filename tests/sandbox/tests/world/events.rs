use serde_json::{Value, json};
use teamwire_sandbox::org;

use crate::fixture::Fixture;

const SUBSCRIPTIONS: &str = "/v1/events/subscriptions";
const CHAT: &str = "/v1/chats/t-lobby";

/// A subscription to all events.
struct Events {
    id: String,
    cursor: String,
}

impl Events {
    fn new(fixture: &mut Fixture) -> Self {
        let response = fixture.put(SUBSCRIPTIONS).assert_status(200);
        Self { id: response.string("/id"), cursor: response.string("/cursor") }
    }

    /// Returns the events since the last call: their kinds and data.
    fn next(&mut self, fixture: &mut Fixture) -> Vec<(String, Value)> {
        let path = format!("/v1/events/updates?subscription={}&cursor={}", self.id, self.cursor);
        let response = fixture.get(&path).assert_status(200);
        self.cursor = response.string("/cursor");
        let data = response.body["items"].as_array().expect("the body has items").iter().map(|it| it["data"].clone());
        response.strings("/kind").into_iter().zip(data).collect()
    }

    fn kinds(&mut self, fixture: &mut Fixture) -> Vec<String> {
        self.next(fixture).into_iter().map(|(kind, _)| kind).collect()
    }
}

#[test]
fn messages_reads_deletions_reactions_and_locations_are_events() {
    let mut fixture = Fixture::new();
    let mut events = Events::new(&mut fixture);
    let mut anna = fixture.as_person(org::ANNA);
    let mid = anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("Anna is a member");
    anna.share_for(org::LOBBY, 48.0, 11.0, 60).expect("Anna is a member");
    let mut ben = fixture.as_person(org::BEN);
    ben.mark_read(org::LOBBY).expect("Ben is a member");
    ben.mark_read(org::LOBBY).expect("Ben is a member");
    ben.react(org::LOBBY, &mid, "ok").expect("Ben is a member");
    fixture.as_person(org::ANNA).delete(org::LOBBY, &mid).expect("the message is hers");
    fixture.advance(60);
    let seen = events.next(&mut fixture);
    let kinds: Vec<_> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["message", "location", "read", "reaction", "message_deleted", "location"]);
    assert!(seen.iter().all(|(_, data)| data["tid"] == org::LOBBY));
    assert_eq!((&seen[0].1["mid"], &seen[0].1["deleted"]), (&json!(mid), &json!(true)));
    assert_eq!(seen[2].1["user"]["uid"], org::BEN);
    assert_eq!(seen[4].1, json!({ "tid": org::LOBBY, "mid": mid }));
    assert_eq!(seen[5].1["ended"], true);
}

#[test]
fn changes_of_a_chat_are_events() {
    let mut fixture = Fixture::new();
    let mut events = Events::new(&mut fixture);
    let mut anna = fixture.as_person(org::ANNA);
    anna.rename(org::LOBBY, "Hall").expect("Anna is an admin");
    anna.rename(org::LOBBY, "Hall").expect("Anna is an admin");
    anna.allow_sending(org::LOBBY, false).expect("Anna is an admin");
    anna.add_users(org::LOBBY, &[org::EMMA]).expect("Anna is an admin");
    anna.add_users(org::LOBBY, &[org::EMMA]).expect("Anna is an admin");
    anna.add_admin(org::LOBBY, org::EMMA).expect("Anna is an admin");
    anna.close(org::LOBBY).expect("Anna is an admin");
    anna.close(org::LOBBY).expect("Anna is an admin");
    anna.reopen(org::LOBBY).expect("Anna is an admin");
    let seen = events.next(&mut fixture);
    let kinds: Vec<_> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    let expected = ["chat_renamed", "chat_changed", "chat_changed", "chat_changed", "chat_closed", "chat_reopened"];
    assert_eq!(kinds, expected);
    assert_eq!(seen[0].1["title"], "Hall");
    assert_eq!((&seen[4].1["is_closed"], &seen[5].1["is_closed"]), (&json!(true), &json!(false)));
    let now = fixture.get(CHAT).assert_status(200).body;
    assert_eq!(seen[5].1, now);
    // Of a group, of the organisation, and of the bot itself.
    let admin_changes = fixture.now();
    assert!(fixture.world.delete_user(admin_changes, org::CLARA));
    fixture.patch(CHAT, &json!({ "title": "Lobby" })).assert_status(200);
    assert_eq!(events.kinds(&mut fixture), ["chat_changed", "chat_renamed"]);
}

#[test]
fn a_bot_receives_the_chats_that_it_joins_and_leaves() {
    let mut fixture = Fixture::new();
    let mut events = Events::new(&mut fixture);
    let mut emma = fixture.as_person(org::EMMA);
    let tid = emma.create_chat("Later", &[]).expect("every user may create chats");
    emma.post(&tid, "alone").expect("Emma is a member");
    assert_eq!(events.kinds(&mut fixture), [""; 0], "the bot is not a member");
    let mut emma = fixture.as_person(org::EMMA);
    emma.add_users(&tid, &[org::BOT]).expect("Emma is an admin");
    emma.rename(&tid, "Together").expect("Emma is an admin");
    emma.remove_users(&tid, &[org::BOT]).expect("Emma is an admin");
    emma.rename(&tid, "Alone").expect("Emma is an admin");
    let seen = events.next(&mut fixture);
    let kinds: Vec<_> = seen.iter().map(|(kind, _)| kind.as_str()).collect();
    assert_eq!(kinds, ["chat_joined", "chat_renamed", "chat_left"]);
    assert_eq!((&seen[0].1["title"], &seen[2].1), (&json!("Later"), &json!({ "tid": tid })));
    // Its own chats, and those of a group.
    fixture.post("/v1/chats", &json!({ "type": "one_to_one", "recipient": org::ANNA })).assert_status(201);
    let own = json!({ "type": "group", "title": "Own", "message": "hello" });
    fixture.post("/v1/chats", &own).assert_status(201);
    fixture.as_person(org::EMMA).add_groups(&tid, &[org::ON_CALL]).expect("Emma is an admin");
    let now = fixture.now();
    assert!(fixture.world.set_group_member(now, org::ON_CALL, org::BOT, true));
    assert!(fixture.world.set_group_member(now, org::ON_CALL, org::BOT, false));
    let kinds = events.kinds(&mut fixture);
    assert_eq!(kinds, ["chat_joined", "chat_joined", "message", "chat_joined", "chat_left"]);
}

#[test]
fn reads_are_not_published_without_read_receipts() {
    let mut fixture = Fixture::new();
    let mut events = Events::new(&mut fixture);
    fixture.world.org_settings().read_receipts = false;
    fixture.as_person(org::ANNA).post(org::LOBBY, "x").expect("Anna is a member");
    fixture.as_person(org::BEN).mark_read(org::LOBBY).expect("Ben is a member");
    assert_eq!(events.kinds(&mut fixture), ["message"]);
}

#[test]
fn events_need_their_own_subscription() {
    let mut fixture = Fixture::new();
    let other = fixture.put("/v1/reactions/subscriptions").assert_status(200).string("/id");
    fixture.get(&format!("/v1/events/updates?subscription={other}")).assert_problem(404, "not_found");
    fixture.get("/v1/events/updates").assert_problem(400, "invalid_request");
    let events = Events::new(&mut fixture);
    let path = format!("/v1/events/updates?subscription={}&cursor={}", events.id, events.cursor);
    fixture.advance(300);
    fixture.get(&path).assert_problem(409, "lease_expired");
    let events = Events::new(&mut fixture);
    let path = format!("/v1/events/updates?subscription={}&cursor={}", events.id, events.cursor);
    fixture.delete(&format!("{SUBSCRIPTIONS}/{}", events.id)).assert_status(204);
    fixture.get(&path).assert_problem(410, "unsubscribed");
    fixture.delete(SUBSCRIPTIONS).assert_status(204);
}
