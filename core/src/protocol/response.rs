//! Decoding of responses, and the evidence kept of those that violate the contract.

use alloc::{format, string::String, vec::Vec};
use core::mem;

use super::{
    content::{ExpectedContent, content_coding, is_json_type, media_type},
    page::Page,
    v1::json::{BoundedVec, Decode, DecodeError, Exact, Json, without_bom},
};
use crate::{
    config::Credentials,
    effect::Response,
    error::UnexpectedResponse,
    model::{Listing, Undecoded},
    redaction::{Kind, Redaction},
};
use http::HeaderValue;
use serde::de::IgnoredAny;

/// Maximum length of the excerpt of a body in an error, in bytes.
const MAX_EXCERPT_BYTES: usize = 300;
/// Maximum length of the JSON kept of an undecoded item, in characters.
const MAX_ITEM_CHARS: usize = 4096;
/// Maximum length of other texts kept from a response, in characters.
const MAX_TEXT_CHARS: usize = 1000;
/// Number of bytes after the cut that are included in the redaction, to detect a credential across the cut: eight of
/// its characters suffice, in any escaping.
const LOOKAHEAD_BYTES: usize = 512;
/// Maximum number of undecoded items kept individually, per response.
pub(super) const MAX_UNDECODED: usize = 100;

/// Reason for an undecoded item that may contain the next one.
pub(super) const UNBALANCED: &str = "unbalanced brackets: it may contain other items";

/// Reads a response.
pub(crate) struct ResponseReader<'a> {
    response: Response,
    expected: Option<&'a ExpectedContent>,
    credentials: &'a Credentials,
}

impl<'a> ResponseReader<'a> {
    pub(super) const fn new(
        response: Response,
        expected: Option<&'a ExpectedContent>,
        credentials: &'a Credentials,
    ) -> Self {
        Self { response, expected, credentials }
    }

    pub(super) const fn response(&self) -> &Response {
        &self.response
    }

    /// Takes the raw body, leaving an empty one.
    pub(super) fn take_body(&mut self) -> Vec<u8> {
        mem::take(self.response.body_mut())
    }

