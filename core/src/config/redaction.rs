//! Credentials taken out of text, in every spelling that something on the way may give them.

use alloc::{string::String, sync::Arc, vec, vec::Vec};
use core::fmt::{self, Write};

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE},
};
use secrecy::{
    ExposeSecret, SecretString,
    zeroize::{Zeroize, Zeroizing},
};

use super::{
    escapes::{Dialect, FOREIGN, Unit, decoded, units, unwrapped},
    runs::{CUT, Runs},
};

/// Replaces a credential.
const MARKER: &str = "[redacted]";
/// Minimum length of a credential that is replaced wherever it is. A shorter one may be a common word or part of many: it
/// is replaced only where it stands by itself.
pub(super) const MIN_SECRET_CHARS: usize = 6;
/// The same of a name, which is more likely to be a word.
const MIN_NAME_CHARS: usize = 8;
/// Maximum number of escapings on top of each other that are seen through.
const MAX_LAYERS: usize = 4;

/// Finds credentials in text. Parts of them that it keeps are wiped from memory when it is dropped.
pub(crate) struct Redactor {
    /// Secrets: found anywhere.
    secrets: Runs,
    /// Names, each with its length: found unless the whole is part of a longer word.
    names: Vec<(Runs, usize)>,
    short: Vec<Short>,
}

/// A credential that is too short to be replaced wherever it is.
struct Short {
    text: SecretString,
    is_secret: bool,
}

/// Kind of text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text for people: a page, an explanation.
    Prose,
    /// Identifiers, codes, JSON that are shown to people. A short name may be any of these, so it stays; and no end of
    /// it is taken for the beginning of a credential.
    Data,
    /// Identifiers, codes, JSON that the program has. All names stay.
    Exact,
}

/// Credentials of one kind of login.
pub(super) struct Login<'a> {
    /// App ID, or user of a proxy.
    pub(super) name: &'a str,
    pub(super) secret: &'a str,
}

impl Redactor {
    pub(super) fn new<'a>(logins: impl IntoIterator<Item = Login<'a>>) -> Self {
        let mut redactor = Self { secrets: Runs::default(), names: Vec::new(), short: Vec::new() };
        for Login { name, secret } in logins {
            redactor.add(name, false);
            redactor.add(secret, true);
            let pair = SecretString::from(alloc::format!("{name}:{secret}"));
            let tokens: [SecretString; 2] = [
                BASE64_STANDARD.encode(pair.expose_secret()).into(),
                BASE64_URL_SAFE.encode(pair.expose_secret()).into(),
            ];
            let [token, url_safe] = tokens.each_ref().map(SecretString::expose_secret);
            for text in [name, secret, pair.expose_secret(), token, url_safe] {
                for spelling in encoded(text).iter().map(SecretString::expose_secret) {
                    if spelling.len() >= MIN_SECRET_CHARS {
                        redactor.add(spelling, true);
                    }
                }
            }
        }
        redactor.secrets.sort();
        redactor
    }

    fn add(&mut self, text: &str, is_secret: bool) {
        let units: Zeroizing<Vec<Unit>> = Zeroizing::new(units(text));
        if units.len() < if is_secret { MIN_SECRET_CHARS } else { MIN_NAME_CHARS } {
            let text: String = units.iter().map(|unit| char::from(unit.0)).collect();
            self.short.push(Short { text: text.into(), is_secret });
        } else if is_secret {
            each_reading(text, |units| self.secrets.add(units));
        } else {
            let mut runs = Runs::default();
            each_reading(text, |units| runs.add(units));
            runs.sort();
            self.names.push((runs, units.len()));
        }
    }

    /// Returns `text` without the credentials, whole or cut.
    pub(crate) fn redact(&self, text: &str, kind: Kind) -> String {
        let mut marked = vec![false; text.len()];
        each_reading(text, |units| {
            self.secrets.find(units, kind == Kind::Prose, |from, to| mark(&mut marked, &units[from..to]));
            if kind == Kind::Exact {
                return;
            }
            for (name, length) in &self.names {
                name.find(units, kind == Kind::Prose, |from, to| {
                    // What was cut may have lost a part of an escape, which is no part of a word.
                    if to - from < *length || !is_part(units, from, to, |unit| is_word(unit) && !marked[unit.1]) {
                        mark(&mut marked, &units[from..to]);
                    }
                });
            }
            for short in self.short.iter().filter(|short| kind == Kind::Prose || short.is_in_data()) {
                short.find(units, |from, to| mark(&mut marked, &units[from..to]));
            }
        });
        replaced(text, &marked)
    }
}

