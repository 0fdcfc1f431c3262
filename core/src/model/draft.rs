use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    AlertType, MessageId, NewAttachment,
    saved::{Version, key},
};
use crate::{error::Error, hash::Fnv128};

/// A message to be posted: its text, attachments and options.
///
/// A string is accepted too: `chat.post("hello")`.
///
/// ```
/// use teamwire_core::{AlertType, Draft};
///
/// let draft = Draft::text("The database is down").alert(AlertType::Alert).sender_display_name("Monitoring");
/// assert_eq!(draft.text.as_deref(), Some("The database is down"));
/// assert_eq!(draft.alert_type(), Some(&AlertType::Alert));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "a draft does nothing until it is posted"]
pub struct Draft {
    version: Version<1>,
    /// The text.
    pub text: Option<String>,
    /// The attachments.
    #[serde(default)]
    pub attachments: Vec<NewAttachment>,
    alert_type: Option<AlertType>,
    #[serde(default)]
    is_alert: bool,
    /// The message it replies to.
    pub reply_to: Option<MessageId>,
    /// The sender name to show instead of the bot's.
    pub sender_display_name: Option<String>,
    /// The caller's idempotency key. Without one, each call has a key of its own.
    #[serde(serialize_with = "key::serialize")]
    pub idempotency_key: Option<String>,
}

impl Draft {
    /// Creates an empty draft. It needs text or an attachment before it can be posted.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a draft with this text: with the default protocol, up to 10,000 characters without NUL.
    #[doc(alias = "message")]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Adds an attachment. Can be called several times: with the default protocol, a message has up to 50 attachments,
    /// and one live location.
    pub fn attach(self, attachment: impl Into<NewAttachment>) -> Self {
        self.attach_all([attachment])
    }

    /// Adds several attachments: [`Attachments`](super::Attachments), or any other list.
    #[doc(alias = "attachments")]
    pub fn attach_all<A: Into<NewAttachment>>(mut self, attachments: impl IntoIterator<Item = A>) -> Self {
        self.attachments.extend(attachments.into_iter().map(Into::into));
        self
    }

    /// Makes it an attention message of this type.
    #[doc(alias = "alert_type")]
    pub fn alert(mut self, alert_type: AlertType) -> Self {
        self.alert_type = Some(alert_type);
        self
    }

    /// Sets whether it is an attention message, as the flag of the Python SDK does: without a type, `true` stands for
    /// [`AlertType::Alert`]; with a [type](Self::alert), the flag has no effect. Default: `false`.
    pub fn set_alert(mut self, is_alert: bool) -> Self {
        self.is_alert = is_alert;
        self
    }

    /// Makes it a reply to this message.
    pub fn reply_to(mut self, message: impl Into<MessageId>) -> Self {
        self.reply_to = Some(message.into());
        self
    }

    /// Sets the sender name to show instead of the bot's: with the default protocol, 1 to 64 characters.
    pub fn sender_display_name(mut self, name: impl Into<String>) -> Self {
        self.sender_display_name = Some(name.into());
        self
    }

    /// Sets the idempotency key by which the server recognises a repetition. With the default protocol, it has 1 to 128
    /// printable ASCII characters without spaces, and keys that begin with `teamwire-file:` are reserved for the
    /// uploads of a message.
    ///
    /// By default each call has a key of its own, which covers its retries. Set a key that the program can reproduce
    /// (such as the number of an alarm) for messages that must be posted once even if the program is restarted.
    ///
    /// A protocol whose server does not recognise repetitions rejects the key, with the kind `Unsupported`: see
    /// [`Endpoint::once`](crate::protocol::Endpoint::once). With the default protocol, the server remembers the keys of
    /// successful requests for 24 hours. After an error, the same message can be posted with the same key once the
    /// reason is gone.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// Sets an [idempotency key](Self::idempotency_key) that is derived from this text, such as an identifier of
    /// another system. The text may have any characters and any length. It is the key itself if it has 1 to 64
    /// printable ASCII characters without spaces, and does not start with `hash:` or `teamwire-`. Otherwise the key is
    /// a hash of it, which is the same in every process and version.
    ///
    /// ```
    /// use teamwire_core::Draft;
    ///
    /// let key = |text| Draft::text("The disk is full").idempotency_key_for(text).idempotency_key;
    /// assert_eq!(key("alarm-7").as_deref(), Some("alarm-7"));
    /// let hash = key(r#"{}:{alertname="Disk full"}"#);
    /// assert_eq!(hash.as_deref(), Some("hash:726901476990a57c16ee213777c68a6f"));
    /// // Protocols may reserve such keys.
    /// assert!(key("teamwire-file:7").is_some_and(|key| key.starts_with("hash:")));
    /// ```
    pub fn idempotency_key_for(self, text: &str) -> Self {
        const HASH: &str = "hash:";
        // Protocols may reserve keys that start with this for those that they derive.
        const RESERVED: &str = "teamwire-";
        let is_key = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic());
        if is_key && !text.starts_with(HASH) && !text.starts_with(RESERVED) {
            return self.idempotency_key(text);
        }
        let mut hash = Fnv128::new();
        hash.write(text.as_bytes());
        self.idempotency_key(alloc::format!("{HASH}{:032x}", hash.value()))
    }

    /// Returns the type of attention message; `None` for an ordinary message. A type that was [set](Self::alert)
    /// precedes the [flag](Self::set_alert).
    pub fn alert_type(&self) -> Option<&AlertType> {
        self.alert_type.as_ref().or(self.is_alert.then_some(&AlertType::Alert))
    }

    /// Returns an error for a draft that no chat accepts, whatever the protocol.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.text.as_ref().is_none_or(String::is_empty) && self.attachments.is_empty() {
            return Err(Error::invalid("message", "needs text or an attachment"));
        }
        if let Some(AlertType::Unknown(name)) = &self.alert_type {
            return Err(Error::invalid("alert type", alloc::format!("this version cannot send {name:?}")));
        }
        NewAttachment::check_all(&self.attachments)
    }
}

impl From<&str> for Draft {
    fn from(text: &str) -> Self {
        Self::text(text)
    }
}

impl From<String> for Draft {
    fn from(text: String) -> Self {
        Self::text(text)
    }
}

impl From<&String> for Draft {
    fn from(text: &String) -> Self {
        Self::text(text)
    }
}
