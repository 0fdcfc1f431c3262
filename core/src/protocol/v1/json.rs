//! A JSON decoder for responses that tolerates errors: a malformed member or item is left out, and does not fail the
//! object or list that contains it.
//!
//! A document is split by its brackets, commas and strings alone; serde only parses single strings, numbers and flags.
//! The same code reads valid and malformed documents, and of a valid one it reads what a strict parser would:
//!
//! - **Essential** members identify an object: ids, times, coordinates, sizes, the type of a reaction. They are parsed
//!   strictly, and an object with a missing or malformed one is undecoded.
//! - All others are **extras**. One that is missing,
//!   `null`, of another type or malformed gets its default: an empty string, `None`, or the usual flag. Such an item
//!   of a list of extras is left out.
//! - In a string that is an extra, U+FFFD replaces invalid UTF-8, lone surrogates, and the backslash of an unknown
//!   escape. Control characters are kept.
//! - Of several members with the same name, the last one counts that is not `null`.
//! - A byte order mark before the document, anything after it, and empty places between commas are ignored.
//! - Unbalanced brackets: see [`Brackets`].
//!
//! Each level of nesting is scanned once, so the time is linear; only decoded values are copied.

mod bounded_vec;
mod decode;
mod decode_error;
mod scan;
mod text;

use alloc::{string::String, vec::Vec};
use core::{fmt, iter};

use serde::de::DeserializeOwned;

pub(in crate::protocol) use self::{
    bounded_vec::BoundedVec,
    decode::{Decode, Exact},
    decode_error::DecodeError,
};
use self::{
    scan::{Parts, Unmatched},
    text::text,
};

/// The bytes of a value, trimmed. They may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    bytes: &'a [u8],
    brackets: Brackets,
}

/// Classifies the brackets of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Brackets {
    /// They are balanced.
    Balanced,
    /// Some are not closed, but if the closing bracket of the enclosing value closes them, too, the document ends at
    /// the end of the body. An item with such brackets may contain the next item, so it is undecoded.
    Unclosed,
    /// Some closing brackets have no counterpart; if they are ignored, the document ends at the end of the body.
    Unopened,
    /// Neither helps. The first item with unbalanced brackets extends to the end of the document, and is undecoded.
    Mixed,
}

impl<'a> Json<'a> {
    /// Returns the object or array of a body; `None` for anything else, and if its end is missing.
    pub(in crate::protocol) fn document(body: &'a [u8]) -> Option<Self> {
        let bytes = trimmed(body)?;
        let extent = scan::find_end(bytes, Unmatched::ClosesOuter)?;
        let (before, after) = bytes.split_at(extent.end);
        let is_exact = after.trim_ascii().is_empty();
        let (bytes, brackets) = match (extent.is_balanced, is_exact) {
            (true, _) => (before, Brackets::Balanced),
            (false, true) => (before, Brackets::Unclosed),
            (false, false) => {
                let ignored =
                    scan::find_end(bytes, Unmatched::Ignored).filter(|it| bytes[it.end..].trim_ascii().is_empty());
                (bytes, ignored.map_or(Brackets::Mixed, |_| Brackets::Unopened))
            }
        };
        Some(Self { bytes, brackets })
    }

    /// Same as [`document`](Self::document), but the end may be missing.
    pub(in crate::protocol) fn possibly_truncated(body: &'a [u8]) -> Option<Self> {
        Self::document(body).or_else(|| Some(Self { bytes: trimmed(body)?, brackets: Brackets::Mixed }))
    }

    pub(in crate::protocol) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the members with these names.
    pub(in crate::protocol) fn members<const N: usize>(
        self,
        names: [&'static str; N],
    ) -> Result<[Member<'a>; N], DecodeError> {
        let mut members = names.map(|name| Member { name, json: None });
        let parts = self.parts(b'{').ok_or(DecodeError::new("expected an object"))?;
        for (key, value) in parts.filter_map(scan::key_value) {
            if let Some(member) = members.iter_mut().find(|member| is_name(key, member.name))
                && (member.json.is_none() || !Self::is_null_or_empty(value))
            {
                member.json = Some(Self { bytes: value, brackets: self.brackets });
            }
        }
        Ok(members)
    }

    /// Returns the items of an array; `None` if this is not an array.
    pub(in crate::protocol) fn items(self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let mut parts = self.parts(b'[')?;
        let mut is_last = false;
        Some(iter::from_fn(move || {
            let rest = parts.rest();
            let item = Self { bytes: parts.next().filter(|_| !is_last)?, brackets: self.brackets };
            is_last = self.brackets == Brackets::Mixed && !item.is_intact();
            Some(if is_last { Self { bytes: rest.trim_ascii(), ..item } } else { item })
        }))
    }

    /// Returns the items of a list of this object, and the values of the object that have no key: these are items,
    /// too, if an extra bracket has closed the list early.
    pub(in crate::protocol) fn list(self, items: Self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let outside = self.parts(b'{').into_iter().flatten().filter(|part| starts_with_bracket(part));
        let without_extra_bracket = |bytes: &'a [u8]| {
            let end = scan::find_end(bytes, Unmatched::ClosesOuter).map_or(bytes.len(), |extent| extent.end);
            bytes.get(..end).unwrap_or(bytes)
        };
        Some(
            items
                .items()?
                .chain(outside.map(move |bytes| Self { bytes: without_extra_bracket(bytes), brackets: self.brackets })),
        )
    }

