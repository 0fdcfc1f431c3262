//! The tokens of Rust source code, without comments, literals and code for tests.

/// A token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// A name or a keyword.
    Name(&'a str),
    /// `::`.
    Path,
    /// Any other character.
    Other(char),
}

/// Returns the tokens of the code, except for the items that only tests compile.
pub(crate) fn of_production(source: &str) -> Vec<Token<'_>> {
    let tokens = all(source);
    let mut kept = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let end = end_of_attribute(&tokens, at);
        if is_for_tests(&tokens[at..end]) {
            at = end_of_item(&tokens, end);
        } else {
            // Attributes hold no imports.
            if end == at {
                kept.push(tokens[at]);
            }
            at = end.max(at + 1);
        }
    }
    kept
}

/// Returns the names of the child modules that only tests compile.
pub(crate) fn test_modules(source: &str) -> Vec<&str> {
    let tokens = all(source);
    let mut modules = Vec::new();
    for at in 0..tokens.len() {
        let end = end_of_attribute(&tokens, at);
        if let [Token::Name("mod"), Token::Name(name), ..] = tokens[end..] {
            modules.extend(is_for_tests(&tokens[at..end]).then_some(name));
        }
    }
    modules
}

/// Returns the end of the attribute that begins here, or `at` if none does.
fn end_of_attribute(tokens: &[Token<'_>], at: usize) -> usize {
    let open = match tokens[at..] {
        [Token::Other('#'), Token::Other('['), ..] => at + 1,
        [Token::Other('#'), Token::Other('!'), Token::Other('['), ..] => at + 2,
        _ => return at,
    };
    end_of_group(tokens, open)
}

fn is_for_tests(attribute: &[Token<'_>]) -> bool {
    let has = |name| attribute.contains(&Token::Name(name));
    has("cfg") && has("test") && !has("not") && !has("any")
}

/// Returns the end of the item that begins here: behind its semicolon or its braces.
fn end_of_item(tokens: &[Token<'_>], start: usize) -> usize {
    let mut at = start;
    while at < tokens.len() {
        match tokens[at] {
            Token::Other(';') => return at + 1,
            Token::Other('{') => return end_of_group(tokens, at),
            Token::Other('(' | '[') => at = end_of_group(tokens, at),
            _ => at += 1,
        }
    }
    at
}

/// Returns the position behind the bracket that closes the one at this position.
fn end_of_group(tokens: &[Token<'_>], open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate().skip(open) {
        match token {
            Token::Other('(' | '[' | '{') => depth += 1,
            Token::Other(')' | ']' | '}') if depth == 1 => return at + 1,
            Token::Other(')' | ']' | '}') => depth -= 1,
            _ => {}
        }
    }
    tokens.len()
}

fn all(source: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = source;
    while let Some(next) = rest.chars().next() {
        let length = literal_or_comment(rest);
        if length > 0 {
            rest = &rest[length..];
        } else if next == '_' || next.is_alphabetic() {
            let (name, after) =
                rest.split_at(rest.find(|c| c != '_' && !char::is_alphanumeric(c)).unwrap_or(rest.len()));
            tokens.push(Token::Name(name));
            rest = after;
        } else if let Some(after) = rest.strip_prefix("::") {
            tokens.push(Token::Path);
            rest = after;
        } else {
            tokens.extend((!next.is_whitespace()).then_some(Token::Other(next)));
            rest = &rest[next.len_utf8()..];
        }
    }
    tokens
}

/// Returns the length of the comment, string, character or lifetime at the beginning of the text, or 0.
fn literal_or_comment(text: &str) -> usize {
    if text.starts_with("//") {
        return text.find('\n').unwrap_or(text.len());
    }
    if text.starts_with("/*") {
        return text.find("*/").map_or(text.len(), |end| end + 2);
    }
    let unprefixed = text.trim_start_matches(['b', 'c', 'r']);
    let prefix = text.len() - unprefixed.len();
    if prefix <= 2 && text[..prefix].ends_with('r') {
        let quoted = unprefixed.trim_start_matches('#');
        let marks = &unprefixed[..unprefixed.len() - quoted.len()];
        if let Some(content) = quoted.strip_prefix('"') {
            let end = format!("\"{marks}");
            return content.find(&end).map_or(text.len(), |at| text.len() - content.len() + at + end.len());
        }
    }
    if prefix <= 1 && unprefixed.starts_with('"') {
        let mut is_escaped = false;
        let end = unprefixed[1..].find(|c| {
            let is_end = c == '"' && !is_escaped;
            is_escaped = c == '\\' && !is_escaped;
            is_end
        });
        return end.map_or(text.len(), |end| prefix + end + 2);
    }
    if prefix <= 1 && unprefixed.starts_with('\'') {
        let mut chars = unprefixed.char_indices().skip(1);
        let length = match (chars.next(), chars.next()) {
            (Some((_, '\\')), Some((escaped, _))) => unprefixed[escaped + 1..].find('\'').map(|at| escaped + 2 + at),
            (Some(_), Some((end, '\''))) => Some(end + 1),
            // The quotation mark of a lifetime.
            _ => Some(1),
        };
        return prefix + length.unwrap_or(1);
    }
    0
}
