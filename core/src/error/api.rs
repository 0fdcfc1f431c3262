use alloc::{format, string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::{Cause, Error, kind::ErrorKind, meaning::Meaning, request_id::request_id};
use crate::{escaped::Escaped, ids::MessageId, redaction::Redaction};

/// Maximum number of ids that the text of an error names.
const MAX_SHOWN_MEMBERS: usize = 20;

/// An error response of the server.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// The kind, which corresponds to the exceptions of the Python SDK.
    pub kind: ErrorKind,
    /// The HTTP status.
    pub status: u16,
    /// The server's error code, without [secrets](crate::Credentials); `None` if the protocol has no code for the
    /// error, and if the response is not one of the protocol, but for example that of a proxy.
    pub code: Option<String>,
    /// The server's explanation, or its first 1,000 characters.
    pub message: Option<String>,
    /// The server's request id.
    pub request_id: Option<String>,
    /// The time that the server asks to wait before a retry.
    pub retry_after: Option<Duration>,
    /// The ids of invalid users and groups, for [`ErrorKind::InvalidMembers`].
    pub invalid_members: Vec<String>,
    /// The beginning of a body that is not an error of the protocol, such as the page of a proxy.
    pub excerpt: Option<String>,
    /// `true` if an earlier attempt of the same operation may have taken effect: see
    /// [`Error::outcome_unknown`](super::Error::outcome_unknown).
    ///
    /// This error is the response to the last attempt only.
    /// For example, an earlier attempt to [post](crate::ChatRef::post) may have succeeded before the bot lost the
    /// permission that this error reports as missing.
    pub previous_outcome_unknown: bool,
    /// The message of an operation that has not found it or its chat.
    pub(crate) not_found: Option<MessageId>,
    pub(crate) meaning: Meaning,
    pub(crate) redaction: Redaction,
}

impl ApiError {
    /// Writes the error, with `after` before the details.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, after: impl fmt::Display) -> fmt::Result {
        write!(f, "the server returned status {}{after}", self.status)?;
        if let Some(code) = self.shown_code() {
            write!(f, " ({})", Escaped(code))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {}", Escaped(message))?;
        }
        if !self.invalid_members.is_empty() {
            let mut shown = self.shown_members();
            let more = shown.len().saturating_sub(MAX_SHOWN_MEMBERS);
            shown.truncate(MAX_SHOWN_MEMBERS);
            if more > 0 {
                shown.push(format!("and {more} more"));
            }
            write!(f, " [{}]", Escaped(shown.join(", ")))?;
        }
        if let Some(message) = &self.not_found {
            write!(f, " [message {}]", Escaped(self.redaction.shown(message.as_str())))?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, "; retry after {} s", wait.as_secs())?;
        }
        if let Some(excerpt) = &self.excerpt {
            write!(f, "; the response begins with {excerpt:?}")?;
        }
        request_id(f, self.request_id.as_deref())
    }

    /// Returns the code as it is to be shown.
    fn shown_code(&self) -> Option<String> {
        let code = self.code.as_ref()?;
        Some(if self.meaning.is_of_protocol { code.clone() } else { self.redaction.shown(code) })
    }

    /// Returns the ids as they are to be shown.
    fn shown_members(&self) -> Vec<String> {
        self.invalid_members.iter().map(|id| self.redaction.shown(id)).collect()
    }
}

impl Error {
    /// Names the message, if the operation has not found it or its chat.
    pub(crate) fn set_message(&mut self, message: &MessageId) {
        if let Cause::Api(error) = self.cause_mut()
            && error.kind == ErrorKind::NotFound
        {
            error.not_found = Some(message.clone());
        }
    }
}

/// Redacts credentials that the server may have echoed.
impl fmt::Debug for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiError")
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("code", &self.shown_code())
            .field("message", &self.message)
            .field("request_id", &self.request_id)
            .field("retry_after", &self.retry_after)
            .field("invalid_members", &self.shown_members())
            .field("excerpt", &self.excerpt)
            .field("previous_outcome_unknown", &self.previous_outcome_unknown)
            .finish_non_exhaustive()
    }
}

impl core::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}
