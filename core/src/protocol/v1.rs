//! The contract of this project as a [`Protocol`](super::Protocol), and the default one. Nothing else in the library
//! knows its paths, JSON keys, enum strings, error codes and limits.
//!
//! The contract is described by `docs/openapi.yaml`. It is not the vendor's.

mod assets;
mod attachments;
mod chats;
pub mod code;
mod contacts;
mod endpoints;
mod events;
pub mod expect;
mod feeds;
mod idempotency_key;
mod ids;
mod json;
mod locations;
mod members;
mod messages;
mod problem;
mod reactions;
mod read;
pub mod respond;
pub mod sample;
mod text;
mod wire;
mod wire_enum;

/// The contract of this project, version 1. The default protocol of a client.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct V1;
