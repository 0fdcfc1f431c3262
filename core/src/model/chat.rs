use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{Group, ThreadId, User, saved::yes};

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
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ChatInfo {
    /// The thread id, which identifies the chat.
    pub tid: ThreadId,
    /// The title; empty for most 1:1 chats.
    #[serde(default)]
    pub title: String,
    /// The type: 1:1 or group.
    #[doc(alias = "type")]
    pub chat_type: ChatType,
    /// `true` if this is an alert chat.
    #[serde(default)]
    pub is_alert: bool,
    /// `true` if members other than the admins can send messages.
    #[serde(default = "yes")]
    pub allow_sending: bool,
    /// `true` if members can mute notifications.
    #[serde(default = "yes")]
    pub allow_mute_notifications: bool,
    /// `true` if the chat has been closed.
    #[serde(default)]
    pub is_closed: bool,
    /// The users who are direct members, not those who are members through a group.
    #[serde(default)]
    pub users: Vec<User>,
    /// The groups that are members.
    #[serde(default)]
    pub groups: Vec<Group>,
    /// The administrators.
    #[serde(default)]
    pub admins: Vec<User>,
    /// `true` if the chat has been changed since, but its new data could not be fetched: see
    /// [`Chat::is_outdated`](crate::Chat::is_outdated).
    #[serde(default)]
    pub is_outdated: bool,
}

impl ChatInfo {
    /// Creates a chat without title and members, in which all members may send messages and mute notifications. The
    /// other fields can be set.
    ///
    /// ```
    /// use teamwire_core::{User, model::{ChatInfo, ChatType}};
    ///
    /// let mut chat = ChatInfo::new("c1", ChatType::Group);
    /// chat.title = "Operations".into();
    /// chat.users = vec![User::new("u-anna", "Anna", "Berg")];
    /// ```
    pub fn new(tid: impl Into<ThreadId>, chat_type: ChatType) -> Self {
        Self {
            tid: tid.into(),
            title: String::new(),
            chat_type,
            is_alert: false,
            allow_sending: true,
            allow_mute_notifications: true,
            is_closed: false,
            users: Vec::new(),
            groups: Vec::new(),
            admins: Vec::new(),
            is_outdated: false,
        }
    }

    /// Creates the snapshot of a chat of which only the id is known.
    pub(crate) fn outdated(tid: ThreadId) -> Self {
        Self { is_outdated: true, ..Self::new(tid, ChatType::Unknown(String::new())) }
    }
}
