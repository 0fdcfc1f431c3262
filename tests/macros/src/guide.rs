//! The crate that a guide builds step by step, from its labelled blocks of code.

use std::collections::BTreeMap;

/// The library's file, whose modules are the other files of `src`.
const ROOT: &str = "src/lib.rs";

/// Returns documentation tests: the crate after each step that has Rust code, and each block without a label.
///
/// # Panics
///
/// If a label does not apply: its file does not exist, or does not have the text to be replaced once.
pub(crate) fn tests(guide: &str, name: &str) -> Vec<String> {
    let mut files = BTreeMap::new();
    let mut tests = Vec::new();
    for step in guide.split("\n## ") {
        let mut has_changed = false;
        let mut blocks = blocks(step).into_iter();
        while let Some(Block { label, language, code }) = blocks.next() {
            match Label::parse(label) {
                None if language.starts_with("rust") => tests.push(format!("```{language}\n{code}\n```")),
                Some(label) if language == "rust" => {
                    let replacement = matches!(label, Label::Replace(_)).then(|| blocks.next().expect("a replacement"));
                    label.apply(code, replacement.map(|block| block.code), &mut files);
                    has_changed = true;
                }
                _ => {}
            }
        }
        if has_changed {
            tests.push(format!("```standalone_crate\n{}\n```", program(&files, name)));
        }
    }
    tests
}

struct Block<'a> {
    /// The last line of text before the block.
    label: &'a str,
    language: &'a str,
    code: String,
}

fn blocks(text: &str) -> Vec<Block<'_>> {
    let (mut blocks, mut label, mut lines) = (Vec::new(), "", text.lines());
    while let Some(line) = lines.next() {
        if let Some(language) = line.strip_prefix("```") {
            let code: Vec<_> = lines.by_ref().take_while(|line| *line != "```").collect();
            blocks.push(Block { label, language, code: code.join("\n") });
            label = "";
        } else if !line.is_empty() {
            label = line;
        }
    }
    blocks
}

/// The place of a block in the crate.
#[derive(Clone, Copy)]
enum Label<'a> {
    File(&'a str),
    Add(&'a str),
    Replace(&'a str),
}

impl<'a> Label<'a> {
    fn parse(line: &'a str) -> Option<Self> {
        let (verb, path) = line.strip_suffix("`:")?.split_once('`')?;
        match verb {
            "" => Some(Self::File(path)),
            "Add to " => Some(Self::Add(path)),
            "Replace in " => Some(Self::Replace(path)),
            _ => None,
        }
    }

    fn apply(self, code: String, replacement: Option<String>, files: &mut BTreeMap<String, String>) {
        match (self, replacement) {
            (Self::Replace(path), Some(replacement)) => {
                let file = files.get_mut(path).unwrap_or_else(|| panic!("{path} does not exist yet"));
                assert_eq!(file.matches(&code).count(), 1, "{path} must have once: {code}");
                *file = file.replace(&code, &replacement);
            }
            (Self::Add(path), _) => {
                let file = files.get_mut(path).unwrap_or_else(|| panic!("{path} does not exist yet"));
                file.push_str("\n\n");
                file.push_str(&code);
            }
            (Self::File(path) | Self::Replace(path), _) => {
                files.insert(path.to_owned(), code);
            }
        }
    }
}

/// Returns the crate as one file. Its tests are called by `main`; its examples are only compiled.
fn program(files: &BTreeMap<String, String>, name: &str) -> String {
    let (mut program, mut calls) = (files[ROOT].clone(), String::new());
    for (path, code) in files {
        let module = path.rsplit('/').next().and_then(|file| file.strip_suffix(".rs")).unwrap_or_default();
        match path.split('/').next() {
            Some("src") if path != ROOT => {
                program = program.replace(&format!("mod {module};"), &format!("mod {module} {{\n{code}\n}}"));
            }
            Some("tests") => {
                let tests = code.split("#[test]\nfn ").skip(1).filter_map(|test| test.split('(').next());
                calls.extend(tests.map(|test| format!("    tests_{module}::{test}().unwrap();\n")));
                let public = code.replace("#[test]\nfn ", "pub fn ");
                program.extend(["\nmod tests_", module, " {\n", &public, "\n}\n"]);
            }
            Some("examples") => program.extend(["\nmod example_", module, " {\n", code, "\n}\n"]),
            _ => {}
        }
    }
    format!("#![deny(unused_imports)]\n{program}\n\nextern crate self as {name};\n\nfn main() {{\n{calls}}}\n")
}
