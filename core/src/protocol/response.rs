//! Reading of responses, and the evidence kept of those that violate the protocol.

use alloc::{format, string::String, vec::Vec};
use core::{fmt, mem, time::Duration};

use chrono::{DateTime, Utc};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde::de::{DeserializeOwned, IgnoredAny};

use super::{
    Dated,
    content::{ExpectedContent, content_coding, is_json_type, media_type},
    headers,
};
use crate::{
    effect::Response,
    error::{Error, UnexpectedResponse},
    model::Undecoded,
    redaction::{Kind, Redaction},
};

/// Maximum length of the excerpt of a body in an error, in bytes.
const MAX_EXCERPT_BYTES: usize = 300;
/// Maximum length of the JSON kept of an undecoded item, in characters.
const MAX_ITEM_CHARS: usize = 4096;
/// Maximum length of other texts kept from a response, in characters.
const MAX_TEXT_CHARS: usize = 1000;
/// Number of bytes after the cut that are included in the redaction, to detect a credential across the cut: eight of
/// its characters suffice, in any escaping.
const LOOKAHEAD_BYTES: usize = 512;
const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// Reads a response for a protocol. All texts of its errors are redacted and limited in length.
pub struct ResponseReader<'a> {
    response: Response,
    expected: Option<&'a ExpectedContent>,
    redaction: &'a Redaction,
    utc: DateTime<Utc>,
    /// Set if no part of the response may be shown.
    hides_content: bool,
}

impl<'a> ResponseReader<'a> {
    pub(super) const fn new(
        response: Response,
        expected: Option<&'a ExpectedContent>,
        redaction: &'a Redaction,
        utc: DateTime<Utc>,
    ) -> Self {
        Self { response, expected, redaction, utc, hides_content: false }
    }

    /// Keeps the content out of errors, because it contains a secret that is not known yet.
    pub(super) const fn hide_content(&mut self) {
        self.hides_content = true;
    }

    pub(super) const fn hides_content(&self) -> bool {
        self.hides_content
    }

    /// The status.
    pub fn status(&self) -> StatusCode {
        self.response.status()
    }

    /// The headers.
    pub fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// The body.
    pub fn body(&self) -> &[u8] {
        self.response.body()
    }

    /// Takes the body, leaving an empty one.
    pub fn take_body(&mut self) -> Vec<u8> {
        mem::take(self.response.body_mut())
    }

    /// Returns the time of the response by the server's clock, if the `Date` header has it.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        headers::date(self.headers())
    }

    /// Returns a value together with the [date](Self::date) of the response.
    pub fn dated<T>(&self, value: T) -> Dated<T> {
        Dated { value, sent_at: self.date() }
    }

    /// Deserialises the body as strict JSON.
    ///
    /// # Errors
    ///
    /// `UnexpectedResponse` if that is not possible.
    pub fn deserialize<T: DeserializeOwned>(&self) -> Result<T, Error> {
        serde_json::from_slice(self.body()).map_err(|error| {
            let reason = if self.hides_content {
                // The message may contain the invalid value.
                format!("invalid JSON or content at line {} column {}", error.line(), error.column())
            } else {
                format!("{error}")
            };
            self.violation(&reason)
        })
    }

    /// Returns the error for a response that violates the protocol, with the beginning of the body.
    pub fn violation(&self, reason: &str) -> Error {
        self.unexpected(reason, None).into()
    }

    /// Returns an item that cannot be decoded, from its raw text and the reason.
    pub fn undecoded(&self, raw: &[u8], reason: &str) -> Undecoded {
        Undecoded { json: self.item(raw), reason: self.data(reason.as_bytes()), redaction: self.redaction() }
    }

    pub(super) fn retry_after(&self) -> Option<Duration> {
        headers::retry_after(self.headers(), self.utc)
    }

    pub(super) fn request_id(&self) -> Option<String> {
        self.header("x-request-id").map(|id| self.data(id))
    }

    /// Takes the body, leaving an empty one, and checks its length if the endpoint [expects] a known one.
    ///
    /// # Errors
    ///
    /// `UnexpectedResponse` if it has another length.
    ///
    /// [expects]: super::Endpoint::returns_content
    pub fn content(&mut self) -> Result<Vec<u8>, Error> {
        let length = self.response.body().len() as u64;
        match self.expected.map_or(Ok(()), |expected| expected.check_length(length)) {
            Ok(()) => Ok(self.take_body()),
            Err(reason) => Err(self.violation(&reason)),
        }
    }

    /// Accepts an empty body. Any JSON is ignored, because the operation has been performed; a proxy's HTML page is
    /// rejected.
    pub(super) fn empty(&self) -> Result<(), UnexpectedResponse> {
        let body = self.response.body();
        let content = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body).trim_ascii_start();
        let is_json = || {
            media_type(self.headers()).is_some_and(|given| is_json_type(&given))
                || (content.starts_with(b"{") && content.contains(&b'}'))
                || (content.starts_with(b"[") && content.contains(&b']'))
                || serde_json::from_slice::<IgnoredAny>(content).is_ok()
        };
        if body.iter().all(u8::is_ascii_whitespace) || is_json() {
            return Ok(());
        }
        Err(self.unexpected("expected an empty or JSON body", None))
    }

    pub(super) fn unexpected(&self, reason: &str, path: Option<&str>) -> UnexpectedResponse {
        UnexpectedResponse {
            status: Some(self.response.status().as_u16()),
            path: path.map(|path| self.data(path.as_bytes())),
            excerpt: self.excerpt(),
            request_id: self.request_id(),
            ..UnexpectedResponse::new(self.data(reason.as_bytes()))
        }
    }

    /// Returns the first bytes of the body as text; empty for a body with a content coding.
    pub(super) fn excerpt(&self) -> String {
        if self.hides_content || content_coding(self.response.headers()).is_some() {
            return String::new();
        }
        let body = self.response.body();
        // Redacted before it is cut, which would leave part of a secret.
        let mut text = self.redaction.redact(
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
        truncated(text, MAX_TEXT_CHARS, |text| self.redaction.redact(text, Kind::Prose))
    }

    /// Returns a text about data, redacted and limited in length.
    pub(super) fn data(&self, text: &[u8]) -> String {
        truncated(text, MAX_TEXT_CHARS, |text| self.redaction.redact(text, Kind::Data))
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
        truncated(text, max, |text| self.redaction.redact(text, kind))
    }

    /// Returns the redaction to apply to such data when it is shown.
    pub(super) fn redaction(&self) -> Redaction {
        self.redaction.clone()
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

/// Shows only the status and the length: the rest may be confidential.
impl fmt::Debug for ResponseReader<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResponseReader({}, {} bytes)", self.status(), self.body().len())
    }
}
