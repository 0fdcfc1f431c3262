//! Credentials taken out of text, in every spelling that something on the way may give them.

use alloc::{boxed::Box, string::String, vec, vec::Vec};
use core::fmt::Write;

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD},
};
use secrecy::{ExposeSecret, SecretBox, SecretString, zeroize::Zeroizing};

use super::escapes::{Unit, decoded};

/// Replaces a credential.
const MARKER: &str = "[redacted]";
/// Number of consecutive characters of a credential that are replaced wherever they are. A shorter credential may be a
/// common word or part of many: it is replaced only where it stands by itself.
const RUN: usize = 8;
/// Number of characters from which the beginning of a credential at the end of a text is replaced: the text was cut there.
const CUT: usize = 4;
/// Maximum number of escapings on top of each other that are seen through.
const LAYERS: usize = 4;

/// Finds credentials in text. Parts of them that it keeps are wiped from memory when it is dropped.
pub(super) struct Redactor {
    /// Hashes of all runs of the long credentials, sorted.
    runs: SecretBox<Vec<u64>>,
    /// Hashes of the beginnings of the long credentials that are shorter than a run, sorted.
    beginnings: SecretBox<Vec<u64>>,
    short: Vec<Short>,
}

/// A credential shorter than a run.
struct Short {
    text: SecretString,
    /// Takes it out of data, too: see [`Kind::Data`].
    in_data: bool,
}

/// Kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Text for people: a page, an explanation.
    Prose,
    /// Identifiers, codes, JSON. A short App ID may be any of these, so it stays; and no end of it is taken for the
    /// beginning of a credential.
    Data,
}

impl Redactor {
    pub(super) fn new(app_id: &str, secret: &str) -> Self {
        let pair = SecretString::from(alloc::format!("{app_id}:{secret}"));
        let tokens: [SecretString; 2] = [
            BASE64_STANDARD.encode(pair.expose_secret()).into(),
            BASE64_URL_SAFE_NO_PAD.encode(pair.expose_secret()).into(),
        ];
        let [token, url_safe] = tokens.each_ref().map(SecretString::expose_secret);
        let (mut runs, mut beginnings, mut short) = (Vec::new(), Vec::new(), Vec::new());
        let texts = [(app_id, false), (secret, true), (pair.expose_secret(), true), (token, true), (url_safe, true)];
        for (text, is_secret) in texts {
            for spelling in encoded(text) {
                let length = spelling.expose_secret().chars().count();
                if length < RUN {
                    short.push(Short { text: spelling, in_data: is_secret && length >= CUT });
                    continue;
                }
                each_layer(spelling.expose_secret(), |units| {
                    runs.extend(units.windows(RUN).map(hash));
                    beginnings.extend((CUT..RUN).filter_map(|length| units.get(..length)).map(hash));
                });
            }
        }
        let sorted = |mut hashes: Vec<u64>| {
            hashes.sort_unstable();
            hashes.dedup();
            SecretBox::new(Box::new(hashes))
        };
        Self { runs: sorted(runs), beginnings: sorted(beginnings), short }
    }

    /// Returns `text` without the credentials, whole or cut.
    pub(super) fn redact(&self, text: &str, kind: Kind) -> String {
        let mut marked = vec![false; text.len()];
        each_layer(text, |units| {
            let mut mark = |from: usize, to: usize| marked[units[from].1..units[to - 1].2].fill(true);
            for (at, run) in units.windows(RUN).enumerate() {
                if has(&self.runs, run) {
                    mark(at, at + RUN);
                }
            }
            if kind == Kind::Prose {
                let cut = (CUT..RUN).filter_map(|length| units.len().checked_sub(length));
                if let Some(at) = cut.filter(|at| has(&self.beginnings, &units[*at..])).min() {
                    mark(at, units.len());
                }
            }
            for short in self.short.iter().filter(|short| kind == Kind::Prose || short.in_data) {
                short.find(units, &mut mark);
            }
        });
        replaced(text, &marked)
    }
}

