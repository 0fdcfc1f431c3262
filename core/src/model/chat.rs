use alloc::{string::String, vec::Vec};

use super::{Group, ThreadId, User};

/// What kind of chat it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChatType {
    /// Between two users. It cannot be left, and nobody can be added to it.
    #[doc(alias = "ONE_TO_ONE")]
    OneToOne,
    /// Between any number of users and groups.
    #[doc(alias = "GROUP")]
    Group,
    /// A kind that this version does not know, as the server wrote it.
    Unknown(String),
}

/// A chat as the server described it at some moment.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChatInfo {
    /// The thread id: what the chat is known by.
    pub tid: ThreadId,
    /// The title; may be empty, and is for most 1:1 chats.
    pub title: String,
    /// 1:1 or group.
    #[doc(alias = "type")]
    pub chat_type: ChatType,
    /// Whether this is an alert chat.
    pub is_alert: bool,
    /// Whether members other than the admins can send messages.
    pub allow_sending: bool,
    /// Whether members can mute notifications.
    pub allow_mute_notifications: bool,
    /// Whether the chat has been closed.
    pub is_closed: bool,
    /// Direct user members: not those who are in it by a group.
    pub users: Vec<User>,
    /// Group members.
    pub groups: Vec<Group>,
    /// Who can administer the chat.
    pub admins: Vec<User>,
}
