use alloc::{string::String, vec::Vec};

use chrono::{DateTime, Utc};

use serde::{Deserialize, Serialize};

use super::{Attachment, MessageId, ThreadId, Undecoded, User};

/// The type of an attention message: its urgency, and the reactions that it accepts.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum AlertType {
    /// An alert: accepts [`Ok`](super::ReactionType::Ok) and [`Sos`](super::ReactionType::Sos).
    #[doc(alias = "ALERT")]
    Alert,
    /// An announcement: accepts all other reactions.
    #[doc(alias = "ANNOUNCEMENT")]
    Announcement,
    /// A note: accepts the same reactions as an announcement.
    #[doc(alias = "NOTE")]
    Note,
    /// A type that this version does not know, as the server sent it.
    Unknown(String),
}

/// A message of a chat.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Message {
    /// The message's id.
    pub mid: MessageId,
    /// The chat.
    pub tid: ThreadId,
    /// The sender.
    pub from_user: User,
    /// The time at which the server accepted it, with millisecond precision. [`timestamp`](Self::timestamp) returns it
    /// as a number.
    pub sent_at: DateTime<Utc>,
    /// `true` if it is an attention message.
    #[serde(default)]
    pub is_alert: bool,
    /// The type of attention message; `None` for an ordinary message.
    pub alert_type: Option<AlertType>,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// The text.
    #[doc(alias = "msg")]
    pub text: Option<String>,
    /// The attachments.
    #[serde(default)]
    pub attachments: Vec<Attachment>,
    /// `true` if its sender deleted it. A deleted message has neither text nor attachments.
    #[serde(default)]
    pub deleted: bool,
    /// The name that clients show instead of the sender's.
    pub sender_display_name: Option<String>,
    /// A preview of a link in the text.
    pub link_preview: Option<LinkPreview>,
}

impl Message {
    /// Creates an ordinary message without text and attachments. The other fields can be set.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use teamwire_core::{AlertType, Message, User};
    ///
    /// let anna = User::new("u-anna", "Anna", "Berg");
    /// let message = Message::new("m1", "c1", anna, DateTime::UNIX_EPOCH)
    ///     .with_alert_type(AlertType::Alert)
    ///     .with_text("The database is down");
    /// ```
    pub fn new(mid: impl Into<MessageId>, tid: impl Into<ThreadId>, from_user: User, sent_at: DateTime<Utc>) -> Self {
        Self {
            mid: mid.into(),
            tid: tid.into(),
            from_user,
            sent_at,
            is_alert: false,
            alert_type: None,
            reply_to: None,
            text: None,
            attachments: Vec::new(),
            deleted: false,
            sender_display_name: None,
            link_preview: None,
        }
    }

    /// Makes it an attention message of this type: sets [`is_alert`](Self::is_alert) and
    /// [`alert_type`](Self::alert_type).
    pub fn with_alert_type(mut self, alert_type: AlertType) -> Self {
        self.is_alert = true;
        self.alert_type = Some(alert_type);
        self
    }

    /// Sets the [text](Self::text).
    pub fn with_text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }

    /// Returns the time at which the server accepted it, in milliseconds since 1970 (UTC).
    pub fn timestamp(&self) -> i64 {
        self.sent_at.timestamp_millis()
    }
}

/// A preview of a link in a message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
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

impl LinkPreview {
    /// Creates a preview without title, description and thumbnail. The other fields can be set.
    ///
    /// ```
    /// use teamwire_core::model::LinkPreview;
    ///
    /// let mut preview = LinkPreview::new("https://example.org/status", "example.org");
    /// preview.title = Some("Status".into());
    /// ```
    pub fn new(url: impl Into<String>, domain: impl Into<String>) -> Self {
        Self { url: url.into(), title: None, description: None, image: None, domain: domain.into() }
    }
}

/// The messages of a chat since a given time, oldest first and each once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Messages {
    /// The messages.
    pub messages: Vec<Message>,
    /// The time of the last message in the chat; `None` if it has no messages.
    pub last_modified: Option<DateTime<Utc>>,
    /// The messages that could not be decoded; almost always empty.
    #[serde(default)]
    pub undecoded: Vec<Undecoded>,
}

impl Messages {
    /// Creates a list of these messages. The other fields can be set.
    ///
    /// ```
    /// use chrono::DateTime;
    /// use teamwire_core::{Message, User, model::Messages};
    ///
    /// let message = Message::new("m1", "c1", User::new("u-anna", "Anna", "Berg"), DateTime::UNIX_EPOCH);
    /// let mut messages = Messages::new([message]);
    /// messages.last_modified = Some(DateTime::UNIX_EPOCH);
    /// ```
    pub fn new(messages: impl Into<Vec<Message>>) -> Self {
        Self { messages: messages.into(), last_modified: None, undecoded: Vec::new() }
    }
}
