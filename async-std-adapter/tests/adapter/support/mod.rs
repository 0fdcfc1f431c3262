//! Clients on instrumented runtimes, and exchanges whose outcome the core does not interpret.

mod canned;
mod probe;

use async_std::task;
use teamwire_async_std::{
    Client, Error, Runtime,
    effect::{Exchange, Response, TransportError},
    machine::Reply,
    script::sample,
};
use teamwire_test_support::{Server, attempt, config, response};

pub(crate) use self::{
    canned::Canned,
    probe::{Fits, Probe},
};

pub(crate) fn client(server: &Server) -> Client {
    teamwire_async_std::client(config(&server.url())).expect("the options are valid")
}

/// Returns the response with the bot's user.
pub(crate) fn me() -> String {
    response(200, &sample::bot().to_string())
}

/// Requests the bot's user. Returns its first name, which is `Example`.
pub(crate) fn ask<R: Runtime>(client: &Client<R>) -> Result<String, Error> {
    task::block_on(client.contacts().me()).map(|user| user.first_name)
}

/// Performs the request for the bot's user once, with these changes.
pub(crate) fn perform<R: Runtime>(
    client: &Client<R>,
    change: impl FnOnce(&mut Exchange),
) -> Result<Response, TransportError> {
    match task::block_on(attempt(client, change)).expect("the machine of an attempt has no errors") {
        Reply::Response(response) => Ok(response),
        Reply::Error(error) => Err(error),
        Reply::File(_) => panic!("an exchange is not a file task"),
    }
}

/// Like [`perform`], for a request that fails. Returns its error.
pub(crate) fn error_of<R: Runtime>(client: &Client<R>) -> TransportError {
    perform(client, |_| {}).expect_err("it fails")
}
