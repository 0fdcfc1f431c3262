pub(crate) mod bots;
pub(crate) mod chat;
pub(crate) mod directory;
pub(crate) mod idempotency;
pub(crate) mod roster;

#[allow(clippy::wildcard_imports)]
use super::*;
