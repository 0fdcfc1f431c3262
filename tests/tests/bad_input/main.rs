//! Invalid input is rejected with an error that names it: settings and arguments before a request is sent, responses
//! that break the contract after one.

mod arguments;
mod brackets;
mod cursors;
mod damage;
mod extras;
mod foreign;
mod ids;
mod items;
mod pages;
mod problems;
mod protocols;
mod proxies;
mod responses;
mod settings;
mod settings_files;
mod structure;
mod unreadable;
mod usual_form;

use teamwire_core::{Client, Error, Script, error::Cause};
use teamwire_tests::operations::ScriptBot;

/// Asserts that an argument or a setting is rejected with an error that names it and the reason.
#[track_caller]
fn refused<T>(result: Result<T, Error>, what: &str, why: &str) {
    let Err(error) = result else { panic!("`{what}` was not refused: {why}") };
    let Cause::InvalidInput(input) = error.cause() else { panic!("an error of another kind: {error}") };
    assert_eq!(input.parameter, what, "{input}");
    assert!(input.reason.contains(why), "{input}");
    assert_eq!(Error::from(input.clone()).to_string(), format!("invalid {what}: {}", input.reason));
}

/// A client on a script that expects no request.
fn client() -> Client<Script> {
    Client::new(Script::new())
}

/// A bot that has found its chat, on a script that expects no further request.
fn bot() -> ScriptBot {
    ScriptBot::on(&Script::new())
}
