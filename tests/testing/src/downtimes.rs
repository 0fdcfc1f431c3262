use std::{collections::BTreeMap, time::Duration};

use crate::latency::chat_of;

/// The times until which requests fail.
#[derive(Default)]
pub(crate) struct Downtimes {
    all: Duration,
    chats: BTreeMap<String, Duration>,
}

impl Downtimes {
    /// The requests of a chat, or all, fail until this time, or until a later one that was set before.
    pub(crate) fn set(&mut self, tid: Option<&str>, until: Duration) {
        let current = match tid {
            Some(tid) => self.chats.entry(tid.to_owned()).or_default(),
            None => &mut self.all,
        };
        *current = until.max(*current);
    }

    /// Returns `true` if a request with this path fails.
    pub(crate) fn concern(&self, path: &str, now: Duration) -> bool {
        now < self.all || chat_of(path).and_then(|tid| self.chats.get(tid)).is_some_and(|until| now < *until)
    }
}
