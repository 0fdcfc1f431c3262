//! The contract of this project (`docs/openapi.yaml`): its paths, JSON keys, enum strings and error codes.

use super::{content, endpoint, page, response, route};

pub(crate) mod assets;
mod attachments;
pub(crate) mod chats;
pub(crate) mod contacts;
pub(super) mod idempotency_key;
mod ids;
pub(super) mod json;
pub(crate) mod locations;
pub(crate) mod members;
pub(crate) mod messages;
pub(super) mod problem;
pub(crate) mod reactions;
pub mod sample;
mod text;
pub(crate) mod updates;
mod wire_enum;

pub(crate) use self::idempotency_key::for_file as key_of_file;
