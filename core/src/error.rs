//! The error type of all operations.

mod api;
mod input;
mod kind;
mod meaning;
mod request_id;
mod response;

use alloc::{boxed::Box, string::String};
use core::time::Duration;

pub(crate) use self::meaning::Meaning;
pub use self::{
    api::ApiError,
    input::{InvalidImage, InvalidInput},
    kind::ErrorKind,
    meaning::Signal,
    response::UnexpectedResponse,
};
use crate::effect::{FileError, FileErrorKind, TransportError, TransportErrorKind};

/// The error of any operation.
///
/// The variants state where an error comes from, with the details. [`kind`](Self::kind) corresponds to the Python SDK's
/// exceptions.
///
/// `Display` does not include the [`source`](core::error::Error::source), so that a report of the whole chain has each
/// fact once.
///
/// # Kinds of any request
///
/// Every operation that sends a request can fail with these kinds. The operations list only other kinds, and other
/// causes of these.
///
/// - [`Connection`](ErrorKind::Connection): no complete response was received, after all retries
/// - [`Server`](ErrorKind::Server): the backend failed (5xx), or sent an error code without a kind of its own
/// - [`Auth`](ErrorKind::Auth): the App ID and Secret are unknown or have been revoked
/// - [`RateLimited`](ErrorKind::RateLimited): the client is still over the server's limit after all retries
/// - [`UnexpectedResponse`](ErrorKind::UnexpectedResponse): the response violates the protocol, as the page of a proxy
///   does
/// - [`Unsupported`](ErrorKind::Unsupported): the protocol does not have the operation, or an option of it. The default
///   protocol has all
/// - [`Cancelled`](ErrorKind::Cancelled): the client was [stopped](crate::Client::stopped_by)
///
/// A client [with a deadline](crate::Client::with_deadline) fails with the last error, or with a timeout of the kind
/// `Connection` if there was none.
///
/// A machine that is polled after it has completed returns [`Finished`](ErrorKind::Finished). Adapters never do this.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No complete response was received, after all retries.
    #[error(transparent)]
    Connection(TransportError),
    /// The server rejected the request or failed.
    #[error(transparent)]
    Api(Box<ApiError>),
    /// The response violates the protocol.
    #[error(transparent)]
    UnexpectedResponse(Box<UnexpectedResponse>),
    /// An argument or a setting is invalid. The request was not sent.
    #[error(transparent)]
    InvalidInput(InvalidInput),
    /// An image cannot be read or is not suitable. It was not sent.
    #[error(transparent)]
    Image(InvalidImage),
    /// A file cannot be read or written.
    #[error(transparent)]
    File(FileError),
    /// An attachment could not be uploaded. The error has the kind of its cause.
    #[error("{file:?} could not be attached")]
    Attachment {
        /// The file name.
        file: String,
        /// The cause.
        #[source]
        cause: Box<Error>,
    },
    /// The login that the protocol requires has failed, so the request was not sent. The error has the kind of its
    /// cause.
    #[error("the login failed")]
    Login {
        /// The cause.
        #[source]
        cause: Box<Error>,
        /// `true` if an earlier attempt of the operation, before the login expired, may have taken effect.
        previous_outcome_unknown: bool,
    },
    /// The protocol does not have this operation. Nothing was sent.
    #[error("the protocol does not support `{operation}`")]
    Unsupported {
        /// The name of the operation.
        operation: &'static str,
    },
    /// The operation was stopped by the handle of its client.
    #[error("the operation was cancelled")]
    Cancelled {
        /// `true` if a request may have taken effect.
        outcome_unknown: bool,
    },
    /// A machine was polled after it had completed.
    #[error("the operation has already completed")]
    Finished,
}

impl Error {
    pub(crate) fn invalid(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::InvalidInput(InvalidInput::new(parameter, reason))
    }

    /// Returns the cause of a failed attachment or login; for other errors, the error itself.
    fn cause(&self) -> &Self {
        match self {
            Self::Attachment { cause, .. } | Self::Login { cause, .. } => cause.cause(),
            other => other,
        }
    }

    /// Returns the kind, which corresponds to the exceptions of the Python SDK.
    pub fn kind(&self) -> ErrorKind {
        match self.cause() {
            Self::Connection(_) => ErrorKind::Connection,
            Self::Api(error) => error.kind,
            Self::UnexpectedResponse(_) => ErrorKind::UnexpectedResponse,
            Self::InvalidInput(_) => ErrorKind::InvalidInput,
            Self::Image(_) => ErrorKind::ImageLoad,
            Self::File(_) => ErrorKind::File,
            Self::Unsupported { .. } => ErrorKind::Unsupported,
            Self::Cancelled { .. } => ErrorKind::Cancelled,
            Self::Finished | Self::Attachment { .. } | Self::Login { .. } => ErrorKind::Finished,
        }
    }

