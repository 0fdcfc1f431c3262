//! Sample JSON of the server, as a starting point for tests. Change what matters: `chat["is_closed"] = true.into()`.

use alloc::vec::Vec;

use serde_json::{Value, json};

/// Parses JSON.
///
/// # Panics
/// If it is malformed.
#[track_caller]
pub fn json(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => panic!("malformed JSON: {error}: {text}"),
    }
}

/// Returns a user who is not a bot.
pub fn user(uid: &str, first_name: &str, last_name: &str) -> Value {
    json!({
        "uid": uid, "first_name": first_name, "last_name": last_name, "organisation": "Example Org", "is_bot": false,
    })
}

/// Returns the bot itself.
pub fn bot() -> Value {
    let mut bot = user("u-bot", "Example", "Bot");
    bot["is_bot"] = true.into();
    bot
}

/// Returns a group without members.
pub fn group(gid: &str, title: &str) -> Value {
    json!({
        "gid": gid, "title": title, "members": [], "owner": null, "is_circle": true, "is_list": false,
        "is_public": true,
    })
}

/// Returns a group chat whose only member and admin is the bot.
pub fn chat(tid: &str, title: &str) -> Value {
    json!({
        "tid": tid, "title": title, "type": "group", "is_alert": false, "allow_sending": true,
        "allow_mute_notifications": true, "is_closed": false, "users": [bot()], "groups": [], "admins": [bot()],
    })
}

/// Returns an ordinary message of the bot, sent at 2026-01-01 00:00 UTC.
pub fn message(mid: &str, tid: &str, text: &str) -> Value {
    json!({
        "mid": mid, "tid": tid, "from_user": bot(), "timestamp": 1_767_225_600_000_i64, "is_alert": false,
        "alert_type": null, "reply_to": null, "msg": text, "attachments": null, "deleted": false,
        "sender_display_name": null, "link_preview": null,
    })
}

/// Returns an alert of the bot.
pub fn alert(mid: &str, tid: &str, text: &str) -> Value {
    let mut alert = message(mid, tid, text);
    alert["is_alert"] = true.into();
    alert["alert_type"] = "alert".into();
    alert
}

/// Returns a reaction of the user `u-anna` to a message: `ok`, `sos`, `thumbs_up` and so on.
pub fn reaction(reaction_id: &str, mid: &str, tid: &str, reaction_type: &str) -> Value {
    json!({
        "reaction_id": reaction_id, "mid": mid, "tid": tid, "reaction_type": reaction_type,
        "from_user": user("u-anna", "Anna", "Berg"),
    })
}

/// Returns the last (or only) page of a list.
pub fn page(items: impl IntoIterator<Item = Value>) -> Value {
    json!({ "items": items.into_iter().collect::<Vec<_>>() })
}

/// Returns the last (or only) page of a list of messages.
pub fn messages(items: impl IntoIterator<Item = Value>) -> Value {
    let mut page = page(items);
    page["last_modified"] = "2026-01-01T00:00:00.000Z".into();
    page
}
