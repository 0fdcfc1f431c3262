//! Users and groups.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// A person or a bot.
#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct User {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) organisation: String,
    pub(crate) is_bot: bool,
    /// False for a deleted user, who is not listed and can do nothing.
    pub(crate) is_active: bool,
    /// True if bots see it in the directory and can add it to chats.
    pub(crate) is_visible: bool,
}

impl User {
    pub(crate) fn new(first_name: &str, last_name: &str, organisation: &str, is_bot: bool) -> Self {
        Self {
            first_name: first_name.to_owned(),
            last_name: last_name.to_owned(),
            organisation: organisation.to_owned(),
            is_bot,
            is_active: true,
            is_visible: true,
        }
    }
}

#[derive(Clone, Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) members: BTreeSet<String>,
    pub(crate) owner: Option<String>,
    pub(crate) is_circle: bool,
    pub(crate) is_list: bool,
    pub(crate) is_public: bool,
}

/// All users and groups of the organisation.
#[derive(Clone, Debug, Default)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Directory {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) groups: BTreeMap<String, Group>,
}

impl Directory {
    pub(crate) fn is_active(&self, uid: &str) -> bool {
        self.users.get(uid).is_some_and(|user| user.is_active)
    }

    pub(crate) fn is_bot(&self, uid: &str) -> bool {
        self.users.get(uid).is_some_and(|user| user.is_bot)
    }

    /// Returns true if `viewer` sees this user. People see everyone; bots see users that the admin has made visible.
    pub(crate) fn sees_user(&self, viewer: &str, uid: &str) -> bool {
        let visible = |user: &User| user.is_active && (user.is_visible || !self.is_bot(viewer));
        viewer == uid || self.users.get(uid).is_some_and(visible)
    }

    pub(crate) fn sees_group(&self, gid: &str) -> bool {
        self.groups.contains_key(gid)
    }

    pub(crate) fn is_in_group(&self, gid: &str, uid: &str) -> bool {
        self.groups.get(gid).is_some_and(|group| group.members.contains(uid))
    }

    pub(crate) fn user_json(&self, uid: &str) -> Value {
        let Some(user) = self.users.get(uid) else { return Value::Null };
        json!({
            "uid": uid,
            "first_name": user.first_name,
            "last_name": user.last_name,
            "organisation": user.organisation,
            "is_bot": user.is_bot,
        })
    }

    /// The JSON of these users, without deleted ones.
    pub(crate) fn users_json<'u>(&self, uids: impl IntoIterator<Item = &'u String>) -> Value {
        uids.into_iter().filter(|uid| self.is_active(uid)).map(|uid| self.user_json(uid)).collect()
    }

    pub(crate) fn group_json(&self, gid: &str) -> Value {
        let Some(group) = self.groups.get(gid) else { return Value::Null };
        json!({
            "gid": gid,
            "title": group.title,
            "members": self.users_json(&group.members),
            "owner": group.owner.as_ref().filter(|uid| self.is_active(uid)).map(|uid| self.user_json(uid)),
            "is_circle": group.is_circle,
            "is_list": group.is_list,
            "is_public": group.is_public,
        })
    }
}
