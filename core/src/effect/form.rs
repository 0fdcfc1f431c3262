//! Forms: bodies of the media type `multipart/form-data` (RFC 7578), as browsers send them.

use alloc::{format, string::String, vec::Vec};
use core::mem;

use http::HeaderValue;

use crate::{
    effect::{Body, Part, PartContent},
    error::Error,
};

/// Maximum number of characters of a boundary that come from the caller. With all that is added, a boundary has at most
/// 70 (RFC 2046, section 5.1.1).
const MAX_UNIQUE_CHARS: usize = 50;
/// Maximum length of a value in memory that is copied, in bytes. A longer one is a part of its own.
const MAX_COPIED_BYTES: usize = 4 << 10;

/// A form of texts and files, to be sent as `multipart/form-data`.
///
/// ```
/// use teamwire_core::effect::{Form, Part};
///
/// let form = Form::new()
///     .text("caption", "The plan")
///     .file("file", "plan.pdf", "application/pdf", Part::file("/srv/plan.pdf", 120_000))?;
/// let (content_type, body) = form.encode("dBcTcbU0Hk8xvQy6");
/// assert_eq!(content_type, "multipart/form-data; boundary=teamwire-dBcTcbU0Hk8xvQy6");
/// assert_eq!(body.parts().len(), 3); // All before the file, the file, and the end.
/// # Ok::<(), teamwire_core::Error>(())
/// ```
///
/// Names may contain any character: quotation marks and line breaks are escaped as browsers do it (`%22`, `%0D`,
/// `%0A`). The text of a field is sent unchanged.
#[derive(Clone, Debug, Default)]
pub struct Form {
    fields: Vec<Field>,
}

#[derive(Clone, Debug)]
struct Field {
    /// Its header fields, and the empty line behind them.
    head: String,
    value: Part,
}

impl Form {
    /// Creates a form without fields.
    pub const fn new() -> Self {
        Self { fields: Vec::new() }
    }

    /// Adds a field with this text.
    pub fn text(mut self, name: &str, text: impl Into<String>) -> Self {
        let head = format!("Content-Disposition: form-data; name=\"{}\"\r\n\r\n", escaped(name));
        self.fields.push(Field { head, value: Part::bytes(text.into().into_bytes()) });
        self
    }

    /// Adds a file with this name and media type.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the media type is not one of printable ASCII characters.
    pub fn file(mut self, name: &str, file_name: &str, media_type: &str, content: Part) -> Result<Self, Error> {
        if !media_type.contains('/') || !media_type.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
            return Err(Error::invalid("media type", format!("{media_type:?} is not a media type")));
        }
        let (name, file_name) = (escaped(name), escaped(file_name));
        let disposition = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file_name}\"");
        let head = format!("{disposition}\r\nContent-Type: {media_type}\r\n\r\n");
        self.fields.push(Field { head, value: content });
        Ok(self)
    }

    /// Returns the `Content-Type` and the body.
    ///
    /// The boundary is derived from `unique`, of which the first 50 letters, digits, `-` and `_` are used. It should be
    /// unpredictable, such as [`Session::boundary`](crate::executor::Session::boundary): a file that contains the
    /// boundary would be taken for several fields. Values in memory are searched, and another boundary is used if one
    /// of them contains it.
    pub fn encode(self, unique: &str) -> (HeaderValue, Body) {
        let boundary = self.boundary(unique);
        let content_type = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"))
            .expect("a boundary consists of letters, digits, `-` and `_`");
        let mut parts = JoinedParts::default();
        for Field { head, value } in self.fields {
            parts.push_text(&format!("--{boundary}\r\n{head}"));
            parts.push(value);
            parts.push_text("\r\n");
        }
        parts.push_text(&format!("--{boundary}--\r\n"));
        (content_type, parts.into_body())
    }

    /// Returns a boundary that no value in memory contains.
    fn boundary(&self, unique: &str) -> String {
        let is_allowed = |char: &char| char.is_ascii_alphanumeric() || matches!(char, '-' | '_');
        let first: String =
            "teamwire-".chars().chain(unique.chars().filter(is_allowed).take(MAX_UNIQUE_CHARS)).collect();
        let mut boundary = first.clone();
        let mut number = 0_u32;
        while self.fields.iter().any(|field| field.contains(boundary.as_bytes())) {
            boundary = format!("{first}-{number}");
            number += 1;
        }
        boundary
    }
}

impl Field {
    /// Returns `true` if the value is in memory and contains these bytes.
    fn contains(&self, wanted: &[u8]) -> bool {
        match &self.value.content {
            PartContent::Bytes(bytes) => bytes.windows(wanted.len()).any(|window| window == wanted),
            PartContent::File { .. } => false,
        }
    }
}

/// Parts of a body, of which short adjacent ones in memory are joined.
#[derive(Default)]
struct JoinedParts {
    parts: Vec<Part>,
    bytes: Vec<u8>,
}

impl JoinedParts {
    fn push_text(&mut self, text: &str) {
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn push(&mut self, part: Part) {
        match &part.content {
            PartContent::Bytes(bytes) if part.progress.is_none() && bytes.len() <= MAX_COPIED_BYTES => {
                self.bytes.extend_from_slice(bytes);
            }
            _ => {
                self.parts.push(Part::bytes(mem::take(&mut self.bytes)));
                self.parts.push(part);
            }
        }
    }

    fn into_body(mut self) -> Body {
        self.parts.push(Part::bytes(self.bytes));
        self.parts.into()
    }
}

/// Escapes the characters that would end a quoted name, by the rules of the HTML standard.
fn escaped(name: &str) -> String {
    let mut escaped = String::with_capacity(name.len());
    for char in name.chars() {
        match char {
            '"' => escaped.push_str("%22"),
            '\r' => escaped.push_str("%0D"),
            '\n' => escaped.push_str("%0A"),
            char => escaped.push(char),
        }
    }
    escaped
}