impl Short {
    /// Returns whether it is found in data as well.
    fn is_in_data(&self) -> bool {
        self.is_secret && self.text.expose_secret().len() >= CUT
    }

    /// Reports where it stands by itself.
    fn find(&self, units: &[Unit], mut found: impl FnMut(usize, usize)) {
        let text = self.text.expose_secret().as_bytes();
        if text.is_empty() {
            return;
        }
        for (at, window) in units.windows(text.len()).enumerate() {
            let is_equal = window.iter().zip(text).all(|(unit, byte)| unit.0.eq_ignore_ascii_case(byte));
            if is_equal && !is_part(units, at, at + text.len(), |unit| is_word(unit) || unit.0 == FOREIGN) {
                found(at, at + text.len());
            }
        }
    }
}

/// Marks where these units are in the text.
fn mark(marked: &mut [bool], units: &[Unit]) {
    if let ([first, ..], [.., last]) = (units, units) {
        marked[first.1..last.2].fill(true);
    }
}

fn is_word(unit: &Unit) -> bool {
    unit.0.is_ascii_alphanumeric() || unit.0 == b'_'
}

/// Returns whether these units are part of a longer word, which may have hyphens.
fn is_part(units: &[Unit], from: usize, to: usize, is_word: impl Fn(&Unit) -> bool) -> bool {
    let has_word = |at: Option<usize>| at.and_then(|at| units.get(at)).is_some_and(&is_word);
    let has_hyphen = |at: Option<usize>| at.and_then(|at| units.get(at)).is_some_and(|unit| unit.0 == b'-');
    let goes_on = |edge: usize, next: Option<usize>, beyond: Option<usize>| {
        has_word(Some(edge)) && (has_word(next) || has_hyphen(next) && has_word(beyond))
    };
    goes_on(from, from.checked_sub(1), from.checked_sub(2)) || goes_on(to - 1, Some(to), Some(to + 1))
}

/// Returns what else stands for a text: hexadecimal, and base64 wherever in other base64 it begins. Padding has the same
/// runs.
fn encoded(text: &str) -> [SecretString; 4] {
    let mut hex = String::with_capacity(text.len() * 2);
    text.bytes().for_each(|byte| write!(hex, "{byte:02x}").expect("writing to a string does not fail"));
    let [first, second, third] = [0, 1, 2].map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let mut base64 = BASE64_STANDARD_NO_PAD.encode(&bytes);
        // A character that depends on what is before the text, or behind it, is none of it.
        let end = if before == 0 { base64.len() } else { bytes.len() * 8 / 6 };
        let part = SecretString::from(&base64[(before * 8).div_ceil(6).min(end)..end]);
        bytes.zeroize();
        base64.zeroize();
        part
    });
    [hex.into(), first, second, third]
}

/// Passes the characters of a text on: as they are, and with one layer of escapes after the other taken away; each with and
/// without its line breaks.
fn each_reading(text: &str, mut pass: impl FnMut(&[Unit])) {
    let mut pass = |units: &[Unit]| {
        pass(units);
        if let Some(joined) = unwrapped(units) {
            pass(&Zeroizing::new(joined));
        }
    };
    let plain: Zeroizing<Vec<Unit>> = Zeroizing::new(units(text));
    pass(&plain);
    for dialect in [Dialect::Json, Dialect::Css] {
        // The two differ in that alone.
        if dialect == Dialect::Css && !plain.iter().any(|unit| unit.0 == b'\\') {
            return;
        }
        let mut layer = decoded(&plain, dialect).map(Zeroizing::new);
        for _ in 0..MAX_LAYERS {
            let Some(units) = layer else { break };
            pass(&units);
            layer = decoded(&units, dialect).map(Zeroizing::new);
        }
    }
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

/// What takes the credentials out of data when it is shown. The data itself stays as it came.
#[derive(Clone, Default)]
pub(crate) struct Redaction(Option<Arc<Redactor>>);

impl Redaction {
    pub(super) const fn new(redactor: Arc<Redactor>) -> Self {
        Self(Some(redactor))
    }

    /// Returns how the data is shown.
    pub(crate) fn shown(&self, data: &str) -> String {
        self.0.as_ref().map_or_else(|| data.into(), |redactor| redactor.redact(data, Kind::Data))
    }
}

/// Data is the same, however it is shown.
impl PartialEq for Redaction {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Redaction {}

impl fmt::Debug for Redaction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redaction")
    }
}

#[cfg(test)]
mod tests;
