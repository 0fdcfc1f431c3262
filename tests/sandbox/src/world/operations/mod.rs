//! The operations of the contract, by topic. Each handler takes the world and a call.

pub(crate) mod assets;
pub(crate) mod attachments;
pub(crate) mod avatars;
pub(crate) mod chats;
pub(crate) mod create;
pub(crate) mod directory;
pub(crate) mod draft;
pub(crate) mod events;
pub(crate) mod feed;
pub(crate) mod locations;
pub(crate) mod members;
pub(crate) mod messages;
pub(crate) mod paging;
pub(crate) mod reactions;
pub(crate) mod readers;
pub(crate) mod subscriptions;