    fn parts(self, opening: u8) -> Option<Parts<'a>> {
        let unmatched = if self.brackets == Brackets::Unopened { Unmatched::Ignored } else { Unmatched::ClosesOuter };
        Parts::new(self.bytes, opening, unmatched, self.brackets == Brackets::Mixed)
    }

    /// Returns `false` if this value may contain the next item.
    pub(in crate::protocol) fn is_intact(self) -> bool {
        let is_balanced = || match self.brackets {
            Brackets::Balanced | Brackets::Unopened => true,
            Brackets::Unclosed | Brackets::Mixed if starts_with_bracket(self.bytes) => {
                scan::find_end(self.bytes, Unmatched::ClosesOuter)
                    .is_some_and(|it| it.is_balanced && it.end == self.bytes.len())
            }
            Brackets::Unclosed | Brackets::Mixed => scan::is_flat(self.bytes),
        };
        let mut parts = self.parts(b'{').into_iter().flatten();
        is_balanced() && !parts.any(starts_with_bracket)
    }

    fn is_null_or_empty(bytes: &[u8]) -> bool {
        bytes.is_empty() || bytes == b"null"
    }

    pub(in crate::protocol) fn is_null(self) -> bool {
        Self::is_null_or_empty(self.bytes)
    }

    /// Parses a number, a flag or a string strictly.
    fn strict<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        serde_json::from_slice(self.bytes).map_err(DecodeError::json)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("bytes", &self.bytes.len()).field("brackets", &self.brackets).finish()
    }
}

/// Returns the body without a byte order mark and whitespace; `None` if it does not start with a bracket.
fn trimmed(body: &[u8]) -> Option<&[u8]> {
    let bytes = without_bom(body).trim_ascii();
    starts_with_bracket(bytes).then_some(bytes)
}

/// Returns `true` if these bytes start with a bracket.
fn starts_with_bracket(bytes: &[u8]) -> bool {
    matches!(bytes.first(), Some(b'{' | b'['))
}

/// Returns a body without its byte order mark.
pub(in crate::protocol) fn without_bom(body: &[u8]) -> &[u8] {
    let body = body.trim_ascii_start();
    body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body)
}

/// Returns `true` if a quoted key equals this name.
fn is_name(key: &[u8], name: &str) -> bool {
    if key.contains(&b'\\') {
        return serde_json::from_slice::<String>(key).is_ok_and(|key| key == name);
    }
    key[1..key.len() - 1] == *name.as_bytes()
}

/// A member of an object, which may be missing.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Member<'a> {
    name: &'static str,
    json: Option<Json<'a>>,
}

impl<'a> Member<'a> {
    /// Returns the value; `None` if it is missing or `null`.
    pub(in crate::protocol) fn value(self) -> Option<Json<'a>> {
        self.json.filter(|json| !json.is_null())
    }

    /// Returns the value, which may be `null`; an error if it is missing.
    pub(in crate::protocol) fn json(self) -> Result<Json<'a>, DecodeError> {
        self.json.ok_or(DecodeError::missing(self.name))
    }

    /// Decodes an essential member.
    pub(in crate::protocol) fn required<T: Decode>(self) -> Result<T, DecodeError> {
        T::decode(self.json()?).map_err(|error| error.at(self.name))
    }

    /// Decodes a list whose items are all essential.
    pub(in crate::protocol) fn required_items<T: Decode>(self) -> Result<Vec<T>, DecodeError> {
        let json = self.json()?;
        let mut list = BoundedVec::nested(json.bytes.len());
        for item in json.items().ok_or(DecodeError::new("expected an array").at(self.name))? {
            if list.is_full() {
                return Err(DecodeError::new("too many items").at(self.name));
            }
            list.push(T::decode(item).map_err(|error| error.at(self.name))?);
        }
        Ok(list.into_vec())
    }

    /// Decodes an extra.
    pub(in crate::protocol) fn optional<T: Decode>(self) -> Option<T> {
        self.value().and_then(|json| T::decode(json).ok())
    }

    /// Decodes a list of extras.
    pub(in crate::protocol) fn optional_items<T: Decode>(self) -> Vec<T> {
        let Some(json) = self.value() else { return Vec::new() };
        let mut list = BoundedVec::nested(json.bytes.len());
        for item in json.items().into_iter().flatten() {
            if list.is_full() {
                break;
            }
            if let Ok(item) = T::decode(item) {
                list.push(item);
            }
        }
        list.into_vec()
    }
}
