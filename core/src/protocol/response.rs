//! Reading an answer's JSON, and keeping the evidence where it is not what was promised.

use alloc::{format, string::String, vec::Vec};
use core::mem;

use super::{
    content::{ExpectedContent, content_coding, is_json_type, media_type},
    json::{BoundedVec, Decode, DecodeError, Exact, Json, without_bom},
    page::Page,
};
use crate::{
    config::{Credentials, Kind, Redaction},
    effect::Response,
    error::UnexpectedResponse,
    model::{Listing, Undecoded},
};
use http::HeaderValue;
use serde::de::IgnoredAny;

/// Maximum length of the beginning of a response that is kept in an error, in bytes.
const MAX_EXCERPT_BYTES: usize = 300;
/// Maximum length of the JSON that is kept of an item that cannot be decoded, in characters.
const MAX_ITEM_BYTES: usize = 4096;
/// Maximum length of other text from a response that is kept, in characters.
const MAX_TEXT_CHARS: usize = 1000;
/// Number of bytes behind a cut that are looked at, so that a credential there is found: eight characters of one suffice,
/// however they are escaped.
const BEHIND: usize = 512;
/// Maximum number of items that cannot be decoded and are kept one by one, per response.
pub(super) const MAX_UNDECODED: usize = 100;

/// Why an item is undecoded whose neighbour may be in it.
pub(super) const UNSOUND: &str = "its brackets do not match, so that it may hold others";

/// A response that is being decoded.
pub(crate) struct ResponseReader<'a> {
    response: Response,
    promise: Option<&'a ExpectedContent>,
    credentials: &'a Credentials,
}

impl<'a> ResponseReader<'a> {
    pub(super) const fn new(
        response: Response,
        promise: Option<&'a ExpectedContent>,
        credentials: &'a Credentials,
    ) -> Self {
        Self { response, promise, credentials }
    }

    pub(super) const fn response(&self) -> &Response {
        &self.response
    }

    /// The body as it came. Nothing is left of it here.
    pub(super) fn take_body(&mut self) -> Vec<u8> {
        mem::take(self.response.body_mut())
    }

