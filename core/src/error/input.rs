use alloc::string::String;

use crate::escaped::Escaped;

/// An argument or a setting that was refused before anything was sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("invalid {}: {}", Escaped(parameter), Escaped(reason))]
pub struct InvalidInput {
    /// Which argument or setting.
    pub parameter: String,
    /// What is wrong with it.
    pub reason: String,
}

impl InvalidInput {
    /// `what` names the argument, `why` says what is wrong with it. Neither may hold a secret.
    pub fn new(parameter: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { parameter: parameter.into(), reason: reason.into() }
    }
}

/// An image that cannot be loaded, or is not fit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[error("the image {name:?} cannot be used: {}", Escaped(reason))]
pub struct InvalidImage {
    /// The file, or what else it is known by.
    pub name: String,
    /// What is wrong with it.
    pub reason: String,
}
