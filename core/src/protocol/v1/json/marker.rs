//! Positions that are recognised without their context, to continue after malformed JSON.
//!
//! A quote within a string is escaped, so these are never within a well-formed string: a `{` or `,` before a
//! quoted name and a colon, and a `]` before such a `,`.

use super::scan::string_length;

/// Maximum length of a key that is recognised, with its quotes.
const MAX_KEY_BYTES: usize = 66;

/// A `{` or `,` before a member.
#[derive(Clone, Copy, Debug)]
pub(super) struct Marker<'a> {
    pub(super) at: usize,
    /// The key, with its quotes.
    pub(super) key: &'a [u8],
    pub(super) value_at: usize,
}

impl<'a> Marker<'a> {
    /// Returns the marker at this offset.
    pub(super) fn at(bytes: &'a [u8], at: usize) -> Option<Self> {
        if !matches!(bytes.get(at), Some(b'{' | b',')) {
            return None;
        }
        let key_at = skip_whitespace(bytes, at + 1);
        let rest = &bytes[key_at..];
        let key = &rest[..string_length(&rest[..rest.len().min(MAX_KEY_BYTES)])?];
        let colon = skip_whitespace(bytes, key_at + key.len());
        let is_name = |name: &[u8]| {
            !name.is_empty() && name.iter().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte))
        };
        (bytes.get(colon) == Some(&b':') && is_name(&key[1..key.len() - 1])).then(|| Self {
            at,
            key,
            value_at: skip_whitespace(bytes, colon + 1),
        })
    }

    /// Returns the first marker from this offset.
    pub(super) fn next(bytes: &'a [u8], from: usize) -> Option<Self> {
        (from..bytes.len()).find_map(|at| Self::at(bytes, at))
    }

    /// Returns the last marker.
    pub(super) fn last(bytes: &'a [u8]) -> Option<Self> {
        (0..bytes.len()).rev().find_map(|at| Self::at(bytes, at))
    }
}

/// Returns the offset of the first object from this offset that has a member and is not the value of one.
pub(super) fn next_object(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    (from..end).find(|&at| bytes[at] == b'{' && !is_after_key(&bytes[..at]) && Marker::at(bytes, at).is_some())
}

/// Returns `true` if these bytes end with a key and its colon. A colon may also stand in the place of a comma.
fn is_after_key(bytes: &[u8]) -> bool {
    let key = bytes.trim_ascii_end().strip_suffix(b":");
    key.is_some_and(|key| key.trim_ascii_end().ends_with(b"\""))
}

/// Returns the offset of the last `]` in this range with the rest of an object after it: a member, or the end.
pub(super) fn last_list_end(bytes: &[u8], from: usize, end: usize) -> Option<usize> {
    (from..end).rev().filter(|&at| bytes[at] == b']').find(|&at| {
        let next = skip_whitespace(bytes, at + 1);
        match bytes.get(next) {
            Some(b',') => Marker::at(bytes, next).is_some(),
            Some(b'}') => bytes[next + 1..].trim_ascii_start().is_empty(),
            _ => false,
        }
    })
}

fn skip_whitespace(bytes: &[u8], from: usize) -> usize {
    bytes.len() - bytes.get(from..).unwrap_or_default().trim_ascii_start().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_recognised_by_their_names() {
        let bytes = b"x\",\"a-b\" : 1 , \"\":1,\"c d\":1,\"e\",{ \"f_1\"\n:2";
        let first = Marker::next(bytes, 0).expect("there is a member");
        assert_eq!((first.at, first.key, first.value_at), (2, &b"\"a-b\""[..], 11));
        let second = Marker::next(bytes, first.at + 1).expect("there is another member");
        assert_eq!((bytes[second.at], second.key), (b'{', &b"\"f_1\""[..]));
        assert!(Marker::next(bytes, second.at + 1).is_none());
        let long = alloc::format!("{{\"{}\":1", "n".repeat(65));
        assert!(Marker::next(long.as_bytes(), 0).is_none() && Marker::next(b"{\"a\\\"\":1", 0).is_none());
    }

    #[test]
    fn objects_of_lists_and_ends_of_lists_are_recognised() {
        let bytes = b"{\"a\": {\"b\":1},{},{\"c\":2}] ,\"d\":[]}\n";
        assert_eq!(next_object(bytes, 0, bytes.len()), Some(0));
        assert_eq!(next_object(bytes, 1, bytes.len()), Some(17));
        assert_eq!(next_object(bytes, 1, 17), None);
        assert_eq!(next_object(b"{} : {\"c\":2}", 0, 8), Some(5), "the colon is in the place of a comma");
        assert_eq!(last_list_end(bytes, 0, bytes.len()), Some(32));
        assert_eq!(last_list_end(bytes, 0, 32), Some(24));
        assert_eq!(last_list_end(bytes, 0, 24), None);
    }
}
