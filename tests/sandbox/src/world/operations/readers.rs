//! Read receipts: the members who have read all messages of a chat.

use serde_json::json;

use super::paging;
use crate::world::{
    call::Call,
    contract::problem::Problem,
    now::Now,
    outcome::OperationResult,
    state::{World, chat::Chat, feed_log::Update},
};

/// The list of the readers. The response to marking as read is its first page.
const LIST: &str = "/v1/chats/{tid}/readers";

pub(crate) fn list(world: &mut World, call: &Call) -> OperationResult {
    // Checked first, because invalid parameters are reported before missing chats.
    paging::check(call)?;
    let chat = world.chat(&call.actor, call.id(0))?;
    if !world.org_settings.read_receipts {
        return Err(Problem::not_allowed("read_receipts_disabled", "The organisation has disabled read receipts."));
    }
    let readers = world.readers(chat).into_iter().map(|uid| (uid.clone(), uid));
    world.list_cursors().page(call, &call.cursor_scope_of(LIST, ""), readers, |uid| world.directory.user_json(uid))
}

pub(crate) fn mark(world: &mut World, call: &Call) -> OperationResult {
    world.chat(&call.actor, call.id(0))?;
    if !world.org_settings.bot_read_marks && world.directory.is_bot(&call.actor) {
        return Err(Problem::forbidden("The organisation does not allow bots to mark chats as read."));
    }
    world.mark_read(call.now, &call.actor, call.id(0))?;
    let chat = world.chat(&call.actor, call.id(0))?;
    let readers = if world.org_settings.read_receipts { world.readers(chat) } else { Vec::new() };
    let readers = readers.into_iter().map(|uid| (uid.clone(), uid));
    world.list_cursors().first_page(&call.cursor_scope_of(LIST, ""), readers, |uid| world.directory.user_json(uid))
}

impl World {
    /// The members who have read all messages, ordered by `uid`; empty if there are no messages.
    fn readers<'c>(&'c self, chat: &'c Chat) -> Vec<&'c String> {
        let all = chat.messages.len();
        let has_read = |uid: &&String| all > 0 && chat.read.get(*uid).is_some_and(|read| *read == all);
        chat.roster.members(&self.directory).into_iter().filter(has_read).collect()
    }

    pub(crate) fn mark_read(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        let chat = self.chat_mut(actor, tid)?;
        let all = chat.messages.len();
        let read_before = chat.read.insert(actor.to_owned(), all).unwrap_or_default();
        if read_before < all && self.org_settings.read_receipts {
            let read = json!({ "tid": tid, "user": self.directory.user_json(actor) });
            self.publish(now, tid, Update::Read(read));
        }
        Ok(())
    }
}
