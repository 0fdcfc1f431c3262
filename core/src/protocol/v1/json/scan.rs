//! Finds the boundaries of values by brackets, commas, colons and strings alone.

use alloc::{vec, vec::Vec};

/// The reason why a value has no boundary.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoEnd {
    /// The structure is invalid at this offset.
    Invalid(usize),
    /// The bytes end within the value.
    Cut,
    /// The bytes end within a string.
    CutString,
}

impl NoEnd {
    /// Returns `true` if the end of these bytes, a body, is missing, and not only that of its last string.
    pub(super) fn is_cut(self, body: &[u8]) -> bool {
        match self {
            Self::Invalid(_) => false,
            Self::Cut => true,
            Self::CutString => !body.ends_with(b"}"),
        }
    }
}

/// The position within the structure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// In an object, before a key.
    Key,
    /// After a key.
    Colon,
    /// Before a value.
    Value,
    /// After a value.
    Comma,
}

/// Returns the length of the value at the start: JSON, except that strings and other scalars may have any content, and
/// that places between commas, values after a colon, and colons after a scalar may be missing.
pub(super) fn value_length(bytes: &[u8]) -> Result<usize, NoEnd> {
    length(bytes, Vec::new(), Place::Value)
}

/// Same as [`value_length`] for the rest of an object after one of its values.
pub(super) fn object_rest_length(bytes: &[u8]) -> Result<usize, NoEnd> {
    length(bytes, vec![b'}'], Place::Comma)
}

/// Scans from a place within the brackets with these closing ones to the end of the outermost value.
fn length(bytes: &[u8], mut closers: Vec<u8>, mut place: Place) -> Result<usize, NoEnd> {
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let invalid = Err(NoEnd::Invalid(at));
        let length = match (byte, place) {
            (b' ' | b'\t' | b'\n' | b'\r', _) => 1,
            (b',', _) => {
                place = match closers.last() {
                    Some(b'}') => Place::Key,
                    Some(_) => Place::Value,
                    None => return invalid,
                };
                1
            }
            (b':', Place::Colon) => {
                place = Place::Value;
                1
            }
            (b'}' | b']', _) => {
                if closers.pop() != Some(byte) {
                    return invalid;
                }
                place = Place::Comma;
                1
            }
            (b'{' | b'[', Place::Value) => {
                if byte == b'{' {
                    closers.push(b'}');
                    place = Place::Key;
                } else {
                    closers.push(b']');
                }
                1
            }
            (b':' | b'{' | b'[', _) | (_, Place::Colon | Place::Comma) => return invalid,
            (_, Place::Key | Place::Value) => {
                place = if place == Place::Key { Place::Colon } else { Place::Comma };
                if byte == b'"' {
                    string_length(&bytes[at..]).ok_or(NoEnd::CutString)?
                } else {
                    scalar_length(&bytes[at..])
                }
            }
        };
        at += length;
        if closers.is_empty() && place == Place::Comma {
            return Ok(at);
        }
    }
    Err(NoEnd::Cut)
}

/// Returns the length of a number, a name, or other text without quotes.
fn scalar_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| !matches!(byte, b',' | b':' | b'{' | b'}' | b'[' | b']' | b'"')).count()
}

/// The parts of an object or array between commas, trimmed, without empty ones.
pub(super) struct Parts<'a> {
    rest: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Creates the iterator for a value with a valid structure; `None` if it does not start with this bracket.
    pub(super) fn new(value: &'a [u8], opening: u8) -> Option<Self> {
        Some(Self { rest: value.strip_prefix(&[opening])? })
    }

    /// Creates the iterator for the rest of an object.
    pub(super) const fn rest_of_object(rest: &'a [u8]) -> Self {
        Self { rest }
    }

    /// Returns the length of the next part, and `true` if a comma follows it.
    fn length(&self) -> (usize, bool) {
        let (mut at, mut depth) = (0, 0_usize);
        while let Some(&byte) = self.rest.get(at) {
            match byte {
                b'"' => {
                    let Some(length) = string_length(&self.rest[at..]) else { return (self.rest.len(), false) };
                    at += length;
                    continue;
                }
                b'[' | b'{' => depth += 1,
                b',' if depth == 0 => return (at, true),
                b']' | b'}' if depth == 0 => return (at, false),
                b']' | b'}' => depth -= 1,
                _ => {}
            }
            at += 1;
        }
        (at, false)
    }
}

