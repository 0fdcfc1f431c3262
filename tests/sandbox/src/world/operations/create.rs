//! Creating chats, completely or not at all.

use http::StatusCode;
use serde_json::Value;

use super::{avatars, draft::Draft};
use crate::world::{
    call::Call,
    contract::{json_object, problem::Problem},
    now::Now,
    outcome::{OperationResult, Outcome},
    state::{
        World,
        chat::{Avatar, Chat, Kind},
    },
};

/// A group chat to create.
#[derive(Debug, Default)]
pub(crate) struct NewGroupChat {
    pub(crate) title: String,
    pub(crate) users: Vec<String>,
    pub(crate) groups: Vec<String>,
    pub(crate) admins: Vec<String>,
    pub(crate) first_message: Draft,
    pub(crate) is_alert: bool,
    pub(crate) avatar: Option<String>,
    pub(crate) only_admins_send: bool,
    pub(crate) never_muted: bool,
}

enum NewChat {
    Group(NewGroupChat),
    OneToOne { recipient: String, first_message: Draft },
}

fn read(body: &Value) -> Result<NewChat, Problem> {
    json_object::read(body, |object| {
        if !object.require(&["type"]) {
            return None;
        }
        if object.one_of("type", &["group", "one_to_one"])? == "one_to_one" {
            object.require(&["recipient"]);
            let (recipient, first_message) = (object.id("recipient"), Draft::read_content(object, "message"));
            return Some(NewChat::OneToOne { recipient: recipient?, first_message });
        }
        object.require(&["title"]);
        let title = object.string("title", 0..=256);
        let [users, groups, admins] =
            ["users", "groups", "admins"].map(|name| object.ids(name, 0..=1000).unwrap_or_default());
        let chat = NewGroupChat {
            title: String::new(),
            users,
            groups,
            admins,
            first_message: Draft::read_content(object, "message"),
            is_alert: object.boolean("is_alert").unwrap_or(false),
            avatar: object.id("avatar"),
            only_admins_send: !object.boolean("allow_sending").unwrap_or(true),
            never_muted: !object.boolean("allow_mute_notifications").unwrap_or(true),
        };
        Some(NewChat::Group(NewGroupChat { title: title?, ..chat }))
    })
}

pub(crate) fn create(world: &mut World, call: &Call) -> OperationResult {
    let (tid, is_new) = match read(&call.json)? {
        NewChat::Group(chat) => (world.create_group_chat(call.now, &call.actor, chat)?, true),
        NewChat::OneToOne { recipient, first_message } => {
            world.open_one_to_one(call.now, &call.actor, &recipient, first_message)?
        }
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Outcome::Json(status, world.chat_json(world.chat(&call.actor, &tid)?)))
}

impl World {
    pub(crate) fn create_group_chat(&mut self, now: Now, actor: &str, new: NewGroupChat) -> Result<String, Problem> {
        self.require_active(actor)?;
        let attachments = self.resolve_attachments(actor, &new.first_message.attachments)?;
        let unknown_user = |uid: &&String| !self.directory.sees_user(actor, uid);
        let unknown_group = |gid: &&String| !self.directory.sees_group(gid);
        let users = new.users.iter().filter(unknown_user);
        let admins = new.admins.iter().filter(unknown_user).filter(|uid| !new.users.contains(uid));
        let groups = new.groups.iter().filter(unknown_group);
        let unknown: Vec<String> = users.chain(groups).chain(admins).cloned().collect();
        if !unknown.is_empty() {
            return Err(Problem::invalid_members(unknown));
        }
        let avatar = new.avatar.map(|id| self.avatar_of_asset(actor, id)).transpose()?;

        let mut chat = self.new_chat(Kind::Group, new.title);
        chat.is_alert = new.is_alert;
        chat.allow_sending = !new.only_admins_send;
        chat.allow_mute_notifications = !new.never_muted;
        chat.avatar = avatar;
        let roster = &mut chat.roster;
        roster.add(vec![actor.to_owned()], Vec::new());
        roster.add(new.users, new.groups);
        roster.admins.push(actor.to_owned());
        for uid in new.admins {
            if !roster.contains(&self.directory, &uid) {
                roster.users.push(uid.clone());
            }
            if !roster.admins.contains(&uid) {
                roster.admins.push(uid);
            }
        }
        let tid = self.insert_chat(now, chat);
        if !new.first_message.is_empty() {
            self.append_message(now, actor, &tid, new.first_message, attachments)?;
        }
        Ok(tid)
    }

    /// Returns the id of the 1:1 chat with this user, and whether it is new.
    pub(crate) fn open_one_to_one(
        &mut self,
        now: Now,
        actor: &str,
        recipient: &str,
        first_message: Draft,
    ) -> Result<(String, bool), Problem> {
        self.require_active(actor)?;
        let attachments = self.resolve_attachments(actor, &first_message.attachments)?;
        if recipient == actor || !self.directory.sees_user(actor, recipient) {
            return Err(Problem::invalid_members(vec![recipient.to_owned()]));
        }
        let matches =
            |chat: &&Chat| chat.kind == Kind::OneToOne && chat.roster.users.iter().any(|uid| uid == recipient);
        let existing = self.chats_of(actor).into_iter().find(matches).map(|chat| chat.tid.clone());
        let is_new = existing.is_none();
        let tid = existing.unwrap_or_else(|| {
            let mut chat = self.new_chat(Kind::OneToOne, String::new());
            chat.roster.users = vec![actor.to_owned(), recipient.to_owned()];
            self.insert_chat(now, chat)
        });
        if !first_message.is_empty() {
            self.append_message(now, actor, &tid, first_message, attachments)?;
        }
        Ok((tid, is_new))
    }

    fn require_active(&self, actor: &str) -> Result<(), Problem> {
        if self.directory.is_active(actor) { Ok(()) } else { Err(Problem::not_found("user")) }
    }

    fn new_chat(&mut self, kind: Kind, title: String) -> Chat {
        self.chats_made += 1;
        Chat::new(self.ids.next_thread(), self.chats_made, kind, title)
    }

    fn insert_chat(&mut self, now: Now, chat: Chat) -> String {
        let tid = chat.tid.clone();
        self.changing(now, &tid, |world| world.chats.insert(tid.clone(), chat));
        tid
    }

    /// Uses an asset of this user as an avatar.
    fn avatar_of_asset(&self, actor: &str, id: String) -> Result<Avatar, Problem> {
        let asset = self.asset(actor, &id).ok().filter(|asset| asset.owner == actor);
        avatars::check_asset(
            asset.ok_or_else(|| Problem::invalid_image("The avatar is not an asset uploaded by the bot."))?,
        )?;
        Ok(Avatar::Asset(id))
    }
}
