//! A tolerant JSON decoder for responses: malformed members and items are left out, and do not fail the object or list
//! that contains them.
//!
//! A document is split by its brackets, commas and strings alone; serde only parses single strings, numbers and flags.
//! The same code reads valid and malformed documents, and of a valid one it reads what a strict parser would:
//!
//! - **Essential** members identify an object: ids, times, coordinates, sizes, the type of a reaction. They are parsed
//!   strictly, and an object with a missing or malformed one is undecoded. A time in milliseconds is an integer: a
//!   fraction, an exponent or a string is malformed.
//! - All others are **extras**. One that is missing,
//!   `null`, of another type or malformed gets its default: an empty string, `None`, or the usual flag. Such an item
//!   of a list of extras is left out.
//! - In a string that is an extra, U+FFFD replaces invalid UTF-8, lone surrogates, and the backslash of an unknown
//!   escape. Control characters are kept.
//! - Of several members with the same name, the last one counts that is not `null`.
//! - A byte order mark before the document, anything after it, and empty places between commas are ignored.
//! - If the structure is invalid, by a bracket, a quote, a colon or a comma, the item of a list that contains the error
//!   is undecoded, and the others are decoded: see [`List`]. A single object loses the members that contain the error.
//!   A body that is cut is an error.
//!
//! The time is linear: each level of nesting of a valid structure is scanned once, and an invalid one with a
//! [`Budget`](recovery::Budget). Only decoded values are copied.

mod bounded_vec;
mod decode;
mod decode_error;
mod list;
mod marker;
mod recovery;
mod scan;
mod text;

use alloc::{string::String, vec::Vec};
use core::fmt;

use serde::de::DeserializeOwned;

pub(super) use self::{
    bounded_vec::BoundedVec,
    decode::{Decode, Exact},
    decode_error::DecodeError,
    list::{Item, List},
};
use self::{
    scan::{NoEnd, Parts},
    text::text,
};

/// The bytes of a value, trimmed. Its scalars may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    bytes: &'a [u8],
    /// Set if the structure is invalid. The end is unknown, too.
    is_malformed: bool,
}

impl<'a> Json<'a> {
    /// Returns the object or array of a body; `None` for anything else, and if the body is cut.
    pub(super) fn document(body: &'a [u8]) -> Option<Self> {
        let bytes = trimmed(body)?;
        match scan::value_length(bytes) {
            Ok(end) => Some(Self { bytes: &bytes[..end], is_malformed: false }),
            Err(NoEnd::Cut) => None,
            // The last string of an object may lack its end.
            Err(NoEnd::CutString) if !bytes.ends_with(b"}") => None,
            Err(NoEnd::Invalid(_) | NoEnd::CutString) => Some(Self { bytes, is_malformed: true }),
        }
    }

    /// Same as [`document`](Self::document), but the end may be missing.
    pub(super) fn possibly_cut(body: &'a [u8]) -> Option<Self> {
        Self::document(body).or_else(|| Some(Self { bytes: trimmed(body)?, is_malformed: true }))
    }

    /// Returns the last value with this name of a body that is not exactly one value, at any depth.
    pub(super) fn find_in_malformed(body: &'a [u8], name: &str) -> Option<Self> {
        let bytes = trimmed(body)?;
        if scan::value_length(bytes) == Ok(bytes.len()) { None } else { recovery::find_last(bytes, name) }
    }

    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the members with these names.
    pub(super) fn members<const N: usize>(self, names: [&'static str; N]) -> Result<[Member<'a>; N], DecodeError> {
        let mut members = names.map(|name| Member { name, json: None });
        let mut add = |(key, value): (&[u8], Self)| {
            if let Some(member) = members.iter_mut().find(|member| is_name(key, member.name))
                && (member.json.is_none() || !value.is_null())
            {
                member.json = Some(value);
            }
        };
        if self.is_malformed && !self.bytes.starts_with(b"[") {
            recovery::Members::new(self.bytes).for_each(add);
        } else {
            let parts = Parts::new(self.bytes, b'{').ok_or(DecodeError::new("expected an object"))?;
            parts.filter_map(scan::key_value).for_each(|(key, bytes)| add((key, Self { bytes, is_malformed: false })));
        }
        Ok(members)
    }

    /// Returns the items of an array; `None` if this is not an array.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let parts = if self.is_malformed { None } else { Parts::new(self.bytes, b'[') };
        Some(parts?.map(|bytes| Self { bytes, is_malformed: false }))
    }

    pub(super) fn is_null(self) -> bool {
        self.bytes.is_empty() || self.bytes == b"null"
    }

    /// Parses a number, a flag or a string strictly.
    fn strict<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        serde_json::from_slice(self.bytes).map_err(DecodeError::json)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("bytes", &self.bytes.len()).field("is_malformed", &self.is_malformed).finish()
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
pub(super) fn without_bom(body: &[u8]) -> &[u8] {
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
pub(super) struct Member<'a> {
    name: &'static str,
    json: Option<Json<'a>>,
}

impl<'a> Member<'a> {
    /// Returns the value; `None` if it is missing or `null`.
    pub(super) fn value(self) -> Option<Json<'a>> {
        self.json.filter(|json| !json.is_null())
    }

    /// Returns the value, which may be `null`; an error if it is missing.
    pub(super) fn json(self) -> Result<Json<'a>, DecodeError> {
        self.json.ok_or(DecodeError::missing(self.name))
    }

    /// Decodes an essential member.
    pub(super) fn required<T: Decode>(self) -> Result<T, DecodeError> {
        T::decode(self.json()?).map_err(|error| error.at(self.name))
    }

    /// Decodes a list whose items are all essential.
    pub(super) fn required_items<T: Decode>(self) -> Result<Vec<T>, DecodeError> {
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
    pub(super) fn optional<T: Decode>(self) -> Option<T> {
        self.value().and_then(|json| T::decode(json).ok())
    }

    /// Decodes a list of extras.
    pub(super) fn optional_items<T: Decode>(self) -> Vec<T> {
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
