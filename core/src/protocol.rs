//! The wire contract: the only module that knows paths, JSON keys, enum strings and error codes.
//!
//! The contract is this project's own (`docs/openapi.yaml`), not the vendor's. To support a backend with a different
//! one, replace this module: everything else works with [`Endpoint`]s and the plain data of [`model`](crate::model).

pub(crate) mod assets;
mod attachments;
pub(crate) mod chats;
pub(crate) mod contacts;
mod content;
mod endpoint;
mod idempotency_key;
mod ids;
mod json;
pub(crate) mod locations;
pub(crate) mod members;
pub(crate) mod messages;
mod page;
mod problem;
pub(crate) mod reactions;
mod response;
mod route;
pub mod sample;
mod text;
pub(crate) mod updates;
mod wire_enum;

pub(crate) use self::{
    content::{IDENTITY, size_mismatch},
    endpoint::{Dated, Endpoint, Range},
    idempotency_key::for_file as key_of_file,
    page::{Page, is_cursor},
};

/// Sent with every request that changes something: the server deduplicates by it.
pub(crate) const IDEMPOTENCY_KEY: http::HeaderName = http::HeaderName::from_static("idempotency-key");