    /// Takes the body of the expected length, leaving an empty one.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, UnexpectedResponse> {
        let length = self.response.body().len() as u64;
        match self.expected.map_or(Ok(()), |expected| expected.check_length(length)) {
            Ok(()) => Ok(self.take_body()),
            Err(reason) => Err(self.unexpected(&reason, None)),
        }
    }

    /// Decodes the body as JSON.
    pub(super) fn json<T: Decode>(&self) -> Result<T, UnexpectedResponse> {
        T::decode(self.document()?).map_err(|error| self.decode_error(&error))
    }

    /// Accepts an empty body. Any JSON is ignored, because the operation has been performed; a proxy's HTML page is
    /// rejected.
    pub(super) fn empty(&self) -> Result<(), UnexpectedResponse> {
        let body = self.response.body();
        let is_json = || {
            media_type(self.response.headers()).is_some_and(|given| is_json_type(&given))
                || serde_json::from_slice::<IgnoredAny>(without_bom(body)).is_ok()
                || Json::document(body).is_some()
        };
        if body.iter().all(u8::is_ascii_whitespace) || is_json() {
            return Ok(());
        }
        Err(self.unexpected("expected an empty or JSON body", None))
    }

    /// Decodes a page of a list. One malformed item does not fail the page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let members = document.members(["items", "next_cursor", "last_modified"]);
        let [items, next_cursor, last_modified] = members.map_err(|error| self.decode_error(&error))?;
        let items = items.json().map_err(|error| self.decode_error(&error))?;
        let items = document.list(items).ok_or_else(|| self.unexpected("expected an array", Some("items")))?;
        // An invalid cursor is an error: the rest of the list would be missing.
        let next_cursor = next_cursor.value().map(|_| next_cursor.required()).transpose();
        let next_cursor = next_cursor.map_err(|error| self.decode_error(&error))?.map(|Exact(cursor)| cursor);
        Ok(Page {
            items: self.items(items),
            // An empty cursor marks the end, like a missing one.
            next_cursor: next_cursor.filter(|cursor| !cursor.is_empty()),
            last_modified: last_modified.optional(),
            bytes: self.response.body().len() as u64,
        })
    }

    /// Decodes the first page of a list in the response to a change. A malformed list is undecoded and not an error,
    /// because the change has been made.
    pub(super) fn page_after_change<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let next_cursor = document.members(["next_cursor"]).ok().and_then(|[cursor]| cursor.optional());
        let items = document.members(["items"]).and_then(|[items]| items.json());
        let items = match items.map(|json| (json, document.list(json))) {
            Ok((_, Some(items))) => self.items(items),
            Ok((json, None)) => {
                let error = DecodeError::new("expected an array").at("items");
                Listing::new(Vec::new(), [self.undecoded(json, &error)].into())
            }
            Err(error) => Listing::new(Vec::new(), [self.undecoded(document, &error)].into()),
        };
        Ok(Page {
            items,
            next_cursor: next_cursor.map(|Exact(cursor)| cursor).filter(|cursor| !cursor.is_empty()),
            last_modified: None,
            bytes: self.response.body().len() as u64,
        })
    }

    /// Decodes items, separating the undecoded ones.
    fn items<'j, T: Decode>(&self, list: impl Iterator<Item = Json<'j>>) -> Listing<T> {
        let mut decoded = BoundedVec::new(self.response.body().len());
        let (mut undecoded, mut more) = (Vec::new(), 0_usize);
        for json in list {
            match decode(json) {
                Ok(item) if !decoded.is_full() => decoded.push(item),
                Err(error) if undecoded.len() < MAX_UNDECODED => undecoded.push(self.undecoded(json, &error)),
                Ok(_) | Err(_) => more += 1,
            }
        }
        if more > 0 {
            undecoded.push(Undecoded {
                json: String::new(),
                reason: format!("{more} more items cannot be decoded"),
                redaction: Redaction::default(),
            });
        }
        Listing::new(decoded.into_vec(), undecoded)
    }

    fn undecoded(&self, json: Json<'_>, error: &DecodeError) -> Undecoded {
        Undecoded {
            json: self.item(json.bytes()),
            reason: self.data(describe(error).as_bytes()),
            redaction: self.redaction(),
        }
    }

    /// Returns the body as a JSON object or array.
    pub(super) fn document(&self) -> Result<Json<'_>, UnexpectedResponse> {
        let body = self.response.body();
        Json::document(body).ok_or_else(|| {
            self.unexpected(
                if body.iter().all(u8::is_ascii_whitespace) {
                    "expected JSON, but the body is empty"
                } else if Json::possibly_truncated(body).is_some() {
                    "the JSON is incomplete"
                } else {
                    "expected JSON"
                },
                None,
            )
        })
    }

    pub(super) fn decode_error(&self, error: &DecodeError) -> UnexpectedResponse {
        self.unexpected(&error.reason(), Some(error.path().as_str()).filter(|path| !path.is_empty()))
    }

    pub(super) fn unexpected(&self, reason: &str, path: Option<&str>) -> UnexpectedResponse {
        UnexpectedResponse {
            status: Some(self.response.status().as_u16()),
            path: path.map(|path| self.data(path.as_bytes())),
            excerpt: self.excerpt(),
            request_id: self.header("x-request-id").map(|id| self.data(id)),
            ..UnexpectedResponse::new(self.data(reason.as_bytes()))
        }
    }

    /// Returns the first bytes of the body as text; empty for a body with a content coding.
    pub(super) fn excerpt(&self) -> String {
        if content_coding(self.response.headers()).is_some() {
            return String::new();
        }
        let body = self.response.body();
        // Redacted before it is cut, which would leave part of a secret.
        let mut text = self.credentials.redact(
            &String::from_utf8_lossy(&body[..body.len().min(MAX_EXCERPT_BYTES + LOOKAHEAD_BYTES)]),
            Kind::Prose,
        );
        let end = (0..=MAX_EXCERPT_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
        text
    }

    /// Returns the raw value of a header.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.response.headers().get(name).map(HeaderValue::as_bytes)
    }

    /// Returns a human-readable text, redacted and limited in length.
    pub(super) fn prose(&self, text: &[u8]) -> String {
        truncated(text, MAX_TEXT_CHARS, |text| self.credentials.redact(text, Kind::Prose))
    }

    /// Returns a text about data, redacted and limited in length.
    pub(super) fn data(&self, text: &[u8]) -> String {
        truncated(text, MAX_TEXT_CHARS, |text| self.credentials.redact(text, Kind::Data))
    }

    /// Returns an identifier or a code verbatim, except for secrets, and limited in length.
    pub(super) fn exact(&self, text: &[u8]) -> String {
        self.verbatim(text, MAX_TEXT_CHARS)
    }

    /// Returns the JSON of an undecoded item verbatim, except for secrets, and limited in length.
    pub(super) fn item(&self, json: &[u8]) -> String {
        self.verbatim(json, MAX_ITEM_CHARS)
    }

    fn verbatim(&self, text: &[u8], max: usize) -> String {
        // A cut may leave part of a name at the end, which would not be recognised later, when it is shown.
        let kind = if text.len() > max { Kind::Data } else { Kind::Exact };
        truncated(text, max, |text| self.credentials.redact(text, kind))
    }

    /// Returns the redaction to apply to such data when it is shown.
    pub(super) fn redaction(&self) -> Redaction {
        self.credentials.redaction().clone()
    }
}

/// Returns the redacted text, cut after `max` characters.
fn truncated(text: &[u8], max: usize, redact: impl Fn(&str) -> String) -> String {
    // A character has at most four bytes.
    let input = &text[..text.len().min(max * 4 + LOOKAHEAD_BYTES)];
    let mut redacted = redact(&String::from_utf8_lossy(input));
    if let Some((end, _)) = redacted.char_indices().nth(max) {
        redacted.truncate(end);
        redacted.push('…');
        redacted.shrink_to_fit();
    } else if input.len() < text.len() {
        redacted.push('…');
    }
    redacted
}

/// Decodes an item of a list.
pub(super) fn decode<T: Decode>(json: Json<'_>) -> Result<T, DecodeError> {
    if !json.is_intact() {
        return Err(DecodeError::new(UNBALANCED));
    }
    T::decode(json)
}

/// Describes a decoding error and its place.
pub(super) fn describe(error: &DecodeError) -> String {
    match error.path().as_str() {
        "" => error.reason(),
        path => format!("{} at `{path}`", error.reason()),
    }
}
