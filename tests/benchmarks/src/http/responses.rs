//! The responses of the server, and the structs into which the bare stacks decode them.

use std::hint::black_box;

use serde::Deserialize;
use serde_json::json;
use teamwire_core::script::sample;

use super::Verb;

/// The id of the chat.
pub const TID: &str = "7MQKchz6wsSzmWTVnppGAc";
/// Repeated in the posted text, so that a message is 1 KB of JSON.
const TEXT: &str = "Ward 7: the second lift is out of order until four o'clock; beds go by the north lift. ";

/// Returns the text of the posted message.
pub fn text() -> String {
    TEXT.repeat(8)
}

/// Returns the JSON of a response, about 1 KB.
pub fn json(verb: Verb) -> String {
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

/// Returns the JSON of the posted message.
pub fn request_body() -> Vec<u8> {
    json!({ "msg": text() }).to_string().into_bytes()
}

/// The same members of a chat that the SDK decodes.
#[expect(clippy::struct_field_names, reason = "the contract has this name")]
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoded only to measure the work")]
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
#[expect(dead_code, reason = "decoded only to measure the work")]
struct User {
    uid: String,
    first_name: String,
    last_name: String,
    organisation: String,
    is_bot: bool,
}

/// A group. No response here has one.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoded only to measure the work")]
struct Group {
    gid: String,
    title: String,
    members: Vec<User>,
}

/// The same members of a message that the SDK decodes.
#[derive(Deserialize)]
#[expect(dead_code, reason = "decoded only to measure the work")]
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

/// Decodes a response into its struct, as a program without the SDK would.
pub fn decode(verb: Verb, body: &[u8]) {
    match verb {
        Verb::Get => drop(black_box(serde_json::from_slice::<Chat>(body).expect("the response is a chat"))),
        Verb::Post => drop(black_box(serde_json::from_slice::<Message>(body).expect("the response is a message"))),
    }
}
