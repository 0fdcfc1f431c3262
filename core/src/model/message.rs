use alloc::{string::String, vec::Vec};

use chrono::{DateTime, Utc};

use super::{Attachment, MessageId, ThreadId, Undecoded, User};

/// What an attention message is: how loudly it asks for attention, and which reactions answer it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertType {
    /// An alert: answered by [`Ok`](super::ReactionType::Ok) or [`Sos`](super::ReactionType::Sos).
    #[doc(alias = "ALERT")]
    Alert,
    /// An announcement.
    #[doc(alias = "ANNOUNCEMENT")]
    Announcement,
    /// A note.
    #[doc(alias = "NOTE")]
    Note,
    /// A kind that this version does not know, as the server wrote it.
    Unknown(String),
}

/// A message of a chat.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Message {
    /// The message's id.
    pub mid: MessageId,
    /// The chat it is in.
    pub tid: ThreadId,
    /// Who sent it.
    pub from_user: User,
    /// When the server took it, to the millisecond. [`timestamp`](Self::timestamp) gives the number.
    pub sent_at: DateTime<Utc>,
    /// Whether it is an attention message.
    pub is_alert: bool,
    /// Which kind of attention message; `None` for an ordinary one.
    pub alert_type: Option<AlertType>,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// The text.
    #[doc(alias = "msg")]
    pub text: Option<String>,
    /// What is attached to it.
    pub attachments: Vec<Attachment>,
    /// Whether its sender deleted it; text and attachments are gone then.
    pub deleted: bool,
    /// The external name clients show instead of the sender's.
    pub sender_display_name: Option<String>,
    /// A preview of a link in the text.
    pub link_preview: Option<LinkPreview>,
}

impl Message {
    /// When the server took it: milliseconds since 1970, UTC.
    pub fn timestamp(&self) -> i64 {
        self.sent_at.timestamp_millis()
    }
}

/// What a link in a message leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LinkPreview {
    /// The link.
    pub url: String,
    /// The page's title.
    pub title: Option<String>,
    /// The page's description.
    pub description: Option<String>,
    /// The URL of a thumbnail.
    pub image: Option<String>,
    /// The link's domain.
    pub domain: String,
}

/// The messages of a chat since some moment, oldest first, each once.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Messages {
    /// The messages.
    pub messages: Vec<Message>,
    /// When the chat last got a message; `None` if it has none.
    pub last_modified: Option<DateTime<Utc>>,
    /// The messages that could not be understood; almost always none.
    pub undecoded: Vec<Undecoded>,
}