    /// Returns `true` if the same call may succeed later: after a failure of the network or the backend, or with too
    /// many requests.
    ///
    /// Errors of TLS, of client certificates and of a proxy's login are not transient.
    pub fn is_transient(&self) -> bool {
        match self.cause() {
            Self::Connection(error) => !matches!(
                error.kind,
                TransportErrorKind::Tls | TransportErrorKind::ClientCertificate | TransportErrorKind::Proxy
            ),
            Self::Api(error) => error.meaning.is_transient,
            _ => false,
        }
    }

    /// Returns `true` if the server may have performed the operation although it failed.
    ///
    /// That is the case
    ///
    /// - if the connection failed or timed out after a byte of the request may have been [sent](TransportError::sent)
    /// - if the protocol states that of the server's response. With the default protocol, these have a status of 500 or
    ///   more and the kind `Server`, or are `in_progress`: the server is still processing an earlier request with the
    ///   same idempotency key
    /// - if the response is that of a proxy, and has the status 408 or one of 500 or more
    /// - if the response violates the protocol
    /// - if the operation was cancelled while a request was in progress
    /// - if one of these happened to an [earlier attempt](ApiError::previous_outcome_unknown) of the operation
    ///
    /// It is `false` if nothing was sent, if the server rejected every attempt, and if an attachment could not be
    /// uploaded, as the message is posted only after the uploads.
    ///
    /// To repeat a post or the creation of a chat safely, give it an [idempotency key](crate::Draft::idempotency_key):
    /// the server then performs it once.
    pub fn outcome_unknown(&self) -> bool {
        match self {
            Self::Connection(error) => error.sent,
            Self::Api(error) => error.previous_outcome_unknown || error.meaning.is_uncertain,
            Self::Login { previous_outcome_unknown, .. } => *previous_outcome_unknown,
            Self::File(error) => error.previous_outcome_unknown,
            Self::Cancelled { outcome_unknown } => *outcome_unknown,
            Self::UnexpectedResponse(_) => true,
            _ => false,
        }
    }

    /// Returns this error as the result of an operation with an earlier attempt whose outcome is unknown.
    pub(crate) fn after_unanswered_attempt(mut self) -> Self {
        match &mut self {
            Self::Connection(error) => error.sent = true,
            Self::Api(error) => error.previous_outcome_unknown = true,
            Self::Login { previous_outcome_unknown, .. } => *previous_outcome_unknown = true,
            // A file of the request itself, which was read for another attempt.
            Self::File(error) => error.previous_outcome_unknown = true,
            Self::Cancelled { outcome_unknown } => *outcome_unknown = true,
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

    /// Returns the consequence for a feed or a list, if the protocol has declared one.
    pub(crate) fn signal(&self) -> Option<Signal> {
        match self {
            Self::Api(error) => error.meaning.signal,
            _ => None,
        }
    }

    /// Returns the time to wait before a retry, if the server requested one.
    pub fn retry_after(&self) -> Option<Duration> {
        match self.cause() {
            Self::Api(error) => error.retry_after,
            _ => None,
        }
    }

    /// Returns the HTTP status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        match self.cause() {
            Self::Api(error) => Some(error.status),
            Self::UnexpectedResponse(response) => response.status,
            _ => None,
        }
    }

    /// Returns the server's error code: see [`ApiError::code`].
    pub fn code(&self) -> Option<&str> {
        match self.cause() {
            Self::Api(error) => error.code.as_deref(),
            _ => None,
        }
    }

    /// Returns the server's request id.
    pub fn request_id(&self) -> Option<&str> {
        match self.cause() {
            Self::Api(error) => error.request_id.as_deref(),
            Self::UnexpectedResponse(response) => response.request_id.as_deref(),
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
    fn from(response: UnexpectedResponse) -> Self {
        Self::UnexpectedResponse(Box::new(response))
    }
}

/// Malformed and oversized responses become [`Error::UnexpectedResponse`], errors of files [`Error::File`], and all
/// others [`Error::Connection`].
impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Protocol | TransportErrorKind::TooLarge => {
                Self::UnexpectedResponse(Box::new(UnexpectedResponse {
                    status: error.head.as_ref().map(|head| head.status().as_u16()),
                    is_too_large: error.kind == TransportErrorKind::TooLarge,
                    ..UnexpectedResponse::new(&error)
                }))
            }
            // Executors wrap a `FileError`.
            TransportErrorKind::File => Self::File(
                error
                    .source
                    .downcast_ref::<FileError>()
                    .cloned()
                    .unwrap_or_else(|| FileError::new("", FileErrorKind::Other, &error.source)),
            ),
            _ => Self::Connection(error),
        }
    }
}
