//! Spellings in which a server, or something before it, may repeat a text; whole and cut.

use base64::{
    Engine,
    prelude::{BASE64_STANDARD, BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE, BASE64_URL_SAFE_NO_PAD},
};
use serde_json::json;

fn each(text: &str, spell: impl Fn(char) -> String) -> String {
    text.chars().map(spell).collect()
}

fn each_byte(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}

/// Escapes a text for a JSON string.
pub fn in_json(text: &str) -> String {
    let json = json!(text).to_string();
    json[1..json.len() - 1].to_owned()
}

fn in_html(text: &str, end: &str) -> String {
    let named = [('&', "&amp"), ('<', "&lt"), ('>', "&gt"), ('"', "&quot")];
    each(text, |char| named.iter().find(|(of, _)| *of == char).map_or(char.into(), |(_, name)| format!("{name}{end}")))
}

fn in_percents(text: &str) -> String {
    url::form_urlencoded::byte_serialize(text.as_bytes()).collect()
}

/// Wraps a text into lines of five characters.
fn wrapped(text: &str, line_break: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    chars.chunks(5).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(line_break)
}

/// Returns an ASCII text in many spellings.
pub fn spellings(text: &str) -> Vec<String> {
    let quoted_printable = text.replace('=', "=3D");
    vec![
        text.to_owned(),
        text.to_uppercase(),
        in_json(text),
        in_json(text).replace('/', "\\/"),
        in_json(&in_json(text)),
        each_byte(text, |byte| format!("\\u{byte:04x}")),
        each_byte(text, |byte| format!("\\u{byte:04X}")),
        each_byte(text, |byte| format!("\\x{byte:02x}")),
        each_byte(text, |byte| format!("\\{byte:03o}")),
        each_byte(text, |byte| format!("\\{byte:x} ")),
        each(text, |char| char.escape_unicode().to_string()),
        in_html(text, ";"),
        in_html(text, ""),
        in_html(&in_html(text, ";"), ";"),
        each_byte(text, |byte| format!("&#{byte};")),
        each_byte(text, |byte| format!("&#x{byte:X};")),
        in_percents(text),
        in_percents(&in_percents(text)),
        each_byte(text, |byte| format!("%{byte:02x}")),
        each_byte(text, |byte| format!("%u{byte:04x}")),
        each_byte(text, |byte| format!("={byte:02X}")),
        each_byte(text, |byte| format!("{byte:02X}")),
        wrapped(text, "\r\n"),
        wrapped(text, "\\\n"),
        wrapped(&quoted_printable, "=\r\n"),
        BASE64_STANDARD_NO_PAD.encode(text),
        BASE64_URL_SAFE.encode(text),
        BASE64_STANDARD.encode(format!("{{\"{text}\"}}")),
    ]
}

/// Returns these words and the tokens of HTTP Basic authentication for a name and a secret, each in all [`spellings`],
/// and each spelling whole, without its end and without its beginning.
pub fn echoes(logins: &[(&str, &str)]) -> Vec<String> {
    let mut words = Vec::new();
    for (name, secret) in logins {
        let pair = format!("{name}:{secret}");
        words.extend([(*name).to_owned(), (*secret).to_owned()]);
        words.extend([BASE64_STANDARD.encode(&pair), BASE64_URL_SAFE_NO_PAD.encode(&pair)]);
    }
    let mut echoes = Vec::new();
    for whole in words.iter().flat_map(|word| spellings(word)) {
        let chars: Vec<char> = whole.chars().collect();
        let part = |range: std::ops::Range<usize>| chars[range].iter().collect::<String>();
        let cut = chars.len() * 3 / 4;
        echoes.extend([part(0..cut), part(chars.len() - cut..chars.len())]);
        echoes.push(whole);
    }
    echoes
}

/// Asserts that a text contains neither the echo nor more than half of it.
///
/// # Panics
///
/// If it contains it.
#[track_caller]
pub fn is_not_in(echo: &str, text: &str) {
    let chars: Vec<char> = echo.chars().collect();
    for window in chars.windows(chars.len().div_ceil(2)).step_by((chars.len() / 16).max(1)) {
        let window: String = window.iter().collect();
        for seen in [window.as_str(), &in_json(&window)] {
            assert!(!text.contains(seen), "{seen} of {echo} is in {text}");
        }
    }
}
