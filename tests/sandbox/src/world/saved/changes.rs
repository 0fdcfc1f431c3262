//! Comparison of a world with what was saved.

use std::{borrow::Cow, collections::BTreeSet};

use serde::Serialize;

use super::{
    ASSET, AVATAR, CHAT, Changes, FORMAT, KEY, MESSAGE, STATE, Saved, UPDATE, format, numbered,
    parts::{KeyPart, MessagePart, State},
};
use crate::world::state::{
    World,
    feed_log::{LogEntry, Update},
    idempotency::{self, Key},
};

fn to_json(part: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(part).expect("the keys of all maps are strings")
}

impl World {
    /// Returns what has changed since the world was saved, without the time. The changes count as saved then: if they
    /// cannot be saved, `saved` must be replaced by the default, so that the next changes are complete.
    pub(crate) fn changes(&mut self, saved: &mut Saved) -> Changes {
        let changed_keys = self.keys.take_changed();
        let epoch = self.cursors.epoch();
        // After a removal of updates, the log does not have all changes of messages.
        let is_complete = saved.epoch != Some(epoch) || self.log.removed_up_to > saved.last_update;
        if is_complete {
            *saved = Saved { epoch: Some(epoch), ..Saved::default() };
        }
        let mut changes = Changes { is_complete, parts: Vec::new() };
        if is_complete {
            changes.put(FORMAT.to_owned(), format());
        }
        self.add_state(saved, &mut changes);
        self.add_chats(saved, &mut changes);
        self.add_messages(saved, &mut changes);
        self.add_updates(saved, &mut changes);
        self.add_assets(saved, &mut changes);
        let changed_keys = if is_complete { self.keys.records.keys().cloned().collect() } else { changed_keys };
        for key in changed_keys {
            self.add_key(&key, &mut changes);
        }
        changes
    }

    fn add_state(&self, saved: &mut Saved, changes: &mut Changes) {
        let state = to_json(&State::of(self));
        if state != saved.state {
            changes.put(STATE.to_owned(), state.clone());
            saved.state = state;
        }
    }

    fn add_chats(&self, saved: &mut Saved, changes: &mut Changes) {
        for (tid, chat) in &self.chats {
            let content = to_json(chat);
            if saved.chats.get(tid) != Some(&content) {
                changes.put(format!("{CHAT}{tid}"), content.clone());
                saved.chats.insert(tid.clone(), content);
            }
            if saved.avatars.get(tid) == chat.avatar.as_ref() {
                continue;
            }
            let name = format!("{AVATAR}{tid}");
            if let Some(avatar) = &chat.avatar {
                changes.put(name, to_json(avatar));
                saved.avatars.insert(tid.clone(), avatar.clone());
            } else {
                changes.remove(name);
                saved.avatars.remove(tid);
            }
        }
    }

    fn add_messages(&self, saved: &mut Saved, changes: &mut Changes) {
        let changed = self.log.since(saved.last_update).filter_map(|entry| self.place_of_changed_message(entry));
        // New messages follow.
        let changed: BTreeSet<_> = changed.filter(|(number, ..)| *number < saved.messages).collect();
        let new = self.posted.iter().enumerate().skip(saved.messages);
        let new = new.map(|(number, (tid, index))| (number, tid, *index));
        for (number, tid, index) in changed.into_iter().chain(new) {
            if let Some(message) = self.chats.get(tid).and_then(|chat| chat.messages.get(index)) {
                let number = u64::try_from(number).unwrap_or(u64::MAX);
                let part = MessagePart { tid: Cow::Borrowed(tid), message: Cow::Borrowed(message) };
                changes.put(numbered(MESSAGE, number), to_json(&part));
            }
        }
        saved.messages = self.posted.len();
    }

    /// The number of the message that an update has changed, its chat, and its index there.
    fn place_of_changed_message<'w>(&'w self, entry: &'w LogEntry) -> Option<(usize, &'w String, usize)> {
        let mid = match &entry.update {
            Update::Deletion(mid) => mid,
            Update::Reaction(reaction) => reaction["mid"].as_str()?,
            Update::Message(_) | Update::Read(_) | Update::Location(_) | Update::Chat(..) => return None,
        };
        let messages = &self.chats.get(&entry.tid)?.messages;
        let index = messages.iter().rposition(|message| message.mid == mid)?;
        Some((messages[index].number, &entry.tid, index))
    }

    fn add_updates(&self, saved: &mut Saved, changes: &mut Changes) {
        for number in saved.removed_updates + 1..=self.log.removed_up_to.min(saved.last_update) {
            changes.remove(numbered(UPDATE, number));
        }
        for entry in self.log.since(saved.last_update) {
            changes.put(numbered(UPDATE, entry.number), to_json(entry));
        }
        (saved.last_update, saved.removed_updates) = (self.log.last, self.log.removed_up_to);
    }

    /// Adds new assets. An asset never changes, and is removed only with its world.
    fn add_assets(&self, saved: &mut Saved, changes: &mut Changes) {
        for (id, asset) in &self.assets.by_id {
            if saved.assets.insert(id.clone()) {
                changes.put(format!("{ASSET}{id}"), to_json(asset));
            }
        }
    }

    fn add_key(&self, key: &Key, changes: &mut Changes) {
        let name = format!("{KEY}{}\n{}", key.0, key.1);
        match self.keys.records.get(key) {
            Some((since, idempotency::State::Completed { fingerprint, available_at, response })) => {
                changes.put(name, to_json(&KeyPart::of(key, *since, *fingerprint, *available_at, response)));
            }
            // An upload ends with its connection.
            Some((_, idempotency::State::Receiving { .. })) | None => changes.remove(name),
        }
    }
}
