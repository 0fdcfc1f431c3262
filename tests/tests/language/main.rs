//! The language of the repository: plain technical English in documentation, comments, messages and documents, short
//! files and lines, and the names of the wire contract only where it is implemented.
//!
//! The words that are avoided, and the ones to use instead, are in the vocabulary of `CONTRIBUTING.md`.

mod boundaries;
mod files;
mod prose;
mod requests;
mod rules;
mod sizes;

use self::rules::Violation;

/// Files in which a phrase is quoted, not used.
const EXCEPTIONS: &[(&str, &str)] = &[
    // The column of words that are not used.
    ("CONTRIBUTING.md", "trouble"),
    ("CHANGELOG.md", "trouble"),
];

#[test]
fn text_is_plain_english() {
    let files = files::all();
    let of_kind = |extension: &str| files.iter().filter(|file| file.extension() == extension).count();
    assert!(of_kind("rs") > 300 && of_kind("md") > 10 && of_kind("yaml") > 0, "files are missing");
    let violations: Vec<String> = files
        .iter()
        .flat_map(|file| {
            rules::violations(file.extension(), &file.text)
                .into_iter()
                .filter(|violation| !EXCEPTIONS.contains(&(&*file.path, &*violation.phrase)))
                .map(|Violation { line, phrase }| format!("{}:{line}: {phrase}", file.path))
        })
        .collect();
    assert!(violations.is_empty(), "{} violations:\n{}", violations.len(), violations.join("\n"));
}

/// Asserts the violations in a text, each as its line and phrase.
#[track_caller]
fn assert_violations(extension: &str, text: &str, expected: &[(usize, &str)]) {
    let violations = rules::violations(extension, text);
    let found: Vec<_> = violations.iter().map(|it| (it.line, it.phrase.as_str())).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn words_are_found_in_comments_and_strings_only() {
    assert_violations("rs", "// It Raises.\nlet told = 1;", &[(1, "raises")]);
    assert_violations("rs", "/* one /* told */\ntrouble */ let told = 1;", &[(1, "told"), (2, "trouble")]);
    assert_violations("rs", "let a = \"\\\"\ntold\"; let told = 'a';", &[(2, "told")]);
    assert_violations("rs", "let a = br##\"\n\" \"# told\"##; let told = r#type;", &[(2, "told")]);
    assert_violations("rs", "let a = \"a\\ntold\"; let b = \"is\\u{a0}told\";", &[(1, "told"), (1, "told")]);
    assert_violations(
        "rs",
        "fn told<'told>(a: char) { a == '\"' || a == '\\'' || a == '\"' } // trouble",
        &[(1, "trouble")],
    );
    assert_violations("rs", "//! ```\n//! fn trouble() {}\n//! ```", &[(2, "trouble")]);
    assert_violations("rs", "let extolled = \"untold, retold\"; // is_told", &[]);
}

#[test]
fn phrases_are_found_across_lines_of_one_text() {
    assert_violations("rs", "    /// Answers\n    /// with it.", &[(1, "answers with")]);
    assert_violations("rs", "let a = \"the feed goes \\\n   on\";", &[(1, "goes on")]);
    assert_violations("rs", "// It goes\nlet a = 1;\n// on and on.", &[]);
    assert_violations("rs", "let a = \"it goes\"; let b = \"on\";", &[]);
}

#[test]
fn words_are_found_everywhere_in_documents() {
    assert_violations(
        "md",
        "# Told\n\n`trouble` | the feed begins\nanew",
        &[(1, "told"), (3, "trouble"), (3, "begins anew")],
    );
    assert_violations("yaml", "description: >-\n  It answers\n  with it.", &[(2, "answers with")]);
}

#[test]
fn doc_lines_that_open_with_a_clause_are_found() {
    for (text, opening) in [
        ("    /// What it has.", "What ..."),
        ("//! How it works.", "How ..."),
        ("/// Who is there", "Who ..."),
        ("///  Whether it is.", "Whether ..."),
        ("    /// When it ends.", "When ..."),
        ("/// Of a file.", "Of ..."),
    ] {
        assert_violations("rs", text, &[(1, opening)]);
    }
    assert_violations("rs", "/// Whatever.\n/// # How\n//// What now\n// What is it?\nlet a = 1; // What", &[]);
    assert_violations(
        "rs",
        "/// The end.\n/// When it has come, nothing follows.\n/// What is left?",
        &[(3, "What ...")],
    );
    assert_violations("rs", "a: u8, // When\n/// Where it is.\n/// Where it was.", &[(2, "Where ...")]);
    assert_violations("md", "How to do it", &[]);
}
