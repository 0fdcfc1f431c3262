//! Listing, changing, closing and reopening chats.

use crate::world::{
    call::Call,
    contract::{json_object, problem::Problem},
    now::Now,
    outcome::{OperationResult, ok},
    state::World,
};

/// The changes of a PATCH request.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    pub(crate) title: Option<String>,
    pub(crate) allow_sending: Option<bool>,
    pub(crate) allow_mute_notifications: Option<bool>,
}

pub(crate) fn list(world: &mut World, call: &Call) -> OperationResult {
    let title = call.query.string("title", 0..=256)?;
    let filter = title.map(|title| format!("title {title}")).unwrap_or_default();
    let chats = world.chats_of(&call.actor).into_iter();
    let rows = chats.filter(|chat| title.is_none_or(|title| chat.title == title)).map(|chat| (chat.number, chat));
    world.list_cursors().page(call, &call.cursor_scope(&filter), rows, |chat| world.chat_json(chat))
}

pub(crate) fn get(world: &mut World, call: &Call) -> OperationResult {
    world.chat_response(call)
}

pub(crate) fn update(world: &mut World, call: &Call) -> OperationResult {
    let changes = json_object::read(&call.json, |object| {
        let changes = Changes {
            title: object.string("title", 0..=256),
            allow_sending: object.boolean("allow_sending"),
            allow_mute_notifications: object.boolean("allow_mute_notifications"),
        };
        let Changes { title: None, allow_sending: None, allow_mute_notifications: None } = changes else {
            return Some(changes);
        };
        object.error_here("needs a member to change");
        None
    })?;
    world.change_chat(call.now, &call.actor, call.id(0), changes)?;
    world.chat_response(call)
}

pub(crate) fn close(world: &mut World, call: &Call) -> OperationResult {
    world.close_chat(call.now, &call.actor, call.id(0))?;
    world.chat_response(call)
}

pub(crate) fn reopen(world: &mut World, call: &Call) -> OperationResult {
    world.reopen_chat(call.now, &call.actor, call.id(0))?;
    world.chat_response(call)
}

impl World {
    /// The current JSON of the chat in the call's path.
    pub(crate) fn chat_response(&self, call: &Call) -> OperationResult {
        ok(self.chat_json(self.chat(&call.actor, call.id(0))?))
    }

    pub(crate) fn change_chat(&mut self, now: Now, actor: &str, tid: &str, changes: Changes) -> Result<(), Problem> {
        self.changing(now, tid, |world| {
            let chat = world.chat_mut(actor, tid)?;
            chat.require_admin(actor)?;
            chat.title = changes.title.unwrap_or_else(|| std::mem::take(&mut chat.title));
            chat.allow_sending = changes.allow_sending.unwrap_or(chat.allow_sending);
            chat.allow_mute_notifications = changes.allow_mute_notifications.unwrap_or(chat.allow_mute_notifications);
            Ok(())
        })
    }

    pub(crate) fn close_chat(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        let allowed = self.org_settings.closing;
        let chat = self.chat_mut(actor, tid)?;
        if !allowed {
            return Err(Problem::not_allowed(
                "close_chat_not_allowed",
                "The organisation does not allow closing chats.",
            ));
        }
        chat.require_admin(actor)?;
        self.changing(now, tid, |world| {
            world.chat_mut(actor, tid)?.is_closed = true;
            world.end_shares(now, tid, |_| true);
            Ok(())
        })
    }

    pub(crate) fn reopen_chat(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        self.changing(now, tid, |world| {
            let chat = world.chat_mut(actor, tid)?;
            chat.require_admin(actor)?;
            chat.is_closed = false;
            Ok(())
        })
    }
}
