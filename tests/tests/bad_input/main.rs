//! What is wrong is refused, and named: settings and arguments before anything is sent, responses where they break the
//! contract.

mod arguments;
mod brackets;
mod cursors;
mod extras;
mod ids;
mod items;
mod pages;
mod proxies;
mod responses;
mod settings;
mod unreadable;

use teamwire_core::{Client, Error, Script};
use teamwire_tests::operations::ScriptBot;

/// An argument or a setting was refused, and the error says which and why.
#[track_caller]
fn refused<T>(result: Result<T, Error>, what: &str, why: &str) {
    match result {
        Err(Error::InvalidInput(input)) => {
            assert_eq!(input.parameter, what, "{input}");
            assert!(input.reason.contains(why), "{input}");
            assert_eq!(Error::from(input.clone()).to_string(), format!("invalid {what}: {}", input.reason));
        }
        Err(error) => panic!("an error of another kind: {error}"),
        Ok(_) => panic!("`{what}` was not refused: {why}"),
    }
}

/// A client on a script that expects nothing.
fn client() -> Client<Script> {
    Client::new(Script::new())
}

/// A bot that has found its chat, on a script that expects nothing more.
fn bot() -> ScriptBot {
    ScriptBot::on(&Script::new())
}
