//! Users and groups, and who can see them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::{
    World,
    call::Call,
    problem::Problem,
    response::{OperationResult, ok},
};

/// A user: a person, or a bot.
#[derive(Clone, Debug)]
pub(crate) struct User {
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) organisation: String,
    pub(crate) is_bot: bool,
    /// False once deleted: then it is nowhere listed and does nothing.
    pub(crate) is_active: bool,
    /// Whether bots see it in the directory, and can make it a member.
    pub(crate) is_visible: bool,
}

#[derive(Clone, Debug)]
pub(crate) struct Group {
    pub(crate) title: String,
    pub(crate) members: BTreeSet<String>,
    pub(crate) owner: Option<String>,
    pub(crate) is_circle: bool,
    pub(crate) is_list: bool,
    pub(crate) is_public: bool,
}

/// Everybody in the organisation.
#[derive(Debug, Default)]
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

    /// Whether `viewer` sees this user: people see everybody, bots whom the admin lets them see.
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

    /// Those of these users who are not deleted.
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

pub(crate) fn health(_: &mut World, _: &Call) -> OperationResult {
    ok(json!({ "status": "ok" }))
}

pub(crate) fn me(world: &mut World, call: &Call) -> OperationResult {
    ok(world.directory.user_json(&call.actor))
}

pub(crate) fn list_users(world: &mut World, call: &Call) -> OperationResult {
    let directory = &world.directory;
    let seen = directory.users.keys().filter(|uid| directory.sees_user(&call.actor, uid));
    world.cursors.page(call, &call.cursor_scope(""), seen.map(|uid| (uid.clone(), uid)), |uid| directory.user_json(uid))
}

pub(crate) fn get_user(world: &mut World, call: &Call) -> OperationResult {
    let uid = call.id(0);
    if world.directory.sees_user(&call.actor, uid) {
        ok(world.directory.user_json(uid))
    } else {
        Err(Problem::not_found("user"))
    }
}

pub(crate) fn list_groups(world: &mut World, call: &Call) -> OperationResult {
    let directory = &world.directory;
    let groups = directory.groups.keys().map(|gid| (gid.clone(), gid));
    world.cursors.page(call, &call.cursor_scope(""), groups, |gid| directory.group_json(gid))
}

pub(crate) fn get_group(world: &mut World, call: &Call) -> OperationResult {
    let gid = call.id(0);
    if world.directory.sees_group(gid) { ok(world.directory.group_json(gid)) } else { Err(Problem::not_found("group")) }
}