    /// The promised bytes. Nothing is left of them here.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, UnexpectedResponse> {
        let length = self.response.body().len() as u64;
        match self.promise.map_or(Ok(()), |promise| promise.check_length(length)) {
            Ok(()) => Ok(self.take_body()),
            Err(why) => Err(self.unexpected(&why, None)),
        }
    }

    /// The promised JSON.
    pub(super) fn json<T: Decode>(&self) -> Result<T, UnexpectedResponse> {
        T::decode(self.document()?).map_err(|odd| self.decode_error(&odd))
    }

    /// Nothing was promised, and what was to be done is done. JSON that comes all the same is ignored, however odd; the page of
    /// something in between is no answer.
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
        Err(self.unexpected("nothing was promised, and this is no JSON", None))
    }

    /// A page of the promised list. An item that cannot be decoded costs itself and not its page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let members = document.members(["items", "next_cursor", "last_modified"]);
        let [items, next_cursor, last_modified] = members.map_err(|odd| self.decode_error(&odd))?;
        let items = items.json().map_err(|odd| self.decode_error(&odd))?;
        let items = document.list(items).ok_or_else(|| self.unexpected("this is no array", Some("items")))?;
        // Without a cursor that can be used, the rest of the list would be missing.
        let next_cursor = next_cursor.value().map(|_| next_cursor.required()).transpose();
        let next_cursor = next_cursor.map_err(|odd| self.decode_error(&odd))?.map(|Exact(cursor)| cursor);
        Ok(Page {
            items: self.items(items),
            // An empty cursor is none.
            next_cursor: next_cursor.filter(|cursor| !cursor.is_empty()),
            last_modified: last_modified.optional(),
            bytes: self.response.body().len() as u64,
        })
    }

    /// Returns the first page of a list in the response to a change. The change has been made, whatever the list is.
    pub(super) fn page_after_change<T: Decode>(&self) -> Result<Page<T>, UnexpectedResponse> {
        let document = self.document()?;
        let next_cursor = document.members(["next_cursor"]).ok().and_then(|[cursor]| cursor.optional());
        let items = document.members(["items"]).and_then(|[items]| items.json());
        let items = match items.map(|json| (json, document.list(json))) {
            Ok((_, Some(items))) => self.items(items),
            Ok((json, None)) => {
                let odd = DecodeError::new("must be an array").at("items");
                Listing::new(Vec::new(), [self.undecoded(json, &odd)].into())
            }
            Err(odd) => Listing::new(Vec::new(), [self.undecoded(document, &odd)].into()),
        };
        Ok(Page {
            items,
            next_cursor: next_cursor.map(|Exact(cursor)| cursor).filter(|cursor| !cursor.is_empty()),
            last_modified: None,
            bytes: self.response.body().len() as u64,
        })
    }

    /// The items that can be decoded, and those that cannot.
    fn items<'j, T: Decode>(&self, list: impl Iterator<Item = Json<'j>>) -> Listing<T> {
        let mut room = BoundedVec::new(self.response.body().len());
        let (mut undecoded, mut more) = (Vec::new(), 0_usize);
        for json in list {
            match decode(json) {
                Ok(item) if !room.is_full() => room.push(item),
                Err(odd) if undecoded.len() < MAX_UNDECODED => undecoded.push(self.undecoded(json, &odd)),
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
        Listing::new(room.into_vec(), undecoded)
    }

    fn undecoded(&self, json: Json<'_>, odd: &DecodeError) -> Undecoded {
        Undecoded {
            json: self.item(json.bytes()),
            reason: self.data(describe(odd).as_bytes()),
            redaction: self.redaction(),
        }
    }

    /// The JSON that the body is.
    pub(super) fn document(&self) -> Result<Json<'_>, UnexpectedResponse> {
        let body = self.response.body();
        Json::document(body).ok_or_else(|| {
            self.unexpected(
                if body.iter().all(u8::is_ascii_whitespace) {
                    "there is no body where JSON was promised"
                } else if Json::beginning(body).is_some() {
                    "the JSON has no end"
                } else {
                    "JSON was promised, and this is none"
                },
                None,
            )
        })
    }

    pub(super) fn decode_error(&self, odd: &DecodeError) -> UnexpectedResponse {
        self.unexpected(&odd.reason(), Some(odd.path().as_str()).filter(|path| !path.is_empty()))
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

    /// The first bytes of the body, as text; none of a body that has to be decoded first.
    pub(super) fn excerpt(&self) -> String {
        if content_coding(self.response.headers()).is_some() {
            return String::new();
        }
        let body = self.response.body();
        // Redacted before it is cut, so that no half of a secret is left.
        let mut text = self
            .credentials
            .redact(&String::from_utf8_lossy(&body[..body.len().min(MAX_EXCERPT_BYTES + BEHIND)]), Kind::Prose);
        let end = (0..=MAX_EXCERPT_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text.truncate(end);
        text.shrink_to_fit();
        text
    }

    /// The value of a header, as it came.
    pub(super) fn header(&self, name: &str) -> Option<&[u8]> {
        self.response.headers().get(name).map(HeaderValue::as_bytes)
    }

    /// A text for people, without the credentials and not too long.
    pub(super) fn prose(&self, text: &[u8]) -> String {
        shortened(text, MAX_TEXT_CHARS, |text| self.credentials.redact(text, Kind::Prose))
    }

    /// Words about data, without the credentials and not too long.
    pub(super) fn data(&self, text: &[u8]) -> String {
        shortened(text, MAX_TEXT_CHARS, |text| self.credentials.redact(text, Kind::Data))
    }

    /// An identifier or a code as it came, but for a secret, and not too long.
    pub(super) fn exact(&self, text: &[u8]) -> String {
        self.verbatim(text, MAX_TEXT_CHARS)
    }

    /// The JSON of an item that cannot be decoded as it came, but for a secret, and not too long.
    pub(super) fn item(&self, json: &[u8]) -> String {
        self.verbatim(json, MAX_ITEM_BYTES)
    }

    fn verbatim(&self, text: &[u8], most: usize) -> String {
        // Of what is cut, no half of a name is left at the end, which would not be found when it is shown.
        let kind = if text.len() > most { Kind::Data } else { Kind::Exact };
        shortened(text, most, |text| self.credentials.redact(text, kind))
    }

    /// Returns what takes the credentials out of such data when it is shown.
    pub(super) fn redaction(&self) -> Redaction {
        self.credentials.redaction()
    }
}

/// Returns the text redacted, and cut behind `most` characters.
fn shortened(text: &[u8], most: usize, redact: impl Fn(&str) -> String) -> String {
    // A character has at most four bytes.
    let looked_at = &text[..text.len().min(most * 4 + BEHIND)];
    let mut redacted = redact(&String::from_utf8_lossy(looked_at));
    if let Some((end, _)) = redacted.char_indices().nth(most) {
        redacted.truncate(end);
        redacted.push('…');
        redacted.shrink_to_fit();
    } else if looked_at.len() < text.len() {
        redacted.push('…');
    }
    redacted
}

/// Decodes an item of a list.
pub(super) fn decode<T: Decode>(json: Json<'_>) -> Result<T, DecodeError> {
    if !json.is_sound() {
        return Err(DecodeError::new(UNSOUND));
    }
    T::decode(json)
}

/// Describes why something is undecoded, and where.
pub(super) fn describe(odd: &DecodeError) -> String {
    match odd.path().as_str() {
        "" => odd.reason(),
        path => format!("{} at `{path}`", odd.reason()),
    }
}
