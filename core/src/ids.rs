//! The ids that the server assigns, below all that names one: errors, models, protocols.

use alloc::{borrow::ToOwned, string::String};
use core::{borrow::Borrow, convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::escaped::Escaped;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        ///
        /// It is opaque: any string is accepted and sent unchanged. An operation fails with `InvalidInput` if it is
        /// empty, `.` or `..`, contains NUL or, with the default protocol, has more than 128 characters.
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Returns the id as the server sent it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// Escapes control characters, for output. [`as_str`](Self::as_str) returns the id itself.
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

        impl From<&String> for $name {
            fn from(id: &String) -> Self {
                Self(id.clone())
            }
        }

        /// Never fails: any string is accepted.
        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(id: &str) -> Result<Self, Infallible> {
                Ok(id.into())
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        /// So that maps with ids as keys can be searched by strings.
        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl From<&$name> for $name {
            fn from(id: &$name) -> Self {
                id.clone()
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

        impl PartialEq<String> for $name {
            fn eq(&self, other: &String) -> bool {
                self.0 == *other
            }
        }
    )* };
}

ids! {
    /// The id of a chat, such as `7MQKchz6wsSzmWTVnppGAc`.
    ThreadId;
    /// The id of a message.
    MessageId;
    /// The id of a user.
    UserId;
    /// The id of a group.
    GroupId;
    /// The id of a reaction to a message.
    ReactionId;
    /// The id of a file stored on the server.
    AssetId;
}
