//! The error type of all operations.

mod api;
mod cause;
mod during;
mod input;
mod kind;
mod meaning;
mod repetition;
mod request_id;
mod response;
mod store_error;

use alloc::{boxed::Box, string::String};
use core::{error::Error as StdError, fmt, iter::successors, time::Duration};

use self::during::{After, Attempts};
pub(crate) use self::meaning::Meaning;
pub use self::{
    api::ApiError,
    cause::Cause,
    during::{During, GaveUp},
    input::{InvalidImage, InvalidInput},
    kind::ErrorKind,
    meaning::Signal,
    response::UnexpectedResponse,
    store_error::{StoreError, StoreErrorKind},
};
use crate::effect::{FileError, FileErrorKind, TransportError, TransportErrorKind};
pub use crate::operation::Operation;

/// The error of any operation. It has the size of a pointer, so that a `Result` of an operation is as small as its
/// output.
///
/// [`kind`](Self::kind) corresponds to the Python SDK's exceptions. [`cause`](Self::cause) states where the error comes
/// from, with the details.
///
/// `Display` does not include the [`source`](core::error::Error::source), so that a report of the whole chain has each
/// fact once. The alternate form `{error:#}` is that chain. So is `{error:?}`, which a `main` that returns the error
/// prints; `{error:#?}` has the fields.
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
/// - [`InvalidRequest`](ErrorKind::InvalidRequest): the server rejected the request as invalid, which the library or
///   the protocol does not expect
/// - [`Unsupported`](ErrorKind::Unsupported): the protocol does not have the operation, or an option of it. The default
///   protocol has all
/// - [`Cancelled`](ErrorKind::Cancelled): the client was [stopped](crate::Client::stopped_by)
///
/// A client [with a deadline](crate::Client::with_deadline) fails with the last error, or with a timeout of the kind
/// `Connection` if there was none.
///
/// A machine that is polled after it has completed returns [`Finished`](ErrorKind::Finished). Adapters never do this.
///
/// `Display` begins with the operation and its chat: `post in chat c1: the connection was lost after 4 attempts`.
#[derive(Clone)]
pub struct Error(Box<Inner>);

#[derive(Clone)]
struct Inner {
    cause: Cause,
    /// `None` if it was not an exchange that failed.
    attempts_made: Option<Attempts>,
    /// Set where the rest of the operation decides whether it may have taken effect; `None` where the cause does.
    outcome_unknown: Option<bool>,
    during: Option<During>,
}

impl Error {
    pub(crate) fn invalid(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        InvalidInput::new(parameter, reason).into()
    }

    /// Creates the error of an operation, or of an option of it, that the protocol does not have.
    pub fn unsupported(operation: &'static str) -> Self {
        Cause::Unsupported { operation }.into()
    }

    /// Creates the error of a machine that was polled after it had completed.
    pub(crate) fn finished() -> Self {
        Cause::Finished.into()
    }

    /// Returns the cause, with its details.
    pub fn cause(&self) -> &Cause {
        &self.0.cause
    }

    pub(crate) fn cause_mut(&mut self) -> &mut Cause {
        &mut self.0.cause
    }

    /// Returns the cause of a failed attachment or login; for other errors, their own.
    fn root(&self) -> &Cause {
        match self.cause() {
            Cause::Attachment { cause, .. } | Cause::Login { cause, .. } => cause.root(),
            other => other,
        }
    }

    /// Returns the error response of the server, if that is the cause.
    pub fn api(&self) -> Option<&ApiError> {
        match self.root() {
            Cause::Api(error) => Some(error),
            _ => None,
        }
    }

    /// Returns the operation that failed, with its chat, the number of attempts, and the reason why there was not
    /// another. `None` if it was not an operation of a client: for an invalid configuration, and for the error within
    /// [`Cause::Attachment`] and [`Cause::Login`].
    pub fn during(&self) -> Option<&During> {
        self.0.during.as_ref()
    }

    /// Returns the kind, which corresponds to the exceptions of the Python SDK.
    pub fn kind(&self) -> ErrorKind {
        match self.root() {
            Cause::Transport(_) => ErrorKind::Connection,
            Cause::Api(error) => error.kind,
            Cause::UnexpectedResponse(_) => ErrorKind::UnexpectedResponse,
            Cause::InvalidInput(_) => ErrorKind::InvalidInput,
            Cause::Image(_) => ErrorKind::ImageLoad,
            Cause::File(_) => ErrorKind::File,
            Cause::Store(_) => ErrorKind::Store,
            Cause::Unsupported { .. } => ErrorKind::Unsupported,
            Cause::Cancelled { .. } => ErrorKind::Cancelled,
            Cause::Finished | Cause::Attachment { .. } | Cause::Login { .. } => ErrorKind::Finished,
        }
    }

