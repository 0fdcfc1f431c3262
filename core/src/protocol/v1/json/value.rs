use core::fmt;

use serde::de::{
    DeserializeOwned,
    value::{self, StrDeserializer},
};

use super::{
    decode_error::DecodeError,
    scan::{self, Parts},
    text::plain_string,
};

/// The bytes of a value, trimmed. Its scalars may be malformed.
#[derive(Clone, Copy)]
pub(crate) struct Json<'a> {
    pub(super) bytes: &'a [u8],
    /// Set if the structure is invalid. The end is unknown, too.
    pub(super) is_malformed: bool,
}

impl<'a> Json<'a> {
    pub(in crate::protocol) const fn well_formed(bytes: &'a [u8]) -> Self {
        Self { bytes, is_malformed: false }
    }

    pub(super) const fn malformed(bytes: &'a [u8]) -> Self {
        Self { bytes, is_malformed: true }
    }

    /// Returns the object or array of a body; `None` for anything else, and if the body is cut.
    pub(in crate::protocol) fn document(body: &'a [u8]) -> Option<Self> {
        let bytes = trimmed(body)?;
        match scan::value_length(bytes) {
            Ok(end) => Some(Self::well_formed(&bytes[..end])),
            Err(no_end) if no_end.is_cut(bytes) => None,
            Err(_) => Some(Self::malformed(bytes)),
        }
    }

    /// Same as [`document`](Self::document), but the end may be missing.
    pub(in crate::protocol) fn possibly_cut(body: &'a [u8]) -> Option<Self> {
        Self::document(body).or_else(|| Some(Self::malformed(trimmed(body)?)))
    }

    pub(in crate::protocol) const fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    /// Returns the items of an array; `None` if this is not an array.
    pub(in crate::protocol) fn items(self) -> Option<impl Iterator<Item = Self> + use<'a>> {
        let parts = if self.is_malformed { None } else { Parts::new(self.bytes, b'[') };
        Some(parts?.map(Self::well_formed))
    }

    pub(in crate::protocol) fn is_null(self) -> bool {
        self.bytes.is_empty() || self.bytes == b"null"
    }

    /// Parses a number, a flag or a string strictly.
    pub(super) fn strict<T: DeserializeOwned>(self) -> Result<T, DecodeError> {
        // Most strings need no parser, which takes several times as long.
        let plain = plain_string(self.bytes).filter(|text| !scan::has_control(text.as_bytes()));
        let parsed = plain.and_then(|text| T::deserialize(StrDeserializer::<value::Error>::new(text)).ok());
        parsed.map_or_else(|| serde_json::from_slice(self.bytes).map_err(DecodeError::json), Ok)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Json").field("bytes", &self.bytes.len()).field("is_malformed", &self.is_malformed).finish()
    }
}

/// Returns the body without a byte order mark and whitespace; `None` if it does not start with a bracket.
pub(super) fn trimmed(body: &[u8]) -> Option<&[u8]> {
    let body = body.trim_ascii_start();
    let bytes = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii();
    matches!(bytes.first(), Some(b'{' | b'[')).then_some(bytes)
}
