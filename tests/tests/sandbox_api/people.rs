//! Chats and messages as people see them, and what people do.

use serde_json::{Value, json};

use crate::client::Api;

fn chat_of(api: &Api, uid: &str, tid: &str) -> Value {
    let chats = api.get(&format!("/people/{uid}/chats"));
    let chats = chats["items"].as_array().expect("it is a list").clone();
    chats.into_iter().find(|chat| chat["tid"] == tid).expect("the person is in the chat")
}

fn post(api: &Api, uid: &str, body: &Value) -> String {
    let message = api.change("POST", &format!("/people/{uid}/chats/t-lobby/messages"), body, 201);
    message["mid"].as_str().expect("it is text").to_owned()
}

#[test]
fn unread_messages_are_those_of_others_that_are_not_deleted() {
    let api = Api::start();
    for text in ["one", "two"] {
        post(&api, "u-ben", &json!({ "msg": text }));
    }
    let deleted = post(&api, "u-ben", &json!({ "msg": "three" }));
    assert_eq!(chat_of(&api, "u-anna", "t-lobby")["unread"], 3);
    assert_eq!(chat_of(&api, "u-ben", "t-lobby")["unread"], 0);
    api.change("DELETE", &format!("/people/u-ben/chats/t-lobby/messages/{deleted}"), &json!(null), 204);
    assert_eq!(chat_of(&api, "u-anna", "t-lobby")["unread"], 2);
    assert_eq!(api.get("/world")["badges"]["u-anna"], json!({ "unread": 2, "alerts": 0 }));
    // To look at messages does not read them.
    let window = api.get("/people/u-anna/chats/t-lobby/messages");
    assert_eq!((&window["read"], &window["count"]), (&json!(0), &json!(3)));
    assert_eq!(chat_of(&api, "u-anna", "t-lobby")["unread"], 2);
    api.change("POST", "/people/u-anna/chats/t-lobby/read", &json!(null), 200);
    let chat = chat_of(&api, "u-anna", "t-lobby");
    assert_eq!((&chat["unread"], &chat["reads"]), (&json!(0), &json!({ "u-anna": 3, "u-ben": 3 })));
    api.change("PATCH", "/switches", &json!({ "read_receipts": false }), 200);
    assert_eq!(chat_of(&api, "u-anna", "t-lobby")["reads"], json!({}));
}

#[test]
fn alert_waits_until_the_person_reacts_or_nobody_can() {
    let api = Api::start();
    let waiting = |uid: &str| chat_of(&api, uid, "t-lobby")["alerts"].clone();
    let mid = post(&api, "u-anna", &json!({ "msg": "Pump 3 is down", "alert_type": "alert" }));
    let other = post(&api, "u-anna", &json!({ "msg": "Pump 4 is down", "alert_type": "alert" }));
    post(&api, "u-anna", &json!({ "msg": "Lunch", "alert_type": "announcement" }));
    assert_eq!((waiting("u-anna"), waiting("u-ben")), (json!([]), json!([mid, other])));
    let reaction = format!("/people/u-ben/chats/t-lobby/messages/{mid}/reaction");
    api.change("PUT", &reaction, &json!({ "reaction_type": "love" }), 422);
    api.change("PUT", &reaction, &json!({ "reaction_type": "sos" }), 200);
    assert_eq!(waiting("u-ben"), json!([other]));
    assert_eq!(waiting("u-clara"), json!([mid, other]));
    let alerts = api.get("/people/u-clara/alerts");
    assert_eq!(alerts["items"][0]["reactions"], json!([{ "uid": "u-ben", "reaction_type": "sos" }]));
    // A reaction can be changed and is still one.
    api.change("PUT", &reaction, &json!({ "reaction_type": "ok" }), 200);
    let window = api.get("/people/u-ben/chats/t-lobby/messages?limit=3");
    assert_eq!(window["items"][0]["reactions"], json!([{ "uid": "u-ben", "reaction_type": "ok" }]));
    api.change("DELETE", &format!("/people/u-anna/chats/t-lobby/messages/{other}"), &json!(null), 204);
    assert_eq!(waiting("u-ben"), json!([]));
    api.change("POST", "/people/u-anna/chats/t-lobby/close", &json!(null), 200);
    assert_eq!(waiting("u-clara"), json!([]));
}