impl Short {
    /// Reports where it stands by itself.
    fn find(&self, units: &[Unit], mut found: impl FnMut(usize, usize)) {
        let text = self.text.expose_secret();
        let length = text.chars().count();
        let is_word = |at: Option<usize>| {
            at.and_then(|at| units.get(at)).is_some_and(|unit| unit.0.is_alphanumeric() || unit.0 == '_')
        };
        for (at, window) in units.windows(length).enumerate() {
            let end = at + length;
            let is_part =
                (is_word(Some(at)) && is_word(at.checked_sub(1))) || (is_word(Some(end - 1)) && is_word(Some(end)));
            if !is_part && window.iter().map(|unit| unit.0).eq(text.chars()) {
                found(at, end);
            }
        }
    }
}

/// Returns the text and what else stands for it: base64, without padding (with it, it has the same runs), and hexadecimal.
fn encoded(text: &str) -> [SecretString; 3] {
    let mut hex = String::with_capacity(text.len() * 2);
    text.bytes().for_each(|byte| write!(hex, "{byte:02x}").expect("writing to a string does not fail"));
    [text.into(), BASE64_STANDARD_NO_PAD.encode(text).into(), hex.into()]
}

/// Passes the characters of a text on: as they are, and with one layer of escapes after the other taken away.
fn each_layer(text: &str, mut pass: impl FnMut(&[Unit])) {
    let units = text.char_indices().map(|(at, char)| (char, at, at + char.len_utf8())).collect();
    let mut units: Zeroizing<Vec<Unit>> = Zeroizing::new(units);
    pass(&units);
    for _ in 0..LAYERS {
        let Some(next) = decoded(&units) else { return };
        units = Zeroizing::new(next);
        pass(&units);
    }
}

fn has(hashes: &SecretBox<Vec<u64>>, units: &[Unit]) -> bool {
    hashes.expose_secret().binary_search(&hash(units)).is_ok()
}

