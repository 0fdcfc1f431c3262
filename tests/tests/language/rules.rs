//! The rules for words and phrases.

use std::iter;

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

/// Openings of such a clause in a summary. In other lines they open sentences.
const SUMMARY_CLAUSES: [&str; 5] = ["When", "Where", "Why", "Which", "Of"];

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
        let previous = iter::once("").chain(text.lines());
        let lines = (1..).zip(previous.zip(text.lines()));
        violations.extend(lines.filter_map(|(line, (previous, text))| clause(line, previous, text)));
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
fn clause(line: usize, previous: &str, text: &str) -> Option<Violation> {
    let first = documentation(text)?.split_whitespace().next()?;
    let is_summary = documentation(previous).is_none();
    let is_clause = CLAUSES.contains(&first) || is_summary && SUMMARY_CLAUSES.contains(&first);
    is_clause.then(|| Violation { line, phrase: format!("{first} ...") })
}

/// Returns the text of a line of documentation.
fn documentation(line: &str) -> Option<&str> {
    let line = line.trim_start();
    line.strip_prefix("///").filter(|rest| !rest.starts_with('/')).or_else(|| line.strip_prefix("//!"))
}
