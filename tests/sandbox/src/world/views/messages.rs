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
    /// A window of the messages of a chat, or only of those that contain a text, oldest first. 404 for an unknown
    /// message.
    pub(crate) fn messages_view(
        &self,
        uid: &str,
        tid: &str,
        window: Window<'_>,
        text: Option<&str>,
        limit: usize,
    ) -> Result<Value, Problem> {
        self.require_person(uid)?;
        let chat = self.chat(uid, tid)?;
        let place = |mid: &str| {
            let found = chat.messages.iter().rposition(|message| message.mid == mid);
            found.ok_or_else(|| Problem::not_found("message"))
        };
        let count = chat.messages.len();
        let range = match window {
            Window::Newest => 0..count,
            Window::Before(mid) => 0..place(mid)?,
            Window::After(mid) => place(mid)? + 1..count,
            Window::From(index) => index.min(count)..count,
            Window::Around(mid) => place(mid)?.saturating_sub(limit / 2)..count,
        };
        let end = range.end;
        let text = text.map(str::to_lowercase);
        let views = range.map(|at| self.message_view(chat, at));
        let views = views.filter(|view| text.as_ref().is_none_or(|text| contains(view, text)));
        let items: Vec<_> = if matches!(window, Window::Newest | Window::Before(_)) {
            let mut newest: Vec<_> = views.rev().take(limit).collect();
            newest.reverse();
            newest
        } else {
            views.take(limit).collect()
        };
        Ok(json!({
            "start": items.first().map_or_else(|| json!(end), |first| first["index"].clone()),
            "items": items,
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

/// True if a text in lower case is in a message: in what it says, in the name of its sender, or in the words of its
/// attachments.
fn contains(message: &Value, text: &str) -> bool {
    let has_text = |text_of: &str| text_of.to_lowercase().contains(text);
    let has = |value: &Value| value.as_str().is_some_and(has_text);
    let any = |list: &Value, is_in: &dyn Fn(&Value) -> bool| list.as_array().is_some_and(|it| it.iter().any(is_in));
    let sender = &message["from_user"];
    let name = ["first_name", "last_name"].map(|name| sender[name].as_str().unwrap_or_default()).join(" ");
    let names = ["title", "name", "question", "description", "location", "address"];
    let is_in = |part: &Value| {
        names.iter().any(|name| has(&part[name]))
            || has(&part["asset"]["file_name"])
            || any(&part["images"], &|image| has(&image["file_name"]))
            || any(&part["options"], &has)
    };
    has_text(&name)
        || has(&message["msg"])
        || has(&message["sender_display_name"])
        || any(&message["attachments"], &is_in)
}

fn reactions_view(message: &Message) -> Value {
    let view = |(uid, kind)| json!({ "uid": uid, "reaction_type": kind });
    message.reactions.iter().map(|it| view((&it.from, &it.kind))).collect()
}
