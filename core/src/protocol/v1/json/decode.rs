use alloc::{string::String, vec::Vec};

use chrono::{DateTime, Utc};

use super::{
    bounded_vec::BoundedVec,
    decode_error::DecodeError,
    input::{Input, Text},
    text::{text, unescaped},
    value::Json,
};
use crate::model::{AssetId, GroupId, MessageId, ReactionId, ThreadId, UserId};

/// A value that is decoded from the JSON of a response.
pub(crate) trait Decode: Sized + Send {
    /// Bytes of memory that it needs at once as an item of a list, without what it points to.
    const MEMORY: usize = size_of::<Self>();

    fn decode(json: Json<'_>) -> Result<Self, DecodeError>;

    /// Reads the next value, which equals the [decoded](Self::decode) one; `None` if it has to be decoded.
    fn read(input: &mut Input<'_>) -> Option<Self> {
        Self::decode(input.json()?).ok()
    }
}

impl<'a> Input<'a> {
    /// Reads a body that is one value.
    pub(in crate::protocol) fn whole<T: Decode>(body: &'a [u8]) -> Option<T> {
        let mut input = Self::new(body)?;
        let value = T::read(&mut input)?;
        if input.is_at_end() { Some(value) } else { None }
    }

    /// Reads a list of extras. Those that cannot be decoded are left out.
    pub(in crate::protocol) fn extras<T: Decode>(&mut self) -> Option<Vec<T>> {
        let (start, mut list) = (*self, BoundedVec::of_unknown_size());
        self.items(|input| {
            let item = *input;
            let value = if let Some(value) = T::read(input) {
                value
            } else {
                *input = item;
                let Ok(value) = T::decode(input.json()?) else { return Some(()) };
                value
            };
            list.push_after(input.since(start).len(), value)
        })?;
        Some(list.into_vec())
    }
}

/// A human-readable text, decoded tolerantly: see [the module](super).
impl Decode for String {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        match text(json.bytes) {
            Some(text) => Ok(text),
            None => json.strict(),
        }
    }

    fn read(input: &mut Input<'_>) -> Option<Self> {
        match input.text()? {
            Text::Plain(text) => Some(text.into()),
            Text::Escaped(content) => Some(unescaped(content)),
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
    ($($type:ty $(: $read:expr)?;)*) => { $(
        impl Decode for $type {
            fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
                json.strict()
            }

            $(fn read(input: &mut Input<'_>) -> Option<Self> {
                let read: fn(&mut Input<'_>) -> Option<Self> = $read;
                read(input)
            })?
        }
    )* };
}

strict! {
    f64;
    DateTime<Utc>;
    u64: |input| input.digits();
    i64: |input| input.digits()?.try_into().ok();
    bool: |input| if input.skip_word("true") { Some(true) } else { input.skip_word("false").then_some(false) };
    AssetId: |input| input.plain_text().map(Into::into);
    GroupId: |input| input.plain_text().map(Into::into);
    MessageId: |input| input.plain_text().map(Into::into);
    ReactionId: |input| input.plain_text().map(Into::into);
    ThreadId: |input| input.plain_text().map(Into::into);
    UserId: |input| input.plain_text().map(Into::into);
}
