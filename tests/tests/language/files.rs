//! The source files and documents of the repository.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// Folders that are not part of the repository: build output, packages, and the findings and inputs of fuzzers.
const IGNORED: [&str; 6] = [".git", "target", "corpus", "artifacts", "coverage", "node_modules"];

/// A file.
pub(crate) struct SourceFile {
    /// Its path in the repository, with slashes.
    pub(crate) path: String,
    pub(crate) text: String,
}

impl SourceFile {
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// Returns all Rust sources, Markdown and YAML files, except for this test, which names the words.
pub(crate) fn all() -> Vec<SourceFile> {
    let mut files = Vec::new();
    let root: PathBuf = [env!("CARGO_MANIFEST_DIR"), ".."].iter().collect();
    collect(&root, "", &mut files);
    files.retain(|file| !file.path.starts_with("tests/tests/language/"));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    files
}

fn collect(folder: &Path, prefix: &str, files: &mut Vec<SourceFile>) {
    let entries = fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    for entry in entries {
        let entry = entry.unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        let kind = entry.file_type().unwrap_or_else(|error| panic!("{}: {error}", entry.path().display()));
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        if kind.is_dir() && !IGNORED.contains(&&*name) {
            collect(&entry.path(), &format!("{path}/"), files);
        } else if kind.is_file() && [".rs", ".md", ".yaml"].iter().any(|extension| name.ends_with(extension)) {
            let text = fs::read_to_string(entry.path()).unwrap_or_else(|error| panic!("{path}: {error}"));
            files.push(SourceFile { path, text });
        }
    }
}
