//! How people and things are put into words.

use teamwire_core::{Message, Reaction, User};

/// The first names of these users.
pub(crate) fn names<'a>(users: impl IntoIterator<Item = &'a User>) -> String {
    let names: Vec<&str> = users.into_iter().map(|user| user.first_name.as_str()).collect();
    if names.is_empty() { "nobody".into() } else { names.join(", ") }
}

pub(crate) fn reactions<'a>(reactions: impl IntoIterator<Item = &'a Reaction>) -> String {
    let each = reactions.into_iter().map(|it| format!("{}: {:?}", it.from_user.first_name, it.reaction_type));
    each.collect::<Vec<_>>().join(", ")
}

pub(crate) fn texts(messages: &[Message]) -> String {
    let last = messages.iter().rev().find_map(|message| message.text.as_deref()).unwrap_or("no text");
    format!("{} messages, the last: {last:?}", messages.len())
}
