use alloc::string::String;

use chrono::{DateTime, Utc};

use super::{decode_error::DecodeError, text::text, value::Json};
use crate::model::{AssetId, GroupId, MessageId, ReactionId, ThreadId, UserId};

/// A value that is decoded from the JSON of a response.
pub(crate) trait Decode: Sized + Send {
    /// Bytes of memory that it needs at once as an item of a list, without what it points to.
    const MEMORY: usize = size_of::<Self>();

    fn decode(json: Json<'_>) -> Result<Self, DecodeError>;
}

/// A human-readable text, decoded tolerantly: see [the module](super).
impl Decode for String {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        match text(json.bytes) {
            Some(text) => Ok(text),
            None => json.strict(),
        }
    }
}

/// A machine-readable string, such as a cursor or the id of a subscription, parsed strictly.
pub(in crate::protocol) struct Exact(pub(in crate::protocol) String);

impl Decode for Exact {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        json.strict().map(Self)
    }
}

macro_rules! strict {
    ($($type:ty),* $(,)?) => { $(
        impl Decode for $type {
            fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
                json.strict()
            }
        }
    )* };
}

strict!(bool, u64, i64, f64, DateTime<Utc>, AssetId, GroupId, MessageId, ReactionId, ThreadId, UserId);
