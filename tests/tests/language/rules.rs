//! The rules for words and phrases.

use crate::prose::{self, Prose};

/// Words and phrases that have a plain, technical replacement.
const PHRASES: [&[&str]; 8] = [
    &["raises"],
    &["trouble"],
    &["troubles"],
    &["told"],
    &["answers", "with"],
    &["answer", "with"],
    &["goes", "on"],
    &["begins", "anew"],
];

/// Openings of a clause that stands for a thing. The first words of documentation name the thing.
const CLAUSES: [&str; 4] = ["What", "How", "Who", "Whether"];

/// A violation of a rule.
#[derive(Debug)]
pub(crate) struct Violation {
    /// The number of the line, from one.
    pub(crate) line: usize,
    pub(crate) phrase: String,
}

/// Returns the violations in a file, in the order of their lines.
pub(crate) fn violations(extension: &str, text: &str) -> Vec<Violation> {
    let is_rust = extension == "rs";
    let prose = if is_rust { prose::of_rust(text) } else { vec![Prose { line: 1, lines: text.lines().collect() }] };
    let mut violations: Vec<_> = prose.iter().flat_map(phrases).collect();
    if is_rust {
        violations.extend((1..).zip(text.lines()).filter_map(|(line, text)| clause(line, text)));
    }
    violations.sort_by_key(|violation| violation.line);
    violations
}

fn phrases(prose: &Prose<'_>) -> Vec<Violation> {
    let words: Vec<(usize, String)> =
        (prose.line..).zip(&prose.lines).flat_map(|(line, text)| words(text).map(move |word| (line, word))).collect();
    (0..words.len())
        .filter_map(|start| {
            let is_at_start = |phrase: &&&[&str]| {
                let following = words[start..].iter().map(|(_, word)| word.as_str());
                phrase.len() <= words.len() - start && following.zip(**phrase).all(|(word, expected)| word == *expected)
            };
            let phrase = PHRASES.iter().find(is_at_start)?;
            Some(Violation { line: words[start].0, phrase: phrase.join(" ") })
        })
        .collect()
}

/// Returns the words of a line in lower case. Escapes such as `\n` separate words; an underscore does not.
fn words(line: &str) -> impl Iterator<Item = String> {
    let mut plain = String::new();
    let mut chars = line.chars();
    while let Some(next) = chars.next() {
        match next {
            '\\' => {
                if chars.next() == Some('u') {
                    chars.by_ref().find(|c| *c == '}');
                }
                plain.push(' ');
            }
            next => plain.extend(next.to_lowercase()),
        }
    }
    let words: Vec<String> = plain
        .split(|c: char| c != '_' && !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(Into::into)
        .collect();
    words.into_iter()
}

/// Returns the violation of a line of documentation that opens with a clause.
fn clause(line: usize, text: &str) -> Option<Violation> {
    let text = text.trim_start();
    let documentation =
        text.strip_prefix("///").filter(|rest| !rest.starts_with('/')).or_else(|| text.strip_prefix("//!"))?;
    let first = documentation.split_whitespace().next()?;
    CLAUSES.contains(&first).then(|| Violation { line, phrase: format!("{first} ...") })
}
