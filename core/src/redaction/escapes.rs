//! Decoding of escapes: JSON and similar languages, CSS, HTML, percent-encoding, quoted-printable.

use alloc::vec::Vec;

/// An ASCII character or [`FOREIGN`], and the start and end of its spelling in the original text.
pub(super) type Unit = (u8, usize, usize);

/// Stands for one or more non-ASCII characters in any encoding.
pub(super) const FOREIGN: u8 = 0x1a;

/// The meaning of a backslash before digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Up to three octal digits, and letters as in JSON, C, JavaScript, Python, Rust.
    Json,
    /// Up to six hexadecimal digits, and a space that ends them.
    Css,
}

/// Returns the characters of a text as units.
pub(super) fn units(text: &str) -> Vec<Unit> {
    let mut units = Vec::with_capacity(text.len());
    for (at, char) in text.char_indices() {
        if let Some(byte) = byte(char.into()) {
            push(&mut units, (byte, at, at + char.len_utf8()));
        }
    }
    units
}

/// Decodes one layer of escapes; `None` if the text has no escapes.
pub(super) fn decoded(units: &[Unit], dialect: Dialect) -> Option<Vec<Unit>> {
    if !units.iter().any(|unit| matches!(unit.0, b'\\' | b'&' | b'%' | b'=')) {
        return None;
    }
    let mut decoded = Vec::with_capacity(units.len());
    let mut rest = units;
    while let [first, ..] = rest {
        let (byte, length) = escape(rest, dialect).unwrap_or((Some(first.0), 1));
        if let Some(byte) = byte {
            push(&mut decoded, (byte, first.1, rest[length - 1].2));
        }
        rest = &rest[length..];
    }
    (decoded.len() < units.len()).then_some(decoded)
}

/// Removes line breaks and the indentation after each; `None` if the text has no line breaks.
pub(super) fn unwrapped(units: &[Unit]) -> Option<Vec<Unit>> {
    if !units.iter().any(|unit| unit.0 == b'\n') {
        return None;
    }
    let mut joined = Vec::with_capacity(units.len());
    let mut is_indentation = false;
    for unit in units {
        is_indentation = unit.0 == b'\n' || is_indentation && matches!(unit.0, b' ' | b'\t');
        if !is_indentation {
            joined.push(*unit);
        }
    }
    Some(joined)
}

fn push(units: &mut Vec<Unit>, unit: Unit) {
    match units.last_mut() {
        Some((FOREIGN, _, end)) if unit.0 == FOREIGN => *end = unit.2,
        _ => units.push(unit),
    }
}

/// The unit that an escape stands for, if any, and the number of units it consists of.
type Escape = (Option<u8>, usize);

fn escape(units: &[Unit], dialect: Dialect) -> Option<Escape> {
    match (units[0].0, units.get(1)?.0) {
        // Soft line breaks.
        (b'\\' | b'=', b'\n') => Some((None, 2)),
        (b'\\', _) => match dialect {
            Dialect::Json => backslash(units),
            Dialect::Css => hexadecimal(units).or_else(|| punctuation(units)),
        },
        (b'&', _) => reference(units),
        (b'%', b'u' | b'U') => Some((byte(digits(units.get(2..6)?, 16)?), 6)),
        (b'%' | b'=', _) => Some((byte(digits(units.get(1..3)?, 16)?), 3)),
        _ => None,
    }
}

fn backslash(units: &[Unit]) -> Option<Escape> {
    let fixed = |length: usize| Some((byte(digits(units.get(2..length)?, 16)?), length));
    match units[1].0 {
        b'n' => Some((Some(b'\n'), 2)),
        b't' => Some((Some(b'\t'), 2)),
        b'r' => Some((None, 2)),
        b'x' => fixed(4),
        b'U' => fixed(10),
        b'u' if units.get(2)?.0 == b'{' => {
            let length = units[3..].iter().take(7).position(|unit| unit.0 == b'}')?;
            Some((byte(digits(&units[3..3 + length], 16)?), length + 4))
        }
        b'u' => fixed(6),
        b'0'..=b'7' => {
            let length = units[1..].iter().take(3).take_while(|unit| matches!(unit.0, b'0'..=b'7')).count();
            Some((byte(digits(&units[1..=length], 8)?), length + 1))
        }
        _ => punctuation(units),
    }
}

