//! The documentation of each function that makes a request begins with that request.

use std::collections::BTreeSet;

use crate::files;

/// The folders of protocols, and whether their requests are those of the document.
const PROTOCOLS: [(&str, bool); 2] = [("core/src/protocol/v1/", true), ("tests/protocols/src/", false)];

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// A function that makes a request: its signature, and the first line of its documentation.
struct Function<'a> {
    signature: String,
    summary: &'a str,
}

/// Returns the functions of a file that make requests, which are those of the groups of a protocol.
fn functions(text: &str) -> Vec<Function<'_>> {
    let lines: Vec<_> = text.lines().collect();
    let is_start = |at: &usize| lines[*at].starts_with("    fn ");
    let starts = (0..lines.len()).filter(is_start);
    let functions = starts.map(|at| {
        let end = lines[at..].iter().position(|line| line.ends_with('{')).map_or(at, |length| at + length);
        let above = lines[..at].iter().rev().take_while(|line| line.starts_with("    ///"));
        let signature = lines[at..=end].iter().map(|line| line.trim()).collect::<Vec<_>>().join(" ");
        Function { signature, summary: above.last().map_or("", |line| line.trim_start_matches(['/', ' '])) }
    });
    functions
        .filter(|function| ["-> EndpointResult<", "Endpoint<"].iter().any(|it| function.signature.contains(it)))
        .collect()
}

/// Returns the method and the path, without the query, with which a summary begins.
fn request(summary: &str) -> Option<(&str, &str)> {
    let (method, path) = summary.strip_prefix('`')?.split_once('`')?.0.split_once(' ')?;
    METHODS.contains(&method).then(|| (method, path.split('?').next().unwrap_or(path)))
}

/// Returns the methods and paths of the document.
fn documented() -> BTreeSet<(String, String)> {
    let document = files::all().into_iter().find(|file| file.path == "docs/openapi.yaml").expect("it is the contract");
    let (mut path, mut found) = ("", BTreeSet::new());
    for line in document.text.lines().filter_map(|line| line.strip_suffix(':')) {
        if let Some(name) = line.strip_prefix("  ").filter(|name| name.starts_with('/')) {
            path = name;
        }
        let method = line.trim_start().to_uppercase();
        if line.starts_with("    ") && !line.starts_with("     ") && METHODS.contains(&method.as_str()) {
            found.insert((method, path.to_owned()));
        }
    }
    found
}

#[test]
fn functions_that_make_requests_name_them_first() {
    let (files, documented) = (files::all(), documented());
    assert!(documented.contains(&("PATCH".to_owned(), "/v1/chats/{tid}".to_owned())), "{documented:?}");
    for (folder, is_documented) in PROTOCOLS {
        let of_protocol = files.iter().filter(|file| file.path.starts_with(folder) && file.extension() == "rs");
        // Helpers build on endpoints, and are in no group.
        let is_group = |text: &str| {
            text.contains("impl Wire for ") || text.contains(" for V1 {") || text.contains(" for Second {")
        };
        let mut number = 0;
        for file in of_protocol.filter(|file| is_group(&file.text)) {
            for Function { signature, summary } in functions(&file.text) {
                number += 1;
                let request = request(summary);
                let is_known = |(method, path): (&str, &str)| {
                    let path = path.replace("{source}", "reactions");
                    !is_documented || documented.contains(&(method.to_owned(), path))
                };
                assert!(request.is_some_and(is_known), "{}: {signature}: {summary}", file.path);
            }
        }
        assert!(number > 20, "only {number} functions of {folder} make requests");
    }
}

#[test]
fn request_is_read_from_the_first_line_of_the_documentation() {
    let text = "    /// `GET /v1/me?x=1`, and\n    /// more.\n    fn me(\n        &self,\n    ) -> EndpointResult<User> {\n    fn other() -> u8 {";
    let [Function { signature, summary }] = functions(text).try_into().unwrap_or_else(|_| panic!("there is one"));
    assert_eq!(
        (signature.as_str(), request(summary)),
        ("fn me( &self, ) -> EndpointResult<User> {", Some(("GET", "/v1/me")))
    );
    assert!(request("Returns the bot.").is_none() && request("`Get /v1/me`").is_none());
    assert!(functions("    fn me(&self) -> EndpointResult<User> {")[0].summary.is_empty());
}
