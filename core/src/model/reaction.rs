use alloc::{format, string::String};

use serde::{Deserialize, Serialize};

use super::{AlertType, Message, MessageId, ReactionId, ThreadId, User};
use crate::error::Error;

/// The type of a reaction to an attention message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReactionType {
    /// "I am fine": a reaction to an alert.
    #[doc(alias = "OK")]
    Ok,
    /// "I need help": a reaction to an alert.
    #[doc(alias = "SOS")]
    Sos,
    /// A reaction to an announcement or a note.
    #[doc(alias = "THUMBS_UP")]
    ThumbsUp,
    /// A reaction to an announcement or a note.
    #[doc(alias = "APPLAUSE")]
    Applause,
    /// A reaction to an announcement or a note.
    #[doc(alias = "SMILE")]
    Smile,
    /// A reaction to an announcement or a note.
    #[doc(alias = "LAUGH")]
    Laugh,
    /// A reaction to an announcement or a note.
    #[doc(alias = "LOVE")]
    Love,
    /// A type that this version does not know, as the server sent it. It cannot be sent.
    Unknown(String),
}

impl ReactionType {
    /// Returns `true` for alerts, `false` for announcements and notes, `None` if unknown.
    const fn is_for_alerts(&self) -> Option<bool> {
        match self {
            Self::Ok | Self::Sos => Some(true),
            Self::ThumbsUp | Self::Applause | Self::Smile | Self::Laugh | Self::Love => Some(false),
            Self::Unknown(_) => None,
        }
    }

    /// Returns an error if the message does not accept this reaction. Of an unknown alert type, and of a message known
    /// by its id, only the server knows.
    pub(crate) fn check_allowed_for(&self, message: Option<&Message>) -> Result<(), Error> {
        let is_alert = match message.map(|message| &message.alert_type) {
            Some(None) => return Err(invalid("only attention messages accept reactions; this is an ordinary message")),
            None | Some(Some(AlertType::Unknown(_))) => None,
            Some(Some(alert_type)) => Some(*alert_type == AlertType::Alert),
        };
        self.check_matches(is_alert)
    }

    /// Returns an error if this reaction cannot replace `previous`.
    pub(crate) fn check_replaces(&self, previous: &Self) -> Result<(), Error> {
        self.check_matches(previous.is_for_alerts())
    }

    fn check_matches(&self, is_alert: Option<bool>) -> Result<(), Error> {
        if let Self::Unknown(name) = self {
            return Err(invalid(format!("this version cannot send {name:?}")));
        }
        match (self.is_for_alerts(), is_alert) {
            (Some(true), Some(false)) => {
                Err(invalid(format!("announcements and notes do not accept {self:?}, only alerts do")))
            }
            (Some(false), Some(true)) => Err(invalid(format!("alerts accept only Ok and Sos, not {self:?}"))),
            _ => Ok(()),
        }
    }
}

fn invalid(reason: impl Into<String>) -> Error {
    Error::invalid("reaction", reason)
}

/// A user's reaction to an attention message.
#[doc(alias = "AMReaction")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Reaction {
    /// The reaction's id.
    pub reaction_id: ReactionId,
    /// The message.
    pub mid: MessageId,
    /// The chat of the message.
    pub tid: ThreadId,
    /// The type.
    pub reaction_type: ReactionType,
    /// The user who reacted.
    pub from_user: User,
}

impl Reaction {
    /// Creates a reaction of a user to a message.
    ///
    /// ```
    /// use teamwire_core::{Reaction, ReactionType, User};
    ///
    /// let anna = User::new("u-anna", "Anna", "Berg");
    /// let reaction = Reaction::new("r1", "m1", "c1", ReactionType::Ok, anna);
    /// assert_eq!(reaction.mid, "m1");
    /// ```
    pub fn new(
        reaction_id: impl Into<ReactionId>,
        mid: impl Into<MessageId>,
        tid: impl Into<ThreadId>,
        reaction_type: ReactionType,
        from_user: User,
    ) -> Self {
        Self { reaction_id: reaction_id.into(), mid: mid.into(), tid: tid.into(), reaction_type, from_user }
    }
}
