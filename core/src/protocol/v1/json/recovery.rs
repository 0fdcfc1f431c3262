//! Members of an object with an invalid structure.

use serde::de::IgnoredAny;

use super::{
    marker::Marker,
    scan::{NoEnd, value_length},
    value::{Json, trimmed},
};

/// A limit of the number of bytes that are scanned for the ends of values. Without it, nested values without ends
/// would take quadratic time.
#[derive(Clone, Copy, Debug)]
pub(super) struct Budget(usize);

impl Budget {
    pub(super) const fn new(bytes: usize) -> Self {
        Self(bytes.saturating_mul(8))
    }

    pub(super) const fn is_exhausted(self) -> bool {
        self.0 == 0
    }

    /// Returns the offset after a value; `None` if its structure is invalid, or the budget is exhausted.
    pub(super) fn value_end(&mut self, bytes: &[u8], at: usize) -> Option<usize> {
        self.scan(bytes, at, value_length)
    }

    /// Returns the offset after the text that `length` measures.
    pub(super) fn scan(
        &mut self,
        bytes: &[u8],
        at: usize,
        length: impl FnOnce(&[u8]) -> Result<usize, NoEnd>,
    ) -> Option<usize> {
        let rest = bytes.get(at..)?;
        let rest = &rest[..rest.len().min(self.0)];
        let result = length(rest);
        self.0 -= match result {
            Ok(length) | Err(NoEnd::Invalid(length)) => length,
            Err(NoEnd::Cut | NoEnd::CutString) => rest.len(),
        };
        result.ok().map(|length| at + length)
    }

    /// Returns the offset of the first byte from this offset that is neither whitespace nor one of these.
    pub(super) fn skip(&mut self, bytes: &[u8], at: usize, skipped: &[u8]) -> usize {
        let is_skipped = |byte: &&u8| byte.is_ascii_whitespace() || skipped.contains(byte);
        let length = bytes[at..].iter().take(self.0).take_while(is_skipped).count();
        self.0 -= length;
        at + length
    }

    /// Returns `true` if a comma or the end of the bytes is next, apart from closing brackets.
    pub(super) fn is_end_of_part(&mut self, bytes: &[u8], at: usize) -> bool {
        matches!(bytes.get(self.skip(bytes, at, b"]}")), None | Some(b','))
    }
}

/// The members that can still be separated: each begins at a [`Marker`]. A malformed object is included, and another
/// malformed value is left out. The nesting after a malformed value is known from the brackets before the marker.
pub(super) struct Members<'a> {
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    /// Set after a bracket that is not counted in `depth`, but may be closed.
    may_close: bool,
    budget: Budget,
}

impl<'a> Members<'a> {
    pub(super) const fn new(bytes: &'a [u8]) -> Self {
        Self { bytes, at: 0, depth: 0, may_close: false, budget: Budget::new(bytes.len()) }
    }

    /// Returns the next marker, and updates the nesting; `None` at the end of the object.
    fn next_marker(&mut self) -> Option<Marker<'a>> {
        let marker = Marker::next(self.bytes, self.at)?;
        let before = self.bytes[self.at..marker.at].iter().rev();
        let closing = before.take_while(|byte| byte.is_ascii_whitespace() || b",]}".contains(byte));
        let closed = closing.filter(|byte| **byte == b'}').count();
        if closed > self.depth && !core::mem::take(&mut self.may_close) {
            return None;
        }
        self.depth = self.depth.saturating_sub(closed);
        // The first bracket is the object's own.
        self.depth += usize::from(self.bytes[marker.at] == b'{' && marker.at > 0);
        self.at = marker.value_at;
        Some(marker)
    }

    /// Returns `true` if the value at this offset starts with a bracket other than that of a marker.
    fn opens_unmarked(&self, at: usize) -> bool {
        match self.bytes.get(at) {
            Some(b'[') => true,
            Some(b'{') => Marker::at(self.bytes, at).is_none(),
            _ => false,
        }
    }
}

impl<'a> Iterator for Members<'a> {
    type Item = (&'a [u8], Json<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        while let Some(Marker { key, value_at, .. }) = self.next_marker() {
            let end = self.budget.value_end(self.bytes, value_at);
            let end = end.filter(|end| self.budget.is_end_of_part(self.bytes, *end));
            self.may_close |= end.is_none() && self.opens_unmarked(value_at);
            let is_own = self.depth == 0;
            self.at = end.unwrap_or(value_at);
            let value = match end {
                Some(end) => Json::well_formed(self.bytes[value_at..end].trim_ascii()),
                None if self.bytes.get(value_at) == Some(&b'{') => Json::malformed(&self.bytes[value_at..]),
                None => continue,
            };
            if is_own {
                return Some((key, value));
            }
        }
        self.at = self.bytes.len();
        None
    }
}

