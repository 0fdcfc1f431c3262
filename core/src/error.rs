//! Everything that can go wrong, in one type.

use alloc::{
    boxed::Box,
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, time::Duration};

use crate::{
    config::Redaction,
    fault::{Fault, FaultKind},
    file::{FileError, FileErrorKind},
    plain::Plain,
};

/// Why an operation did not succeed.
///
/// `Display` and [`source`](core::error::Error::source) never repeat each other: a report that prints the chain of sources has each
/// fact once.
///
/// [`kind`](Self::kind) sorts errors as the Python SDK's exceptions do; the variants say where an error comes from and
/// carry the evidence. Every operation that sends a request can end with the kinds `Connection`, `Server`, `Auth`
/// (a revoked key), `RateLimited` and `UnexpectedAnswer`; each method names the others that its operation is known for.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer arrived, or not a whole one, and the retries are used up.
    #[error(transparent)]
    Connection(Fault),
    /// The server answered, and refused.
    #[error(transparent)]
    Refused(Box<Refusal>),
    /// The server's answer is not what was promised.
    #[error(transparent)]
    UnexpectedAnswer(Box<UnexpectedAnswer>),
    /// Refused here, before anything was sent.
    #[error(transparent)]
    InvalidInput(InvalidInput),
    /// An image that cannot be loaded, or is not fit: seen here, before it was sent.
    #[error(transparent)]
    Image(UnfitImage),
    /// A file that cannot be read, or written.
    #[error(transparent)]
    File(FileError),
    /// Something that was to be attached, and could not be uploaded. It has the kind of its cause.
    #[error("{file:?} could not be attached")]
    Attachment {
        /// The name of the file.
        file: String,
        /// Why.
        #[source]
        cause: Box<Error>,
    },
    /// A machine was asked for more after its end.
    #[error("this operation has already given its answer")]
    Finished,
}

/// The kinds of errors: eleven that the Python SDK has too, under its names, and five of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A network error or a timeout.
    #[doc(alias = "TWConnectionError")]
    Connection,
    /// Trouble in the backend, or an error code this version does not know ([`Error::code`] has it).
    #[doc(alias = "TWServerError")]
    Server,
    /// The bot is not allowed to do this, or its credentials are unknown or revoked.
    #[doc(alias = "TWAuthError")]
    Auth,
    /// There is no such chat, message or user; or none that the bot can see.
    #[doc(alias = "TWNotFoundError")]
    NotFound,
    /// Users or groups named as members do not exist or cannot be members: see [`Refusal::invalid_members`].
    #[doc(alias = "TWInvalidMembersError")]
    InvalidMembers,
    /// The organisation's admin has disallowed changes of members.
    #[doc(alias = "TWUpdateMembersNotAllowed")]
    UpdateMembersNotAllowed,
    /// The organisation's admin has disallowed leaving chats.
    #[doc(alias = "TWLeaveChatNotAllowed")]
    LeaveChatNotAllowed,
    /// The organisation's admin has disallowed closing chats.
    #[doc(alias = "TWCloseChatNotAllowed")]
    CloseChatNotAllowed,
    /// The organisation's admin has disabled read receipts.
    #[doc(alias = "TWReadReceiptsDisabled")]
    ReadReceiptsDisabled,
    /// An image cannot be loaded: none is set, or the one given is not fit.
    #[doc(alias = "TWImageLoadError")]
    ImageLoad,
    /// An image cannot be removed.
    #[doc(alias = "TWImageRemoveError")]
    ImageRemove,
    /// Ours: too many requests; [`Error::retry_after`] says how long to wait.
    RateLimited,
    /// Ours: an argument or a setting was refused before anything was sent.
    InvalidInput,
    /// Ours: an answer that is not what the wire contract promises.
    UnexpectedAnswer,
    /// Ours: a file cannot be read or written, or changed while it was being sent.
    File,
    /// Ours: a machine was asked for more after its end.
    Finished,
}

