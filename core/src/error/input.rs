use alloc::string::String;

use crate::plain::Plain;

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
