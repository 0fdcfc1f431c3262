use alloc::{string::String, vec::Vec};

use super::{Group, ThreadId, User};

/// The type of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatType {
    /// Between two users. It cannot be left, and members cannot be added.
    #[doc(alias = "ONE_TO_ONE")]
    OneToOne,
    /// Between any number of users and groups.
    #[doc(alias = "GROUP")]
    Group,
    /// A type that this version does not know, as the server sent it.
    Unknown(String),
}

/// A snapshot of a chat's data.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatInfo {
    /// The thread id, which identifies the chat.
    pub tid: ThreadId,
    /// The title; empty for most 1:1 chats.
    pub title: String,
    /// The type: 1:1 or group.
    #[doc(alias = "type")]
    pub chat_type: ChatType,
    /// `true` if this is an alert chat.
    pub is_alert: bool,
    /// `true` if members other than the admins can send messages.
    pub allow_sending: bool,
    /// `true` if members can mute notifications.
    pub allow_mute_notifications: bool,
    /// `true` if the chat has been closed.
    pub is_closed: bool,
    /// The users who are direct members, not those who are members through a group.
    pub users: Vec<User>,
    /// The groups that are members.
    pub groups: Vec<Group>,
    /// The administrators.
    pub admins: Vec<User>,
}
