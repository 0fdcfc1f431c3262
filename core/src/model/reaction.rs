use alloc::{format, string::String};

use super::{AlertType, Message, MessageId, ReactionId, ThreadId, User};
use crate::error::Error;

/// How people react to an attention message.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReactionType {
    /// "I am fine": answers an alert.
    #[doc(alias = "OK")]
    Ok,
    /// "I need help": answers an alert.
    #[doc(alias = "SOS")]
    Sos,
    /// Answers an announcement or a note.
    #[doc(alias = "THUMBS_UP")]
    ThumbsUp,
    /// Answers an announcement or a note.
    #[doc(alias = "APPLAUSE")]
    Applause,
    /// Answers an announcement or a note.
    #[doc(alias = "SMILE")]
    Smile,
    /// Answers an announcement or a note.
    #[doc(alias = "LAUGH")]
    Laugh,
    /// Answers an announcement or a note.
    #[doc(alias = "LOVE")]
    Love,
    /// One that this version does not know, as the server wrote it. It can be received, not sent.
    Unknown(String),
}

impl ReactionType {
    /// Whether it answers an alert; `None` if that is not known.
    const fn answers_alerts(&self) -> Option<bool> {
        match self {
            Self::Ok | Self::Sos => Some(true),
            Self::ThumbsUp | Self::Applause | Self::Smile | Self::Laugh | Self::Love => Some(false),
            Self::Unknown(_) => None,
        }
    }

    /// Refuses this as an answer to `message`. An alert type this version does not know is left to the server.
    pub(crate) fn check_answers(&self, message: &Message) -> Result<(), Error> {
        let is_alert = match &message.alert_type {
            None => return Err(refuse("only attention messages take reactions, and this message is an ordinary one")),
            Some(AlertType::Unknown(_)) => None,
            Some(alert_type) => Some(*alert_type == AlertType::Alert),
        };
        self.check_fits(is_alert)
    }

    /// Refuses this in place of `previous`.
    pub(crate) fn check_replaces(&self, previous: &Self) -> Result<(), Error> {
        self.check_fits(previous.answers_alerts())
    }

    fn check_fits(&self, is_alert: Option<bool>) -> Result<(), Error> {
        match (self.answers_alerts(), is_alert) {
            (None, _) => Err(refuse("a reaction that this version does not know cannot be sent")),
            (Some(true), Some(false)) => {
                Err(refuse(&format!("{self:?} answers an alert, not an announcement or a note")))
            }
            (Some(false), Some(true)) => {
                Err(refuse(&format!("{self:?} answers an announcement or a note; an alert takes Ok or Sos")))
            }
            _ => Ok(()),
        }
    }
}

fn refuse(why: &str) -> Error {
    Error::invalid("reaction", why)
}

/// A user's reaction to an attention message.
#[doc(alias = "AMReaction")]
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Reaction {
    /// The reaction's id.
    pub reaction_id: ReactionId,
    /// The message it answers.
    pub mid: MessageId,
    /// The chat that message is in.
    pub tid: ThreadId,
    /// Which reaction.
    pub reaction_type: ReactionType,
    /// Who reacted.
    pub from_user: User,
}
