//! A world in parts, so that a store keeps it: few parts are written for each change.
//!
//! | part | content |
//! |---|---|
//! | `format` | the version of this table |
//! | `time` | the time and the state of the ids when it was last saved |
//! | `state` | bots, settings, people, groups, subscriptions, counters |
//! | `chat/{tid}`, `avatar/{tid}` | a chat without its messages |
//! | `message/{number}` | a message with its reactions |
//! | `update/{number}` | an update that feeds can still return |
//! | `asset/{id}` | an asset; its bytes may be in a file |
//! | `key/{app_id}\n{key}` | an idempotency key, with the first response |
//!
//! [`World::changes`](super::World::changes) compares the world with what was saved. Messages are found by the log of
//! updates, which has every change of a message.

mod changes;
mod load;
mod parts;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use super::{ids::digest, state::chat::Avatar};

pub(crate) use load::Loaded;
pub(crate) use parts::Time;

/// The name of the part with the version of the format.
const FORMAT: &str = "format";

/// The version of the format. A digest is part of it, because cursors and keys are digests, whose algorithm belongs to
/// the standard library.
fn format() -> Vec<u8> {
    format!("1 {:016x}", digest(&[b"format"])).into_bytes()
}

/// The name of the part with the time.
pub(crate) const TIME: &str = "time";
const STATE: &str = "state";
const CHAT: &str = "chat/";
const AVATAR: &str = "avatar/";
const MESSAGE: &str = "message/";
const UPDATE: &str = "update/";
const ASSET: &str = "asset/";
const KEY: &str = "key/";

/// The parts of a world that a store has.
#[derive(Debug, Default)]
pub(crate) struct Saved {
    /// `None` if the store has nothing.
    epoch: Option<u64>,
    state: Vec<u8>,
    chats: BTreeMap<String, Vec<u8>>,
    avatars: BTreeMap<String, Avatar>,
    assets: BTreeSet<String>,
    /// The number of messages.
    messages: usize,
    /// The number of the last update.
    last_update: u64,
    /// The number of the last update that was removed.
    removed_updates: u64,
}

/// Changes of a world since it was saved.
#[derive(Debug)]
pub(crate) struct Changes {
    /// True if these are all parts of the world, and all others are to be removed.
    pub(crate) is_complete: bool,
    /// The names of the parts and their content; `None` for a part to remove.
    pub(crate) parts: Vec<(String, Option<Vec<u8>>)>,
}

impl Changes {
    fn put(&mut self, name: String, content: Vec<u8>) {
        self.parts.push((name, Some(content)));
    }

    fn remove(&mut self, name: String) {
        self.parts.push((name, None));
    }
}

/// The name of a numbered part. The order of the names is that of the numbers.
fn numbered(prefix: &str, number: u64) -> String {
    format!("{prefix}{number:020}")
}
