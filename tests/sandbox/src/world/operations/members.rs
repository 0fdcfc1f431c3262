//! Members and admins of a chat.

use crate::world::{
    call::Call,
    contract::{json_object, problem::Problem},
    now::Now,
    outcome::{OperationResult, Outcome, ok},
    state::{World, chat::Kind},
};

/// Users and groups to add or remove.
#[derive(Debug, Default)]
pub(crate) struct MemberIds {
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
}

fn member_ids(call: &Call) -> Result<MemberIds, Problem> {
    json_object::read(&call.json, |object| {
        let (users, groups) = (object.ids("users", 0..=1000), object.ids("groups", 0..=1000));
        let ids = MemberIds { users: users.unwrap_or_default(), groups: groups.unwrap_or_default() };
        if ids.users.is_empty() && ids.groups.is_empty() {
            object.error_here("needs at least one id");
        }
        Some(ids)
    })
}

pub(crate) fn add(world: &mut World, call: &Call) -> OperationResult {
    let ids = member_ids(call)?;
    world.add_members(call.now, &call.actor, call.id(0), ids)?;
    world.chat_response(call)
}

pub(crate) fn remove(world: &mut World, call: &Call) -> OperationResult {
    let ids = member_ids(call)?;
    world.remove_members(call.now, &call.actor, call.id(0), &ids)?;
    // The bot may have removed the group that made it a member: then the chat is returned one last time.
    let chat = world.chats.get(call.id(0)).ok_or_else(|| Problem::not_found("chat"))?;
    ok(world.chat_json(chat))
}

pub(crate) fn add_admin(world: &mut World, call: &Call) -> OperationResult {
    world.add_admin(call.now, &call.actor, call.id(0), call.id(1))?;
    world.chat_response(call)
}

pub(crate) fn remove_admin(world: &mut World, call: &Call) -> OperationResult {
    world.remove_admin(call.now, &call.actor, call.id(0), call.id(1))?;
    world.chat_response(call)
}

pub(crate) fn leave(world: &mut World, call: &Call) -> OperationResult {
    world.leave_chat(call.now, &call.actor, call.id(0))?;
    Ok(Outcome::NoContent)
}

impl World {
    fn require_member_updates_allowed(&self) -> Result<(), Problem> {
        if self.org_settings.member_updates {
            return Ok(());
        }
        let detail = "The organisation does not allow changes of chat members.";
        Err(Problem::not_allowed("update_members_not_allowed", detail))
    }

    pub(crate) fn add_members(&mut self, now: Now, actor: &str, tid: &str, ids: MemberIds) -> Result<(), Problem> {
        let chat = self.chat(actor, tid)?;
        self.require_member_updates_allowed()?;
        chat.require_admin(actor)?;
        chat.require_open()?;
        let unknown_user =
            |uid: &&String| !(self.directory.sees_user(actor, uid) || chat.is_member(&self.directory, uid));
        let unknown_group = |gid: &&String| !self.directory.sees_group(gid);
        let unknown: Vec<String> =
            ids.users.iter().filter(unknown_user).chain(ids.groups.iter().filter(unknown_group)).cloned().collect();
        if !unknown.is_empty() {
            return Err(Problem::invalid_members(unknown));
        }
        self.changing(now, tid, |world| {
            world.chat_mut(actor, tid)?.roster.add(ids.users, ids.groups);
            Ok(())
        })
    }

    pub(crate) fn remove_members(&mut self, now: Now, actor: &str, tid: &str, ids: &MemberIds) -> Result<(), Problem> {
        let chat = self.chat(actor, tid)?;
        self.require_member_updates_allowed()?;
        chat.require_admin(actor)?;
        chat.require_open()?;
        let mut after = chat.roster.clone();
        after.users.retain(|uid| uid == actor || !ids.users.contains(uid));
        after.groups.retain(|gid| !ids.groups.contains(gid));
        after.remove_admins_who_left(&self.directory);
        if after.admins.is_empty() {
            return Err(Problem::conflict("The chat would lose its last admin."));
        }
        let no_member =
            |uid: &&String| *uid == actor || !chat.roster.users.contains(uid) || !self.directory.is_active(uid);
        let no_group = |gid: &&String| !chat.roster.groups.contains(gid);
        let unknown: Vec<String> =
            ids.users.iter().filter(no_member).chain(ids.groups.iter().filter(no_group)).cloned().collect();
        if !unknown.is_empty() {
            return Err(Problem::invalid_members(unknown));
        }
        self.changing(now, tid, |world| {
            world.chat_mut(actor, tid)?.roster = after;
            world.end_shares_of_non_members(now, tid);
            Ok(())
        })
    }

    /// 404 unless this user is a member of the chat.
    fn require_member(&self, tid: &str, uid: &str) -> Result<(), Problem> {
        match self.chats.get(tid) {
            Some(chat) if chat.is_member(&self.directory, uid) => Ok(()),
            _ => Err(Problem::not_found("member")),
        }
    }

    pub(crate) fn add_admin(&mut self, now: Now, actor: &str, tid: &str, uid: &str) -> Result<(), Problem> {
        self.chat(actor, tid)?;
        self.require_member(tid, uid)?;
        self.changing(now, tid, |world| {
            let chat = world.chat_mut(actor, tid)?;
            chat.require_admin(actor)?;
            if !chat.is_admin(uid) {
                chat.roster.admins.push(uid.to_owned());
            }
            Ok(())
        })
    }

    pub(crate) fn remove_admin(&mut self, now: Now, actor: &str, tid: &str, uid: &str) -> Result<(), Problem> {
        self.chat(actor, tid)?;
        self.require_member(tid, uid)?;
        let directory = &self.directory;
        let is_another = |it: &String| it != uid && directory.is_active(it);
        let chat = self.chat(actor, tid)?;
        chat.require_admin(actor)?;
        if chat.is_admin(uid) && !chat.roster.admins.iter().any(is_another) {
            return Err(Problem::conflict("The chat would lose its last admin."));
        }
        self.changing(now, tid, |world| {
            world.chat_mut(actor, tid)?.roster.admins.retain(|it| it != uid);
            Ok(())
        })
    }

    pub(crate) fn leave_chat(&mut self, now: Now, actor: &str, tid: &str) -> Result<(), Problem> {
        let chat = self.chat(actor, tid)?;
        if !self.org_settings.leaving {
            return Err(Problem::not_allowed(
                "leave_chat_not_allowed",
                "The organisation does not allow leaving chats.",
            ));
        }
        if chat.kind == Kind::OneToOne {
            return Err(Problem::forbidden("A 1:1 chat cannot be left."));
        }
        if chat.roster.contains_by_group(&self.directory, actor) {
            return Err(Problem::forbidden("A member through a group cannot leave."));
        }
        self.changing(now, tid, |world| {
            let roster = &mut world.chat_mut(actor, tid)?.roster;
            roster.users.retain(|uid| uid != actor);
            roster.admins.retain(|uid| uid != actor);
            world.end_shares_of_non_members(now, tid);
            Ok(())
        })
    }
}
