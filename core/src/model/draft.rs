use alloc::{string::String, vec::Vec};

use super::{AlertType, MessageId, NewAttachment};
use crate::error::Error;

/// A message to be posted: text, attachments, and what else a message can have.
///
/// Text alone is a draft too: `chat.post("hello")`.
///
/// ```
/// use teamwire_core::{AlertType, Draft};
///
/// let draft = Draft::text("The database is down").alert(AlertType::Alert).sender_display_name("Monitoring");
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Draft {
    pub(crate) text: Option<String>,
    pub(crate) attachments: Vec<NewAttachment>,
    alert_type: Option<AlertType>,
    is_alert: bool,
    pub(crate) reply_to: Option<MessageId>,
    pub(crate) sender_display_name: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

impl Draft {
    /// An empty draft. It needs a text or an attachment before it can be posted.
    pub fn new() -> Self {
        Self::default()
    }

    /// A draft with this text: up to 10,000 characters, none of them NUL.
    #[doc(alias = "message")]
    pub fn text(text: impl Into<String>) -> Self {
        Self { text: Some(text.into()), ..Self::default() }
    }

    /// Attaches something. Can be called again.
    pub fn attach(self, attachment: impl Into<NewAttachment>) -> Self {
        self.attach_all([attachment])
    }

    /// Attaches several things: [`Attachments`](super::Attachments), or any other list of them.
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

    /// As the Python SDK's flag: `true` makes it an [`AlertType::Alert`] unless it has a type. A type makes it an attention
    /// message whatever the flag says. Of several calls, the last one counts. Default: `false`.
    pub fn set_alert(mut self, is_alert: bool) -> Self {
        self.is_alert = is_alert;
        self
    }

    /// Makes it a reply to a message, or to a message id.
    pub fn reply_to(mut self, message: impl Into<MessageId>) -> Self {
        self.reply_to = Some(message.into());
        self
    }

    /// Shows this as the sender's name instead of the bot's: 1 to 64 characters.
    pub fn sender_display_name(mut self, name: impl Into<String>) -> Self {
        self.sender_display_name = Some(name.into());
        self
    }

    /// The key by which the server recognises this message when it arrives again: 1 to 128 printable ASCII characters, none of
    /// them a space. Keys that begin with `teamwire-file:` are reserved: those of a message's files are derived from its own key.
    ///
    /// Retries within one call need none, each call has a key of its own. Give one that your program can
    /// repeat (an alarm's number) where a message must be shown once even if the program dies and starts again.
    /// The server remembers keys for 24 hours, and only what it did: after an error, the same message with the same key is
    /// carried out once its reason is gone.
    pub fn idempotency_key(mut self, key: impl Into<String>) -> Self {
        self.idempotency_key = Some(key.into());
        self
    }

    /// The type that it is sent with.
    pub(crate) fn alert_type(&self) -> Option<&AlertType> {
        self.alert_type.as_ref().or(self.is_alert.then_some(&AlertType::Alert))
    }

    /// Refuses what no chat takes.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if self.text.as_ref().is_none_or(String::is_empty) && self.attachments.is_empty() {
            return Err(Error::invalid("message", "it has neither text nor attachments"));
        }
        if let Some(AlertType::Unknown(name)) = &self.alert_type {
            return Err(Error::invalid("alert type", alloc::format!("{name:?} is none that this version can send")));
        }
        Ok(())
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