/// Returns the hash (FNV-1a) of characters, the same in upper and lower case and in both alphabets of base64. A space is a
/// plus sign in forms.
fn hash(units: &[Unit]) -> u64 {
    units.iter().fold(0xcbf2_9ce4_8422_2325, |hash, unit| {
        let char = match unit.0 {
            '-' | ' ' => '+',
            '_' => '/',
            char => char.to_ascii_lowercase(),
        };
        (hash ^ u64::from(char)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// Returns the text with every marked part replaced.
fn replaced(text: &str, marked: &[bool]) -> String {
    let mut redacted = String::with_capacity(text.len());
    let mut was_marked = false;
    for (at, char) in text.char_indices() {
        match (marked[at], was_marked) {
            (true, false) => redacted.push_str(MARKER),
            (true, true) => {}
            (false, _) => redacted.push(char),
        }
        was_marked = marked[at];
    }
    redacted
}

#[cfg(test)]
mod tests {
    use alloc::{format, string::ToString};

    use super::*;

    fn redact(text: &str, app_id: &str, secret: &str) -> String {
        Redactor::new(app_id, secret).redact(text, Kind::Prose)
    }

    const SECRET: &str = "p&ss \"w/ö\\rd😀";

    #[test]
    fn a_secret_is_found_in_every_spelling() {
        for spelling in [
            SECRET,
            r#"p&ss \"w/ö\\rd😀"#,
            r"p\u0026ss \u0022w\/\u00f6\\rd\uD83D\uDE00",
            r"p\u0026ss\u0020\u0022w\u002F\u00F6\u005Crd\ud83d\ude00",
            r"p\\u0026ss\\u0020\\u0022w\\u002F\\u00F6\\u005Crd\\ud83d\\ude00",
            r#"p\u{26}ss \"w/\u{f6}\\rd\u{1f600}"#,
            "p&amp;ss &quot;w/ö\\rd😀",
            "p&#38;ss &#34;w/&#246;\\rd&#128512;",
            "p&#x26;ss&#x20;&#x22;w&#x2F;&#xf6;&#x5C;rd&#x1F600;",
            "p&amp;amp;ss &amp;quot;w/ö\\rd😀",
            "p%26ss%20%22w%2F%C3%B6%5Crd%F0%9F%98%80",
            "p%26ss+%22w%2f%c3%b6%5crd%f0%9f%98%80",
            "p%2526ss+%2522w%252f%25c3%25b6%255crd%25f0%259f%2598%2580",
            "%70%26%73%73%20%22%77%2F%C3%B6%5C%72%64%F0%9F%98%80",
            "p=26ss=20=22w/=C3=B6=5Crd=F0=9F=98=80",
            r#"p\x26ss \"w\/ö\\rd😀"#,
            "P&SS \"W/ö\\RD😀",
            "cCZzcyAidy_DtlxyZPCfmIA",
            "cCZzcyAidy/DtlxyZPCfmIA=",
            "70267373202277 2fc3b65c7264f09f9880".replace(' ', "").as_str(),
        ] {
            let text = format!("before {spelling} after {spelling}");
            let redacted = redact(&text, "some-bot-7", SECRET);
            let left: String = redacted.chars().filter(|char| *char != '=').collect();
            assert_eq!(left, "before [redacted] after [redacted]", "{spelling}");
        }
    }

    #[test]
    fn eight_characters_of_a_secret_are_found_anywhere() {
        let secret = "0f&longSecret!xyz";
        for start in 0..=secret.len() - RUN {
            for end in start + RUN..=secret.len() {
                let redacted = redact(&format!("<p>{}</p>", &secret[start..end]), "some-bot-7", secret);
                assert_eq!(redacted, "<p>[redacted]</p>", "{start}..{end}");
            }
        }
        for before in ["=", "%", "\\", "&", "%2", "\\u00", "&#"] {
            assert_eq!(redact(&format!("{before}4142abcd."), "some-bot-7", "4142abcd"), format!("{before}[redacted]."));
        }
    }

    #[test]
    fn a_secret_that_the_end_cuts_is_no_hint() {
        for length in CUT..12 {
            let text = format!("it is {}", &"long-secret!"[..length]);
            assert_eq!(redact(&text, "some-bot-7", "long-secret!"), "it is [redacted]", "{length} characters");
        }
        assert_eq!(redact("it is lon", "some-bot-7", "long-secret!"), "it is lon", "too little to tell anything");
    }

    #[test]
    fn a_short_credential_is_no_part_of_words() {
        assert_eq!(
            redact("in_progress: sign in, login, in", "in", "another-secret"),
            "in_progress: sign [redacted], login, [redacted]"
        );
        assert_eq!(redact("7 of 17 in m7", "7", "another-secret"), "[redacted] of 17 in m7");
        assert_eq!(redact("thelongsecretx", "in", "longsecret"), "the[redacted]x", "a long one is, too");
        assert_eq!(redact("<b>p%26ss</b> p\\u0026ss", "in", "p&ss"), "<b>[redacted]</b> [redacted]");
    }

    #[test]
    fn data_keeps_short_app_ids() {
        for app_id in ["in", "7", "e", "script", "some-bo"] {
            let redactor = Redactor::new(app_id, "p&ss");
            let data = format!(r#"{{"code":"{app_id}","items":[{app_id}],"uid":"some"}}"#);
            assert_eq!(redactor.redact(&data, Kind::Data), data);
            assert_eq!(redactor.redact(r#"{"x":"p\u0026ss"}"#, Kind::Data), r#"{"x":"[redacted]"}"#);
        }
        assert_eq!(Redactor::new("some-bot-7", "y").redact("x/some-bot-7 some", Kind::Data), "x/[redacted] some");
    }

    #[test]
    fn the_marker_stays() {
        assert_eq!(redact("secret-1234567 redacted", "redacted", "secret-1234567"), "[redacted] [redacted]");
        assert_eq!(redact("", "x", "y"), "");
        assert_eq!(redact("text".to_string().as_str(), "x", "y"), "text");
    }
}
