//! The structure of the packages: their files do not depend on each other in a circle, and the modules of the core only
//! on those below them.
//!
//! Imports and paths in the code are followed through re-exports to the file that defines the name. Methods, code in
//! macros of other files, and code that only tests compile, are not seen.

mod circles;
#[path = "../language/files.rs"]
mod files;
mod imports;
mod layers;
mod package;
mod tokens;

use std::collections::{BTreeMap, BTreeSet};

use self::{
    circles::{circles, describe},
    files::SourceFile,
    package::{Dependencies, Package},
};

/// Dependencies that close a circle, by the folder of the package, from a file to another one.
const ACCEPTED: &[(&str, &str, &str, &str)] = &[
    ("core", "error/api.rs", "error.rs", "a kind of error, and its conversion"),
    ("core", "error/cause.rs", "error.rs", "causes enclose errors"),
    ("core", "error/during.rs", "error.rs", "the methods of an error that concern the operation"),
    ("core", "error/api.rs", "error/cause.rs", "the conversion into an error"),
    ("core", "flow/call/login.rs", "flow/call.rs", "states of a call: each creates the next one"),
    ("core", "flow/call/queue.rs", "flow/call.rs", "states of a call: each creates the next one"),
    ("core", "flow/call/login.rs", "flow/call/state.rs", "states of a call: each creates the next one"),
    ("core/std", "fleet/keeper.rs", "fleet.rs", "the thread of a fleet shares its state"),
    ("tests", "operations/bot.rs", "operations.rs", "the values that the operations are called with"),
    ("tests", "second_backend/json.rs", "second_backend/attachments.rs", "members of objects, and objects in them"),
];

/// Returns the folders of the packages, and the paths and contents of their sources.
fn packages(files: &[SourceFile]) -> BTreeMap<&str, Vec<(&str, &str)>> {
    let root = |file: &SourceFile| {
        let path: &str = files.iter().find(|it| std::ptr::eq(*it, file)).map(|it| it.path.as_str())?;
        ["/src/lib.rs", "/src/main.rs"].iter().find_map(|root| path.strip_suffix(root))
    };
    let mut packages = BTreeMap::new();
    for folder in files.iter().filter_map(root) {
        let sources = format!("{folder}/src/");
        let of_package = files.iter().filter(|file| file.extension() == "rs").filter_map(|file| {
            let path = file.path.strip_prefix(&sources)?;
            Some((path, file.text.as_str()))
        });
        packages.insert(folder, of_package.collect());
    }
    packages
}

/// Removes the accepted dependencies.
fn without_accepted(folder: &str, mut dependencies: Dependencies) -> Dependencies {
    for (_, from, to, _) in ACCEPTED.iter().filter(|(package, ..)| *package == folder) {
        let removed = dependencies.get_mut(*from).and_then(|targets| targets.remove(*to));
        assert!(removed.is_some(), "{folder}: {from} does not depend on {to}: the exception is not needed");
    }
    dependencies
}

#[test]
fn files_do_not_depend_on_each_other_in_a_circle() {
    let files = files::all();
    let packages = packages(&files);
    assert!(packages.len() > 10, "packages are missing: {:?}", packages.keys());
    let mut found = Vec::new();
    for (folder, sources) in &packages {
        let dependencies = without_accepted(folder, Package::new(sources).dependencies());
        found.extend(circles(&dependencies).iter().map(|it| format!("{folder}: {}", describe(&dependencies, it))));
    }
    assert!(found.is_empty(), "{} circles:\n{}", found.len(), found.join("\n"));
}

#[test]
fn every_accepted_dependency_closes_a_circle() {
    let files = files::all();
    let packages = packages(&files);
    for (folder, from, to, _) in ACCEPTED {
        let mut dependencies = Package::new(&packages[folder]).dependencies();
        for (_, from, to, _) in ACCEPTED.iter().filter(|it| it.0 == *folder && (it.1, it.2) != (*from, *to)) {
            dependencies.get_mut(*from).and_then(|targets| targets.remove(*to));
        }
        assert!(!circles(&dependencies).is_empty(), "{folder}: {from} -> {to} closes no circle");
    }
}

/// Returns the circles of a package with these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<Vec<String>> {
    let dependencies = Package::new(files).dependencies();
    circles(&dependencies).into_iter().map(|it| it.into_iter().map(str::to_owned).collect()).collect()
}

