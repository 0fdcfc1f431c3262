use core::fmt;

use crate::{
    error::Error,
    ids::{AssetId, GroupId, MessageId, ReactionId, ThreadId, UserId},
};

/// An opaque id assigned by the server, for [routes](crate::protocol::Route::id).
pub trait Id: fmt::Display {
    /// The name of this kind of id in errors.
    const NAME: &'static str;

    /// Returns the id as the server sent it.
    fn as_str(&self) -> &str;

    /// Returns the id.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is empty, `.` or `..`, or contains NUL.
    fn check(&self) -> Result<&str, Error> {
        checked_id(Self::NAME, self.as_str())
    }
}

/// Returns the id, or an error if it is malformed. As path segments, `.` and `..` would lead to another route.
pub(crate) fn checked_id<'a>(parameter: &str, id: &'a str) -> Result<&'a str, Error> {
    match id {
        "" => Err(Error::invalid(parameter, "must not be empty")),
        "." | ".." => Err(Error::invalid(parameter, "must not be `.` or `..`")),
        id if id.contains('\0') => Err(Error::invalid(parameter, "must not contain NUL")),
        id => Ok(id),
    }
}

macro_rules! ids {
    ($($name:ident, $label:literal;)*) => { $(
        impl Id for $name {
            const NAME: &'static str = $label;

            fn as_str(&self) -> &str {
                self.as_str()
            }
        }
    )* };
}

ids! {
    ThreadId, "thread id";
    MessageId, "message id";
    UserId, "user id";
    GroupId, "group id";
    ReactionId, "reaction id";
    AssetId, "asset id";
}
