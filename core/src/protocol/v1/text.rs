//! Validation of text arguments.

use alloc::{format, string::String};

use chrono::{DateTime, Datelike, SecondsFormat, Utc};

use super::json::has_control;
use crate::error::Error;

/// Maximum length of a chat title or another single line, in characters.
const MAX_TITLE_CHARS: usize = 256;
/// Maximum length of a message, in characters.
const MAX_MESSAGE_CHARS: usize = 10_000;
/// Maximum length of the name of an external sender, in characters.
const MAX_SENDER_CHARS: usize = 64;

/// Validates the title of a chat, which may be empty.
pub(super) fn title(text: &str) -> Result<&str, Error> {
    checked("title", text, MAX_TITLE_CHARS)
}

/// Validates the text of a message. An empty one is treated as missing.
pub(super) fn message(text: Option<&String>) -> Result<Option<&str>, Error> {
    text.filter(|text| !text.is_empty()).map(|text| checked("message", text, MAX_MESSAGE_CHARS)).transpose()
}

/// Validates the optional name of an external sender.
pub(super) fn sender(text: Option<&String>) -> Result<Option<&str>, Error> {
    match text {
        Some(name) if name.is_empty() => Err(Error::invalid("sender display name", "must not be empty")),
        name => name.map(|name| checked("sender display name", name, MAX_SENDER_CHARS)).transpose(),
    }
}

/// Validates a text that clients show on one line.
pub(super) fn single_line<'a>(parameter: &str, text: &'a str) -> Result<&'a str, Error> {
    checked(parameter, text, MAX_TITLE_CHARS)
}

/// Validates a line that must not be empty.
pub(super) fn non_empty_line<'a>(parameter: &str, text: &'a str) -> Result<&'a str, Error> {
    if text.is_empty() {
        return Err(Error::invalid(parameter, "must not be empty"));
    }
    single_line(parameter, text)
}

/// Formats a time, with milliseconds.
pub(super) fn time(parameter: &str, time: DateTime<Utc>) -> Result<String, Error> {
    if !(0..=9999).contains(&time.year()) {
        return Err(Error::invalid(parameter, "must be in the years 0 to 9999"));
    }
    Ok(time.to_rfc3339_opts(SecondsFormat::Millis, true))
}

/// Validates an optional line.
pub(super) fn optional_single_line<'a>(parameter: &str, text: Option<&'a String>) -> Result<Option<&'a str>, Error> {
    text.map(|text| single_line(parameter, text)).transpose()
}

/// Validates an optional text of several lines.
pub(super) fn optional_text<'a>(parameter: &str, text: Option<&'a String>) -> Result<Option<&'a str>, Error> {
    text.map(|text| checked(parameter, text, MAX_MESSAGE_CHARS)).transpose()
}

fn checked<'a>(parameter: &str, text: &'a str, max: usize) -> Result<&'a str, Error> {
    // A text has at most as many characters as bytes, so most texts need not be counted.
    let length = if text.len() > max { text.chars().count() } else { 0 };
    if length > max {
        return Err(Error::invalid(parameter, format!("must have at most {max} characters, not {length}")));
    }
    // Faster than the search for NUL, which only a text with a control character needs.
    if has_control(text.as_bytes())
        && let Some(at) = text.find('\0')
    {
        return Err(Error::invalid(parameter, format!("character {} is NUL", text[..at].chars().count() + 1)));
    }
    Ok(text)
}
