//! Events: every change of the sandbox, numbered, for the page.
//!
//! ```text
//!  change ──▶ Notifier ──▶ scan: compares the sandbox with what was seen ──▶ Hub: the last events
//!                                                                             │
//!                                                          a stream for each reader (server-sent events)
//! ```
//!
//! The bot's requests only notify. All work is done on the page's thread, at most once in 50 ms.

mod chats;
mod hub;
mod scan;
mod stream;

pub(crate) use hub::{Hub, Position};
pub(crate) use stream::{EventBody, watch_changes};
