//! Views of the world as people and developers see it, as JSON. No view changes anything.
//!
//! A view contains the contract's own objects and adds to them: a chat its readers, a message its reactions.

mod chats;
mod feeds;
mod files;
mod locations;
mod messages;
mod organisation;
mod waiting;

pub(crate) use messages::Window;
pub(crate) use waiting::Waiting;
