//! Finds the boundaries of values by brackets, commas and strings alone.

use alloc::vec::Vec;

/// The treatment of a closing bracket that does not match the innermost open one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unmatched {
    /// It closes the innermost open bracket of its kind, and all brackets within; without such a bracket, it is
    /// ignored.
    ClosesOuter,
    /// It is ignored.
    Ignored,
}

/// The end of an object or array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) end: usize,
    /// Set if all brackets are balanced.
    pub(super) is_balanced: bool,
}

/// The open brackets. Each bracket is added and removed once, so the total time is linear.
#[derive(Debug, Default)]
struct Open {
    closers: Vec<u8>,
    curly: usize,
}

impl Open {
    fn push(&mut self, opening: u8) {
        let closer = if opening == b'{' { b'}' } else { b']' };
        self.curly += usize::from(closer == b'}');
        self.closers.push(closer);
    }

    fn pop(&mut self) -> Option<u8> {
        let closer = self.closers.pop();
        self.curly -= usize::from(closer == Some(b'}'));
        closer
    }

    fn has(&self, closer: u8) -> bool {
        if closer == b'}' { self.curly > 0 } else { self.closers.len() > self.curly }
    }

    /// Handles a closing bracket. Returns `true` if it matches the innermost open one.
    fn close(&mut self, closer: u8, unmatched: Unmatched) -> bool {
        if self.closers.last() == Some(&closer) {
            self.pop();
            return true;
        }
        if unmatched == Unmatched::ClosesOuter && self.has(closer) {
            while self.pop().is_some_and(|inner| inner != closer) {}
        }
        false
    }
}

/// Returns the end of the object or array at the start of these bytes; `None` if it is missing.
pub(super) fn find_end(bytes: &[u8], unmatched: Unmatched) -> Option<Extent> {
    let (mut open, mut at, mut is_balanced) = (Open::default(), 0, true);
    loop {
        match *bytes.get(at)? {
            b'"' => {
                at += string_length(&bytes[at..])?;
                continue;
            }
            opening @ (b'[' | b'{') => open.push(opening),
            closer @ (b']' | b'}') => {
                is_balanced &= open.close(closer, unmatched);
                if open.closers.is_empty() {
                    return Some(Extent { end: at + 1, is_balanced });
                }
            }
            _ => {}
        }
        at += 1;
    }
}

/// Returns `true` if there are no brackets outside of strings.
pub(super) fn is_flat(mut bytes: &[u8]) -> bool {
    while let Some(at) = bytes.iter().position(|byte| matches!(byte, b'"' | b'[' | b']' | b'{' | b'}')) {
        match string_length(&bytes[at..]) {
            Some(length) => bytes = &bytes[at + length..],
            None => return false,
        }
    }
    true
}

/// The parts between commas, trimmed, without empty ones.
#[derive(Debug)]
pub(super) struct Parts<'a> {
    rest: &'a [u8],
    closer: u8,
    unmatched: Unmatched,
    /// Set if bytes after the closing bracket belong to the last part.
    extends_last: bool,
    open: Open,
}

impl<'a> Parts<'a> {
    /// Creates the iterator for the content of a value, whose end may be missing; `None` if it does not start with this
    /// bracket.
    pub(super) fn new(value: &'a [u8], opening: u8, unmatched: Unmatched, extends_last: bool) -> Option<Self> {
        let closer = if opening == b'{' { b'}' } else { b']' };
        Some(Self { rest: value.strip_prefix(&[opening])?, closer, unmatched, extends_last, open: Open::default() })
    }

    /// Returns the remaining bytes.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Returns the length of the next part, and `true` if a comma follows it.
    fn length(&mut self) -> (usize, bool) {
        let mut at = 0;
        self.open.closers.clear();
        self.open.curly = 0;
        while let Some(&byte) = self.rest.get(at) {
            match byte {
                b'"' => {
                    let Some(length) = string_length(&self.rest[at..]) else { return (self.rest.len(), false) };
                    at += length;
                    continue;
                }
                b'[' | b'{' => self.open.push(byte),
                b',' if self.open.closers.is_empty() => return (at, true),
                b']' | b'}' => {
                    let is_inner = match self.unmatched {
                        Unmatched::ClosesOuter => self.open.has(byte),
                        Unmatched::Ignored => !self.open.closers.is_empty(),
                    };
                    if !is_inner && byte == self.closer {
                        return (at, false);
                    }
                    self.open.close(byte, self.unmatched);
                }
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
            let after = after.get(1..).unwrap_or_default();
            let part = if !has_more && self.extends_last && !after.trim_ascii().is_empty() { self.rest } else { part };
            self.rest = if has_more { after } else { &[] };
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
    let mut at = 1;
    if bytes.first() != Some(&b'"') {
        return None;
    }
    loop {
        match bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(array: &[u8]) -> Vec<&[u8]> {
        Parts::new(array, b'[', Unmatched::ClosesOuter, false).expect("the value is an array").collect()
    }

    #[test]
    fn parts_are_found_by_brackets_and_strings_alone() {
        assert!(parts(b"[ \n] ").is_empty() && parts(b"[").is_empty() && parts(b"[,, ,]").is_empty());
        assert_eq!(
            parts(b"[1, NaN ,{\"a\":[1,2],\"b\":\"],\\\"\"}]"),
            [&b"1"[..], b"NaN", b"{\"a\":[1,2],\"b\":\"],\\\"\"}"]
        );
        assert_eq!(parts(b"[\"a\xfc\nb\",,\"\\ud800\",]"), [&b"\"a\xfc\nb\""[..], b"\"\\ud800\""]);
        assert_eq!(parts(b"[1,2] 3,4"), [&b"1"[..], b"2"]);
        assert!(Parts::new(b"{}", b'[', Unmatched::ClosesOuter, false).is_none());
        assert!(Parts::new(b"", b'[', Unmatched::ClosesOuter, false).is_none());
    }

    #[test]
    fn a_bracket_that_closes_an_outer_value_closes_the_inner_ones() {
        assert_eq!(parts(b"[{\"a\":[1},{]"), [&b"{\"a\":[1}"[..], b"{"]);
        assert_eq!(find_end(b"{\"a\":[1}", Unmatched::ClosesOuter), Some(Extent { end: 8, is_balanced: false }));
        assert_eq!(find_end(b"[{}}] ", Unmatched::ClosesOuter), Some(Extent { end: 5, is_balanced: false }));
        assert_eq!(find_end(b"{\"a\":[1}", Unmatched::Ignored), None);
        assert_eq!(find_end(b"[1]]", Unmatched::ClosesOuter), Some(Extent { end: 3, is_balanced: true }));
        assert_eq!(find_end(b"{\"}", Unmatched::ClosesOuter), None);
    }
}
