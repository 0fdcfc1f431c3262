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
        let of_chat = path.strip_prefix("/v1/chats/");
        let tid = of_chat.and_then(|rest| rest.split(['/', '?']).next());
        tid.and_then(|tid| self.chats.get(tid)).copied().unwrap_or(self.default)
    }
}