#[track_caller]
fn assert_circle(files: &[(&str, &str)], expected: &[&str]) {
    assert_eq!(circles_of(files), [expected], "{files:?}");
}

#[track_caller]
fn assert_no_circle(files: &[(&str, &str)]) {
    assert_eq!(circles_of(files), [[""; 0]; 0], "{files:?}");
}

#[test]
fn circles_of_siblings_are_found() {
    let root = ("lib.rs", "mod a;\nmod b;\nmod c;");
    let c = ("c.rs", "pub struct C;");
    let a = "use super::b::B;\npub struct A(B);";
    for b in [
        "use crate::a::A;\npub struct B(Option<Box<A>>);",
        "use crate::{c::C, a::{self, A as Other}};\npub struct B(C, Vec<Other>);",
        "pub struct B(Vec<super::a::A>);",
        "use super::a;\npub struct B(Vec<a::A>);",
        "use super::a::*;\npub struct B(Vec<A>);",
        "pub struct B;\nfn f() {\n    use crate::a::A;\n}",
        "pub struct B;\nmod inner {\n    use super::super::a::A;\n}",
    ] {
        assert_circle(&[root, ("a.rs", a), ("b.rs", b), c], &["a.rs", "b.rs"]);
    }
    for b in [
        "// use crate::a::A;\npub struct B(&'static str);\nconst C: &str = \"crate::a::A\";",
        "pub struct B;\n#[cfg(test)]\nmod tests {\n    use crate::a::A;\n}",
        "pub struct B;\n#[cfg(test)]\nuse crate::a::A;",
        "use crate::c::C;\npub struct B(C);\nfn a() -> char { '\\'' }",
        "/// See [`crate::a::A`].\npub struct B;",
        "use a::A;\npub struct B(A);",
    ] {
        assert_no_circle(&[root, ("a.rs", a), ("b.rs", b), c]);
    }
}

#[test]
fn circles_through_re_exports_are_found() {
    let root = ("lib.rs", "mod a;\nmod p;\npub use self::{a::A, p::B};");
    let parent = ("p.rs", "mod b;\npub use self::b::*;");
    assert_circle(
        &[root, parent, ("a.rs", "use crate::p::B;\npub struct A(B);"), ("p/b.rs", "pub struct B(Vec<crate::A>);")],
        &["a.rs", "p/b.rs"],
    );
    let parent = ("p.rs", "mod b;\nmod c;\nmod d;\npub use self::{b::B, c::C, d::D};");
    let (b, d) = (("p/b.rs", "use super::C;\npub struct B(C);"), ("p/d.rs", "pub struct D;"));
    let c = |text| [("lib.rs", "mod p;"), parent, b, ("p/c.rs", text), d];
    assert_circle(&c("use super::{B, D};\npub struct C(Vec<B>, D);"), &["p/b.rs", "p/c.rs"]);
    assert_no_circle(&c("use super::D;\npub struct C(D);"));
}

#[test]
fn circles_of_a_module_and_its_children_are_found() {
    let root = ("lib.rs", "mod p;");
    let uses_child = ("p.rs", "mod b;\nuse self::b::B;\npub struct P(B);");
    let passes_child_on = ("p.rs", "mod b;\npub use self::b::B;\npub struct P;");
    let child = ("p/b.rs", "use super::P;\npub struct B(Vec<P>);");
    assert_circle(&[root, uses_child, child], &["p.rs", "p/b.rs"]);
    assert_no_circle(&[root, passes_child_on, child]);
    let child_for_tests = ("p.rs", "#[cfg(test)]\nmod b;\n\npub struct P;\nfn f(b: b::B) {}");
    assert_no_circle(&[root, child_for_tests, child]);
}

#[test]
fn circles_have_all_their_files() {
    let file = |next: &str| format!("use crate::{next}::X as Y;\npub struct X(Y);");
    let (a, b, c, d) = (file("b"), file("c"), file("a"), file("a"));
    let files = [("lib.rs", "mod a;\nmod b;\nmod c;\nmod d;"), ("a.rs", &a), ("b.rs", &b), ("c.rs", &c), ("d.rs", &d)];
    assert_circle(&files, &["a.rs", "b.rs", "c.rs"]);
    let names: BTreeSet<String> = BTreeSet::from(["Y".to_owned()]);
    assert_eq!(Package::new(&files).dependencies()["d.rs"]["a.rs"], names);
}
