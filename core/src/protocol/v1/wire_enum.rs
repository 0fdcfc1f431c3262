//! The strings of the contract's enums. Unknown ones are kept.

use alloc::string::String;

use serde::{Serialize, Serializer};

use super::json::{Decode, DecodeError, Json};
use crate::model::{AlertType, ChatType, ReactionType};

/// An enum that serialises to its string in the contract.
#[derive(Clone, Debug)]
pub(super) struct WireEnum<T>(pub(super) T);

macro_rules! names {
    ($($enum:ident { $($variant:ident = $name:literal),* $(,)? })*) => { $(
        impl Decode for $enum {
            fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
                let name = String::decode(json)?;
                Ok(match name.as_str() {
                    $($name => $enum::$variant,)*
                    _ => $enum::Unknown(name),
                })
            }
        }

        impl Serialize for WireEnum<&$enum> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(match self.0 {
                    $($enum::$variant => $name,)*
                    $enum::Unknown(name) => name,
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
