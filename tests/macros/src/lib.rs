//! The attribute of the suites that run over every executor, and the documentation tests of guides.

use std::{env, fs, path::Path};

use proc_macro::{Literal, TokenStream, TokenTree};

mod guide;

/// Emits a test for each executor from a function that is generic over its `Harness`.
///
/// ```ignore
/// #[executor_test]
/// fn post_is_shown_once<H: Harness>() { .. }
/// ```
///
/// becomes the tests `post_is_shown_once::blocking`, `post_is_shown_once::async_std`, and so on. An argument selects
/// another set of executors than all of them: an arm of `teamwire_tests::emit_executor_tests`, which may have
/// exceptions.
///
/// It is an attribute, not a `macro_rules` macro around the function, because rustfmt does not format the content of
/// such a macro.
#[proc_macro_attribute]
pub fn executor_test(executors: TokenStream, function: TokenStream) -> TokenStream {
    let executors = if executors.is_empty() { "all".to_owned() } else { executors.to_string() };
    let mut emitted = function.clone();
    let mut tokens = function.into_iter().peekable();
    while let Some(token) = tokens.next() {
        match (&token, tokens.peek()) {
            // A function that is configured out has no tests.
            (TokenTree::Punct(_), Some(TokenTree::Group(attribute))) if attribute.to_string().starts_with("[cfg") => {
                emitted.extend([token, TokenTree::Group(attribute.clone())]);
            }
            (TokenTree::Ident(keyword), Some(TokenTree::Ident(name))) if keyword.to_string() == "fn" => {
                let tests = format!("::teamwire_tests::emit_executor_tests! {{ {executors}: {name} }}");
                emitted.extend(tests.parse::<TokenStream>().expect("it is a call of a macro"));
                return emitted;
            }
            _ => {}
        }
    }
    "compile_error!(\"`executor_test` belongs to a function\");".parse().expect("it is Rust")
}

/// Emits documentation tests of a guide, which is a document of this repository: the crate that it builds after each
/// step, and the blocks of code that do not belong to the crate. The tests of the crate run.
///
/// ```ignore
/// guide!("docs/guide/protocol.md", depot_protocol);
/// ```
#[proc_macro]
pub fn guide(arguments: TokenStream) -> TokenStream {
    let arguments = arguments.to_string();
    let (path, name) = arguments.split_once(',').expect("the path of the guide and the name of the crate");
    let package = env::var("CARGO_MANIFEST_DIR").expect("cargo sets it");
    let path = Path::new(&package).join("..").join(path.trim_matches('"'));
    let guide = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    // The compiler compiles it again if the guide changes.
    let mut emitted = format!("const _: &str = include_str!({:?});", path.display().to_string());
    let tests = (1..).zip(guide::tests(&guide, name.trim()));
    emitted.extend(tests.map(|(number, test)| format!("#[doc = {}] struct Guide{number};", Literal::string(&test))));
    emitted.parse().expect("it is Rust")
}
