//! Names of the values of enums.

use alloc::{borrow::ToOwned, string::String};
use core::{convert::Infallible, fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::{AlertType, ChatType, ReactionType};
use crate::escaped::Escaped;

macro_rules! names {
    ($($enum:ident { $($variant:ident = $name:literal),* $(,)? })*) => { $(
        impl $enum {
            /// Returns the name, in lower case; an unknown one as the server sent it. Protocols have names of their
            /// own.
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)*
                    Self::Unknown(name) => name,
                }
            }
        }

        /// Shows the [name](Self::as_str), with control characters escaped.
        impl fmt::Display for $enum {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}", Escaped(self.as_str()))
            }
        }

        /// Saved as its [name](Self::as_str).
        impl Serialize for $enum {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> Deserialize<'de> for $enum {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let name = String::deserialize(deserializer)?;
                Ok(name.parse().unwrap_or_else(|never: Infallible| match never {}))
            }
        }

        /// Returns the value with this [name](Self::as_str). Any other text becomes `Unknown`.
        impl FromStr for $enum {
            type Err = Infallible;

            fn from_str(name: &str) -> Result<Self, Infallible> {
                Ok(match name {
                    $($name => Self::$variant,)*
                    _ => Self::Unknown(name.to_owned()),
                })
            }
        }
    )* };
}

names! {
    ChatType { OneToOne = "one_to_one", Group = "group" }
    AlertType { Alert = "alert", Announcement = "announcement", Note = "note" }
    ReactionType {
        Ok = "ok",
        Sos = "sos",
        ThumbsUp = "thumbs_up",
        Applause = "applause",
        Smile = "smile",
        Laugh = "laugh",
        Love = "love",
    }
}
