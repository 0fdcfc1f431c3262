//! Creating chats: whole, or not at all.

use serde_json::Value;

use super::{
    World,
    answer::{Answer, Reply},
    avatars::Avatar,
    call::Call,
    chat::{Chat, Kind},
    draft::Draft,
    form,
    now::Now,
    problem::Problem,
};
use http::StatusCode;

/// A group chat that is to be made.
#[derive(Debug, Default)]
pub(super) struct NewGroupChat {
    pub(super) title: String,
    pub(super) users: Vec<String>,
    pub(super) groups: Vec<String>,
    pub(super) admins: Vec<String>,
    pub(super) first: Draft,
    pub(super) is_alert: bool,
    pub(super) avatar: Option<String>,
    pub(super) only_admins_send: bool,
    pub(super) never_muted: bool,
}

enum NewChat {
    Group(NewGroupChat),
    OneToOne { recipient: String, first: Draft },
}

fn read(body: &Value) -> Result<NewChat, Problem> {
    form::read(body, |form| {
        if !form.needs(&["type"]) {
            return None;
        }
        if form.choice("type", &["group", "one_to_one"])? == "one_to_one" {
            form.needs(&["recipient"]);
            let (recipient, first) = (form.id("recipient"), Draft::content(form, "message"));
            return Some(NewChat::OneToOne { recipient: recipient?, first });
        }
        form.needs(&["title"]);
        let title = form.text("title", 0..=256);
        let [users, groups, admins] =
            ["users", "groups", "admins"].map(|name| form.ids(name, 0..=1000).unwrap_or_default());
        let chat = NewGroupChat {
            title: String::new(),
            users,
            groups,
            admins,
            first: Draft::content(form, "message"),
            is_alert: form.flag("is_alert").unwrap_or(false),
            avatar: form.id("avatar"),
            only_admins_send: !form.flag("allow_sending").unwrap_or(true),
            never_muted: !form.flag("allow_mute_notifications").unwrap_or(true),
        };
        Some(NewChat::Group(NewGroupChat { title: title?, ..chat }))
    })
}

pub(super) fn create(world: &mut World, call: &Call) -> Reply {
    let (tid, is_new) = match read(&call.json)? {
        NewChat::Group(chat) => (world.create_group_chat(call.now, &call.actor, chat)?, true),
        NewChat::OneToOne { recipient, first } => world.open_one_to_one(call.now, &call.actor, &recipient, first)?,
    };
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Answer::Json(status, world.show_chat(world.chat(&call.actor, &tid)?)))
}

impl World {
    pub(super) fn create_group_chat(&mut self, now: Now, actor: &str, new: NewGroupChat) -> Result<String, Problem> {
        self.needs_active(actor)?;
        let attachments = self.resolve(actor, &new.first.attachments)?;
        let unknown_user = |uid: &&String| !self.directory.sees_user(actor, uid);
        let unknown_group = |gid: &&String| !self.directory.sees_group(gid);
        let users = new.users.iter().filter(unknown_user);
        let admins = new.admins.iter().filter(unknown_user).filter(|uid| !new.users.contains(uid));
        let groups = new.groups.iter().filter(unknown_group);
        let unknown: Vec<String> = users.chain(groups).chain(admins).cloned().collect();
        if !unknown.is_empty() {
            return Err(Problem::members(unknown));
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
            if !roster.has(&self.directory, &uid) {
                roster.users.push(uid.clone());
            }
            if !roster.admins.contains(&uid) {
                roster.admins.push(uid);
            }
        }
        let tid = chat.tid.clone();
        self.chats.insert(tid.clone(), chat);
        if !new.first.is_empty() {
            self.append(now, actor, &tid, new.first, attachments)?;
        }
        Ok(tid)
    }

    /// The 1:1 chat with this user, and whether it is new.
    pub(super) fn open_one_to_one(
        &mut self,
        now: Now,
        actor: &str,
        recipient: &str,
        first: Draft,
    ) -> Result<(String, bool), Problem> {
        self.needs_active(actor)?;
        let attachments = self.resolve(actor, &first.attachments)?;
        if recipient == actor || !self.directory.sees_user(actor, recipient) {
            return Err(Problem::members(vec![recipient.to_owned()]));
        }
        let is_it = |chat: &&Chat| chat.kind == Kind::OneToOne && chat.roster.users.iter().any(|uid| uid == recipient);
        let existing = self.chats_of(actor).into_iter().find(is_it).map(|chat| chat.tid.clone());
        let is_new = existing.is_none();
        let tid = existing.unwrap_or_else(|| {
            let mut chat = self.new_chat(Kind::OneToOne, String::new());
            chat.roster.users = vec![actor.to_owned(), recipient.to_owned()];
            let tid = chat.tid.clone();
            self.chats.insert(tid.clone(), chat);
            tid
        });
        if !first.is_empty() {
            self.append(now, actor, &tid, first, attachments)?;
        }
        Ok((tid, is_new))
    }

    fn needs_active(&self, actor: &str) -> Result<(), Problem> {
        if self.directory.is_active(actor) { Ok(()) } else { Err(Problem::not_found("user")) }
    }

    fn new_chat(&mut self, kind: Kind, title: String) -> Chat {
        self.chats_made += 1;
        Chat::new(self.ids.thread(), self.chats_made, kind, title)
    }

    /// The image of an asset of this user's own.
    fn avatar_of_asset(&self, actor: &str, id: String) -> Result<Avatar, Problem> {
        let asset = self.asset(actor, &id).ok().filter(|asset| asset.owner == actor);
        asset.ok_or_else(|| Problem::image("The avatar names no asset of the bot's."))?.check_avatar()?;
        Ok(Avatar::Asset(id))
    }
}