impl<'a> Iterator for Parts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let (length, has_more) = self.length();
            let (part, after) = self.rest.split_at(length);
            self.rest = if has_more { &after[1..] } else { &[] };
            let part = part.trim_ascii();
            if !part.is_empty() {
                return Some(part);
            }
        }
        None
    }
}

/// Splits a part of an object into the quoted key and the value; `None` if it has no key.
pub(super) fn key_value(part: &[u8]) -> Option<(&[u8], &[u8])> {
    let (key, value) = part.split_at(string_length(part)?);
    Some((key, value.trim_ascii_start().strip_prefix(b":")?.trim_ascii()))
}

/// Returns the length of the quoted string at the start; `None` if there is no string, or its end is missing.
pub(super) fn string_length(bytes: &[u8]) -> Option<usize> {
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += plain_length(bytes.get(at..)?);
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            _ => at += 2,
        }
    }
}

/// Returns the number of bytes before the first quote or backslash. Most of a response is within strings, so eight
/// bytes are compared at once, and more in a long string.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    let (words, last) = bytes.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let found = bytes_equal_to(b'"', word) | bytes_equal_to(b'\\', word);
        if found != 0 {
            return index * 8 + found.trailing_zeros() as usize / 8;
        }
        if index == BLOCK / 8 - 1 {
            return BLOCK + long_plain_length(&bytes[BLOCK..]);
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\');
    bytes.len() - last.len() + last.iter().take_while(is_plain).count()
}

/// Same as [`plain_length`], for the bytes behind a plain block. Not inlined, because most strings are short.
#[inline(never)]
fn long_plain_length(bytes: &[u8]) -> usize {
    let is_plain = |block: &&[u8; BLOCK]| !any_in(block, |byte| matches!(byte, b'"' | b'\\'));
    let plain = bytes.as_chunks().0.iter().take_while(is_plain).count() * BLOCK;
    plain + plain_length(&bytes[plain..])
}

/// Returns `true` if there is a control character.
pub(in crate::protocol::v1) fn has_control(bytes: &[u8]) -> bool {
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    let (words, last) = rest.as_chunks();
    let is_control = |word: &[u8; 8]| {
        let word = u64::from_le_bytes(*word);
        // Only a byte below a space borrows from its own highest bit.
        word.wrapping_sub(LOW_BITS * 0x20) & !word & HIGH_BITS != 0
    };
    blocks.iter().any(|block| any_in(block, |byte| byte < b' '))
        || words.iter().any(is_control)
        || last.iter().any(|byte| *byte < b' ')
}

/// Length of a block that most processors compare in a few instructions, in bytes.
const BLOCK: usize = 32;

/// Returns `true` for a block with such a byte. All bytes are compared, so that the compiler can do it at once.
fn any_in(block: &[u8; BLOCK], is_found: impl Fn(u8) -> bool) -> bool {
    block.iter().fold(0, |found, byte| found | u8::from(is_found(*byte))) != 0
}

/// Returns a word whose lowest set bit is in the first byte of `word` that has this value; 0 if there is none.
const fn bytes_equal_to(value: u8, word: u64) -> u64 {
    // A byte is zero where they are equal, and only a zero byte borrows from its own highest bit.
    let difference = word ^ (LOW_BITS * value as u64);
    difference.wrapping_sub(LOW_BITS) & !difference & HIGH_BITS
}

