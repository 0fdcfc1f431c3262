//! The usual JSON, read in one pass.

use core::str;

use super::{
    scan::{self, has_control, plain_length},
    value::{Json, trimmed},
};

/// The unread rest of a body.
///
/// It is read in one pass as long as it has the usual form: valid structure and UTF-8, names without escapes, and
/// members of the expected types. At anything else, a function returns `None`, and what it was reading is read again by
/// [`Decode::decode`](super::Decode::decode). So a value that is read here has to equal the one that is decoded there.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Input<'a> {
    text: &'a str,
    at: usize,
}

/// The position in an object.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::protocol) struct Place {
    is_inside: bool,
    /// Index of the name that is expected next: servers write the members of an object in the same order each time.
    expected: usize,
}

/// A string of JSON.
#[derive(Clone, Copy, Debug)]
pub(super) enum Text<'a> {
    /// The content of a string without escapes. It may have control characters.
    Plain(&'a str),
    /// The content of a string with escapes, which are not decoded yet.
    Escaped(&'a [u8]),
}

impl<'a> Input<'a> {
    pub(super) fn new(body: &'a [u8]) -> Option<Self> {
        Some(Self { text: str::from_utf8(trimmed(body)?).ok()?, at: 0 })
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.at == self.text.len()
    }

    /// Returns the bytes from an earlier position to this one.
    pub(in crate::protocol) fn since(&self, start: Self) -> &'a [u8] {
        &self.text.as_bytes()[start.at..self.at]
    }

    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    /// Skips whitespace, and returns the byte after it.
    pub(in crate::protocol) fn peek(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if !matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn skip(&mut self, expected: u8) -> Option<()> {
        (self.peek()? == expected).then(|| self.at += 1)
    }

    /// Skips this word. Returns `false` if there is another value.
    pub(super) fn skip_word(&mut self, word: &str) -> bool {
        let is_word = self.peek().is_some() && self.rest().starts_with(word.as_bytes());
        self.at += if is_word { word.len() } else { 0 };
        is_word
    }

    /// Skips `null`. Returns `false` if there is another value.
    pub(in crate::protocol) fn skip_null(&mut self) -> bool {
        self.skip_word("null")
    }

    /// Reads the items of an array.
    pub(super) fn items(&mut self, mut item: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.skip(b'[')?;
        if self.peek()? == b']' {
            return self.skip(b']');
        }
        loop {
            item(self)?;
            if self.peek()? == b']' {
                return self.skip(b']');
            }
            self.skip(b',')?;
        }
    }

    /// Reads an object up to the value of the next member with one of these names. Returns the index of the name, or
    /// the number of names at the end of the object.
    pub(in crate::protocol) fn member(&mut self, names: &[&str], place: &mut Place) -> Option<usize> {
        loop {
            if !place.is_inside {
                self.skip(b'{')?;
            }
            if self.peek()? == b'}' {
                self.at += 1;
                return Some(names.len());
            }
            if place.is_inside {
                self.skip(b',')?;
            }
            place.is_inside = true;
            let index = if names.get(place.expected).and_then(|name| self.skip_name(name)).is_some() {
                Some(place.expected)
            } else {
                let Text::Plain(name) = self.text()? else { return None };
                self.skip(b':')?;
                names.iter().position(|it| *it == name)
            };
            if let Some(index) = index {
                place.expected = index + 1;
                return Some(index);
            }
            self.json()?;
        }
    }

    /// Skips this name and the colon after it, if both are next.
    fn skip_name(&mut self, name: &str) -> Option<()> {
        self.peek()?;
        let (next, rest) = self.rest().split_at_checked(name.len() + 1)?;
        let is_next = next[1..] == *name.as_bytes() && next[0] == b'"' && rest.starts_with(b"\":");
        is_next.then(|| self.at += name.len() + 3)
    }

    /// Returns the JSON of the next value.
    pub(in crate::protocol) fn json(&mut self) -> Option<Json<'a>> {
        self.peek()?;
        let rest = self.rest();
        let length = scan::value_length(rest).ok()?;
        self.at += length;
        Some(Json::well_formed(rest[..length].trim_ascii()))
    }

    /// Reads a string.
    pub(super) fn text(&mut self) -> Option<Text<'a>> {
        self.skip(b'"')?;
        let content = self.rest();
        let mut length = plain_length(content);
        if content.get(length) == Some(&b'"') {
            let plain = self.text.get(self.at..self.at + length)?;
            self.at += length + 1;
            return Some(Text::Plain(plain));
        }
        while *content.get(length)? != b'"' {
            // Over the backslash and the byte after it.
            length += 2;
            length += plain_length(content.get(length..)?);
        }
        self.at += length + 1;
        Some(Text::Escaped(&content[..length]))
    }

    /// Reads a string that has neither escapes nor control characters.
    pub(in crate::protocol) fn plain_text(&mut self) -> Option<&'a str> {
        match self.text()? {
            Text::Plain(text) if !has_control(text.as_bytes()) => Some(text),
            _ => None,
        }
    }

    /// Reads an integer of at most 18 digits, without its sign.
    pub(super) fn digits(&mut self) -> Option<u64> {
        self.peek()?;
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let is_usual = (1..=18).contains(&length) && (rest[0] != b'0' || length == 1);
        self.at += length;
        is_usual.then(|| rest[..length].iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')))
    }
}

#[cfg(test)]
mod tests {
    use alloc::{fmt::Debug, vec::Vec};

