//! Finding chats, changing their title and flags, closing and reopening them.

use super::{
    World,
    answer::{Reply, ok},
    call::Call,
    form,
    now::Now,
    problem::Problem,
};

/// What a PATCH changes.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) title: Option<String>,
    pub(super) allow_sending: Option<bool>,
    pub(super) allow_mute_notifications: Option<bool>,
}

pub(super) fn list(world: &mut World, call: &Call) -> Reply {
    let title = call.query.text("title", 0..=256)?;
    let filter = title.map(|title| format!("title {title}")).unwrap_or_default();
    let chats = world.chats_of(&call.actor).into_iter();
    let rows = chats.filter(|chat| title.is_none_or(|title| chat.title == title)).map(|chat| (chat.number, chat));
    world.cursors.page(call, &call.list(&filter), rows, |chat| world.show_chat(chat))
}

pub(super) fn get(world: &mut World, call: &Call) -> Reply {
    world.answer_chat(call)
}

pub(super) fn update(world: &mut World, call: &Call) -> Reply {
    let changes = form::read(&call.json, |form| {
        let changes = Changes {
            title: form.text("title", 0..=256),
            allow_sending: form.flag("allow_sending"),
            allow_mute_notifications: form.flag("allow_mute_notifications"),
        };
        let Changes { title: None, allow_sending: None, allow_mute_notifications: None } = changes else {
            return Some(changes);
        };
        form.fault_here("nothing to change");
        None
    })?;
    world.change_chat(&call.actor, call.id(0), changes)?;
    world.answer_chat(call)
}

pub(super) fn close(world: &mut World, call: &Call) -> Reply {
    world.close_chat(call.now, &call.actor, call.id(0))?;
    world.answer_chat(call)
}

pub(super) fn reopen(world: &mut World, call: &Call) -> Reply {
    world.reopen_chat(&call.actor, call.id(0))?;
    world.answer_chat(call)
}

impl World {
    /// The chat that the call names, as it now is.
    pub(super) fn answer_chat(&self, call: &Call) -> Reply {
        ok(self.show_chat(self.chat(&call.actor, call.id(0))?))
    }

    pub(super) fn change_chat(&mut self, actor: &str, tid: &str, changes: Changes) -> Result<(), Problem> {
        let chat = self.chat_mut(actor, tid)?;
        chat.needs_admin(actor)?;
        chat.title = changes.title.unwrap_or_else(|| std::mem::take(&mut chat.title));
        chat.allow_sending = changes.allow_sending.unwrap_or(chat.allow_sending);
        chat.allow_mute_notifications = changes.allow_mute_notifications.unwrap_or(chat.allow_mute_notifications);
        Ok(())
    }

    pub(super) fn close_chat(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        let allowed = self.org_settings.closing;
        let chat = self.chat_mut(actor, tid)?;
        if !allowed {
            return Err(Problem::switched_off(
                "close_chat_not_allowed",
                "The organisation does not allow closing chats.",
            ));
        }
        chat.needs_admin(actor)?;
        chat.is_closed = true;
        self.end_shares(now, tid, |_| true);
        Ok(())
    }

    pub(super) fn reopen_chat(&mut self, actor: &str, tid: &str) -> Result<(), Problem> {
        let chat = self.chat_mut(actor, tid)?;
        chat.needs_admin(actor)?;
        chat.is_closed = false;
        Ok(())
    }
}
