//! Messages, with their reactions.

use serde_json::{Value, json};

use crate::world::{
    contract::problem::Problem,
    state::{World, chat::Chat, message::Message},
};

/// The part of a chat's messages to show.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Window<'m> {
    /// The newest ones.
    Newest,
    /// Those before a message.
    Before(&'m str),
    /// Those after a message.
    After(&'m str),
    /// Those around a message.
    Around(&'m str),
    /// Those from an index on.
    From(usize),
}

impl World {
    /// A window of the messages of a chat, oldest first. 404 for an unknown message.
    pub(crate) fn messages_view(
        &self,
        uid: &str,
        tid: &str,
        window: Window<'_>,
        limit: usize,
    ) -> Result<Value, Problem> {
        self.require_person(uid)?;
        let chat = self.chat(uid, tid)?;
        let place = |mid: &str| {
            let found = chat.messages.iter().rposition(|message| message.mid == mid);
            found.ok_or_else(|| Problem::not_found("message"))
        };
        let count = chat.messages.len();
        let (start, end) = match window {
            Window::Newest => (count.saturating_sub(limit), count),
            Window::Before(mid) => {
                let end = place(mid)?;
                (end.saturating_sub(limit), end)
            }
            Window::After(mid) => {
                let start = place(mid)? + 1;
                (start, (start + limit).min(count))
            }
            Window::From(index) => (index.min(count), index.saturating_add(limit).min(count)),
            Window::Around(mid) => {
                let start = place(mid)?.saturating_sub(limit / 2);
                (start, (start + limit).min(count))
            }
        };
        let items = (start..end).map(|at| self.message_view(chat, at));
        Ok(json!({
            "items": items.collect::<Vec<_>>(),
            "start": start,
            "count": count,
            "read": chat.read.get(uid).copied().unwrap_or(0),
        }))
    }

    /// The message at this index of its chat.
    pub(crate) fn message_view(&self, chat: &Chat, index: usize) -> Value {
        let Some(message) = chat.messages.get(index) else { return Value::Null };
        let mut view = message.to_json(&self.directory, &chat.tid);
        view["index"] = json!(index);
        view["reactions"] = reactions_view(message);
        view
    }

    /// A message by its id, in any chat.
    pub(crate) fn message_view_by_id(&self, tid: &str, mid: &str) -> Option<Value> {
        let chat = self.chats.get(tid)?;
        let index = chat.messages.iter().rposition(|message| message.mid == mid)?;
        Some(self.message_view(chat, index))
    }
}

fn reactions_view(message: &Message) -> Value {
    let view = |(uid, kind)| json!({ "uid": uid, "reaction_type": kind });
    message.reactions.iter().map(|it| view((&it.from, &it.kind))).collect()
}
