//! What the server answers, and the structs that the bare stacks read it into.

use std::hint::black_box;

use serde::Deserialize;
use serde_json::json;
use teamwire_core::script::sample;

use crate::Verb;

pub(crate) const TID: &str = "7MQKchz6wsSzmWTVnppGAc";
/// What the client posts and the server sends back: it makes the message 1 KB of JSON.
const TEXT: &str = "Ward 7: the second lift is out of order until four o'clock; beds go by the north lift. ";

/// The text of the message that is posted.
pub(crate) fn text() -> String {
    TEXT.repeat(8)
}

/// The JSON of an answer: about 1 KB.
pub(crate) fn json(verb: Verb) -> String {
    match verb {
        Verb::Get => {
            let mut chat = sample::chat(TID, "Ward 7, early shift");
            let users = ["Anna", "Bruno", "Clara", "David", "Emilia", "Felix"];
            chat["users"] = users.iter().map(|name| sample::user(&format!("u-{name}"), name, "Berg")).collect();
            chat
        }
        Verb::Post => sample::message("k2Nn4GhQ5yTqX7rWcZb9dE", TID, &text()),
    }
    .to_string()
}

/// The JSON that is posted.
pub(crate) fn request_body() -> Vec<u8> {
    json!({ "msg": text() }).to_string().into_bytes()
}

/// As much of a chat as the client of ours reads.
#[expect(clippy::struct_field_names, reason = "that is what the contract calls it")]
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for the work that it is")]
struct Chat {
    tid: String,
    title: String,
    #[serde(rename = "type")]
    chat_type: String,
    is_alert: bool,
    allow_sending: bool,
    allow_mute_notifications: bool,
    is_closed: bool,
    users: Vec<User>,
    groups: Vec<Group>,
    admins: Vec<User>,
}

/// A user.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for the work that it is")]
struct User {
    uid: String,
    first_name: String,
    last_name: String,
    organisation: String,
    is_bot: bool,
}

/// A group; no answer here has one.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for the work that it is")]
struct Group {
    gid: String,
    title: String,
    members: Vec<User>,
}

/// As much of a message as the client of ours reads.
#[derive(Deserialize)]
#[expect(dead_code, reason = "it is read for the work that it is")]
struct Message {
    mid: String,
    tid: String,
    from_user: User,
    timestamp: i64,
    is_alert: bool,
    alert_type: Option<String>,
    reply_to: Option<String>,
    msg: Option<String>,
    attachments: Option<Vec<serde_json::Value>>,
    deleted: bool,
    sender_display_name: Option<String>,
    link_preview: Option<serde_json::Value>,
}

/// Reads an answer into its struct, as a program without the SDK would.
pub(crate) fn decode(verb: Verb, body: &[u8]) {
    match verb {
        Verb::Get => drop(black_box(serde_json::from_slice::<Chat>(body).expect("a chat"))),
        Verb::Post => drop(black_box(serde_json::from_slice::<Message>(body).expect("a message"))),
    }
}