    /// Returns `true` if the server may have performed the operation although it failed.
    ///
    /// That is the case
    ///
    /// - if the connection failed or timed out after a byte of the request may have been [sent](TransportError::sent)
    /// - if the protocol states that of the server's response. With the default protocol, these have the status 408 or
    ///   one of 500 or more and the kind `Server`, or are `in_progress`: the server is still processing an earlier
    ///   request with the same idempotency key
    /// - if the response is that of a proxy, and has the status 408 or one of 500 or more
    /// - if the response violates the protocol
    /// - if the operation was cancelled while a request was in progress
    /// - if one of these happened to an [earlier attempt](ApiError::previous_outcome_unknown) of the operation
    /// - if the operation made its change, and failed afterwards: see
    ///   [`mark_as_read`](crate::ChatRef::mark_as_read)
    ///
    /// It is `false` if nothing was sent, if the server rejected every attempt, and if an attachment could not be
    /// uploaded, as the message is posted only after the uploads.
    ///
    /// To repeat a post or the creation of a chat safely, give it an [idempotency key](crate::Draft::idempotency_key):
    /// the server then performs it once.
    pub fn outcome_unknown(&self) -> bool {
        self.0.outcome_unknown.unwrap_or_else(|| match self.cause() {
            Cause::Transport(error) => error.sent,
            Cause::Api(error) => error.previous_outcome_unknown || error.meaning.is_uncertain,
            Cause::Login { previous_outcome_unknown, .. } => *previous_outcome_unknown,
            Cause::File(error) => error.previous_outcome_unknown,
            Cause::Cancelled { outcome_unknown } => *outcome_unknown,
            Cause::UnexpectedResponse(_) => true,
            _ => false,
        })
    }

    /// Returns this error as the result of an operation that may have taken effect before: by an earlier attempt whose
    /// outcome is unknown, or by an earlier request.
    pub(crate) fn after_unanswered_attempt(mut self) -> Self {
        self.0.outcome_unknown = Some(true);
        match self.cause_mut() {
            Cause::Transport(error) => error.sent = true,
            Cause::Api(error) => error.previous_outcome_unknown = true,
            Cause::Login { previous_outcome_unknown, .. } => *previous_outcome_unknown = true,
            // A file of the request itself, which was read for another attempt.
            Cause::File(error) => error.previous_outcome_unknown = true,
            Cause::Cancelled { outcome_unknown } => *outcome_unknown = true,
            _ => {}
        }
        self
    }

    /// Makes this the error of an operation that cannot have taken effect, although it is that of another request.
    pub(crate) fn set_without_effect(&mut self) {
        self.0.outcome_unknown = Some(false);
        match self.cause_mut() {
            Cause::Api(error) => error.previous_outcome_unknown = false,
            Cause::Login { previous_outcome_unknown, .. } => *previous_outcome_unknown = false,
            Cause::Cancelled { outcome_unknown } => *outcome_unknown = false,
            _ => {}
        }
    }

    /// Returns the same error with another time to wait.
    pub(crate) fn with_retry_after(mut self, wait: Duration) -> Self {
        if let Cause::Api(error) = self.cause_mut() {
            error.retry_after = Some(wait);
        }
        self
    }

    /// Returns the consequence for a feed or a list, if the protocol has declared one.
    pub(crate) fn signal(&self) -> Option<Signal> {
        match self.cause() {
            Cause::Api(error) => error.meaning.signal,
            _ => None,
        }
    }

    /// Returns the time to wait before a retry, if the server requested one.
    pub fn retry_after(&self) -> Option<Duration> {
        self.api()?.retry_after
    }

    /// Returns the HTTP status, if there was a response.
    pub fn status(&self) -> Option<u16> {
        match self.root() {
            Cause::Api(error) => Some(error.status),
            Cause::UnexpectedResponse(response) => response.status,
            _ => None,
        }
    }

    /// Returns the server's error code: see [`ApiError::code`].
    pub fn code(&self) -> Option<&str> {
        self.api()?.code.as_deref()
    }

    /// Returns the server's request id.
    pub fn request_id(&self) -> Option<&str> {
        match self.root() {
            Cause::Api(error) => error.request_id.as_deref(),
            Cause::UnexpectedResponse(response) => response.request_id.as_deref(),
            _ => None,
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return write!(f, "{self:#}");
        }
        let Inner { cause, during, .. } = &*self.0;
        f.debug_struct("Error").field("cause", cause).field("during", during).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { cause, during, .. } = &*self.0;
        if let Some(during) = during {
            write!(f, "{during}: ")?;
        }
        cause.write(f, After(during.as_ref()))?;
        let first = self.source().filter(|_| f.alternate());
        successors(first, |source| (*source).source()).try_for_each(|source| write!(f, ": {source}"))
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.source()
    }
}

impl From<Cause> for Error {
    fn from(cause: Cause) -> Self {
        Self(Box::new(Inner { cause, attempts_made: None, outcome_unknown: None, during: None }))
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Cause::Api(error).into()
    }
}

impl From<InvalidInput> for Error {
    fn from(input: InvalidInput) -> Self {
        Cause::InvalidInput(input).into()
    }
}

impl From<UnexpectedResponse> for Error {
    fn from(response: UnexpectedResponse) -> Self {
        Cause::UnexpectedResponse(response).into()
    }
}

impl From<FileError> for Error {
    fn from(error: FileError) -> Self {
        Cause::File(error).into()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Cause::Store(error).into()
    }
}

/// Malformed and oversized responses become [`Cause::UnexpectedResponse`], errors of files [`Cause::File`], and all
/// others [`Cause::Transport`].
impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        match error.kind {
            TransportErrorKind::Protocol | TransportErrorKind::TooLarge => UnexpectedResponse {
                status: error.head.as_ref().map(|head| head.status().as_u16()),
                is_too_large: error.kind == TransportErrorKind::TooLarge,
                ..UnexpectedResponse::new(&error)
            }
            .into(),
            // Executors wrap a `FileError`.
            TransportErrorKind::File => error
                .source
                .downcast_ref::<FileError>()
                .cloned()
                .unwrap_or_else(|| FileError::new("", FileErrorKind::Other, &error.source))
                .into(),
            _ => Cause::Transport(error).into(),
        }
    }
}
