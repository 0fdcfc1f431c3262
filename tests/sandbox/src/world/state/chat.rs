//! A chat: its members, its rights, and what every operation on one begins with.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    World, avatars::Avatar, directory::Directory, locations::Share, messages::Message, problem::Problem, roster::Roster,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    OneToOne,
    Group,
}

#[derive(Clone, Debug)]
pub(crate) struct Chat {
    pub(crate) tid: String,
    /// Its place in the order of creation.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) is_alert: bool,
    pub(crate) allow_sending: bool,
    pub(crate) allow_mute_notifications: bool,
    pub(crate) is_closed: bool,
    pub(crate) roster: Roster,
    /// In the order of their arrival.
    pub(crate) messages: Vec<Message>,
    /// How many messages each user has read.
    pub(crate) read: BTreeMap<String, usize>,
    pub(crate) avatar: Option<Avatar>,
    /// Who shares a live location here. It is taken out when it ends.
    pub(crate) shares: BTreeMap<String, Share>,
}

impl Chat {
    pub(crate) fn new(tid: String, number: u64, kind: Kind, title: String) -> Self {
        Self {
            tid,
            number,
            kind,
            title,
            is_alert: false,
            allow_sending: true,
            allow_mute_notifications: true,
            is_closed: false,
            roster: Roster::default(),
            messages: Vec::new(),
            read: BTreeMap::new(),
            avatar: None,
            shares: BTreeMap::new(),
        }
    }

    /// Whether this user is a member, directly or through a group.
    pub(crate) fn is_member(&self, directory: &Directory, uid: &str) -> bool {
        self.roster.contains(directory, uid)
    }

    pub(crate) fn is_admin(&self, uid: &str) -> bool {
        self.kind == Kind::Group && self.roster.admins.iter().any(|it| it == uid)
    }

    pub(crate) fn require_admin(&self, uid: &str) -> Result<(), Problem> {
        match self.kind {
            Kind::OneToOne => Err(Problem::forbidden("A 1:1 chat has no admins.")),
            Kind::Group if self.is_admin(uid) => Ok(()),
            Kind::Group => Err(Problem::forbidden("Only admins of the chat may do this.")),
        }
    }

    pub(crate) fn require_open(&self) -> Result<(), Problem> {
        if self.is_closed { Err(Problem::conflict("The chat is closed.")) } else { Ok(()) }
    }

    /// A message that is there and not deleted.
    pub(crate) fn message(&self, mid: &str) -> Result<&Message, Problem> {
        self.messages
            .iter()
            .find(|message| message.mid == mid && !message.deleted)
            .ok_or_else(|| Problem::not_found("message"))
    }

    pub(crate) fn message_mut(&mut self, mid: &str) -> Result<&mut Message, Problem> {
        self.messages
            .iter_mut()
            .find(|message| message.mid == mid && !message.deleted)
            .ok_or_else(|| Problem::not_found("message"))
    }
}

impl World {
    /// The chat, if this user is a member of it; to everybody else there is none.
    pub(crate) fn chat(&self, actor: &str, tid: &str) -> Result<&Chat, Problem> {
        self.chats
            .get(tid)
            .filter(|chat| chat.is_member(&self.directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// As [`chat`](Self::chat), to change it.
    pub(crate) fn chat_mut(&mut self, actor: &str, tid: &str) -> Result<&mut Chat, Problem> {
        let directory = &self.directory;
        self.chats
            .get_mut(tid)
            .filter(|chat| chat.is_member(directory, actor))
            .ok_or_else(|| Problem::not_found("chat"))
    }

    /// This user's chats, oldest first.
    pub(crate) fn chats_of(&self, actor: &str) -> Vec<&Chat> {
        let mut chats: Vec<_> = self.chats.values().filter(|chat| chat.is_member(&self.directory, actor)).collect();
        chats.sort_by_key(|chat| chat.number);
        chats
    }

    pub(crate) fn chat_json(&self, chat: &Chat) -> Value {
        json!({
            "tid": chat.tid,
            "title": chat.title,
            "type": match chat.kind { Kind::OneToOne => "one_to_one", Kind::Group => "group" },
            "is_alert": chat.is_alert,
            "allow_sending": chat.allow_sending,
            "allow_mute_notifications": chat.allow_mute_notifications,
            "is_closed": chat.is_closed,
            "users": self.directory.users_json(&chat.roster.users),
            "groups": chat.roster.groups.iter().map(|gid| self.directory.group_json(gid)).collect::<Vec<_>>(),
            "admins": self.directory.users_json(&chat.roster.admins),
        })
    }
}
