//! Messages and their reactions.

use serde_json::{Value, json};

use super::directory::Directory;

#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Message {
    /// Its number among all messages, in order of arrival, from 0.
    #[cfg_attr(not(feature = "server"), allow(dead_code, reason = "only saved worlds need it"))]
    pub(crate) number: usize,
    pub(crate) mid: String,
    pub(crate) from: String,
    /// Milliseconds since 1970.
    pub(crate) timestamp: i64,
    pub(crate) alert_type: Option<AlertType>,
    pub(crate) reply_to: Option<String>,
    pub(crate) msg: Option<String>,
    /// The attachments as JSON.
    pub(crate) attachments: Vec<Value>,
    /// The ids of its assets, which its readers may download.
    pub(crate) assets: Vec<String>,
    pub(crate) sender_display_name: Option<String>,
    pub(crate) deleted: bool,
    /// In order of creation.
    pub(crate) reactions: Vec<Reaction>,
}

/// A message that a person or a bot has posted.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PostedMessage {
    /// The chat.
    pub tid: String,
    /// The message.
    pub mid: String,
    /// The `uid` of its sender.
    pub from: String,
    /// True if a bot has sent it.
    pub is_from_bot: bool,
    /// The type of an attention message: `alert`, `announcement` or `note`.
    pub alert_type: Option<&'static str>,
    /// The text.
    pub text: Option<String>,
    /// The `mid` of the message to which it replies.
    pub reply_to: Option<String>,
    /// The attachments, as in the JSON of the message.
    pub attachments: Vec<Value>,
}

impl Message {
    pub(crate) fn to_posted(&self, directory: &Directory, tid: &str) -> PostedMessage {
        PostedMessage {
            tid: tid.to_owned(),
            mid: self.mid.clone(),
            from: self.from.clone(),
            is_from_bot: directory.users.get(&self.from).is_some_and(|user| user.is_bot),
            alert_type: self.alert_type.map(AlertType::name),
            text: self.msg.clone(),
            reply_to: self.reply_to.clone(),
            attachments: self.attachments.clone(),
        }
    }

    pub(crate) fn to_json(&self, directory: &Directory, tid: &str) -> Value {
        json!({
            "mid": self.mid,
            "tid": tid,
            "from_user": directory.user_json(&self.from),
            "timestamp": self.timestamp,
            "is_alert": self.alert_type.is_some(),
            "alert_type": self.alert_type.map(AlertType::name),
            "reply_to": self.reply_to,
            "msg": self.msg,
            "attachments": if self.attachments.is_empty() { Value::Null } else { json!(self.attachments) },
            "deleted": self.deleted,
            "sender_display_name": self.sender_display_name,
            "link_preview": self.msg.as_deref().and_then(link_preview),
        })
    }
}

/// The type of an attention message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum AlertType {
    Alert,
    Announcement,
    Note,
}

impl AlertType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Announcement => "announcement",
            Self::Note => "note",
        }
    }

    /// Returns true if it accepts this type of reaction.
    pub(crate) fn accepts(self, reaction: &str) -> bool {
        let is_alert_reaction = matches!(reaction, "ok" | "sos");
        is_alert_reaction == (self == Self::Alert)
    }
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Reaction {
    /// Its number among all reactions, in order of creation.
    pub(crate) number: u64,
    pub(crate) id: String,
    pub(crate) from: String,
    pub(crate) kind: String,
}

/// The first link in a text, without title and image, because nothing is fetched.
fn link_preview(text: &str) -> Option<Value> {
    let link = |word: &&str| word.starts_with("https://") || word.starts_with("http://");
    let url = text.split_whitespace().find(link)?.trim_end_matches(['.', ',', ';', ':', '!', '?', ')', '"', '\'']);
    let domain = url.split("://").nth(1)?.split(['/', '?', '#', ':']).next().filter(|domain| !domain.is_empty())?;
    Some(json!({ "url": url, "domain": domain }))
}