#[test]
fn reaction_without_a_mid_is_to_the_newest_alert_that_waits() {
    let api = Api::start();
    let alert = |text: &str| post(&api, "u-anna", &json!({ "msg": text, "alert_type": "alert" }));
    let [older, newer] = ["Pump 3 is down", "Pump 4 is down"].map(alert);
    let path = "/people/u-ben/alerts/reaction";
    api.change("POST", path, &json!({ "reaction_type": "love" }), 422);
    api.change("POST", path, &json!({}), 422);
    for mid in [newer, older] {
        let reacted = api.change("POST", path, &json!({ "reaction_type": "ok" }), 200);
        assert_eq!((&reacted["mid"], &reacted["reaction_type"]), (&json!(mid), &json!("ok")));
        let reactions = &api.get(&format!("/people/u-ben/chats/t-lobby/messages?around={mid}&limit=1"))["items"][0];
        assert_eq!(reactions["reactions"], json!([{ "uid": "u-ben", "reaction_type": "ok" }]));
    }
    api.change("POST", path, &json!({ "reaction_type": "ok" }), 404);
    api.change("POST", "/people/u-ops-bot/alerts/reaction", &json!({ "reaction_type": "ok" }), 404);
}

#[test]
fn window_moves_over_all_messages() {
    let api = Api::start();
    let mids: Vec<_> = (0..12).map(|at| post(&api, "u-anna", &json!({ "msg": at.to_string() }))).collect();
    let window = |query: &str| {
        let window = api.get(&format!("/people/u-ben/chats/t-lobby/messages?{query}"));
        let items = window["items"].as_array().expect("it is a list");
        let texts: Vec<u64> =
            items.iter().map(|it| it["msg"].as_str().expect("it is text").parse().expect("it is a number")).collect();
        assert_eq!(texts.first(), window["start"].as_u64().as_ref().filter(|_| !texts.is_empty()), "{window}");
        texts
    };
    assert_eq!(window("limit=4"), [8, 9, 10, 11]);
    assert_eq!(window(&format!("limit=4&before={}", mids[8])), [4, 5, 6, 7]);
    assert_eq!(window(&format!("limit=4&before={}", mids[2])), [0, 1]);
    assert_eq!(window(&format!("limit=4&after={}", mids[9])), [10, 11]);
    assert_eq!(window(&format!("limit=4&around={}", mids[5])), [3, 4, 5, 6]);
    assert_eq!(window(&format!("limit=4&before={}", mids[0])), [0; 0]);
    assert_eq!(window("limit=4&start=3"), [3, 4, 5, 6]);
    assert_eq!(window("limit=4&start=10"), [10, 11]);
    assert_eq!(window("limit=4&start=12"), [0; 0]);
    assert_eq!(window("limit=4&start=1000000"), [0; 0]);
    api.send("GET", "/people/u-ben/chats/t-lobby/messages?before=unknown", &[], b"");
    let both = format!("/people/u-ben/chats/t-lobby/messages?before={0}&after={0}", mids[1]);
    assert_eq!(api.send("GET", &both, &[], b"").status(), 400);
    let both = format!("/people/u-ben/chats/t-lobby/messages?before={}&start=1", mids[1]);
    assert_eq!(api.send("GET", &both, &[], b"").status(), 400);
    assert_eq!(api.send("GET", "/people/u-ben/chats/t-lobby/messages?limit=201", &[], b"").status(), 400);
}

#[test]
fn messages_that_contain_a_text_are_found() {
    let api = Api::start();
    let file = json!({ "kind": "location", "name": "Valve chamber 17", "lat": 1, "lon": 2 });
    let mut mids = Vec::new();
    for at in 0..6 {
        mids.push(post(&api, "u-anna", &json!({ "msg": format!("Über {at}") })));
        mids.push(post(&api, "u-anna", &json!({ "msg": at.to_string() })));
    }
    mids.push(post(&api, "u-anna", &json!({ "attachments": [file] })));
    let found = |query: &str| {
        let window = api.get(&format!("/people/u-ben/chats/t-lobby/messages?{query}"));
        let items = window["items"].as_array().expect("it is a list");
        let indexes: Vec<u64> = items.iter().map(|it| it["index"].as_u64().expect("it is a number")).collect();
        assert_eq!(indexes.first(), window["start"].as_u64().as_ref().filter(|_| !indexes.is_empty()), "{window}");
        indexes
    };
    assert_eq!(found("text=%C3%BCBER"), [0, 2, 4, 6, 8, 10]);
    assert_eq!(found("text=%C3%BCBER&limit=2"), [8, 10], "the newest of them");
    assert_eq!(found(&format!("text=%C3%BCBER&limit=2&before={}", mids[6])), [2, 4]);
    assert_eq!(found(&format!("text=%C3%BCBER&limit=2&after={}", mids[6])), [8, 10]);
    assert_eq!(found(&format!("text=%C3%BCBER&before={}", mids[0])), [0; 0]);
    assert_eq!(found("text=CHAMBER+17"), [12], "in the words of attachments");
    assert_eq!(found("text=location"), [0; 0], "not in the names of members");
    assert_eq!(found("text=anna+b&limit=1"), [12], "in the name of the sender");
    for query in [&format!("text=x&around={}", mids[1]), "text=x&start=1", "text="] {
        let path = format!("/people/u-ben/chats/t-lobby/messages?{query}");
        assert_eq!(api.send("GET", &path, &[], b"").status(), 400, "{query}");
    }
}

