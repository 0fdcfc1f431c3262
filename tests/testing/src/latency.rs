use std::{collections::BTreeMap, time::Duration};

/// The times between requests and their responses.
#[derive(Default)]
pub(crate) struct Latency {
    pub(crate) default: Duration,
    chats: BTreeMap<String, Duration>,
}

impl Latency {
    /// Sets the time of the requests of a chat.
    pub(crate) fn set(&mut self, tid: &str, time: Duration) {
        self.chats.insert(tid.to_owned(), time);
    }

    /// Returns the time of a request with this path.
    pub(crate) fn of(&self, path: &str) -> Duration {
        chat_of(path).and_then(|tid| self.chats.get(tid)).copied().unwrap_or(self.default)
    }
}

/// Returns the chat of a request with this path.
pub(crate) fn chat_of(path: &str) -> Option<&str> {
    path.strip_prefix("/v1/chats/")?.split(['/', '?']).next()
}
