//! The documents of the repository are complete.

use std::{
    fs,
    path::{Path, PathBuf},
};

use teamwire_tests::operations::documented;

fn path(in_repository: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(in_repository)
}

fn read(document: &str) -> String {
    fs::read_to_string(path(document)).unwrap_or_else(|error| panic!("{document}: {error}"))
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
fn documents_with_code_are_compiled() {
    let compiled = read("tests/src/documents.rs");
    for folder in ["", "docs/", "core/", "blocking/", "async-std-adapter/"] {
        let entries = fs::read_dir(path(folder)).expect("the folder exists");
        for entry in entries {
            let name = entry.expect("the entry can be read").file_name().into_string().expect("a name in UTF-8");
            let document = format!("{folder}{name}");
            if Path::new(&name).extension().is_some_and(|it| it == "md") && read(&document).contains("```rust") {
                assert!(
                    compiled.contains(&format!("\"{document}\"")),
                    "{document} is missing from tests/src/documents.rs"
                );
            }
        }
    }
}