impl ErrorKind {
    /// The kind in lower case with underscores: `not_found`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connection => "connection",
            Self::Server => "server",
            Self::Auth => "auth",
            Self::NotFound => "not_found",
            Self::InvalidMembers => "invalid_members",
            Self::UpdateMembersNotAllowed => "update_members_not_allowed",
            Self::LeaveChatNotAllowed => "leave_chat_not_allowed",
            Self::CloseChatNotAllowed => "close_chat_not_allowed",
            Self::ReadReceiptsDisabled => "read_receipts_disabled",
            Self::ImageLoad => "image_load",
            Self::ImageRemove => "image_remove",
            Self::RateLimited => "rate_limited",
            Self::InvalidInput => "invalid_input",
            Self::UnexpectedAnswer => "unexpected_answer",
            Self::File => "file",
            Self::Finished => "finished",
        }
    }
}

impl fmt::Display for ErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A server's refusal, with all it said about it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
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
    pub after_silence: bool,
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

impl Refusal {
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
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal")
            .field("kind", &self.kind)
            .field("status", &self.status)
            .field("code", &self.shown_code())
            .field("message", &self.message)
            .field("request_id", &self.request_id)
            .field("retry_after", &self.retry_after)
            .field("invalid_members", &self.shown_members())
            .field("excerpt", &self.excerpt)
            .field("after_silence", &self.after_silence)
            .finish_non_exhaustive()
    }
}

impl core::error::Error for Refusal {}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the server refused with status {}", self.status)?;
        if let Some(code) = self.shown_code() {
            write!(f, " ({})", Plain(code))?;
        }
        if let Some(message) = &self.message {
            write!(f, ": {}", Plain(message))?;
        }
        if !self.invalid_members.is_empty() {
            write!(f, " [{}]", Plain(self.shown_members().join(", ")))?;
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

/// An answer that is not what the wire contract promises.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct UnexpectedAnswer {
    /// The HTTP status; `None` if not even that could be read.
    pub status: Option<u16>,
    /// What was wrong.
    pub reason: String,
    /// Where in the JSON, as in `items[3].from_user`; `None` if it is not JSON at all.
    pub path: Option<String>,
    /// The first bytes of the body.
    pub excerpt: String,
    /// What the server's log calls this request.
    pub request_id: Option<String>,
    /// Set if it is larger than it may be: a part of it may be small enough.
    pub(crate) is_too_large: bool,
}

impl core::error::Error for UnexpectedAnswer {}

impl fmt::Display for UnexpectedAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unexpected answer")?;
        if let Some(status) = self.status {
            write!(f, " with status {status}")?;
        }
        write!(f, ": {}", Plain(&self.reason))?;
        if let Some(path) = &self.path {
            write!(f, " at `{}`", Plain(path))?;
        }
        if !self.excerpt.is_empty() {
            write!(f, "; it begins {:?}", self.excerpt)?;
        }
        request_id(f, self.request_id.as_deref())
    }
}

fn request_id(f: &mut fmt::Formatter<'_>, id: Option<&str>) -> fmt::Result {
    id.map_or(Ok(()), |id| write!(f, " (request {})", Plain(id)))
}

/// An argument or a setting that was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("invalid {}: {}", Plain(what), Plain(why))]
pub struct InvalidInput {
    /// Which argument or setting.
    pub what: String,
    /// What is wrong with it.
    pub why: String,
}

impl InvalidInput {
    /// `what` names the argument, `why` says what is wrong with it. Neither may hold a secret.
    pub fn new(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self { what: what.into(), why: why.into() }
    }
}

impl Error {
    pub(crate) fn invalid(what: impl Into<String>, why: impl Into<String>) -> Self {
        Self::InvalidInput(InvalidInput::new(what, why))
    }

    /// What went wrong in the end: the cause, if this is about one of several attachments.
    fn cause(&self) -> &Self {
        match self {
            Self::Attachment { cause, .. } => cause.cause(),
            other => other,
        }
    }