#[test]
fn person_is_refused_as_a_bot_would_be() {
    let api = Api::start();
    let refused = |method: &str, path: &str, body: Value, status: u16, code: &str| {
        let problem = api.change(method, path, &body, status);
        assert_eq!(problem["code"], code, "{path}");
        problem
    };
    let title = json!({ "title": "Mine" });
    let problem = refused("PATCH", "/people/u-ben/chats/t-lobby", title.clone(), 403, "auth");
    assert_eq!(problem["detail"], "Only admins of the chat may do this.");
    refused("PATCH", "/people/u-david/chats/t-lobby", title, 404, "not_found");
    let unknown = json!({ "users": ["u-nobody"] });
    let problem = refused("POST", "/people/u-anna/chats/t-lobby/members/add", unknown, 422, "invalid_members");
    assert_eq!(problem["invalid_members"], json!(["u-nobody"]));
    let colour = json!({ "msg": "x", "colour": "red" });
    let problem = refused("POST", "/people/u-anna/chats/t-lobby/messages", colour, 422, "invalid_request");
    assert_eq!(problem["errors"][0]["pointer"], "/colour");
    api.change("PATCH", "/switches", &json!({ "leaving": false }), 200);
    refused("POST", "/people/u-ben/chats/t-lobby/leave", Value::Null, 403, "leave_chat_not_allowed");
    // The switches for bots do not concern people.
    api.change("PATCH", "/switches", &json!({ "bot_read_marks": false, "bot_reactions": false }), 200);
    api.change("POST", "/people/u-ben/chats/t-lobby/read", &Value::Null, 200);
}

#[test]
fn neither_bots_nor_deleted_people_can_be_played() {
    let api = Api::start();
    for uid in ["u-ops-bot", "u-ivan", "u-nobody", "%ff", "%2e%2e", ""] {
        for path in ["chats", "alerts", "chats/t-lobby/messages"] {
            let response = api.send("GET", &format!("/people/{uid}/{path}"), &[], b"");
            assert_eq!(response.status(), 404, "{uid} {path}");
        }
        let path = format!("/people/{uid}/chats/t-lobby/messages");
        api.change("POST", &path, &json!({ "msg": "x" }), 404);
    }
    assert_eq!(api.get("/people/u-jana/chats")["items"], json!([]), "a hidden person can be played");
    api.change("PATCH", "/people/u-ben", &json!({ "is_deleted": true }), 204);
    assert_eq!(api.send("GET", "/people/u-ben/chats", &[], b"").status(), 404);
    let world = api.get("/world");
    let people = world["people"].as_array().expect("it is a list");
    let flags = |uid: &str| {
        let person = people.iter().find(|person| person["uid"] == uid).expect("the person is listed");
        (person["is_deleted"].as_bool(), person["is_hidden"].as_bool())
    };
    assert_eq!(flags("u-ben"), (Some(true), Some(false)));
    assert_eq!(flags("u-jana"), (Some(false), Some(true)));
    assert!(world["badges"].get("u-ben").is_none());
}

#[test]
fn live_location_has_its_track_and_its_message() {
    let api = Api::start();
    api.change("POST", "/clock/hold", &json!(null), 200);
    let live = json!({ "kind": "live_location", "initial_lat": 53.5, "initial_lon": 10.0, "duration": 900 });
    let mid = post(&api, "u-anna", &json!({ "attachments": [live] }));
    api.change("POST", "/clock/advance", &json!({ "ms": 60_000 }), 200);
    for lat in [53.6, 53.7] {
        api.change("PUT", "/people/u-anna/location", &json!({ "lat": lat, "lon": 10.0 }), 200);
    }
    let chat = chat_of(&api, "u-ben", "t-lobby");
    let [location] = &chat["locations"].as_array().expect("it is a list")[..] else { panic!("{chat}") };
    assert_eq!((&location["uid"], &location["mid"]), (&json!("u-anna"), &json!(mid)));
    assert_eq!(location["track"], json!([[53.5, 10.0], [53.6, 10.0], [53.7, 10.0]]));
    assert_eq!(location["moved_at"], api.get("/clock")["utc_ms"]);
    api.change("POST", "/clock/advance", &json!({ "ms": 900_000 }), 200);
    assert_eq!(chat_of(&api, "u-ben", "t-lobby")["locations"], json!([]));
}
