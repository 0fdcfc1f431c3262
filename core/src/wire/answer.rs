//! Reading an answer's JSON, and keeping the evidence where it is not what was promised.

use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::mem;

use super::{
    page::Page,
    pieces::{self, Pieces},
    promise::{Promise, content_coding},
};
use crate::{
    config::Credentials,
    error::UnexpectedAnswer,
    exchange::Response,
    model::{Listing, Undecoded},
};
use chrono::{DateTime, Utc};
use http::HeaderValue;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};

/// Maximum length of the beginning of a response that is kept in an error, in bytes.
const EXCERPT: usize = 300;
/// Maximum length of the JSON that is kept of an item that cannot be decoded, in characters.
const ITEM: usize = 4096;
/// Maximum length of other text from a response that is kept, in characters.
const TEXT: usize = 1000;
/// Number of bytes behind a cut that are looked at, so that a credential there is found: eight characters of one suffice,
/// however they are escaped.
const BEHIND: usize = 512;
/// Maximum number of items that cannot be decoded and are kept one by one, per response.
pub(super) const UNDECODED: usize = 100;

/// A piece of the model, and the JSON it is made from.
pub(crate) trait Decode: Sized + Send {
    type Json: DeserializeOwned + Into<Self>;

    /// Members that are left out where they are not even JSON.
    const EXTRAS: &'static [&'static str] = &[];
}

/// A response that is being decoded.
pub(crate) struct Answer<'a> {
    response: Response,
    promise: Option<&'a Promise>,
    credentials: &'a Credentials,
}

/// The form of every list of the contract.
#[derive(Deserialize)]
struct List<I> {
    items: Vec<I>,
    #[serde(default)]
    next_cursor: Option<String>,
    /// Lists of messages have it.
    #[serde(default)]
    last_modified: Option<DateTime<Utc>>,
}

impl<'a> Answer<'a> {
    pub(super) const fn new(response: Response, promise: Option<&'a Promise>, credentials: &'a Credentials) -> Self {
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
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, UnexpectedAnswer> {
        let length = self.response.body().len() as u64;
        match self.promise.map_or(Ok(()), |promise| promise.check_length(length)) {
            Ok(()) => Ok(self.take_body()),
            Err(why) => Err(self.unexpected(&why, None)),
        }
    }

    /// The promised JSON.
    pub(super) fn json<T: Decode>(&self) -> Result<T, UnexpectedAnswer> {
        self.read::<T::Json>().map(Into::into).or_else(|error| mended(self.response.body()).ok_or(error))
    }

    /// Nothing was promised. JSON that comes all the same is ignored; the page of something in between is no answer.
    pub(super) fn nothing(&self) -> Result<(), UnexpectedAnswer> {
        let body = self.response.body();
        if body.iter().all(u8::is_ascii_whitespace) || serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            return Ok(());
        }
        Err(self.unexpected("nothing was promised, and this is no JSON", None))
    }

