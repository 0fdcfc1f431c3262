use alloc::string::String;

use crate::escaped::Escaped;

/// An invalid argument or setting, detected before the request was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("invalid {}: {}", Escaped(parameter), Escaped(reason))]
pub struct InvalidInput {
    /// The name of the argument or setting.
    pub parameter: String,
    /// The reason.
    pub reason: String,
}

impl InvalidInput {
    /// Creates an error from the name of the argument and the reason for which it is invalid. Neither may contain a
    /// secret.
    pub fn new(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), reason: reason.into() }
    }
}

/// An image that cannot be read or is not suitable.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("invalid image {name:?}: {}", Escaped(reason))]
pub struct InvalidImage {
    /// The path of the file, or a description of the image.
    pub name: String,
    /// The reason.
    pub reason: String,
}
