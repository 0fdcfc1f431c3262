//! What the contract takes for a text.

use alloc::{format, string::String};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use crate::error::Error;

/// The longest title of a chat, or other single line, in characters.
const MAX_TITLE_CHARS: usize = 256;
/// The longest text of a message, in characters.
const MAX_MESSAGE_CHARS: usize = 10_000;
/// The longest name of an external sender, in characters.
const MAX_SENDER_CHARS: usize = 64;

pub(super) fn title(text: &str) -> Result<&str, Error> {
    checked("title", text, MAX_TITLE_CHARS)
}

/// The text of a message; none at all is the same as an empty one.
pub(super) fn message(text: Option<&String>) -> Result<Option<&str>, Error> {
    text.filter(|text| !text.is_empty()).map(|text| checked("message", text, MAX_MESSAGE_CHARS)).transpose()
}

pub(super) fn sender(text: Option<&String>) -> Result<Option<&str>, Error> {
    match text {
        Some(name) if name.is_empty() => Err(Error::invalid("sender display name", "it is empty")),
        name => name.map(|name| checked("sender display name", name, MAX_SENDER_CHARS)).transpose(),
    }
}

/// A text that clients show in one line.
pub(super) fn single_line<'a>(what: &str, text: &'a str) -> Result<&'a str, Error> {
    checked(what, text, MAX_TITLE_CHARS)
}

/// A line that must not be empty.
pub(super) fn non_empty_line<'a>(what: &str, text: &'a str) -> Result<&'a str, Error> {
    if text.is_empty() {
        return Err(Error::invalid(what, "it is empty"));
    }
    single_line(what, text)
}

/// A moment, to the millisecond.
pub(super) fn time(what: &str, time: DateTime<Utc>) -> Result<String, Error> {
    if !(0..=9999).contains(&time.year()) {
        return Err(Error::invalid(what, "it is not in the years 0 to 9999"));
    }
    Ok(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// A line, where there need not be one.
pub(super) fn optional_single_line<'a>(what: &str, text: Option<&'a String>) -> Result<Option<&'a str>, Error> {
    text.map(|text| single_line(what, text)).transpose()
}

/// A text of several lines, where there need not be one.
pub(super) fn optional_text<'a>(what: &str, text: Option<&'a String>) -> Result<Option<&'a str>, Error> {
    text.map(|text| checked(what, text, MAX_MESSAGE_CHARS)).transpose()
}

fn checked<'a>(what: &str, text: &'a str, most: usize) -> Result<&'a str, Error> {
    // No text has more characters than bytes: most need not be counted.
    let length = if text.len() > most { text.chars().count() } else { 0 };
    if length > most {
        return Err(Error::invalid(what, format!("it has {length} characters; at most {most} are allowed")));
    }
    if let Some(at) = text.find('\0') {
        return Err(Error::invalid(what, format!("character {} is NUL", text[..at].chars().count() + 1)));
    }
    Ok(text)
}
