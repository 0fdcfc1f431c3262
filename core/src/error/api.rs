use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

use super::{kind::ErrorKind, request_id::request_id};
use crate::{config::Redaction, escaped::Escaped};

/// A server's refusal, with all it said about it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ApiError {
    /// Sorted as the Python SDK does.
    pub kind: ErrorKind,
    /// The HTTP status.
    pub status: u16,
    /// The server's code for the failure, as it sent it (but for a secret: see [`Credentials`](crate::Credentials)); `None` if
    /// the answer was not in the form of the contract: then something in between may have given it.
    pub code: Option<String>,
    /// The server's explanation, or the first 1,000 characters of it.
    pub message: Option<String>,
    /// What the server's log calls this request.
    pub request_id: Option<String>,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The ids of users and groups at fault, for [`ErrorKind::InvalidMembers`].
    pub invalid_members: Vec<String>,
    /// The first bytes of an answer that was not in the form of the contract: a proxy's error page, say.
    pub excerpt: Option<String>,
    /// Whether an earlier attempt got no answer, and may have been acted on.
    pub previous_attempt_unanswered: bool,
    pub(crate) meaning: Meaning,
    pub(crate) redaction: Redaction,
}

/// The consequences of a refusal, decided where the contract is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Meaning {
    /// The same request may succeed later.
    pub(crate) is_transient: bool,
    /// The server is still processing the first request with the same key.
    pub(crate) is_in_progress: bool,
    /// The contract has the code, so that it is not a credential, even if one has the same characters.
    pub(crate) has_known_code: bool,
    /// The contract has the code with this status, so that it is the backend's, not that of something in between.
    pub(crate) is_of_contract: bool,
}

impl ApiError {
    /// Returns the code as it can be shown.
    fn shown_code(&self) -> Option<String> {
        let code = self.code.as_ref()?;
        Some(if self.meaning.has_known_code { code.clone() } else { self.redaction.shown(code) })
    }

    /// Returns the ids as they can be shown.
    fn shown_members(&self) -> Vec<String> {
        self.invalid_members.iter().map(|id| self.redaction.shown(id)).collect()
    }
}

/// Shows no credential, should the server have repeated one.
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
            .field("after_silence", &self.previous_attempt_unanswered)
            .finish_non_exhaustive()
    }
}

impl core::error::Error for ApiError {}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused with status {}", self.status)?;
        if let Some(code) = self.shown_code() {
            write!(f, " ({})", Escaped(code))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {}", Escaped(message))?;
        }
        if !self.invalid_members.is_empty() {
            write!(f, " [{}]", Escaped(self.shown_members().join(", ")))?;
        }
        if let Some(wait) = self.retry_after {
            write!(f, "; it asks to wait {} s", wait.as_secs())?;
        }
        if let Some(excerpt) = &self.excerpt {
            write!(f, "; the answer begins {excerpt:?}")?;
        }
        request_id(f, self.request_id.as_deref())
    }
}
