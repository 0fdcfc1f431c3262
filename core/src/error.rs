//! Everything that can go wrong, in one type.

mod api;
mod input;
mod kind;
mod request_id;
mod response;

use alloc::{boxed::Box, string::String};
use core::time::Duration;

pub(crate) use self::api::Meaning;
pub use self::{
    api::ApiError,
    input::{InvalidImage, InvalidInput},
    kind::ErrorKind,
    response::UnexpectedResponse,
};
use crate::effect::{FileError, FileErrorKind, TransportError, TransportErrorKind};

/// Why an operation did not succeed.
///
/// `Display` and [`source`](core::error::Error::source) never repeat each other: a report that prints the chain of sources has each
/// fact once.
///
/// [`kind`](Self::kind) sorts errors as the Python SDK's exceptions do; the variants say where an error comes from and
/// carry the evidence. Every operation that sends a request can end with the kinds `Connection`, `Server`, `Auth`
/// (a revoked key), `RateLimited` and `UnexpectedResponse`; each method names the others that its operation is known for.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No answer arrived, or not a whole one, and the retries are used up.
    #[error(transparent)]
    Connection(TransportError),
    /// The server answered, and refused.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The server's answer is not what was promised.
    #[error(transparent)]
    UnexpectedResponse(Box<UnexpectedResponse>),
    /// Refused here, before anything was sent.
    #[error(transparent)]
    InvalidInput(InvalidInput),
    /// An image that cannot be loaded, or is not fit: seen here, before it was sent.
    #[error(transparent)]
    Image(InvalidImage),
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

impl Error {
    pub(crate) fn invalid(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidInput(InvalidInput::new(parameter, reason))
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
            Self::Api(refusal) => refusal.kind,
            Self::UnexpectedResponse(_) => ErrorKind::UnexpectedResponse,
            Self::InvalidInput(_) => ErrorKind::InvalidInput,
            Self::Image(_) => ErrorKind::ImageLoad,
            Self::File(_) => ErrorKind::File,
            Self::Finished | Self::Attachment { .. } => ErrorKind::Finished,
        }
    }

    /// Whether the same call may well succeed later: trouble on the way or in the backend, or too many requests.
    pub fn is_transient(&self) -> bool {
        match self.cause() {
            Self::Connection(fault) => !matches!(
                fault.kind,
                TransportErrorKind::Tls | TransportErrorKind::ClientCertificate | TransportErrorKind::Proxy
            ),
            Self::Api(refusal) => refusal.meaning.is_transient,
            _ => false,
        }
    }

    /// Whether the server may have acted on the request although this is an error.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Connection(fault) => fault.sent,
            Self::Api(refusal) => {
                refusal.previous_attempt_unanswered
                    || (refusal.kind == ErrorKind::Server && refusal.status >= 500)
                    // An earlier request with this key has, whichever process sent it.
                    || refusal.meaning.is_in_progress
            }
            Self::UnexpectedResponse(_) => true,
            _ => false,
        }
    }

    /// The same, after an attempt that the server may have acted on.
    pub(crate) fn after_unanswered_attempt(mut self) -> Self {
        match &mut self {
            Self::Connection(fault) => fault.sent = true,
            Self::Api(refusal) => refusal.previous_attempt_unanswered = true,
            _ => {}
        }
        self
    }

    /// Returns the same error with another time to wait.
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        if let Self::Api(error) = &mut self {
            error.retry_after = Some(wait);
        }
        self
    }

    /// How long the server asks to wait before trying again.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause() {
            Self::Api(refusal) => refusal.retry_after,
            _ => None,
        }
    }

    /// The HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Self::Api(refusal) => Some(refusal.status),
            Self::UnexpectedResponse(answer) => answer.status,
            _ => None,
        }
    }

    /// The server's code for the trouble, as it sent it.
    pub fn code(&self) -> Option<&str> {
        match self.cause() {
            Self::Api(refusal) => refusal.code.as_deref(),
            _ => None,
        }
    }

    /// What the server's log calls this request.
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Self::Api(refusal) => refusal.request_id.as_deref(),
            Self::UnexpectedResponse(answer) => answer.request_id.as_deref(),
            _ => None,
        }
    }
}

impl From<InvalidInput> for Error {
    fn from(input: InvalidInput) -> Self {
        Self::InvalidInput(input)
    }
}

impl From<UnexpectedResponse> for Error {
    fn from(answer: UnexpectedResponse) -> Self {
        Self::UnexpectedResponse(Box::new(answer))
    }
}

/// A fault for good: what arrived but cannot be used is an unexpected answer, everything else trouble on the way.
impl From<TransportError> for Error {
    fn from(fault: TransportError) -> Self {
        match fault.kind {
            TransportErrorKind::Protocol | TransportErrorKind::TooLarge => {
                Self::UnexpectedResponse(Box::new(UnexpectedResponse {
                    status: fault.head.as_ref().map(|head| head.status().as_u16()),
                    is_too_large: fault.kind == TransportErrorKind::TooLarge,
                    ..UnexpectedResponse::new(&fault)
                }))
            }
            // Executors wrap what they know of the file.
            TransportErrorKind::File => Self::File(
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
