//! The public operations, generic over the executor: [`Client`], [`Chats`], [`ChatRef`], [`Chat`] and [`Contacts`].

mod changes;
mod chat;
mod chat_management;
mod chat_message;
mod chat_ref;
mod chats;
mod check;
mod client;
mod contacts;
mod naming;
mod new_chats;
mod run;

pub use self::{chat::Chat, chat_ref::ChatRef, chats::Chats, client::Client, contacts::Contacts};
