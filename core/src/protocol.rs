//! The wire contract: the only module that knows paths, JSON keys, enum strings and error codes.
//!
//! The contract is this project's own (`docs/openapi.yaml`), not the vendor's. To support a backend with a different
//! one, replace this module: everything else works with [`Endpoint`]s and the plain data of [`model`](crate::model).

mod content;
mod endpoint;
mod page;
mod response;
mod route;
pub(crate) mod v1;

pub use self::v1::sample;
pub(crate) use self::{
    content::{IDENTITY, size_mismatch},
    endpoint::{Dated, Endpoint, Range},
    page::{Page, is_cursor},
    v1::{assets, chats, contacts, key_of_file, locations, members, messages, reactions, updates},
};

/// Sent with every request that changes something: the server deduplicates by it.
pub(crate) const IDEMPOTENCY_KEY: http::HeaderName = http::HeaderName::from_static("idempotency-key");
