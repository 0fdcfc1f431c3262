//! Path and query of a request, encoded so that no id can lead to another route.

use alloc::{format, string::String};
use core::fmt::Write;

use url::{Url, form_urlencoded};

use crate::{
    error::Error,
    model::{Id, checked_id},
};

/// Maximum length of a complete URI, in bytes: that of [`http::Uri`].
const MAX_URI_BYTES: usize = 65_534;
/// Initial capacity of a path, in bytes.
const TYPICAL_PATH_BYTES: usize = 96;

/// A path below the base URL, and a query.
///
/// Fixed parts are `'static` text of the protocol, in the characters of a path: others have to be percent-encoded, and
/// a query is added by [`query`](Self::query). Everything else is one [segment](Self::segment) or one value of the
/// query, whatever its characters, so an id cannot add a segment or lead to another route.
///
/// ```
/// use teamwire_core::{model::ThreadId, protocol::Route};
///
/// # fn main() -> Result<(), teamwire_core::Error> {
/// let route = Route::new("api/chats").id(&ThreadId::from("a/b"))?.join("messages/").query("page", "2");
/// assert_eq!(route.to_string(), "api/chats/a%2Fb/messages/?page=2");
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    path: String,
    query: String,
}

impl Route {
    /// Creates a route of fixed segments, such as `api/chats`; empty for one that begins with a variable segment.
    ///
    /// A slash at the beginning is an error of the operation: the base URL ends in one.
    pub fn new(segments: &'static str) -> Self {
        // Enough for most routes, so that the path is allocated once.
        let mut path = String::with_capacity(TYPICAL_PATH_BYTES.max(segments.len()));
        path.push_str(segments);
        Self { path, query: String::new() }
    }

    /// Appends fixed segments behind a slash, unless they are the first. They may be empty, for a path that ends in a
    /// slash.
    #[must_use]
    pub fn join(mut self, segments: &'static str) -> Self {
        self.push_slash();
        self.path.push_str(segments);
        self
    }

    /// Separates the next segment from those before it.
    fn push_slash(&mut self) {
        if !self.path.is_empty() {
            self.path.push('/');
        }
    }

    /// Appends an id as one segment.
    ///
    /// # Errors
    ///
    /// As [`segment`](Self::segment).
    pub fn id<I: Id>(self, id: &I) -> Result<Self, Error> {
        self.segment(I::NAME, id.as_str())
    }

    /// Appends one segment. `parameter` is its name in errors.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if it is empty, has a NUL, or is `.` or `..`, which have a special meaning in URLs.
    pub fn segment(mut self, parameter: &str, text: &str) -> Result<Self, Error> {
        self.push_slash();
        push_encoded(&mut self.path, checked_id(parameter, text)?);
        Ok(self)
    }

    /// Adds a query parameter.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.query = form_urlencoded::Serializer::new(self.query).append_pair(name, value).finish();
        self
    }

    /// Returns an error for a route that is not part of a URI: ids and cursors may have any length, and fixed segments
    /// any characters.
    pub(crate) fn check(&self, base: &Url) -> Result<(), Error> {
        if self.length_below(base) > MAX_URI_BYTES {
            return Err(Error::invalid("route", "is too long: an id or a cursor may be too long"));
        }
        if self.path.starts_with('/') {
            return Err(Error::invalid(
                "route",
                format!("{:?} begins with a slash, which the base URL has", self.path),
            ));
        }
        if !self.path.bytes().all(|byte| IS_PATH_BYTE[usize::from(byte)]) {
            let reason = format!("{:?} has characters that a path cannot have", self.path);
            return Err(Error::invalid("route", reason));
        }
        Ok(())
    }

    /// Returns the complete URI for a base URL, which ends in a slash. The route must be [valid](Self::check).
    pub(crate) fn uri(&self, base: &Url) -> http::Uri {
        let mut uri = String::with_capacity(self.length_below(base));
        uri.push_str(base.as_str());
        uri.push_str(&self.path);
        if !self.query.is_empty() {
            uri.push('?');
            uri.push_str(&self.query);
        }
        http::Uri::try_from(uri).expect("a route is checked before its URI is needed")
    }

    /// Returns an upper bound of the length of the complete URI, in bytes.
    fn length_below(&self, base: &Url) -> usize {
        base.as_str().len() + self.path.len() + 1 + self.query.len()
    }
}

/// The characters of a path, by RFC 3986, as a table, because every route is checked.
const IS_PATH_BYTE: [bool; 256] = {
    let (mut is_path_byte, mut byte) = ([false; 256], 0_u8);
    while byte < 128 {
        is_path_byte[byte as usize] = byte.is_ascii_alphanumeric();
        byte += 1;
    }
    let (others, mut at) = (b"/%-._~:@!$&'()*+,;=", 0);
    while at < others.len() {
        is_path_byte[others[at] as usize] = true;
        at += 1;
    }
    is_path_byte
};

/// Path and query, as they follow the base URL.
impl core::fmt::Display for Route {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.path)?;
        if self.query.is_empty() { Ok(()) } else { write!(f, "?{}", self.query) }
    }
}

/// Percent-encodes everything except the unreserved characters of RFC 3986.
pub(super) fn percent_encoded(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    push_encoded(&mut encoded, text);
    encoded
}

fn push_encoded(encoded: &mut String, text: &str) {
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    if text.bytes().all(is_unreserved) {
        // The usual case.
        return encoded.push_str(text);
    }
    for byte in text.bytes() {
        match byte {
            byte if is_unreserved(byte) => encoded.push(byte.into()),
            _ => write!(encoded, "%{byte:02X}").expect("writing to a string does not fail"),
        }
    }
}
