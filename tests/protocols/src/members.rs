//! Members, administrators and readers of a chat.

use serde::Serialize;
use teamwire_core::{
    User,
    model::{ChatInfo, GroupId, ThreadId, UserId},
    protocol::{Endpoint, EndpointResult, Members, Page, PageRequest},
};

use crate::{
    Second,
    chats::ids,
    contacts::UserJson,
    json::{changed, chat, invalid, list},
};

impl Members for Second {
    /// `POST api/chats/{id}/members/`.
    fn add_members(&self, tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::post(chat(tid)?.join("members/")).json(&MembersJson::new(users, groups)?)?))
    }

    /// `POST api/chats/{id}/members/removal/`.
    fn remove_members(&self, tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::post(chat(tid)?.join("members/removal/")).json(&MembersJson::new(users, groups)?)?))
    }

    /// `PUT api/chats/{id}/admins/{id}/`.
    fn add_admin(&self, tid: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::put(chat(tid)?.join("admins").id(admin)?.join(""))))
    }

    /// `DELETE api/chats/{id}/admins/{id}/`.
    fn remove_admin(&self, tid: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::delete(chat(tid)?.join("admins").id(admin)?.join(""))))
    }

    /// `GET api/chats/{id}/readers/`.
    fn readers(&self, tid: &ThreadId, page: PageRequest<'_>) -> EndpointResult<Page<User>> {
        list::<UserJson>(chat(tid)?.join("readers/"), page)
    }

    /// `POST api/chats/{id}/readers/`.
    fn mark_as_read(&self, tid: &ThreadId) -> EndpointResult<Option<Page<User>>> {
        Ok(changed(Endpoint::post(chat(tid)?.join("readers/"))))
    }
}

#[derive(Serialize)]
struct MembersJson<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
}

impl<'a> MembersJson<'a> {
    fn new(users: &'a [UserId], groups: &'a [GroupId]) -> Result<Self, teamwire_core::Error> {
        if users.is_empty() && groups.is_empty() {
            return Err(invalid("members", "neither users nor groups are given"));
        }
        Ok(Self { users: ids(users)?, groups: ids(groups)? })
    }
}