const LOW_BITS: u64 = u64::from_ne_bytes([0x01; 8]);
const HIGH_BITS: u64 = u64::from_ne_bytes([0x80; 8]);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_control_character_is_found_among_any_others() {
        for length in (1..BLOCK + 20).chain([2 * BLOCK, 2 * BLOCK + 9]) {
            for (at, byte) in (0..length).flat_map(|at| (0..=0xff).map(move |byte| (at, byte))) {
                for others in [b' ', b'a', 0x7f, 0x80, 0xff] {
                    let mut bytes = vec![others; length];
                    bytes[at] = byte;
                    assert_eq!(has_control(&bytes), byte < b' ', "{}", bytes.escape_ascii());
                }
            }
        }
    }

    #[test]
    fn the_first_quote_or_backslash_is_found_among_any_others() {
        for length in 1..3 * BLOCK + 10 {
            for (at, found) in (0..length).flat_map(|at| [b'"', b'\\'].map(|found| (at, found))) {
                // Also those that differ only in the highest bit.
                let mut bytes: Vec<u8> =
                    (0..=0xff).filter(|byte| !b"\"\\".contains(byte)).cycle().skip(at * 90).take(length).collect();
                assert_eq!(plain_length(&bytes), length);
                bytes[length - 1] = b'"';
                bytes[at] = found;
                assert_eq!(plain_length(&bytes), at, "{}", bytes.escape_ascii());
            }
        }
    }

    #[test]
    fn a_string_ends_at_the_first_quote_that_is_not_escaped() {
        let lengths = (0..40).flat_map(|before| (0..40).map(move |after| (before, after)));
        for (before, after) in lengths {
            let string = [&b"\""[..], &b"\xdc".repeat(before), b"\\\"", &b"!#".repeat(after / 2), b"\""].concat();
            for rest in [&b""[..], b",\"", &b"\"".repeat(after)] {
                assert_eq!(string_length(&[&string, rest].concat()), Some(string.len()), "{before} {after}");
            }
            for cut in 0..string.len() {
                assert_eq!(string_length(&string[..cut]), None, "{before} {after} {cut}");
            }
        }
        assert_eq!(string_length(b"x\""), None);
    }

    fn parts(array: &[u8]) -> Vec<&[u8]> {
        Parts::new(array, b'[').expect("the value is an array").collect()
    }

    #[test]
    fn parts_are_found_by_brackets_and_strings_alone() {
        assert!(parts(b"[ \n] ").is_empty() && parts(b"[,, ,]").is_empty());
        assert_eq!(
            parts(b"[1, NaN ,{\"a\":[1,2],\"b\":\"],\\\"\"}]"),
            [&b"1"[..], b"NaN", b"{\"a\":[1,2],\"b\":\"],\\\"\"}"]
        );
        assert_eq!(parts(b"[\"a\xfc\nb\",,\"\\ud800\",]"), [&b"\"a\xfc\nb\""[..], b"\"\\ud800\""]);
        assert!(Parts::new(b"{}", b'[').is_none() && Parts::new(b"", b'[').is_none());
    }

    #[test]
    fn the_content_of_scalars_does_not_affect_the_structure() {
        for json in [
            &b"{}"[..],
            b"[]",
            b"[1,,NaN, -Infinity,]",
            b"{\"a\":01,\"b\":,\"c\",d:\"\\q\n\xfc\",,}",
            b"{\"a\":{\"b\":[{}, [ ], tru e]}}",
            b"\"a\\\"b\"",
        ] {
            assert_eq!(value_length(json), Ok(json.len()), "{}", json.escape_ascii());
            assert_eq!(value_length(&[json, b",}]"].concat()), Ok(json.len()), "{}", json.escape_ascii());
        }
        assert_eq!(object_rest_length(b" ,\"a\":[1]} x"), Ok(10));
    }

    #[test]
    fn an_invalid_structure_has_no_length() {
        for (json, expected) in [
            (&b"{\"a\":1,{"[..], NoEnd::Invalid(7)),
            (b"{{", NoEnd::Invalid(1)),
            (b"[\"a\":1]", NoEnd::Invalid(4)),
            (b"{\"a\":[1}", NoEnd::Invalid(7)),
            (b"{\"a\":\"5\" tape\"}", NoEnd::Invalid(9)),
            (b"{\"a\":1 \"b\"}", NoEnd::Invalid(7)),
            (b"{\"a\":\"C:\\\",\"b\":1}", NoEnd::Invalid(12)),
        ] {
            assert_eq!(value_length(json), Err(expected), "{}", json.escape_ascii());
        }
        assert_eq!(value_length(b"{\"a\":\"b}"), Err(NoEnd::CutString));
        assert_eq!(value_length(b"[1,"), Err(NoEnd::Cut));
        assert_eq!(value_length(b" "), Err(NoEnd::Cut));
    }
}
