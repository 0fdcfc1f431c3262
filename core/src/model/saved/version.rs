use core::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// The version of a saved form, for types whose fields may get another meaning. It is written as `NEWEST`, and a newer
/// one cannot be read.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Version<const NEWEST: u32>;

impl<const NEWEST: u32> Serialize for Version<NEWEST> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_u32(NEWEST)
    }
}

impl<'de, const NEWEST: u32> Deserialize<'de> for Version<NEWEST> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match u32::deserialize(deserializer)? {
            version if version <= NEWEST => Ok(Self),
            version => {
                Err(D::Error::custom(format_args!("it has version {version}; this library reads up to {NEWEST}")))
            }
        }
    }
}

impl<const NEWEST: u32> fmt::Debug for Version<NEWEST> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{NEWEST}")
    }
}
