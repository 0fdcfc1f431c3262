//! The wire contract is known in one place: nothing else names its paths, members, codes, headers and limits.

use std::collections::BTreeSet;

use crate::files::{self, SourceFile};

/// The implementation of the contract.
const CONTRACT: &str = "core/src/protocol/v1";

/// The code that must not depend on it.
const SOURCES: [&str; 4] = ["core/src/", "core/std/src/", "blocking/src/", "async-std-adapter/src/"];

/// Paths, headers and limits. The names of members and the codes are taken from the document.
const NEEDLES: [(&str, &str); 14] = [
    ("\"v1/", "a path"),
    ("/v1/", "a path"),
    ("\"Basic ", "the scheme of the credentials"),
    ("idempotency-key", "a header"),
    ("problem+json", "a media type"),
    ("teamwire-file:", "the prefix of derived keys"),
    ("10_000", "the maximum length of a message"),
    ("(1..=128)", "the maximum length of an id or a key"),
    ("= 256;", "the maximum length of a line"),
    (", 600)", "the maximum size of an avatar"),
    ("5 << 20", "the maximum size of an avatar"),
    ("2048", "the maximum length of an App ID or a Secret"),
    ("must be ASCII", "the characters of an App ID or a Secret"),
    ("from_secs(300)", "the duration of a lease"),
];

/// Names of members without an underscore.
const MEMBERS: [&str; 5] = ["tid", "mid", "uid", "gid", "msg"];

/// Matches with another meaning.
const EXCEPTIONS: &[(&str, &str, &str)] = &[
    ("core/src/config/urls.rs", "2048", "the maximum length of the base URL"),
    ("core/src/flow/list_items/recent_ids.rs", "= 256;", "the number of ids that are kept"),
    ("core/src/flow/pages.rs", "10_000", "the maximum number of pages"),
    ("core/src/protocol/content.rs", "problem+json", "RFC 9457: gateways of any backend respond with it"),
    ("core/std/src/proxy.rs", "\"Basic ", "RFC 7617: the login of a proxy"),
];

/// Files with names of their own that are spelled like those of the contract.
const OWN_NAMES: &[(&str, &str)] = &[
    ("core/src/error/kind.rs", "the names of the kinds of errors"),
    ("core/src/error/api.rs", "the fields of `Debug`"),
    ("core/src/model/names.rs", "the names of the values of enums"),
];

/// Returns the lines of code, without comments, names for the search of the documentation and unit tests, and their
/// numbers.
fn code(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let lines = (1..).zip(text.lines());
    let is_test = |line: &str| line.starts_with("#[cfg(test)]") || line.starts_with("#[cfg(all(test,");
    let production = lines.take_while(move |(_, line)| !is_test(line));
    production.filter(|(_, line)| !["//", "#[doc"].iter().any(|start| line.trim_start().starts_with(start)))
}

/// Returns the names of members with an underscore, and the error codes, of the document.
fn names() -> BTreeSet<String> {
    let document = files::all().into_iter().find(|file| file.path == "docs/openapi.yaml").expect("it is the contract");
    let names = document.text.lines().filter_map(|line| {
        let line = line.trim_start();
        let name = line.strip_prefix("- ").unwrap_or_else(|| line.split_once(':').map_or("", |(name, _)| name));
        let is_name = name.contains('_') && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
        is_name.then(|| name.to_owned())
    });
    names.chain(MEMBERS.map(str::to_owned)).collect()
}

/// Returns the violations in a file.
fn violations(file: &SourceFile, names: &BTreeSet<String>) -> Vec<String> {
    let is_own = OWN_NAMES.iter().any(|(path, _)| *path == file.path);
    let mut found = Vec::new();
    for (number, line) in code(&file.text) {
        let is_exception = |needle: &str| EXCEPTIONS.iter().any(|(path, it, _)| *path == file.path && *it == needle);
        let needles = NEEDLES.iter().filter(|(needle, _)| line.contains(needle) && !is_exception(needle));
        found.extend(needles.map(|(needle, what)| format!("{}:{number}: {needle}: {what}", file.path)));
        let literals = line.split('"').skip(1).step_by(2);
        let literals = literals.filter(|literal| !is_own && names.contains(*literal));
        found.extend(literals.map(|name| format!("{}:{number}: {name}: a member or a code", file.path)));
    }
    found
}

#[test]
fn the_contract_is_known_in_one_place() {
    let (files, names) = (files::all(), names());
    assert!(names.contains("from_user") && names.contains("cursor_expired"), "{names:?}");
    let is_source = |path: &str| SOURCES.iter().any(|folder| path.starts_with(folder)) && !path.starts_with(CONTRACT);
    let is_concerned = |file: &&SourceFile| file.extension() == "rs" && is_source(&file.path);
    let concerned: Vec<_> = files.iter().filter(is_concerned).collect();
    assert!(concerned.len() > 100, "only {} files are concerned", concerned.len());
    let found: Vec<_> = concerned.into_iter().flat_map(|file| violations(file, &names)).collect();
    assert!(found.is_empty(), "only {CONTRACT} knows the wire contract:\n{}", found.join("\n"));
}

#[test]
fn every_exception_is_needed() {
    let files = files::all();
    let code_of = |path: &str| {
        let file = files.iter().find(|file| file.path == path).unwrap_or_else(|| panic!("there is no {path}"));
        code(&file.text).map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    };
    for (path, needle, _) in EXCEPTIONS {
        assert!(code_of(path).contains(needle), "{path} has no {needle}");
    }
    let names = names();
    for (path, _) in OWN_NAMES {
        let code = code_of(path);
        assert!(code.split('"').any(|literal| names.contains(literal)), "{path} has no name of the contract");
    }
}

#[test]
fn violations_are_found_in_code_only() {
    let names = BTreeSet::from(["from_user".to_owned()]);
    let of = |text: &str| {
        violations(&SourceFile { path: "core/src/feed.rs".to_owned(), text: text.to_owned() }, &names).len()
    };
    assert_eq!(of("let route = Route::new(\"v1/chats\");"), 1);
    assert_eq!(of("let [user] = json.members([\"from_user\"])?;\nlet more = (\"a\", \"from_user\");"), 2);
    assert_eq!(of("/// `GET /v1/chats`\nlet from_user = 1;\n// \"from_user\""), 0);
    assert_eq!(of("#[doc(alias = \"from_user\")]\nfrom: User,"), 0);
    assert_eq!(of("let a = 1;\n#[cfg(test)]\nmod tests { \"/v1/chats\" }"), 0);
}
