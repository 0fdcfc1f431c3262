//! Credentials taken out of free text, in every spelling that something on the way may give them.

use alloc::{string::String, vec::Vec};

/// Replaces a credential.
const MARKER: &str = "[redacted]";
/// Length below which a credential may be a common word or part of many, in characters: it is replaced only where it
/// stands by itself.
const SHORT: usize = 8;
/// Length from which the beginning of a credential at the end of a text is replaced too: the text was cut there.
const CUT: usize = 4;

/// Returns `text` without these credentials: as they are, in JSON escapes, HTML references or percent-encoding, whole or
/// cut by the end of the text.
pub(super) fn redact(text: &str, secrets: &[&str]) -> String {
    let secrets: Vec<Secret<'_>> =
        secrets.iter().filter(|secret| !secret.is_empty()).map(|text| Secret::new(text)).collect();
    let mut redacted = String::with_capacity(text.len());
    let mut rest = text;
    let mut before = None;
    while let Some(first) = rest.chars().next() {
        let longest = secrets.iter().filter_map(|secret| secret.length_at(before, rest)).max();
        let taken = longest.unwrap_or(first.len_utf8());
        redacted.push_str(if longest.is_some() { MARKER } else { &rest[..taken] });
        before = rest[..taken].chars().next_back();
        rest = &rest[taken..];
    }
    redacted
}

struct Secret<'a> {
    text: &'a str,
    length: usize,
}

impl<'a> Secret<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, length: text.chars().count() }
    }

    /// Returns the length of the secret in bytes if `text` begins with it, in whatever spelling.
    fn length_at(&self, before: Option<char>, text: &str) -> Option<usize> {
        let first = *self.text.as_bytes().first()?;
        if !text.as_bytes().first().is_some_and(|byte| *byte == first || matches!(byte, b'\\' | b'&' | b'%' | b'+')) {
            return None;
        }
        let is_word = |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
        if self.length < SHORT && is_word(before) && self.text.starts_with(char::is_alphanumeric) {
            return None;
        }
        // Where each spelling of the characters so far ends. More than one only if a character begins an escape.
        let mut ends = alloc::vec![0];
        for (number, char) in self.text.chars().enumerate() {
            let mut next = Vec::new();
            for &end in &ends {
                let rest = &text[end..];
                if rest.is_empty() && number >= CUT.max(self.length / 4) {
                    return Some(text.len());
                }
                spellings(char, rest, |length| next.push(end + length));
            }
            if next.is_empty() {
                return None;
            }
            ends = next;
        }
        let stands_alone = |end: &usize| {
            self.length >= SHORT || !is_word(text[*end..].chars().next()) || !self.text.ends_with(char::is_alphanumeric)
        };
        ends.into_iter().filter(stands_alone).max()
    }
}

/// Reports the length of each spelling of `char` that `text` begins with.
fn spellings(char: char, text: &str, mut found: impl FnMut(usize)) {
    if text.starts_with(char) {
        found(char.len_utf8());
    }
    match text.as_bytes().first() {
        Some(b'\\') => in_json(char, text).map_or((), &mut found),
        Some(b'&') => in_html(char, text).map_or((), &mut found),
        Some(b'%') => in_percents(char, text).map_or((), &mut found),
        Some(b'+') if char == ' ' => found(1),
        _ => {}
    }
}

/// Returns the length of a JSON escape of the character.
fn in_json(char: char, text: &str) -> Option<usize> {
    let escaped = text.as_bytes().get(1)?;
    let short = match escaped {
        b'"' | b'\\' | b'/' | b'\'' => char::from(*escaped),
        b'n' => '\n',
        b't' => '\t',
        b'r' => '\r',
        b'b' => '\u{8}',
        b'f' => '\u{c}',
        b'x' => return (hex(text.get(2..4)?)? == u32::from(char)).then_some(4),
        b'u' => return in_units(char, text),
        _ => return None,
    };
    (short == char).then_some(2)
}

/// Returns the length of `\uXXXX`, or of two of them, if they are the character.
fn in_units(char: char, text: &str) -> Option<usize> {
    let mut units = [0; 2];
    let mut at = 0;
    for unit in char.encode_utf16(&mut units) {
        let digits = text.get(at..)?.strip_prefix("\\u")?.get(..4)?;
        if hex(digits)? != u32::from(*unit) {
            return None;
        }
        at += 6;
    }
    Some(at)
}

