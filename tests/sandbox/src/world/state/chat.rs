//! Chats, with their members, messages, avatar and location shares.

use std::{collections::BTreeMap, time::Duration};

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{directory::Directory, message::Message, roster::Roster};
use crate::world::contract::problem::Problem;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum Kind {
    OneToOne,
    Group,
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Chat {
    pub(crate) tid: String,
    /// Its number in order of creation.
    pub(crate) number: u64,
    pub(crate) kind: Kind,
    pub(crate) title: String,
    pub(crate) is_alert: bool,
    pub(crate) allow_sending: bool,
    pub(crate) allow_mute_notifications: bool,
    pub(crate) is_closed: bool,
    pub(crate) roster: Roster,
    /// In order of arrival.
    #[cfg_attr(feature = "server", serde(skip))]
    pub(crate) messages: Vec<Message>,
    /// The number of messages that each user has read.
    pub(crate) read: BTreeMap<String, usize>,
    #[cfg_attr(feature = "server", serde(skip))]
    pub(crate) avatar: Option<Avatar>,
    /// The active location shares by `uid`.
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

    /// Returns true if this user is a member, directly or through a group.
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

    /// Returns an existing message that is not deleted.
    pub(crate) fn message(&self, mid: &str) -> Result<&Message, Problem> {
        self.messages
            .iter()
            .find(|message| message.mid == mid && !message.deleted)
            .ok_or_else(|| Problem::not_found("message"))
    }

    /// The JSON of a message, which may be deleted.
    pub(crate) fn message_json(&self, directory: &Directory, mid: &str) -> Option<Value> {
        self.messages
            .iter()
            .rev()
            .find(|message| message.mid == mid)
            .map(|message| message.to_json(directory, &self.tid))
    }

    pub(crate) fn message_mut(&mut self, mid: &str) -> Result<&mut Message, Problem> {
        self.messages
            .iter_mut()
            .find(|message| message.mid == mid && !message.deleted)
            .ok_or_else(|| Problem::not_found("message"))
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum Avatar {
    Jpeg(#[cfg_attr(feature = "server", serde(with = "super::base64"))] Vec<u8>),
    /// The id of an asset.
    Asset(String),
}

impl Avatar {
    pub(crate) fn is_asset(&self, id: &str) -> bool {
        matches!(self, Self::Asset(it) if it == id)
    }
}

/// An active live location.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Share {
    pub(crate) lat: f64,
    pub(crate) lon: f64,
    pub(crate) expires: Duration,
    pub(crate) expires_utc: DateTime<Utc>,
}