    /// Sorted as the Python SDK's exceptions are.
    pub fn kind(&self) -> ErrorKind {
        match self.cause() {
            Self::Connection(_) => ErrorKind::Connection,
            Self::Refused(refusal) => refusal.kind,
            Self::UnexpectedAnswer(_) => ErrorKind::UnexpectedAnswer,
            Self::InvalidInput(_) => ErrorKind::InvalidInput,
            Self::Image(_) => ErrorKind::ImageLoad,
            Self::File(_) => ErrorKind::File,
            Self::Finished | Self::Attachment { .. } => ErrorKind::Finished,
        }
    }

    /// Whether the same call may well succeed later: trouble on the way or in the backend, or too many requests.
    pub fn is_transient(&self) -> bool {
        match self.cause() {
            Self::Connection(fault) => {
                !matches!(fault.kind, FaultKind::Tls | FaultKind::ClientCertificate | FaultKind::Proxy)
            }
            Self::Refused(refusal) => refusal.meaning.is_transient,
            _ => false,
        }
    }

    /// Whether the server may have acted on the request although this is an error.
    pub fn may_have_arrived(&self) -> bool {
        match self {
            Self::Connection(fault) => fault.sent,
            Self::Refused(refusal) => {
                refusal.after_silence
                    || (refusal.kind == ErrorKind::Server && refusal.status >= 500)
                    // An earlier request with this key has, whichever process sent it.
                    || refusal.meaning.is_in_progress
            }
            Self::UnexpectedAnswer(_) => true,
            _ => false,
        }
    }

    /// The same, after an attempt that the server may have acted on.
    pub(crate) fn after_silence(mut self) -> Self {
        match &mut self {
            Self::Connection(fault) => fault.sent = true,
            Self::Refused(refusal) => refusal.after_silence = true,
            _ => {}
        }
        self
    }

    /// How long the server asks to wait before trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause() {
            Self::Refused(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Self::Refused(refusal) => Some(refusal.status),
            Self::UnexpectedAnswer(answer) => answer.status,
            _ => None,
        }
    }

    /// The server's code for the trouble, as it sent it.
    pub fn code(&self) -> Option<&str> {
        match self.cause() {
            Self::Refused(refusal) => refusal.code.as_deref(),
            _ => None,
        }
    }

    /// What the server's log calls this request.
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Self::Refused(refusal) => refusal.request_id.as_deref(),
            Self::UnexpectedAnswer(answer) => answer.request_id.as_deref(),
            _ => None,
        }
    }
}

/// An image that cannot be loaded, or is not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("the image {name:?} cannot be used: {}", Plain(why))]
pub struct UnfitImage {
    /// The file, or what else it is known by.
    pub name: String,
    /// What is wrong with it.
    pub why: String,
}

impl From<InvalidInput> for Error {
    fn from(input: InvalidInput) -> Self {
        Self::InvalidInput(input)
    }
}

impl From<UnexpectedAnswer> for Error {
    fn from(answer: UnexpectedAnswer) -> Self {
        Self::UnexpectedAnswer(Box::new(answer))
    }
}

/// A fault for good: what arrived but cannot be used is an unexpected answer, everything else trouble on the way.
impl From<Fault> for Error {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Protocol | FaultKind::TooLarge => Self::UnexpectedAnswer(Box::new(UnexpectedAnswer {
                status: fault.head.as_ref().map(|head| head.status().as_u16()),
                is_too_large: fault.kind == FaultKind::TooLarge,
                ..UnexpectedAnswer::new(&fault)
            })),
            // Executors wrap what they know of the file.
            FaultKind::File => Self::File(
                fault
                    .source
                    .downcast_ref::<FileError>()
                    .cloned()
                    .unwrap_or_else(|| FileError::new("", FileErrorKind::Other, &fault.source)),
            ),
            _ => Self::Connection(fault),
        }
    }
}

impl UnexpectedAnswer {
    pub(crate) fn new(reason: impl fmt::Display) -> Self {
        Self {
            status: None,
            reason: reason.to_string(),
            path: None,
            excerpt: String::new(),
            request_id: None,
            is_too_large: false,
        }
    }
}
