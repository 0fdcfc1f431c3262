//! Strings, including malformed ones.

use alloc::{string::String, vec::Vec};

use super::scan::{plain_length, string_length};

/// Decodes a string, replacing what is invalid in it; `None` for anything else.
pub(super) fn text(json: &[u8]) -> Option<String> {
    if let Some(text) = plain_string(json) {
        return Some(text.into());
    }
    (string_length(json) == Some(json.len())).then(|| unescaped(&json[1..json.len() - 1]))
}

/// Returns the content of a string without escapes and invalid UTF-8. It may have control characters.
pub(super) fn plain_string(json: &[u8]) -> Option<&str> {
    let content = json.strip_prefix(b"\"")?.strip_suffix(b"\"")?;
    if plain_length(content) == content.len() { str::from_utf8(content).ok() } else { None }
}

const REPLACEMENT: &str = "\u{fffd}";

/// Decodes the content of a string, with U+FFFD for invalid parts.
pub(super) fn unescaped(mut rest: &[u8]) -> String {
    let mut bytes = Vec::with_capacity(rest.len());
    loop {
        // There is no quote without a backslash before it.
        let (plain, escapes) = rest.split_at(plain_length(rest));
        bytes.extend_from_slice(plain);
        let Some((_, escaped)) = escapes.split_first() else { break };
        rest = &escaped[escape(escaped, &mut bytes)..];
    }
    match String::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
    }
}

/// Adds the character of the escape after a backslash. Returns the length of the escape.
fn escape(rest: &[u8], bytes: &mut Vec<u8>) -> usize {
    let plain = match rest.first() {
        Some(b'n') => b'\n',
        Some(b'r') => b'\r',
        Some(b't') => b'\t',
        Some(b'b') => 0x08,
        Some(b'f') => 0x0C,
        Some(byte @ (b'"' | b'\\' | b'/')) => *byte,
        Some(b'u') => return unicode(&rest[1..], bytes) + 1,
        _ => {
            bytes.extend_from_slice(REPLACEMENT.as_bytes());
            return 0;
        }
    };
    bytes.push(plain);
    1
}

/// Adds the character of the digits after `\u`, including a second escape that completes a surrogate pair. Returns the
/// length of both.
fn unicode(rest: &[u8], bytes: &mut Vec<u8>) -> usize {
    let Some(first) = digits(rest) else {
        bytes.extend_from_slice(REPLACEMENT.as_bytes());
        return 0;
    };
    let second = rest[4..].strip_prefix(b"\\u").and_then(digits).filter(|_| (0xD800..0xDC00).contains(&first));
    let pair = second.and_then(|second| char::decode_utf16([first, second]).next()?.ok());
    let (char, length) = match pair {
        Some(char) => (char, 10),
        None => (char::from_u32(first.into()).unwrap_or(char::REPLACEMENT_CHARACTER), 4),
    };
    bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes());
    length
}

fn digits(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..4).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
    u16::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invalid_parts_are_replaced() {
        for (json, expected) in [
            (&b"\"M\xfcller \\u00fc\""[..], "M\u{fffd}ller \u{fc}"),
            (b"\"a\nb\\n\\\"\\\\\\/\\t\\r\\b\\f\"", "a\nb\n\"\\/\t\r\u{8}\u{c}"),
            (b"\"\\ud800\"", "\u{fffd}"),
            (b"\"\\ud83d\\ude00\xff\"", "\u{1f600}\u{fffd}"),
            (b"\"\\ud83d\\u0041\xff\"", "\u{fffd}A\u{fffd}"),
            (b"\"\\ud83d\\ud83d\\ude00\"", "\u{fffd}\u{1f600}"),
            (b"\"\\q\\u12\"", "\u{fffd}q\u{fffd}12"),
            (b"\"\"", ""),
            (b"\"\\\"\\\\\\\"\"", "\"\\\""),
        ] {
            assert_eq!(text(json).as_deref(), Some(expected), "{}", String::from_utf8_lossy(json));
        }
        for json in [&b"7"[..], b"null", b"\"a", b"\"a\" \"b\"", b"", b"\"", b"\"\\\"", b"NaN"] {
            assert_eq!(text(json), None, "{}", String::from_utf8_lossy(json));
        }
    }
}
