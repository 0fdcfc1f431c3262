//! A tolerant JSON decoder for responses: malformed members and items are left out, and do not fail the object or list
//! that contains them.
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
//! - Unbalanced brackets: see [`Form`].
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

pub(super) use self::{
    bounded_vec::BoundedVec,
    decode::{Decode, Exact},
    decode_error::DecodeError,
};
use self::{
    scan::{Pieces, Stray},
    text::text,
};

/// The bytes of a value, trimmed. They may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    bytes: &'a [u8],
    form: Form,
}

/// Classifies the brackets of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    /// They are balanced.
    Whole,
    /// Some are not closed, but if the closing bracket of the enclosing value closes them, too, the document ends at
    /// the end of the body. An item with such brackets may contain the next item, so it is undecoded.
    Patched,
    /// Some closing brackets have no counterpart; if they are ignored, the document ends at the end of the body.
    Loose,
    /// Neither helps. The first item with unbalanced brackets extends to the end of the document, and is undecoded.
    Torn,
}

impl<'a> Json<'a> {
    /// Returns the object or array of a body; `None` for anything else, and if its end is missing.
    pub(super) fn document(body: &'a [u8]) -> Option<Self> {
        let bytes = begun(body)?;
        let closes = scan::whole(bytes, Stray::Closes)?;
        let (before, behind) = bytes.split_at(closes.end);
        let is_exact = behind.trim_ascii().is_empty();
        let (bytes, form) = match (closes.is_sound, is_exact) {
            (true, _) => (before, Form::Whole),
            (false, true) => (before, Form::Patched),
            (false, false) => {
                let ignored = scan::whole(bytes, Stray::Ignored).filter(|it| bytes[it.end..].trim_ascii().is_empty());
                (bytes, ignored.map_or(Form::Torn, |_| Form::Loose))
            }
        };
        Some(Self { bytes, form })
    }

    /// Same as [`document`](Self::document), but the end may be missing.
    pub(super) fn beginning(body: &'a [u8]) -> Option<Self> {
        Self::document(body).or_else(|| Some(Self { bytes: begun(body)?, form: Form::Torn }))
    }

    pub(super) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the members with these names.
    pub(super) fn members<const N: usize>(self, names: [&'static str; N]) -> Result<[Member<'a>; N], DecodeError> {
        let mut members = names.map(|name| Member { name, json: None });
        let pieces = self.pieces(b'{').ok_or(DecodeError::new("expected an object"))?;
        for (key, value) in pieces.filter_map(scan::named) {
            if let Some(member) = members.iter_mut().find(|member| is_name(key, member.name))
                && (member.json.is_none() || !Self::is_nothing(value))
            {
                member.json = Some(Self { bytes: value, form: self.form });
            }
        }
        Ok(members)
    }

    /// Returns the items of an array; `None` if this is not an array.
    pub(super) fn items(self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let mut pieces = self.pieces(b'[')?;
        let mut is_over = false;
        Some(iter::from_fn(move || {
            let rest = pieces.rest();
            let item = Self { bytes: pieces.next().filter(|_| !is_over)?, form: self.form };
            is_over = self.form == Form::Torn && !item.is_sound();
            Some(if is_over { Self { bytes: rest.trim_ascii(), ..item } } else { item })
        }))
    }

    /// Returns the items of a list of this object, and the values of the object that have no key: these are items,
    /// too, if an extra bracket has closed the list early.
    pub(super) fn list(self, items: Self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let outside = self.pieces(b'{').into_iter().flatten().filter(|piece| is_nested(piece));
        let without_stray = |bytes: &'a [u8]| {
            let end = scan::whole(bytes, Stray::Closes).map_or(bytes.len(), |whole| whole.end);
            bytes.get(..end).unwrap_or(bytes)
        };
        Some(items.items()?.chain(outside.map(move |bytes| Self { bytes: without_stray(bytes), form: self.form })))
    }

    fn pieces(self, opening: u8) -> Option<Pieces<'a>> {
        let stray = if self.form == Form::Loose { Stray::Ignored } else { Stray::Closes };
        Pieces::within(self.bytes, opening, stray, self.form == Form::Torn)
    }

    /// Returns `false` if this value may contain the next item.
    pub(super) fn is_sound(self) -> bool {
        let is_matched = || match self.form {
            Form::Whole | Form::Loose => true,
            Form::Patched | Form::Torn if is_nested(self.bytes) => {
                scan::whole(self.bytes, Stray::Closes).is_some_and(|it| it.is_sound && it.end == self.bytes.len())
            }
            Form::Patched | Form::Torn => scan::is_flat(self.bytes),
        };
        let mut pieces = self.pieces(b'{').into_iter().flatten();
        is_matched() && !pieces.any(is_nested)
    }

    fn is_nothing(bytes: &[u8]) -> bool {
        bytes.is_empty() || bytes == b"null"
    }

    pub(super) fn is_null(self) -> bool {
        Self::is_nothing(self.bytes)
    }

    /// Parses a number, a flag or a string strictly.
    fn strict<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        serde_json::from_slice(self.bytes).map_err(DecodeError::json)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("bytes", &self.bytes.len()).field("form", &self.form).finish()
    }
}

/// Returns the body without a byte order mark and whitespace; `None` if it does not start with a bracket.
fn begun(body: &[u8]) -> Option<&[u8]> {
    let bytes = without_bom(body).trim_ascii();
    is_nested(bytes).then_some(bytes)
}

/// Returns `true` if these bytes start with a bracket.
fn is_nested(bytes: &[u8]) -> bool {
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
        T::decode(self.json()?).map_err(|odd| odd.at(self.name))
    }

    /// Decodes a list whose items are all essential.
    pub(super) fn required_items<T: Decode>(self) -> Result<Vec<T>, DecodeError> {
        let json = self.json()?;
        let mut room = BoundedVec::nested(json.bytes.len());
        for item in json.items().ok_or(DecodeError::new("expected an array").at(self.name))? {
            if room.is_full() {
                return Err(DecodeError::new("too many items").at(self.name));
            }
            room.push(T::decode(item).map_err(|odd| odd.at(self.name))?);
        }
        Ok(room.into_vec())
    }

    /// Decodes an extra.
    pub(super) fn optional<T: Decode>(self) -> Option<T> {
        self.value().and_then(|json| T::decode(json).ok())
    }

    /// Decodes a list of extras.
    pub(super) fn optional_items<T: Decode>(self) -> Vec<T> {
        let Some(json) = self.value() else { return Vec::new() };
        let mut room = BoundedVec::nested(json.bytes.len());
        for item in json.items().into_iter().flatten() {
            if room.is_full() {
                break;
            }
            if let Ok(item) = T::decode(item) {
                room.push(item);
            }
        }
        room.into_vec()
    }
}