    /// A page of the promised list. It is decoded as a whole; if that fails, item by item, so that an item that cannot be
    /// decoded, or is not even JSON, costs itself and not its page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedAnswer> {
        let body = self.response.body();
        let (items, next_cursor, last_modified) = match serde_json::from_slice::<List<T::Json>>(body) {
            Ok(list) => {
                let items = list.items.into_iter().map(Into::into).collect();
                (Listing::new(items, Vec::new()), list.next_cursor, list.last_modified)
            }
            Err(_) => self.pieces()?,
        };
        // An empty cursor is none.
        let next_cursor = next_cursor.filter(|cursor| !cursor.is_empty());
        Ok(Page { items, next_cursor, last_modified, bytes: body.len() as u64 })
    }

    #[expect(clippy::type_complexity, reason = "they are the members of a page")]
    fn pieces<T: Decode>(&self) -> Result<(Listing<T>, Option<String>, Option<DateTime<Utc>>), UnexpectedAnswer> {
        let [items, next_cursor, last_modified] = self.members(["items", "next_cursor", "last_modified"])?;
        let items = self.items(self.array("items", items)?);
        let next_cursor = next_cursor.map_or(Ok(None), |json| self.member("next_cursor", json))?;
        Ok((items, next_cursor, last_modified.and_then(|json| from_json(json).ok())))
    }

    /// The items that can be decoded, and those that cannot.
    fn items<T: Decode>(&self, pieces: Pieces<'_>) -> Listing<T> {
        let (mut items, mut undecoded, mut more) = (Vec::new(), Vec::new(), 0_usize);
        for json in pieces {
            if undecoded.len() < UNDECODED {
                match decode(json) {
                    Ok(item) => items.push(item),
                    Err((why, path)) => undecoded.push(Undecoded {
                        json: self.item(json),
                        reason: self.data(format!("{why} at `{path}`").as_bytes()),
                    }),
                }
            } else if let Some(item) = decode_quietly(json) {
                items.push(item);
            } else {
                more += 1;
            }
        }
        if more > 0 {
            undecoded.push(Undecoded { json: String::new(), reason: format!("{more} more items cannot be decoded") });
        }
        Listing::new(items, undecoded)
    }

    /// These members of the object that the body is, some of which may not be JSON.
    pub(super) fn members<const N: usize>(&self, names: [&str; N]) -> Result<[Option<&[u8]>; N], UnexpectedAnswer> {
        let unsound = || match self.read::<IgnoredAny>() {
            Err(error) => error,
            Ok(_) => self.unexpected("this is no object of which each member has one value", None),
        };
        pieces::members(self.response.body(), names).ok_or_else(unsound)
    }

    /// The items of a member that has to be an array.
    pub(super) fn array<'b>(&self, name: &str, json: Option<&'b [u8]>) -> Result<Pieces<'b>, UnexpectedAnswer> {
        let Some(json) = json else { return Err(self.missing(name)) };
        pieces::items(json).ok_or_else(|| self.unexpected("this is no array", Some(name)))
    }

    /// The value of a member.
    pub(super) fn member<J: DeserializeOwned>(&self, name: &str, json: &[u8]) -> Result<J, UnexpectedAnswer> {
        from_json(json).map_err(|(why, _)| self.unexpected(&why, Some(name)))
    }

    pub(super) fn missing(&self, name: &str) -> UnexpectedAnswer {
        self.unexpected(&format!("missing field `{name}`"), None)
    }

    /// The JSON as the contract's own struct.
    pub(super) fn read<J: DeserializeOwned>(&self) -> Result<J, UnexpectedAnswer> {
        let body = self.response.body();
        if body.iter().all(u8::is_ascii_whitespace) {
            return Err(self.unexpected("there is no body where JSON was promised", None));
        }
        from_json(body).map_err(|(why, path)| {
            // Somebody else's page begins with something else than JSON does; then a path in it means nothing.
            let is_json = matches!(body.iter().find(|byte| !byte.is_ascii_whitespace()), Some(b'{' | b'['));
            let reason = if is_json { why } else { "JSON was promised, and this is none".to_string() };
            self.unexpected(&reason, Some(path.as_str()).filter(|_| is_json))
        })
    }

    pub(super) fn unexpected(&self, reason: &str, path: Option<&str>) -> UnexpectedAnswer {
        UnexpectedAnswer {
            status: Some(self.response.status().as_u16()),
            path: path.map(|path| self.data(path.as_bytes())),
            excerpt: self.excerpt(),
            request_id: self.header("x-request-id").map(|id| self.data(id)),
            ..UnexpectedAnswer::new(self.data(reason.as_bytes()))
        }
    }

    /// The first bytes of the body, as text; none of a body that has to be decoded first.
    pub(super) fn excerpt(&self) -> String {
        if content_coding(self.response.headers()).is_some() {
            return String::new();
        }
        let body = self.response.body();
        // Redacted before it is cut, so that no half of a secret is left.
        let mut text = self.credentials.redact(&String::from_utf8_lossy(&body[..body.len().min(EXCERPT + BEHIND)]));
        let end = (0..=EXCERPT.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
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
        shortened(text, TEXT, |text| self.credentials.redact(text))
    }

    /// An identifier, a code or the like, without the credentials and not too long.
    pub(super) fn data(&self, text: &[u8]) -> String {
        shortened(text, TEXT, |text| self.credentials.redact_data(text))
    }

    /// The JSON of an item that cannot be decoded, without the credentials and not too long.
    pub(super) fn item(&self, json: &[u8]) -> String {
        shortened(json, ITEM, |text| self.credentials.redact_data(text))
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

/// Decodes a piece of the model, if need be without its extras.
pub(super) fn decode<T: Decode>(json: &[u8]) -> Result<T, (String, String)> {
    from_json::<T::Json>(json).map(Into::into).or_else(|why| mended(json).ok_or(why))
}

/// The same where nobody asks for the reason.
pub(super) fn decode_quietly<T: Decode>(json: &[u8]) -> Option<T> {
    serde_json::from_slice::<T::Json>(json).ok().map(Into::into).or_else(|| mended(json))
}

fn mended<T: Decode>(json: &[u8]) -> Option<T> {
    serde_json::from_slice::<T::Json>(&pieces::mended(json, T::EXTRAS)?).ok().map(Into::into)
}

/// Fast where all is well; read a second time for the path of what is wrong.
pub(super) fn from_json<J: DeserializeOwned>(json: &[u8]) -> Result<J, (String, String)> {
    serde_json::from_slice(json).map_err(|plain| {
        let mut deserializer = serde_json::Deserializer::from_slice(json);
        match serde_path_to_error::deserialize::<_, J>(&mut deserializer) {
            Err(error) => (error.inner().to_string(), error.path().to_string()),
            // What follows the value is wrong, then.
            Ok(_) => (plain.to_string(), ".".to_string()),
        }
    })
}
