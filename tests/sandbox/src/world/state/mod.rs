//! The state of a world: data, and rules that need nothing but this data.

pub(crate) mod assets;
#[cfg(feature = "server")]
pub(crate) mod base64;
pub(crate) mod bots;
pub(crate) mod chat;
pub(crate) mod cursors;
pub(crate) mod directory;
pub(crate) mod feed_log;
pub(crate) mod idempotency;
pub(crate) mod message;
pub(crate) mod org_settings;
pub(crate) mod roster;
pub(crate) mod subscriptions;

mod world;

pub use world::World;