    use super::{super::Decode, *};
    use crate::model::{Asset, ChatInfo, Group, LiveLocationUpdate, LocationShare, Message, Reaction};

    const MESSAGE: &str = r#"{"mid":"m1","tid":"cü","from_user":{"uid":"u1","first_name":"J\u00f6rg \"J\"",
        "last_name":"Bäcker","organisation":"","is_bot":true,"new":[{"a":"]"},null]},"timestamp":1767225600000,
        "msg":"a\n\\ \ud83d\ude00","attachments":[{"kind":"file","asset":{"id":"a1","file_name":"b","media_type":"c",
        "size":7}}],"is_alert":false,"alert_type":"note","deleted":false,"reply_to":null,"sender_display_name":"x",
        "link_preview":{"url":"u","title":null,"domain":"d"}}"#;

    /// Checks that the value is read from this JSON, and that what is read equals what is decoded after any change of
    /// a few bytes.
    fn check<T: Decode + PartialEq + Debug>(json: &str) {
        assert!(Input::whole::<T>(json.as_bytes()).is_some(), "{json}");
        let mut changed_and_read = 0;
        let mut check = |changed: &[u8]| {
            let Some(read) = Input::whole::<T>(changed) else { return };
            let decoded = Json::document(changed).and_then(|json| T::decode(json).ok());
            assert_eq!(decoded.as_ref(), Some(&read), "{}", changed.escape_ascii());
            changed_and_read += 1;
        };
        let inserted = b"{}[]\":,\\ \nnu0-1.e\"\x01\xc3\xbc,,".chunks(2);
        let inserted: Vec<&[u8]> = inserted.flat_map(|pair| [pair, &pair[..1]]).chain([&b""[..]]).collect();
        for at in 0..json.len() {
            for inserted in &inserted {
                check(&[&json.as_bytes()[..at], inserted, &json.as_bytes()[at + inserted.len() % 2..]].concat());
            }
            check(&[&json.as_bytes()[..at], &json.as_bytes()[at + 1..]].concat());
        }
        assert!(changed_and_read > json.len() / 2, "{changed_and_read}");
    }

    #[test]
    fn what_is_read_equals_what_is_decoded() {
        check::<Message>(MESSAGE);
        check::<ChatInfo>(
            r#"{"tid":"c1","title":"t","type":"group","is_alert":false,"allow_sending":true,"is_closed":false,
            "allow_mute_notifications":true,"users":[{"uid":"u1"},7],"groups":[{"gid":"g1"}],"admins":null}"#,
        );
        check::<Group>(
            r#"{"owner":{"uid":"u1"},"gid":"g1","title":"t","members":[],"is_circle":true,"is_public":null}"#,
        );
        check::<Reaction>(
            r#"{"reaction_id":"r1","mid":"m1","tid":"c1","reaction_type":"sos","from_user":{"uid":"u1"}}"#,
        );
        check::<LiveLocationUpdate>(
            r#"{"tid":"c1","user":{"uid":"u1"},"lat":1.5,"lon":-2e1,"time":"2026-01-01T00:00:00Z","ended":true}"#,
        );
        check::<Asset>(r#" { "id" : "a1" , "file_name" : "f" , "media_type" : "m" , "size" : 0 } "#);
        check::<LocationShare>(r#"{"remaining_ms":17,"tid":"c1","tid":"c2","remaining_ms":900000000000000000}"#);
    }

    #[test]
    fn a_list_is_read_as_far_as_its_length_allows_its_items() {
        let read = |groups: usize| {
            let groups = alloc::vec![r#"{"gid":""}"#; groups].join(",");
            Input::whole::<ChatInfo>(alloc::format!(r#"{{"tid":"c1","groups":[{groups}]}}"#).as_bytes())
        };
        assert_eq!(read(9).map(|chat| chat.groups.len()), Some(9));
        assert_eq!(read(999), None, "the memory would be many times as long as the JSON");
    }

    #[test]
    fn nothing_but_the_usual_form_is_read() {
        let read = |json: &str| Input::whole::<Asset>(json.as_bytes()).is_some();
        assert!(read(r#"{"id":"a","size":1}"#) && read("\u{feff}\r\n{\"size\":1,\"x\":[{}],\"id\":\"a\"}\t"));
        for json in [
            r#"{"id":"a","size":1"#,
            r#"{"id":"a","size":1}}"#,
            r#"{"id":"a","size":1},"#,
            r#"{"id":"a","size":1,}"#,
            r#"{,"id":"a","size":1}"#,
            r#"{"id":"a",,"size":1}"#,
            r#"{"id":"a" "size":1}"#,
            r#"{"id":"a","size":01}"#,
            r#"{"id":"a","size":-1}"#,
            r#"{"id":"a","size":1 2}"#,
            r#"{"id":"a","size":1234567890123456789}"#,
            r#"{"id":"a","size":null}"#,
            r#"{"id":null,"size":1}"#,
            r#"{"id":"a","size":1,"x":}"#,
            r#"{"id":"a","size":1,"x":[}"#,
            r#"{"\u0069d":"a","size":1}"#,
            "{\"id\":\"a\n\",\"size\":1}",
            "[]",
            "",
        ] {
            assert!(!read(json), "{json}");
        }
        assert!(Input::whole::<Asset>(b"{\"id\":\"a\",\"size\":1,\"x\":\"\xff\"}").is_none());
    }
}
