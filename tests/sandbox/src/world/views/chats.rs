//! Chats, with members, readers and the last message.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::world::{
    contract::problem::Problem,
    now::Now,
    state::{World, chat::Chat},
};

impl World {
    /// The chats of a person, with what waits in them. 404 for a bot and for an unknown or deleted person.
    pub(crate) fn chats_view(&self, now: Now, uid: &str) -> Result<Vec<Value>, Problem> {
        self.require_person(uid)?;
        let view = |chat: &Chat| {
            let mut view = self.chat_view(now, chat);
            let waiting = chat.waiting_for(uid);
            view["unread"] = json!(waiting.unread);
            view["alerts"] = json!(waiting.alerts);
            view
        };
        Ok(self.chats_of(uid).into_iter().map(view).collect())
    }

    /// A chat as everybody in it sees it.
    pub(crate) fn chat_view(&self, now: Now, chat: &Chat) -> Value {
        let mut view = self.chat_json(chat);
        view["members"] = json!(chat.roster.members(&self.directory));
        view["has_avatar"] = json!(chat.avatar.is_some());
        view["reads"] = json!(self.reads_view(chat));
        view["message_count"] = json!(chat.messages.len());
        view["last_message"] = chat.messages.last().map_or(Value::Null, |it| it.to_json(&self.directory, &chat.tid));
        view["locations"] = self.locations_view(now, chat);
        view
    }

    /// The number of messages that each member has read; empty while receipts are switched off.
    pub(crate) fn reads_view<'c>(&self, chat: &'c Chat) -> BTreeMap<&'c String, usize> {
        if !self.org_settings.read_receipts {
            return BTreeMap::new();
        }
        let is_member = |uid: &&String| chat.is_member(&self.directory, uid);
        chat.read.iter().filter(|(uid, _)| is_member(uid)).map(|(uid, read)| (uid, *read)).collect()
    }

    /// 404 unless this is an active person.
    pub(crate) fn require_person(&self, uid: &str) -> Result<(), Problem> {
        if self.directory.is_active(uid) && !self.directory.is_bot(uid) {
            return Ok(());
        }
        Err(Problem::not_found("person"))
    }
}
