use alloc::{borrow::ToOwned, format, string::String};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::{Asset, ChatInfo, Group, Message, Reaction, User};
use crate::{error::Error, escaped::Escaped};

/// The longest id, in characters.
const MAX_ID_CHARS: usize = 128;

/// An opaque name that the server gave to something.
pub(crate) trait Id: fmt::Display {
    /// What it names, for errors.
    const NAME: &'static str;

    fn as_str(&self) -> &str;

    /// Refuses what can be no id.
    fn check(&self) -> Result<&str, Error> {
        checked_id(Self::NAME, self.as_str())
    }
}

/// Refuses what can be no id: nothing, `.` and `..` (which would reach another place of the server), and what no
/// server has made.
pub(crate) fn checked_id<'a>(what: &str, id: &'a str) -> Result<&'a str, Error> {
    match id {
        "" => Err(Error::invalid(what, "it is empty")),
        "." | ".." => Err(Error::invalid(what, "`.` and `..` are not ids")),
        id if id.contains('\0') => Err(Error::invalid(what, "it has a NUL")),
        id if id.chars().count() > MAX_ID_CHARS => {
            Err(Error::invalid(what, format!("it is longer than {MAX_ID_CHARS} characters")))
        }
        id => Ok(id),
    }
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident, $what:literal, $of:ty, $field:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// Opaque: any string is taken for one, and sent as it is.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// The id as the server wrote it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Id for $name {
            const NAME: &'static str = $what;

            fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// For people: control characters are escaped. The id itself is [`as_str`](Self::as_str).
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", Escaped(&self.0))
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl From<String> for $name {
            fn from(id: String) -> Self {
                Self(id)
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self(id.to_owned())
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
            }
        }

        impl From<&$of> for $name {
            fn from(it: &$of) -> Self {
                it.$field.clone()
            }
        }

        impl From<$of> for $name {
            fn from(it: $of) -> Self {
                it.$field
            }
        }

        impl PartialEq<str> for $name {
            fn eq(&self, other: &str) -> bool {
                self.0 == other
            }
        }

        impl PartialEq<&str> for $name {
            fn eq(&self, other: &&str) -> bool {
                self.0 == *other
            }
        }
    )* };
}

ids! {
    /// Names a chat: `7MQKchz6wsSzmWTVnppGAc`.
    ThreadId, "thread id", ChatInfo, tid;
    /// Names a message.
    MessageId, "message id", Message, mid;
    /// Names a user.
    UserId, "user id", User, uid;
    /// Names a group.
    GroupId, "group id", Group, gid;
    /// Names a reaction to a message.
    ReactionId, "reaction id", Reaction, reaction_id;
    /// Names bytes that the server keeps.
    AssetId, "asset id", Asset, asset_id;
}
