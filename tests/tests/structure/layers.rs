//! The order of the modules of the core.

use crate::{files, package::Package, packages};

/// The modules of the core, from the top to the bottom. Each one may depend on those below it.
const LAYERS: [&str; 27] = [
    "api",
    // The default protocol, with its expectations and responses for scripts.
    "protocol/v1",
    "script",
    "executor",
    "claim",
    "feed",
    "flow",
    "session",
    "login",
    "pacing",
    "ledger",
    "machine",
    "config",
    "protocol",
    "observe",
    "model",
    "credentials",
    "error",
    "effect",
    "operation",
    "ids",
    "redaction",
    "escaped",
    "hash",
    "stop_handle",
    "shared",
    // It passes names on, and has no code.
    "lib",
];

/// Dependencies that run upwards, from a file to another one.
const ACCEPTED: &[(&str, &str, &str)] = &[
    ("config.rs", "protocol/v1.rs", "a configuration has the default protocol, unless it is given another one"),
    ("effect/form.rs", "error.rs", "a form with an invalid media type is an invalid input"),
];

/// Returns the layer of a file.
fn layer(file: &str) -> Option<usize> {
    let module = file.trim_end_matches(".rs");
    let is_in = |layer: &str| module.strip_prefix(layer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    // The default protocol comes first: it is in the folder of its port.
    LAYERS.iter().position(|layer| is_in(layer))
}

/// Returns the dependencies that run upwards, and files without a layer.
fn upward(package: &Package) -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    for (from, targets) in package.dependencies() {
        for (to, names) in targets {
            let names = names.into_iter().collect::<Vec<_>>().join(", ");
            match (layer(&from), layer(&to)) {
                (Some(above), Some(below)) if above <= below => {}
                _ if from == "lib.rs" => {}
                _ => found.push((from.clone(), to, names)),
            }
        }
    }
    found
}

#[test]
fn imports_of_the_core_run_downwards() {
    let files = files::all();
    let mut found = upward(&Package::new(&packages(&files)["core"]));
    for (from, to, _) in ACCEPTED {
        let count = found.len();
        found.retain(|(a, b, _)| (a.as_str(), b.as_str()) != (*from, *to));
        assert!(found.len() < count, "{from} does not depend on {to}: the exception is not needed");
    }
    let lines: Vec<_> = found.iter().map(|(from, to, names)| format!("{from} -> {to}: {names}")).collect();
    assert!(lines.is_empty(), "{} imports run upwards, or have no layer:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn upward_imports_are_found() {
    let of = |files: &[(&str, &str)]| {
        let found = upward(&Package::new(files)).into_iter();
        found.map(|(from, to, _)| format!("{from} -> {to}")).collect::<Vec<_>>()
    };
    let root = ("lib.rs", "pub mod claim;\npub mod error;\npub use claim::StoreError;");
    let claim = ("claim.rs", "mod store_error;\npub use self::store_error::StoreError;\nuse crate::error::Error;");
    let store_error = ("claim/store_error.rs", "pub struct StoreError;");
    let error = ("error.rs", "use crate::StoreError;\npub struct Error(StoreError);");
    assert_eq!(of(&[root, claim, store_error, error]), ["error.rs -> claim/store_error.rs"]);
    let error = ("error.rs", "pub struct Error;");
    assert_eq!(of(&[root, claim, store_error, error]), [""; 0]);
    let (v1, port) = (("protocol/v1.rs", "use super::Endpoint;"), ("protocol.rs", "pub mod v1;\npub struct Endpoint;"));
    assert_eq!(of(&[("lib.rs", "mod protocol;"), port, v1]), [""; 0]);
    let port = ("protocol.rs", "pub mod v1;\nuse self::v1::V1;\npub struct Endpoint(V1);");
    let v1 = ("protocol/v1.rs", "pub struct V1;");
    assert_eq!(of(&[("lib.rs", "mod protocol;"), port, v1]), ["protocol.rs -> protocol/v1.rs"]);
    let new = [("lib.rs", "mod a;\nmod error;"), ("a.rs", "use crate::error::Error;"), error];
    assert_eq!(of(&new), ["a.rs -> error.rs"], "a module without a layer");
}
