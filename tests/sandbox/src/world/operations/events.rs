//! The feed of all events, and the events of chats and their members.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{feed::check_poll, subscriptions::subscription_of};
use crate::world::{
    call::Call,
    now::Now,
    outcome::OperationResult,
    state::{
        World,
        feed_log::{Feed, Update},
        subscriptions::Topic,
    },
};

pub(crate) fn poll(world: &mut World, call: &Call) -> OperationResult {
    let subscription = subscription_of(call)?;
    check_poll(call)?;
    world.poll_leased(call, &subscription, &Topic::Events, &Feed::Events)
}

/// A chat before a change, with the bots that are members of it.
#[derive(Debug)]
pub(crate) struct ChatBefore {
    chat: Value,
    bots: BTreeSet<String>,
}

impl World {
    /// Describes a chat before it is changed.
    pub(crate) fn chat_before(&self, tid: &str) -> ChatBefore {
        let chat = self.chats.get(tid).map(|chat| self.chat_json(chat)).unwrap_or_default();
        ChatBefore { chat, bots: self.bots_in(tid) }
    }

    /// Publishes what a change of a chat means for each bot.
    pub(crate) fn publish_change(&mut self, now: Now, tid: &str, before: &ChatBefore) {
        let ChatBefore { chat: after, bots } = self.chat_before(tid);
        let joined: BTreeSet<String> = bots.difference(&before.bots).cloned().collect();
        let left: BTreeSet<String> = before.bots.difference(&bots).cloned().collect();
        let stayed: BTreeSet<String> = bots.intersection(&before.bots).cloned().collect();
        self.publish_to(now, tid, left, Update::Chat("chat_left".into(), json!({ "tid": tid })));
        self.publish_to(now, tid, joined, Update::Chat("chat_joined".into(), after.clone()));
        for kind in changes(&before.chat, &after) {
            self.publish_to(now, tid, stayed.clone(), Update::Chat(kind.into(), after.clone()));
        }
    }

    /// Performs a change of a chat and publishes it.
    pub(crate) fn changing<R>(&mut self, now: Now, tid: &str, change: impl FnOnce(&mut Self) -> R) -> R {
        let before = self.chat_before(tid);
        let result = change(self);
        self.publish_change(now, tid, &before);
        result
    }

    /// Performs a change of the organisation and publishes what it changes in each chat.
    pub(crate) fn changing_all<R>(&mut self, now: Now, change: impl FnOnce(&mut Self) -> R) -> R {
        let before: Vec<_> = self.chats.keys().map(|tid| (tid.clone(), self.chat_before(tid))).collect();
        let result = change(self);
        for (tid, before) in &before {
            self.publish_change(now, tid, before);
        }
        result
    }

    /// Publishes a change of the avatar, which is not part of the chat's JSON.
    pub(crate) fn publish_avatar_change(&mut self, now: Now, tid: &str) {
        if let Some(chat) = self.chats.get(tid) {
            let json = self.chat_json(chat);
            self.publish(now, tid, Update::Chat("chat_changed".into(), json));
        }
    }
}

/// The kinds of events for these changes of a chat's JSON.
fn changes(before: &Value, after: &Value) -> Vec<&'static str> {
    let differs = |name: &str| before[name] != after[name];
    let mut kinds = Vec::new();
    if differs("title") {
        kinds.push("chat_renamed");
    }
    if differs("is_closed") {
        kinds.push(if after["is_closed"] == true { "chat_closed" } else { "chat_reopened" });
    }
    if ["allow_sending", "allow_mute_notifications", "users", "groups", "admins"].into_iter().any(differs) {
        kinds.push("chat_changed");
    }
    kinds
}
