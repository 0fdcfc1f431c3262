//! Escapes of other formats, taken away: JSON and languages like it, HTML, percent-encoding, quoted-printable.

use alloc::vec::Vec;

/// A character, and where its spelling in the original text begins and ends.
pub(super) type Unit = (char, usize, usize);

/// Returns the text with one layer of escapes taken away; `None` if it has none.
pub(super) fn decoded(units: &[Unit]) -> Option<Vec<Unit>> {
    if !units.iter().any(|unit| matches!(unit.0, '\\' | '&' | '%' | '=')) {
        return None;
    }
    let mut decoded = Vec::with_capacity(units.len());
    let mut rest = units;
    while let [first, ..] = rest {
        let (char, length) = escape(rest).unwrap_or((first.0, 1));
        decoded.push((char, first.1, rest[length - 1].2));
        rest = &rest[length..];
    }
    (decoded.len() < units.len()).then_some(decoded)
}

/// Returns the character that the escape at the beginning stands for, and the number of characters that it has.
fn escape(units: &[Unit]) -> Option<(char, usize)> {
    match units[0].0 {
        '\\' => backslash(units),
        '&' => reference(units),
        sign @ ('%' | '=') => bytes(sign, units),
        _ => None,
    }
}

/// JSON, JavaScript, Python, Rust.
fn backslash(units: &[Unit]) -> Option<(char, usize)> {
    let escaped = units.get(1)?.0;
    let short = match escaped {
        '"' | '\\' | '/' | '\'' => escaped,
        'n' => '\n',
        't' => '\t',
        'r' => '\r',
        'b' => '\u{8}',
        'f' => '\u{c}',
        'x' => return Some((char::from_u32(hex(units.get(2..4)?)?)?, 4)),
        'u' if units.get(2)?.0 == '{' => {
            let digits = units.get(3..)?.iter().take(6).position(|unit| unit.0 == '}')?;
            return Some((char::from_u32(hex(&units[3..3 + digits])?)?, digits + 4));
        }
        'u' => return code_units(units),
        _ => return None,
    };
    Some((short, 2))
}

/// `\uXXXX`, or two of them.
fn code_units(units: &[Unit]) -> Option<(char, usize)> {
    let first = u16::try_from(hex(units.get(2..6)?)?).ok()?;
    if let Some(char) = char::from_u32(first.into()) {
        return Some((char, 6));
    }
    let second = units.get(6..12).filter(|units| (units[0].0, units[1].0) == ('\\', 'u'))?;
    let second = u16::try_from(hex(&second[2..])?).ok()?;
    Some((char::decode_utf16([first, second]).next()?.ok()?, 12))
}

/// An HTML character reference.
fn reference(units: &[Unit]) -> Option<(char, usize)> {
    // No reference to a character is longer: `&#x0010ffff;`.
    let end = units.iter().take(16).position(|unit| unit.0 == ';')?;
    let name = &units[1..end];
    let is = |known: &str| name.iter().map(|unit| unit.0).eq(known.chars());
    let char = match name {
        [('#', ..), ('x' | 'X', ..), digits @ ..] => char::from_u32(hex(digits)?)?,
        [('#', ..), digits @ ..] => char::from_u32(number(digits, 10)?)?,
        _ => NAMED.iter().find(|(known, _)| is(known))?.1,
    };
    Some((char, end + 1))
}

const NAMED: [(&str, char); 20] = [
    ("amp", '&'),
    ("lt", '<'),
    ("gt", '>'),
    ("quot", '"'),
    ("apos", '\''),
    ("nbsp", ' '),
    ("sol", '/'),
    ("bsol", '\\'),
    ("plus", '+'),
    ("equals", '='),
    ("percnt", '%'),
    ("num", '#'),
    ("colon", ':'),
    ("semi", ';'),
    ("quest", '?'),
    ("excl", '!'),
    ("dollar", '$'),
    ("lowbar", '_'),
    ("commat", '@'),
    ("period", '.'),
];

/// The UTF-8 of one character, each byte as a sign and two digits.
fn bytes(sign: char, units: &[Unit]) -> Option<(char, usize)> {
    let byte = |at: usize| {
        let units = units.get(at * 3..at * 3 + 3).filter(|units| units[0].0 == sign)?;
        u8::try_from(hex(&units[1..])?).ok()
    };
    let mut text = [byte(0)?, 0, 0, 0];
    let length = match text[0] {
        0..0x80 => 1,
        0x80..0xe0 => 2,
        0xe0..0xf0 => 3,
        0xf0.. => 4,
    };
    for (at, place) in text.iter_mut().enumerate().take(length).skip(1) {
        *place = byte(at)?;
    }
    Some((core::str::from_utf8(&text[..length]).ok()?.chars().next()?, length * 3))
}

fn hex(digits: &[Unit]) -> Option<u32> {
    number(digits, 16)
}

fn number(digits: &[Unit], radix: u32) -> Option<u32> {
    let mut digits = digits.iter();
    let first = digits.next()?.0.to_digit(radix)?;
    digits.try_fold(first, |number, unit| number.checked_mul(radix)?.checked_add(unit.0.to_digit(radix)?))
}
