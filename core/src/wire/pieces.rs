//! The members of an object and the items of an array, found by brackets, commas and strings alone: where one of them is
//! not even JSON, the others are found all the same.

use alloc::{string::String, vec::Vec};
use core::str;

use serde::de::IgnoredAny;

/// Returns the values of these members of an object; `None` if the bytes are no object, or name one of them twice.
pub(super) fn members<'a, const N: usize>(object: &'a [u8], names: [&str; N]) -> Option<[Option<&'a [u8]>; N]> {
    let mut found = [None; N];
    each_member(object, |key, value| match names.iter().position(|name| is_name(key, name)) {
        Some(at) => found[at].replace(value).is_none(),
        None => true,
    })
    .then_some(found)
}

/// Returns the items of an array; `None` if the bytes are no array.
pub(super) fn items(array: &[u8]) -> Option<Pieces<'_>> {
    Pieces::within(array, b'[', b']')
}

/// Returns the object with the members of these names mended; `None` if there is nothing to mend. A member that is not
/// JSON becomes `null`, an item that is not JSON in a member that is an array becomes a string of its text.
pub(super) fn mended(object: &[u8], names: &[&str]) -> Option<Vec<u8>> {
    let (mut mended, mut has_changed) = (Vec::new(), false);
    if names.is_empty() {
        return None;
    }
    each_member(object, |key, value| {
        mended.push(if mended.is_empty() { b'{' } else { b',' });
        mended.extend_from_slice(key);
        mended.push(b':');
        if is_json(value) || !names.iter().any(|name| is_name(key, name)) {
            mended.extend_from_slice(value);
            return true;
        }
        has_changed = true;
        match items(value) {
            Some(items) => mend_items(items, &mut mended),
            None => mended.extend_from_slice(b"null"),
        }
        true
    });
    mended.push(b'}');
    has_changed.then_some(mended)
}

fn mend_items(items: Pieces<'_>, mended: &mut Vec<u8>) {
    for (number, item) in items.enumerate() {
        mended.push(if number == 0 { b'[' } else { b',' });
        if is_json(item) {
            mended.extend_from_slice(item);
        } else {
            let text = serde_json::to_vec(&String::from_utf8_lossy(item)).expect("a string can be JSON");
            mended.extend_from_slice(&text);
        }
    }
    mended.push(b']');
}

/// Passes the members on, as keys with their quotes and values, until one is refused. Returns `false` then, and if the
/// bytes are no object.
fn each_member<'a>(object: &'a [u8], mut pass: impl FnMut(&'a [u8], &'a [u8]) -> bool) -> bool {
    let Some(mut pieces) = Pieces::within(object, b'{', b'}') else { return false };
    let all = pieces.by_ref().all(|piece| {
        let Some(end) = string(piece) else { return false };
        let (key, value) = piece.split_at(end);
        value.trim_ascii_start().strip_prefix(b":").is_some_and(|value| pass(key, value.trim_ascii()))
    });
    all && pieces.is_sound
}

/// Parts between commas, without the spaces around them.
pub(super) struct Pieces<'a> {
    rest: Option<&'a [u8]>,
    /// Unset if a bracket or a quote has no counterpart: what is left then is one piece.
    is_sound: bool,
}

impl<'a> Pieces<'a> {
    fn within(bytes: &'a [u8], opening: u8, closing: u8) -> Option<Self> {
        let inner = bytes.trim_ascii().strip_prefix(&[opening])?.strip_suffix(&[closing])?;
        let rest = Some(inner).filter(|inner| !inner.trim_ascii().is_empty());
        Some(Self { rest, is_sound: true })
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest.take()?;
        let end = piece(rest);
        self.is_sound &= end.is_some();
        let (piece, behind) = rest.split_at(end.unwrap_or(rest.len()));
        self.rest = behind.get(1..);
        Some(piece.trim_ascii())
    }
}

/// Returns the length of the part before the next comma outside of all brackets and strings; `None` if brackets or quotes
/// have no counterpart.
fn piece(bytes: &[u8]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_usize);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => {
                at += string(&bytes[at..])?;
                continue;
            }
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => return Some(at),
            _ => {}
        }
        at += 1;
    }
    (depth == 0).then_some(at)
}

/// Returns the length of the string at the beginning, with its quotes.
fn string(bytes: &[u8]) -> Option<usize> {
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

/// Returns `true` if a key, with its quotes, is this name.
fn is_name(key: &[u8], name: &str) -> bool {
    if key.contains(&b'\\') {
        return serde_json::from_slice::<String>(key).is_ok_and(|key| key == name);
    }
    key[1..key.len() - 1] == *name.as_bytes()
}

fn is_json(bytes: &[u8]) -> bool {
    str::from_utf8(bytes).is_ok_and(|text| serde_json::from_str::<IgnoredAny>(text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(array: &[u8]) -> Vec<&[u8]> {
        items(array).expect("it is an array").collect()
    }

    #[test]
    fn items_are_found_by_brackets_and_strings_alone() {
        assert!(found(b" [ \n] ").is_empty());
        assert_eq!(
            found(b"[1, NaN ,{\"a\":[1,2],\"b\":\"],\\\"\"}]"),
            [&b"1"[..], b"NaN", b"{\"a\":[1,2],\"b\":\"],\\\"\"}"]
        );
        assert_eq!(found(b"[\"a\xfc\nb\",,\"\\ud800\",]"), [&b"\"a\xfc\nb\""[..], b"", b"\"\\ud800\"", b""]);
        assert_eq!(found(b"[1,2],3]"), [&b"1"[..], b"2],3"], "what cannot be told apart is one piece");
        assert!(items(b"{}").is_none() && items(b"[").is_none() && items(b"").is_none() && items(b"]").is_none());
    }

    #[test]
    fn members_are_found_by_their_names() {
        let object = b" {\"a\" : 1 ,\"x\":NaN, \"\\u0062\":[\"\xff\"]}\n";
        assert_eq!(members(object, ["a", "b", "c"]), Some([Some(&b"1"[..]), Some(b"[\"\xff\"]"), None]));
        assert_eq!(members(b"{ }", ["a"]), Some([None]));
        for broken in [
            &b"{\"a\":1"[..],
            b"{\"a\":{\"b\":1}",
            b"{\"a\":1}}",
            b"{\"a\"}",
            b"{a:1}",
            b"{\"a\":1,}",
            b"{\"a\":\"}",
            b"[]",
            b"{\"a\":1,\"a\":2}",
            b"null",
            b"",
        ] {
            assert_eq!(members(broken, ["a"]), None, "{}", String::from_utf8_lossy(broken));
        }
    }

    #[test]
    fn only_what_is_named_is_mended() {
        let object = b"{\"a\":NaN,\"b\":[1,\"\xfc\"],\"c\":NaN}";
        let mended =
            mended(object, &["a", "b"]).map(|mended| String::from_utf8(mended).expect("only the named was not"));
        assert_eq!(mended.as_deref(), Some("{\"a\":null,\"b\":[1,\"\\\"\u{fffd}\\\"\"],\"c\":NaN}"));
        assert_eq!(super::mended(b"{\"a\":1,\"c\":NaN}", &["a"]), None);
        assert_eq!(super::mended(b"{\"a\":NaN", &["a"]), None);
    }
}
