//! The control API, below `/sandbox/api`: the whole sandbox over HTTP, for the page and for tests in any language.
//!
//! It is written from `docs/sandbox-api.yaml`. What a person does with chats is an operation of the wire contract,
//! executed as that person, so that a person gets the response that a bot would get.

mod assets;
mod call;
mod clock;
mod context;
mod dispatch;
mod fault_rule;
mod faults;
mod feeds;
mod organisation;
mod people;
mod requests;
mod routes;
mod tests;

pub(crate) use call::{ApiBody, ApiCall, ApiOperation};
pub(crate) use context::Api;
pub(crate) use dispatch::ApiResponse;
pub(crate) use routes::find;

/// The prefix of all paths.
pub(crate) const PREFIX: &str = "/sandbox/api";
