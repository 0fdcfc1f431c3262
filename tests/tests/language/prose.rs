//! The comments and string literals of Rust source code.

/// A comment, a block of line comments, or the content of a string literal.
#[derive(Debug)]
pub(crate) struct Prose<'a> {
    /// The number of the first line, from one.
    pub(crate) line: usize,
    /// The lines, without comment markers.
    pub(crate) lines: Vec<&'a str>,
}

/// Returns the comments and string literals of a source file.
pub(crate) fn of_rust(source: &str) -> Vec<Prose<'_>> {
    let mut scanner = Scanner { source, position: 0, line: 1 };
    let mut found = Vec::new();
    // The line of the last line comment, if the comment of the next line continues it.
    let mut last_comment = 0;
    while let Some(next) = scanner.rest().chars().next() {
        let line = scanner.line;
        if let Some(comment) = scanner.line_comment() {
            match found.last_mut() {
                Some(Prose { lines, .. }) if last_comment + 1 == line => lines.push(comment),
                _ => found.push(Prose { line, lines: vec![comment] }),
            }
            last_comment = line;
        } else if let Some(text) = scanner.block_comment().or_else(|| scanner.string()) {
            found.push(Prose { line, lines: text.split('\n').collect() });
            last_comment = 0;
        } else if next == '\'' {
            scanner.skip_char_or_lifetime();
        } else if next == '_' || next.is_alphanumeric() {
            let is_name = |c: char| c == '_' || c.is_alphanumeric();
            let length = scanner.rest().find(|c| !is_name(c)).unwrap_or(scanner.rest().len());
            scanner.advance(length);
        } else {
            if !next.is_whitespace() {
                last_comment = 0;
            }
            scanner.advance(next.len_utf8());
        }
    }
    found
}

struct Scanner<'a> {
    source: &'a str,
    position: usize,
    line: usize,
}

impl<'a> Scanner<'a> {
    fn rest(&self) -> &'a str {
        &self.source[self.position..]
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let passed = &self.rest()[..bytes];
        self.position += bytes;
        self.line += passed.matches('\n').count();
        passed
    }

    /// Passes a line comment. Returns its text without the marker.
    fn line_comment(&mut self) -> Option<&'a str> {
        let rest = self.rest().strip_prefix("//")?;
        let text = rest.lines().next().unwrap_or_default();
        self.advance("//".len() + text.len());
        Some(text.trim_start_matches(['/', '!']))
    }

    /// Passes a block comment, which can contain others.
    fn block_comment(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        rest.strip_prefix("/*")?;
        let (mut depth, mut end) = (0_usize, 0);
        while end < rest.len() {
            let tail = &rest[end..];
            if tail.starts_with("/*") {
                (depth, end) = (depth + 1, end + 2);
            } else if tail.starts_with("*/") {
                (depth, end) = (depth - 1, end + 2);
                if depth == 0 {
                    break;
                }
            } else {
                end += tail.chars().next().map_or(1, char::len_utf8);
            }
        }
        Some(self.advance(end))
    }

    /// Passes a string literal of any kind. Returns its content, with escapes.
    fn string(&mut self) -> Option<&'a str> {
        let rest = self.rest();
        let unprefixed = rest.strip_prefix(['b', 'c']).unwrap_or(rest);
        let raw = unprefixed.strip_prefix('r');
        let marks = raw.map_or(0, |raw| raw.len() - raw.trim_start_matches('#').len());
        let content = raw.map_or(unprefixed, |raw| &raw[marks..]).strip_prefix('"')?;
        let length = if raw.is_some() {
            content.find(&format!("\"{}", "#".repeat(marks)))
        } else {
            let mut escaped = false;
            content.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            })
        };
        let length = length.unwrap_or(content.len());
        let closing = content.len().min(length + 1 + marks) - length;
        self.advance(rest.len() - content.len() + length + closing);
        Some(&content[..length])
    }

    /// Passes a character literal, or only the quotation mark of a lifetime.
    fn skip_char_or_lifetime(&mut self) {
        let rest = &self.rest()[1..];
        let mut chars = rest.char_indices();
        let length = match chars.next() {
            Some((_, '\\')) => rest.char_indices().skip(2).find(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
            Some(_) => chars.next().filter(|(_, c)| *c == '\'').map_or(0, |(at, _)| at + 1),
            None => 0,
        };
        self.advance(1 + length);
    }
}
