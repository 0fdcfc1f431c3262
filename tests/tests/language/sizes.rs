//! Limits on the sizes of Rust source files.

use crate::files::{self, SourceFile};

/// Maximum length of a line, in characters. rustfmt does not wrap comments and string literals.
const MAX_COLUMNS: usize = 120;
/// Maximum length of a file, in lines.
const MAX_LINES: usize = 350;

fn long_lines(text: &str) -> impl Iterator<Item = usize> {
    let numbered = (1..).zip(text.lines());
    numbered.filter(|(_, line)| line.chars().count() > MAX_COLUMNS).map(|(number, _)| number)
}

#[test]
fn lines_are_short() {
    let files = files::all();
    let violations: Vec<String> = files
        .iter()
        .filter(|file| file.extension() == "rs")
        .flat_map(|file| long_lines(&file.text).map(|line| format!("{}:{line}", file.path)))
        .collect();
    assert!(violations.is_empty(), "more than {MAX_COLUMNS} columns:\n{}", violations.join("\n"));
}

#[test]
fn files_are_short() {
    let is_long = |file: &SourceFile| file.extension() == "rs" && file.text.lines().count() > MAX_LINES;
    let long: Vec<String> = files::all().into_iter().filter(is_long).map(|file| file.path).collect();
    assert!(long.is_empty(), "more than {MAX_LINES} lines:\n{}", long.join("\n"));
}

#[test]
fn columns_are_characters() {
    let fits = "\u{2500}".repeat(MAX_COLUMNS);
    assert_eq!(long_lines(&format!("{fits}\n{fits}x\n{fits}\n")).collect::<Vec<_>>(), [2]);
}
