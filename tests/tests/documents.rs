//! Checks of the documents: all operations are listed, code is compiled, and links lead to files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use teamwire_benchmarks::document;
use teamwire_tests::operations::documented;

const FOLDERS: [&str; 7] = ["", "docs/", "docs/guide/", "core/", "blocking/", "async-std-adapter/", "tests/"];

fn path(in_repository: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(in_repository)
}

fn read(document: &str) -> String {
    fs::read_to_string(path(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
}

/// The folder, name and text of each document.
fn documents() -> Vec<(&'static str, String, String)> {
    let mut documents = Vec::new();
    for folder in FOLDERS {
        for entry in fs::read_dir(path(folder)).expect("the folder exists") {
            let name = entry.expect("the entry can be read").file_name().into_string().expect("a name in UTF-8");
            if Path::new(&name).extension().is_some_and(|extension| extension == "md") {
                let text = read(&format!("{folder}{name}"));
                documents.push((folder, name, text));
            }
        }
    }
    documents
}

/// Returns the anchors of the headings of a document.
fn anchors(document: &str) -> impl Iterator<Item = String> {
    let headings = document.lines().filter(|line| line.starts_with('#'));
    headings.map(|heading| {
        let title = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        title.chars().filter(|c| matches!(c, '-' | '_') || c.is_alphanumeric()).collect()
    })
}

#[test]
fn operations_are_all_listed_once() {
    let document = read("docs/operations.md");
    for operation in documented() {
        let name = format!("{}.{}", operation.class.to_lowercase(), operation.name);
        let rows = document.lines().filter(|line| line.starts_with(&format!("| `{name}` |"))).count();
        assert_eq!(rows, 1, "rows of {name}");
    }
}

#[test]
fn operations_are_all_in_the_guide_for_python() {
    let guide = read("docs/guide/python.md");
    for operation in documented() {
        let row = format!("\n| `{}(", operation.name);
        assert_eq!(guide.matches(&row).count(), 1, "rows of {} in Python", operation.name);
    }
}

#[test]
fn chapters_are_all_in_the_summary() {
    let summary = read("docs/guide/SUMMARY.md");
    let chapters: Vec<_> =
        documents().into_iter().filter(|(folder, name, _)| *folder == "docs/guide/" && name != "SUMMARY.md").collect();
    assert!(chapters.len() > 5, "only {} chapters were found", chapters.len());
    for (_, name, text) in chapters {
        let title = text.lines().next().and_then(|line| line.strip_prefix("# ")).expect("a chapter has a title");
        assert!(summary.contains(&format!("\n- [{title}]({name})\n")), "{name}, {title:?}, is missing from SUMMARY.md");
    }
}

#[test]
fn measurements_are_all_written_by_a_command() {
    let document = read("docs/performance.md");
    let prose = document::prose(&document).expect("each table has an end");
    let is_measured = |word: &str| {
        let word = word.trim_matches(|it: char| !it.is_ascii_digit());
        let is_fraction =
            word.split_once(['.', ',']).is_some_and(|(_, after)| after.starts_with(|it: char| it.is_ascii_digit()));
        is_fraction || word.len() > 4 && word.bytes().all(|it| it.is_ascii_digit())
    };
    let figures: Vec<_> = prose.split_whitespace().filter(|word| is_measured(word)).collect();
    assert!(figures.is_empty(), "figures outside of the tables: {figures:?}");
    for (at, _) in document.match_indices("](performance/") {
        let file = document[at + 2..].split(')').next().expect("a link ends");
        assert!(read(&format!("docs/{file}")).starts_with("<svg"), "{file} is not a plot");
    }
}

#[test]
fn code_is_compiled() {
    let compiled = read("tests/src/documents.rs");
    for (folder, name, text) in documents() {
        let is_listed = compiled.contains(&format!("\"{folder}{name}\""));
        assert!(is_listed || !text.contains("```rust"), "{folder}{name} is missing from tests/src/documents.rs");
    }
}

#[test]
fn first_bot_is_an_example() {
    let example = read("blocking/examples/alert.rs");
    let (_, program) = example.split_once("\n\nuse ").expect("the program begins with its imports");
    let (program, _) = program.split_once("\n\n#[cfg(test)]").expect("its tests are at the end");
    let block = format!("```rust,no_run\nuse {program}\n```");
    for document in ["README.md", "blocking/README.md"] {
        assert!(read(document).contains(&block), "{document} has another program");
    }
    let page = commented(&format!("```no_run\nuse {program}\n```"));
    assert!(read("blocking/src/lib.rs").contains(&page), "the front page has another program");

    // The same function, asynchronous. The documents differ in the runtime.
    let (_, function) = program.split_once("\nfn alert").expect("it has this function");
    let function = function.replace("for event in events", "while let Some(event) = events.next()");
    let function = format!("async fn alert{function}\n```");
    for document in ["README.md", "async-std-adapter/README.md"] {
        assert!(read(document).replace(".await", "").contains(&function), "{document} has another program");
    }
    let page = read("async-std-adapter/src/lib.rs").replace(".await", "");
    assert!(page.contains(&commented(&function)), "the front page has another program");
}

/// Returns the text as a comment at the start of a file.
fn commented(text: &str) -> String {
    text.lines().map(|line| format!("//! {line}").trim_end().to_owned() + "\n").collect()
}

#[test]
fn first_minute_has_the_variables_of_the_sandbox() {
    let key = teamwire_sandbox::World::new(0).bot_key();
    for value in [format!("APP_ID={}", key.app_id), format!("SECRET={}", key.secret)] {
        let line = format!("\nexport TEAMWIRE_{value}\n");
        assert!(read("README.md").contains(&line), "README.md has another line than {line}");
    }
}

#[test]
fn links_lead_to_files() {
    let mut checked = 0;
    for (folder, name, text) in documents() {
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let (target, anchor) = link.split_once('#').unwrap_or((link, ""));
            if !link.contains("://") && !target.is_empty() {
                let linked = path(folder).join(target);
                assert!(linked.exists(), "{folder}{name} links to {target}, which does not exist");
                let has_anchor = || anchors(&fs::read_to_string(&linked).expect("a document")).any(|it| it == anchor);
                assert!(anchor.is_empty() || has_anchor(), "{folder}{name} links to {link}, which does not exist");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "only {checked} links were found");
}