impl<'a> Json<'a> {
    /// Returns `true` if a body may have lost a member of this name, because it is malformed: the name is behind or
    /// before a quote, and is neither a whole text nor the name of a member that is `null` or empty.
    pub(in crate::protocol) fn has_lost_member(body: &[u8], name: &str) -> bool {
        // Neither a colon nor another value follows.
        let is_end = |rest: &[u8]| {
            let mut after = rest.iter().filter(|byte| !byte.is_ascii_whitespace());
            match after.next() {
                None => true,
                Some(b',') => after.next() != Some(&b':'),
                Some(b'}' | b']') => !matches!(after.find(|byte| !b"}]".contains(byte)), Some(b':' | b'"')),
                Some(_) => false,
            }
        };
        let is_empty =
            |value: &[u8]| [&b"null"[..], b"\"\""].iter().any(|empty| value.strip_prefix(*empty).is_some_and(is_end));
        if serde_json::from_slice::<IgnoredAny>(body).is_ok() {
            return false;
        }
        let mut names = (0..body.len()).filter(|&at| body[at..].starts_with(name.as_bytes()));
        names.any(|at| {
            let before = &body[..at];
            let Some(rest) = body[at + name.len()..].strip_prefix(b"\"") else {
                return before.ends_with(b"\"") && !before.ends_with(b"\\\"");
            };
            let value = rest.trim_ascii_start().strip_prefix(b":").map(<[u8]>::trim_ascii_start);
            !value.map_or_else(|| is_end(rest), is_empty)
        })
    }

    /// Returns the last well-formed value with this name of a body that is not exactly one value, at any depth.
    pub(in crate::protocol) fn find_in_malformed(body: &'a [u8], name: &str) -> Option<Self> {
        let bytes = trimmed(body)?;
        if value_length(bytes) == Ok(bytes.len()) {
            return None;
        }
        let (mut from, mut found, mut budget) = (0, None, Budget::new(bytes.len()));
        while let Some(Marker { at, key, value_at }) = Marker::next(bytes, from) {
            from = at + 1;
            if key[1..key.len() - 1] == *name.as_bytes()
                && let Some(end) = budget.value_end(bytes, value_at)
            {
                found = Some(Self::well_formed(bytes[value_at..end].trim_ascii()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use alloc::{string::String, vec::Vec};

    use super::*;

    fn members(bytes: &[u8]) -> Vec<String> {
        let text = |(key, value): (&[u8], Json<'_>)| {
            let value = if value.is_malformed { &b"malformed"[..] } else { value.bytes };
            alloc::format!("{}:{}", key.escape_ascii(), value.escape_ascii()).replace("\\\"", "\"")
        };
        Members::new(bytes).map(text).collect()
    }

    #[test]
    fn members_around_a_malformed_one_are_found() {
        for (json, expected) in [
            (&br#"{"a":"5" tape","b":1}"#[..], &["\"b\":1"][..]),
            (br#"{"z":0,"a":"C:\","b":1}"#, &["\"z\":0", "\"b\":1"]),
            (br#"{"a":"abc,"b":{"c":1}}"#, &["\"b\":{\"c\":1}"]),
            (br#"{"a":"x "}]{[" y","b":1}"#, &["\"b\":1"]),
            (br#"{"o":{"a":"5" x","i":2},"b":1}"#, &["\"o\":malformed", "\"b\":1"]),
            (br#"{"l":[{"a":"5" x","i":2},{"i":3}],"b":1}"#, &["\"b\":1"]),
            (br#"{"l":["5" x", 1],"b":1}"#, &["\"b\":1"]),
            (br#","a":1,"b":"x"}"#, &["\"a\":1", "\"b\":\"x\""]),
            (br#"{"a":1},"b":2}"#, &["\"a\":1"]),
            (br#"{"z":"5" x"},"b":2}"#, &[]),
            (br#"{"a":[1}],"b":2}"#, &["\"b\":2"]),
            (br#"{"a":{]},"b":2}"#, &["\"a\":malformed", "\"b\":2"]),
            (br#"{"a":[{]}],"b":2}"#, &["\"b\":2"]),
            (br#"{"a":"x":"y","b":2}"#, &["\"b\":2"]),
        ] {
            assert_eq!(members(json), expected, "{}", json.escape_ascii());
        }
        let json = br#"{"o":{"a":"5" x","i":2},"i":1}"#;
        let (_, outer) = Members::new(json).next().expect("there is a member");
        assert_eq!(members(outer.bytes), ["\"i\":2"], "the object ends at its bracket");
    }

    #[test]
    fn a_lost_member_is_found() {
        for body in [
            r#"{"a":"x"y"}"#,
            r#"{"a":"xy,"b":1}"#,
            r#"{"b":[]},"a":"x"}"#,
            r#"{"b":[], "a" : ,"x"}"#,
            r#"{"b":[],"a:"x"}"#,
            r#"{"b":[],a":"x"}"#,
            r#"{"b":[],"a\":"x"}"#,
            r#"{"b":[],"a"x:"y"}"#,
            r#"{"b":[],"a":null"x"}"#,
            r#"{"b":[],"a"}:"x"}"#,
        ] {
            assert!(Json::has_lost_member(body.as_bytes(), "a"), "{body}");
        }
        for body in [r#"{"a":null}"#, r#"{"a": "" }"#, r#"["a","\"a\": 1"]"#, r#"{"b":" a: 1","c":"a"}"#] {
            assert!(!Json::has_lost_member(body.as_bytes(), "a"), "{body}");
        }
    }

    #[test]
    fn the_budget_bounds_nested_values_without_ends() {
        let json = b"{\"a\":".repeat(20_000);
        assert_eq!(Members::new(&json).count(), 1);
        let mut budget = Budget::new(10);
        assert!(!budget.is_exhausted() && budget.value_end(b"[1, 2]", 0) == Some(6));
        assert!(budget.value_end(&[b'['; 100], 0).is_none() && budget.is_exhausted());
        assert!(budget.value_end(b"1", 0).is_none());
    }
}
