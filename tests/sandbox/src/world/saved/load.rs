//! A world from its parts.

use std::{collections::BTreeSet, fmt};

use chrono::{DateTime, TimeDelta, Utc};
use serde::de::DeserializeOwned;

use super::{
    ASSET, AVATAR, CHAT, FORMAT, KEY, MESSAGE, STATE, TIME, Time, UPDATE, format,
    parts::{KeyPart, MessagePart, State},
};
use crate::world::{
    ids::{Ids, digest},
    now::Now,
    state::World,
};

/// A world that was saved.
#[derive(Debug)]
pub(crate) struct Loaded {
    pub(crate) world: World,
    pub(crate) time: Time,
}

/// A part that is missing or cannot be read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Damaged {
    name: String,
    reason: String,
}

impl Damaged {
    fn new(name: &str, reason: impl fmt::Display) -> Self {
        Self { name: name.to_owned(), reason: reason.to_string() }
    }
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "part {:?}: {}", self.name, self.reason)
    }
}

fn read<T: DeserializeOwned>(name: &str, content: &[u8]) -> Result<T, Damaged> {
    serde_json::from_slice(content).map_err(|error| Damaged::new(name, error))
}

impl Loaded {
    /// Loads a world from all its parts.
    pub(crate) fn from_parts(parts: &[(String, Vec<u8>)]) -> Result<Self, Damaged> {
        let find = |name: &str| {
            let part = parts.iter().find(|(it, _)| it == name);
            part.map(|(_, content)| content).ok_or_else(|| Damaged::new(name, "it is missing"))
        };
        let below = |prefix: &'static str| {
            let parts =
                parts.iter().filter_map(move |(name, content)| Some((name, name.strip_prefix(prefix)?, content)));
            parts.collect::<Vec<_>>()
        };
        let version = find(FORMAT)?;
        if *version != format() {
            let [version, ours] = [version, &format()].map(|it| String::from_utf8_lossy(it).into_owned());
            return Err(Damaged::new(FORMAT, format_args!("it is {version:?}, and this sandbox reads {ours:?}")));
        }
        let time: Time = read(TIME, find(TIME)?)?;
        let mut world = World::empty(0);
        world.ids = Ids { state: time.ids };
        read::<State<'static>>(STATE, find(STATE)?)?.restore(&mut world);
        if world.bots.is_empty() {
            return Err(Damaged::new(STATE, "it has no bot"));
        }
        for (name, tid, content) in below(CHAT) {
            world.chats.insert(tid.to_owned(), read(name, content)?);
        }
        for (name, tid, content) in below(AVATAR) {
            let chat = world.chats.get_mut(tid).ok_or_else(|| Damaged::new(name, "it is of no chat"))?;
            chat.avatar = Some(read(name, content)?);
        }
        for (name, _, content) in below(MESSAGE) {
            world.restore_message(read(name, content)?).map_err(|reason| Damaged::new(name, reason))?;
        }
        for (name, _, content) in below(UPDATE) {
            world.log.entries.push_back(read(name, content)?);
        }
        for (name, id, content) in below(ASSET) {
            world.assets.by_id.insert(id.to_owned(), read(name, content)?);
        }
        let keys = below(KEY).into_iter().map(|(name, _, content)| Ok((name, read::<KeyPart>(name, content)?)));
        let mut keys = keys.collect::<Result<Vec<_>, Damaged>>()?;
        keys.sort_by_key(|(_, key)| key.since());
        for (name, key) in keys {
            key.restore(&mut world).map_err(|error| Damaged::new(name, error))?;
        }
        Ok(Self { world, time })
    }
}

impl World {
    /// The time to save with the world. `real` is that of the machine.
    pub(crate) fn time(&self, now: Now, real: DateTime<Utc>) -> Time {
        let elapsed = TimeDelta::from_std(now.elapsed).ok();
        let start = elapsed.and_then(|elapsed| now.utc.checked_sub_signed(elapsed)).unwrap_or(now.utc);
        Time { start, elapsed: now.elapsed, ids: self.ids.state, real }
    }

    /// Appends a message that was saved. The messages are restored in order of their numbers.
    fn restore_message(&mut self, part: MessagePart<'static>) -> Result<(), &'static str> {
        let MessagePart { tid, message } = part;
        let message = message.into_owned();
        if message.number != self.posted.len() {
            return Err("the message before it is missing");
        }
        let chat = self.chats.get_mut(tid.as_ref()).ok_or("it is of no chat")?;
        self.posted.push((tid.into_owned(), chat.messages.len()));
        chat.messages.push(message);
        Ok(())
    }

    /// Continues a world that was saved at `saved_at`. The leases that were active then start again, and `salt` lets
    /// its ids and cursors differ from those that were issued after it was saved, by a world of which this is a copy.
    pub(crate) fn restart(&mut self, saved_at: Time, now: Now, salt: u64) {
        self.cursors.begin_run(self.log.last, self.log.removed_up_to, salt);
        self.ids = Ids::new(digest(&[&saved_at.ids.to_le_bytes(), &salt.to_le_bytes()]));
        for subscription in self.subscriptions.by_id.values_mut() {
            if subscription.is_active(saved_at.elapsed) {
                subscription.renewed_at = now.elapsed;
            }
            // The connections of these polls are gone.
            subscription.pending_polls.clear();
        }
        self.advance_to(now);
    }

    /// The names of the files with bytes of assets.
    pub(crate) fn files(&self) -> BTreeSet<&str> {
        self.assets.by_id.values().filter_map(|asset| asset.content.file()).collect()
    }
}