/// Returns the length of an HTML character reference to the character.
fn in_html(char: char, text: &str) -> Option<usize> {
    // No reference to a character is longer: `&#x0010ffff;`.
    let end = text.bytes().take(16).position(|byte| byte == b';')?;
    let name = &text[1..end];
    let code = match name.strip_prefix('#') {
        Some(number) => match number.strip_prefix(['x', 'X']) {
            Some(digits) => hex(digits)?,
            None => number.parse().ok()?,
        },
        None => u32::from(match name {
            "amp" => '&',
            "lt" => '<',
            "gt" => '>',
            "quot" => '"',
            "apos" => '\'',
            "nbsp" => ' ',
            "sol" => '/',
            "bsol" => '\\',
            "plus" => '+',
            "equals" => '=',
            "percnt" => '%',
            "num" => '#',
            "colon" => ':',
            _ => return None,
        }),
    };
    (code == u32::from(char)).then_some(end + 1)
}

/// Returns the length of the percent-encoded character.
fn in_percents(char: char, text: &str) -> Option<usize> {
    let mut bytes = [0; 4];
    let mut at = 0;
    for byte in char.encode_utf8(&mut bytes).bytes() {
        if hex(text.get(at..)?.strip_prefix('%')?.get(..2)?)? != u32::from(byte) {
            return None;
        }
        at += 3;
    }
    Some(at)
}

/// Reads hexadecimal digits alone: no sign.
fn hex(digits: &str) -> Option<u32> {
    digits.bytes().all(|byte| byte.is_ascii_hexdigit()).then(|| u32::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        for spelling in [
            "p&ss \"w/ö\\rd😀",
            r#"p&ss \"w/ö\\rd😀"#,
            r"p\u0026ss \u0022w\/\u00f6\\rd\uD83D\uDE00",
            r"p\u0026ss\u0020\u0022w\u002F\u00F6\u005Crd\ud83d\ude00",
            "p&amp;ss &quot;w/ö\\rd😀",
            "p&#38;ss &#34;w/&#246;\\rd&#128512;",
            "p&#x26;ss&#x20;&#x22;w&#x2F;&#xf6;&#x5C;rd&#x1F600;",
            "p%26ss%20%22w%2F%C3%B6%5Crd%F0%9F%98%80",
            "p%26ss+%22w%2f%c3%b6%5crd%f0%9f%98%80",
            "%70%26%73%73%20%22%77%2F%C3%B6%5C%72%64%F0%9F%98%80",
            r#"p\x26ss \"w\/ö\\rd😀"#,
        ] {
            let text = alloc::format!("before {spelling} after {spelling}");
            assert_eq!(redact(&text, &["p&ss \"w/ö\\rd😀"]), "before [redacted] after [redacted]", "{spelling}");
        }
    }

    #[test]
    fn a_secret_that_the_end_cuts_is_no_hint() {
        for length in CUT..12 {
            let text = alloc::format!("it is {}", &"long-secret!"[..length]);
            assert_eq!(redact(&text, &["long-secret!"]), "it is [redacted]", "{length} characters");
        }
        assert_eq!(redact("it is lon", &["long-secret!"]), "it is lon", "too little to tell anything");
    }

    #[test]
    fn a_short_credential_is_no_part_of_words() {
        assert_eq!(
            redact("in_progress: sign in, login, in", &["in"]),
            "in_progress: sign [redacted], login, [redacted]"
        );
        assert_eq!(redact("7 of 17 in m7", &["7"]), "[redacted] of 17 in m7");
        assert_eq!(redact("thelongsecretx", &["longsecret"]), "the[redacted]x", "a long one is, too");
    }

    #[test]
    fn the_longest_goes_and_the_marker_stays() {
        assert_eq!(
            redact("secret-1234567 redacted", &["secret-1", "secret-1234567", "redacted"]),
            "[redacted] [redacted]"
        );
        assert_eq!(redact("", &["x"]), "");
        assert_eq!(redact("text", &[""]), "text");
    }
}