fn hexadecimal(units: &[Unit]) -> Option<Escape> {
    let length = units[1..].iter().take(6).take_while(|unit| unit.0.is_ascii_hexdigit()).count();
    let value = digits(&units[1..=length], 16)?;
    let has_space = units.get(length + 1).is_some_and(|unit| matches!(unit.0, b' ' | b'\t' | b'\n'));
    Some((byte(value), length + 1 + usize::from(has_space)))
}

fn punctuation(units: &[Unit]) -> Option<Escape> {
    let escaped = units[1].0;
    (escaped.is_ascii_punctuation() || escaped == b' ').then_some((Some(escaped), 2))
}

/// Decodes a character reference of HTML. As in browsers, numbers and the oldest names need no semicolon.
fn reference(units: &[Unit]) -> Option<Escape> {
    let with_semicolon = |length: usize| length + usize::from(units.get(length).is_some_and(|unit| unit.0 == b';'));
    if units[1].0 == b'#' {
        let (start, radix) = if matches!(units.get(2)?.0, b'x' | b'X') { (3, 16) } else { (2, 10) };
        let is_digit = |unit: &&Unit| char::from(unit.0).is_digit(radix);
        let length = units[start..].iter().take_while(is_digit).count();
        return Some((byte(digits(&units[start..start + length], radix)?), with_semicolon(start + length)));
    }
    // No name in the table is longer.
    let length = units[1..].iter().take(24).take_while(|unit| unit.0.is_ascii_alphanumeric()).count();
    let name = &units[1..=length];
    let starts_with = |known: &str| {
        known.len() <= length && name.iter().zip(known.bytes()).all(|(unit, known)| unit.0.eq_ignore_ascii_case(&known))
    };
    if units.get(length + 1).is_some_and(|unit| unit.0 == b';') {
        let known = NAMED.iter().find(|(known, _)| known.len() == length && starts_with(known));
        return Some((known.map_or(Some(FOREIGN), |(_, value)| byte((*value).into())), length + 2));
    }
    let (known, value) = NAMED[..OLDEST].iter().find(|(known, _)| starts_with(known))?;
    Some((Some(*value), known.len() + 1))
}

/// Number of names at the start of [`NAMED`] that need no semicolon.
const OLDEST: usize = 5;

const NAMED: [(&str, u8); 45] = [
    ("amp", b'&'),
    ("lt", b'<'),
    ("gt", b'>'),
    ("quot", b'"'),
    ("nbsp", b' '),
    ("apos", b'\''),
    ("sol", b'/'),
    ("bsol", b'\\'),
    ("plus", b'+'),
    ("equals", b'='),
    ("percnt", b'%'),
    ("num", b'#'),
    ("colon", b':'),
    ("semi", b';'),
    ("quest", b'?'),
    ("excl", b'!'),
    ("dollar", b'$'),
    ("lowbar", b'_'),
    ("underbar", b'_'),
    ("commat", b'@'),
    ("period", b'.'),
    ("comma", b','),
    ("ast", b'*'),
    ("midast", b'*'),
    ("lpar", b'('),
    ("rpar", b')'),
    ("lsqb", b'['),
    ("lbrack", b'['),
    ("rsqb", b']'),
    ("rbrack", b']'),
    ("lcub", b'{'),
    ("lbrace", b'{'),
    ("rcub", b'}'),
    ("rbrace", b'}'),
    ("hat", b'^'),
    ("grave", b'`'),
    ("diacriticalgrave", b'`'),
    ("verbar", b'|'),
    ("vert", b'|'),
    ("verticalline", b'|'),
    ("newline", b'\n'),
    ("tab", b'\t'),
    // These have no width.
    ("shy", 0),
    ("zerowidthspace", 0),
    ("zwnj", 0),
];

/// Returns the unit for a character or a byte; `None` if it has no width.
fn byte(value: u32) -> Option<u8> {
    match u8::try_from(value) {
        // Part of a line break, or half of an ASCII character in UTF-16.
        Ok(b'\r' | 0) => None,
        Ok(byte) if byte.is_ascii() => Some(byte),
        _ if matches!(value, 0xad | 0x200b..=0x200d | 0x2060 | 0xfeff) => None,
        _ => Some(FOREIGN),
    }
}

/// Parses the digits; `None` if there are none or one is invalid. Saturates.
fn digits(units: &[Unit], radix: u32) -> Option<u32> {
    let mut digits = units.iter().map(|unit| char::from(unit.0).to_digit(radix));
    let first = digits.next()??;
    digits.try_fold(first, |number, digit| Some(number.saturating_mul(radix).saturating_add(digit?)))
}
