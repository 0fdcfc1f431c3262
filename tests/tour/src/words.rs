//! The outcomes of operations as short texts.

use teamwire_core::{Chat, Message, Reaction, User, executor::Executor};

/// The first names of these users.
pub(crate) fn names<'a>(users: impl IntoIterator<Item = &'a User>) -> String {
    let names: Vec<_> = users.into_iter().map(|user| user.first_name.as_str()).collect();
    names.join(", ")
}

pub(crate) fn read_by(users: &[User]) -> String {
    if users.is_empty() { "read by no one".into() } else { format!("read by {}", names(users)) }
}

pub(crate) fn titles<X: Executor>(chats: &[Chat<X>]) -> String {
    chats.iter().map(Chat::title).collect::<Vec<_>>().join(", ")
}

pub(crate) fn reactions<'a>(reactions: impl IntoIterator<Item = &'a Reaction>) -> String {
    let each = reactions.into_iter().map(|it| format!("{}: {:?}", it.from_user.first_name, it.reaction_type));
    each.collect::<Vec<_>>().join(", ")
}

/// The number of messages and the last text.
pub(crate) fn texts(messages: &[Message]) -> String {
    let last = messages.iter().rev().find_map(|message| message.text.as_deref()).unwrap_or_default();
    format!("{} messages, the last is {last:?}", messages.len())
}
