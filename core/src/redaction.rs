//! Removal of credentials from text, in every spelling that a server or proxy may give them.

mod escapes;
mod runs;
#[cfg(test)]
mod tests;

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

pub(crate) use self::runs::MIN_SECRET_CHARS;
use self::{
    escapes::{Dialect, FOREIGN, Unit, decoded, units, unwrapped},
    runs::{CUT, Runs},
};

/// Replaces a credential.
const MARKER: &str = "[redacted]";
/// Minimum length of a name, which is more likely to be a common word.
const MIN_NAME_CHARS: usize = 8;
/// Maximum number of nested layers of escapes that are decoded.
const MAX_LAYERS: usize = 4;

/// Finds credentials in text. The parts of them that it keeps are zeroised on drop.
struct Redactor {
    /// Secrets, which are found anywhere.
    secrets: Runs,
    /// Names with their lengths. A name is found unless it is part of a longer word.
    names: Vec<(Runs, usize)>,
    short: Vec<Short>,
}

/// A credential that is too short to be replaced everywhere.
struct Short {
    text: SecretString,
    is_secret: bool,
}

/// The kind of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text for people, such as a page or an explanation.
    Prose,
    /// Identifiers, codes and JSON that are shown to people. Short names stay, because they may be identifiers, and the
    /// end of the text is not taken for a credential that was cut off.
    Data,
    /// Identifiers, codes and JSON that the program uses. All names stay.
    Exact,
}

/// Returns the number of characters by which a credential is found: adjacent ones outside of ASCII are one.
pub(crate) fn distinct_chars(text: &str) -> usize {
    Zeroizing::new(units(text)).len()
}

/// The credentials of a login.
pub(crate) struct Login<'a> {
    /// The App ID, or the user name of a proxy.
    pub(crate) name: &'a str,
    pub(crate) secret: &'a str,
}

impl Redactor {
    fn new<'a>(logins: impl IntoIterator<Item = Login<'a>>) -> Self {
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

    /// Returns `text` without the credentials and without parts of them.
    fn redact(&self, text: &str, kind: Kind) -> String {
        let mut marked = vec![false; text.len()];
        each_reading(text, |units| {
            self.secrets.find(units, kind == Kind::Prose, |from, to| mark(&mut marked, &units[from..to]));
            if kind == Kind::Exact {
                return;
            }
            for (name, length) in &self.names {
                name.find(units, kind == Kind::Prose, |from, to| {
                    // Where a name was cut, the character before it may be the rest of an escape rather than part of a
                    // word.
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
    /// Returns `true` if it is also found in data.
    fn is_in_data(&self) -> bool {
        self.is_secret && self.text.expose_secret().len() >= CUT
    }

    /// Calls `found` with the start and end of each occurrence as a separate word.
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

/// Marks the place of these units in the text.
fn mark(marked: &mut [bool], units: &[Unit]) {
    if let ([first, ..], [.., last]) = (units, units) {
        marked[first.1..last.2].fill(true);
    }
}

fn is_word(unit: &Unit) -> bool {
    unit.0.is_ascii_alphanumeric() || unit.0 == b'_'
}

/// Returns `true` if these units are part of a longer word, which may have hyphens.
fn is_part(units: &[Unit], from: usize, to: usize, is_word: impl Fn(&Unit) -> bool) -> bool {
    let has_word = |at: Option<usize>| at.and_then(|at| units.get(at)).is_some_and(&is_word);
    let has_hyphen = |at: Option<usize>| at.and_then(|at| units.get(at)).is_some_and(|unit| unit.0 == b'-');
    let continues = |edge: usize, next: Option<usize>, beyond: Option<usize>| {
        has_word(Some(edge)) && (has_word(next) || has_hyphen(next) && has_word(beyond))
    };
    continues(from, from.checked_sub(1), from.checked_sub(2)) || continues(to - 1, Some(to), Some(to + 1))
}

/// Returns the encodings of a text: hexadecimal, and base64 at each of the three offsets at which it can start in
/// longer base64. Padding does not change the runs.
fn encoded(text: &str) -> [SecretString; 4] {
    let mut hex = String::with_capacity(text.len() * 2);
    text.bytes().for_each(|byte| write!(hex, "{byte:02x}").expect("writing to a string does not fail"));
    let [first, second, third] = [0, 1, 2].map(|before| {
        let mut bytes = vec![0; before];
        bytes.extend_from_slice(text.as_bytes());
        let mut base64 = BASE64_STANDARD_NO_PAD.encode(&bytes);
        // Characters that also encode bytes before or after the text are left out.
        let end = if before == 0 { base64.len() } else { bytes.len() * 8 / 6 };
        let part = SecretString::from(&base64[(before * 8).div_ceil(6).min(end)..end]);
        bytes.zeroize();
        base64.zeroize();
        part
    });
    [hex.into(), first, second, third]
}

/// Calls `pass` with the characters of a text: unchanged, and with one layer of escapes after the other decoded; each
/// with and without line breaks.
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
        // The dialects differ only in backslashes.
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

/// Removes credentials from text. Clones share the credentials.
#[derive(Clone, Default)]
pub(crate) struct Redaction(Option<Arc<Redactor>>);

impl Redaction {
    pub(crate) fn new<'a>(logins: impl IntoIterator<Item = Login<'a>>) -> Self {
        Self(Some(Arc::new(Redactor::new(logins))))
    }

    /// Returns `false` if the credentials are not known, so that none are found.
    pub(crate) const fn is_known(&self) -> bool {
        self.0.is_some()
    }

    /// Returns `text` without the credentials and without parts of them.
    pub(crate) fn redact(&self, text: &str, kind: Kind) -> String {
        self.0.as_ref().map_or_else(|| text.into(), |redactor| redactor.redact(text, kind))
    }

    /// Returns the data as it is to be shown. The data itself is unchanged.
    pub(crate) fn shown(&self, data: &str) -> String {
        self.redact(data, Kind::Data)
    }
}

/// All redactions are equal, so that data can be compared by its content.
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
