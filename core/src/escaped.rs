//! Escaping of foreign text, so that it has no effect on a terminal or a log.

use core::fmt::{self, Write};

/// Shows text of a server, a file system or another library with control characters escaped, including those that
/// change the direction of text.
pub(crate) struct Escaped<T>(pub(crate) T);

impl<T: fmt::Display> fmt::Display for Escaped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(EscapingWriter(f), "{}", self.0)
    }
}

struct EscapingWriter<'a, 'f>(&'a mut fmt::Formatter<'f>);

impl Write for EscapingWriter<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some((at, char)) = rest.char_indices().find(|(_, char)| is_control(*char)) {
            self.0.write_str(&rest[..at])?;
            write!(self.0, "{}", char.escape_default())?;
            rest = &rest[at + char.len_utf8()..];
        }
        self.0.write_str(rest)
    }
}

/// Returns `true` for control characters, line and paragraph separators, and characters that change the direction of
/// text.
fn is_control(char: char) -> bool {
    char.is_control() || matches!(char, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn only_control_characters_are_escaped() {
        for (text, shown) in [
            ("", ""),
            ("Grüße, 漢字 \u{1f468}\u{200d}\u{1f469} \"x\" \\n", "Grüße, 漢字 \u{1f468}\u{200d}\u{1f469} \"x\" \\n"),
            ("\u{1b}[31mred\u{7}", "\\u{1b}[31mred\\u{7}"),
            ("one\r\ntwo\tthree\0", "one\\r\\ntwo\\tthree\\u{0}"),
            ("\u{9b}2J\u{7f}", "\\u{9b}2J\\u{7f}"),
            ("\u{202e}txt.exe\u{2066}\u{2069}\u{2028}", "\\u{202e}txt.exe\\u{2066}\\u{2069}\\u{2028}"),
        ] {
            assert_eq!(Escaped(text).to_string(), shown);
            assert_eq!(Escaped(Escaped(text)).to_string(), shown, "escaping twice changes nothing");
        }
    }
}
