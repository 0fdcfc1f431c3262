//! Reading an answer's JSON, and keeping the evidence where it is not what was promised.

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::mem;

use chrono::{DateTime, Utc};
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::value::RawValue;

use super::{
    page::Page,
    promise::{Promise, content_coding},
};
use crate::{
    error::UnexpectedAnswer,
    exchange::Response,
    model::{Listing, Undecoded},
};

/// How much of an answer to keep in an error.
const EXCERPT_BYTES: usize = 300;

/// A piece of the model, and the JSON it is made from.
pub(crate) trait Decode: Sized + Send {
    type Json: DeserializeOwned + Into<Self>;
}

/// An answer to be read.
pub(crate) struct Answer<'a> {
    response: Response,
    promise: Option<&'a Promise>,
    redact: &'a dyn Fn(&str) -> String,
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

impl<I> List<I> {
    fn page<T>(self, items: impl FnOnce(Vec<I>) -> Listing<T>) -> Page<T> {
        Page { items: items(self.items), next_cursor: self.next_cursor, last_modified: self.last_modified }
    }
}

impl<'a> Answer<'a> {
    pub(super) const fn new(
        response: Response,
        promise: Option<&'a Promise>,
        redact: &'a dyn Fn(&str) -> String,
    ) -> Self {
        Self { response, promise, redact }
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
        self.read::<T::Json>().map(Into::into)
    }

    /// Nothing was promised. JSON that comes all the same is ignored; the page of something in between is no answer.
    pub(super) fn nothing(&self) -> Result<(), UnexpectedAnswer> {
        let body = self.response.body();
        if body.iter().all(u8::is_ascii_whitespace) || serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            return Ok(());
        }
        Err(self.unexpected("nothing was promised, and this is no JSON", None))
    }

    /// A page of the promised list. It is read as a whole; if that fails, item by item, so that a broken item
    /// costs itself and not its page.
    pub(super) fn page<T: Decode>(&self) -> Result<Page<T>, UnexpectedAnswer> {
        if let Ok(list) = serde_json::from_slice::<List<T::Json>>(self.response.body()) {
            return Ok(list.page(|items| Listing::new(items.into_iter().map(Into::into).collect(), Vec::new())));
        }
        Ok(self.read::<List<Box<RawValue>>>()?.page(|items| self.items(items)))
    }

    /// The items that can be read, and those that cannot.
    pub(super) fn items<T: Decode>(&self, raw: Vec<Box<RawValue>>) -> Listing<T> {
        let (mut items, mut undecoded) = (Vec::new(), Vec::new());
        for item in raw {
            match from_json::<T::Json>(item.get().as_bytes()) {
                Ok(json) => items.push(json.into()),
                Err((why, path)) => undecoded.push(Undecoded {
                    json: (self.redact)(item.get()),
                    reason: (self.redact)(&format!("{why} at `{path}`")),
                }),
            }
        }
        Listing::new(items, undecoded)
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
            self.unexpected(&reason, is_json.then_some(path))
        })
    }

    pub(super) fn unexpected(&self, reason: &str, path: Option<String>) -> UnexpectedAnswer {
        UnexpectedAnswer {
            status: Some(self.response.status().as_u16()),
            path,
            excerpt: self.excerpt(),
            request_id: self.header("x-request-id"),
            ..UnexpectedAnswer::new((self.redact)(reason))
        }
    }

    /// The first bytes of the body, as text; none of a body that has to be decoded first.
    pub(super) fn excerpt(&self) -> String {
        if content_coding(self.response.headers()).is_some() {
            return String::new();
        }
        let body = self.response.body();
        // Redacted before it is cut, so that no half of a secret is left. What is looked at is so much more than what is
        // kept that this holds for a body of nothing but secrets, too.
        let text = self.redact_bytes(&body[..body.len().min(EXCERPT_BYTES * 256)]);
        let end = (0..=EXCERPT_BYTES.min(text.len())).rev().find(|&at| text.is_char_boundary(at)).unwrap_or(0);
        text[..end].to_string()
    }

    pub(super) fn header(&self, name: &str) -> Option<String> {
        let value = self.response.headers().get(name)?;
        Some(self.redact_bytes(value.as_bytes()))
    }

    /// `text` without the credentials.
    pub(super) fn redact(&self, text: &str) -> String {
        (self.redact)(text)
    }

    fn redact_bytes(&self, bytes: &[u8]) -> String {
        (self.redact)(&String::from_utf8_lossy(bytes))
    }
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
