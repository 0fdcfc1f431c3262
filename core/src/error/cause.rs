use alloc::string::String;
use core::{error::Error as StdError, fmt};

use super::{ApiError, Error, InvalidImage, InvalidInput, StoreError, UnexpectedResponse};
use crate::{
    effect::{FileError, TransportError},
    escaped::Escaped,
};

/// The cause of an [`Error`], with its details: see [`Error::cause`].
///
/// [`Attachment`](Self::Attachment) and [`Login`](Self::Login) enclose another error. The methods of [`Error`] look
/// into it, a `match` does not.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Cause {
    /// No complete response was received.
    Transport(TransportError),
    /// The server rejected the request or failed.
    Api(ApiError),
    /// The response violates the protocol.
    UnexpectedResponse(UnexpectedResponse),
    /// An argument or a setting is invalid. The request was not sent.
    InvalidInput(InvalidInput),
    /// An image cannot be read or is not suitable. It was not sent.
    Image(InvalidImage),
    /// A file cannot be read or written.
    File(FileError),
    /// The store of the claims of replicas cannot be used.
    Store(StoreError),
    /// An attachment could not be uploaded. The error has the kind of its cause.
    Attachment {
        /// The file name.
        file: String,
        /// The cause.
        cause: Error,
    },
    /// The login that the protocol requires has failed, so the request was not sent. The error has the kind of its
    /// cause.
    Login {
        /// The cause.
        cause: Error,
        /// `true` if an earlier attempt of the operation, before the login expired, may have taken effect.
        previous_outcome_unknown: bool,
    },
    /// The protocol does not have this operation. Nothing was sent.
    Unsupported {
        /// The name of the operation.
        operation: &'static str,
    },
    /// The operation was stopped by the handle of its client.
    Cancelled {
        /// `true` if a request may have taken effect.
        outcome_unknown: bool,
    },
    /// A machine was polled after it had completed.
    Finished,
}

impl Cause {
    /// Returns the source of the error, whose text follows that of the cause.
    pub(super) fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Transport(error) => error.source(),
            Self::Store(error) => error.source(),
            Self::Attachment { cause, .. } | Self::Login { cause, .. } => Some(cause),
            Self::Api(_)
            | Self::UnexpectedResponse(_)
            | Self::InvalidInput(_)
            | Self::Image(_)
            | Self::File(_)
            | Self::Unsupported { .. }
            | Self::Cancelled { .. }
            | Self::Finished => None,
        }
    }

    /// Writes the cause. `after` completes the statement of what failed, before the details.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, after: impl fmt::Display) -> fmt::Result {
        match self {
            Self::Transport(error) => error.write(f, after),
            Self::Api(error) => error.write(f, after),
            Self::UnexpectedResponse(error) => error.write(f, after),
            Self::InvalidInput(error) => write!(f, "{error}"),
            Self::Image(error) => write!(f, "{error}"),
            Self::File(error) => write!(f, "{error}"),
            Self::Store(error) => write!(f, "{error}"),
            Self::Attachment { file, .. } => write!(f, "{file:?} could not be attached{after}"),
            Self::Login { .. } => write!(f, "the login failed{after}"),
            Self::Unsupported { operation } => write!(f, "the protocol does not support `{}`", Escaped(operation)),
            Self::Cancelled { .. } => write!(f, "the operation was cancelled{after}"),
            Self::Finished => f.write_str("the operation has already completed"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.write(f, "")
    }
}
