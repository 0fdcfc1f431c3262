//! Members, admins and readers of a chat.

use alloc::vec::Vec;

use serde::Serialize;

use super::{
    V1,
    endpoints::{change, chat, list, with_id},
    ids::ids,
};
use crate::{
    error::Error,
    model::{ChatInfo, GroupId, ThreadId, User, UserId},
    protocol::{Endpoint, EndpointResult, Members, Page, PageRequest},
};

impl Members for V1 {
    /// `POST /v1/chats/{tid}/members/add`.
    fn add_members(&self, tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> EndpointResult<Option<ChatInfo>> {
        change_members(tid, "members/add", users, groups)
    }

    /// `POST /v1/chats/{tid}/members/remove`.
    fn remove_members(&self, tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> EndpointResult<Option<ChatInfo>> {
        change_members(tid, "members/remove", users, groups)
    }

    /// `PUT /v1/chats/{tid}/admins/{uid}`.
    fn add_admin(&self, tid: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>> {
        Ok(change(Endpoint::put(with_id(chat(tid)?.join("admins"), admin)?)).returns_some())
    }

    /// `DELETE /v1/chats/{tid}/admins/{uid}`.
    fn remove_admin(&self, tid: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>> {
        Ok(change(Endpoint::delete(with_id(chat(tid)?.join("admins"), admin)?)).returns_some())
    }

    /// `GET /v1/chats/{tid}/readers`.
    fn readers(&self, tid: &ThreadId, page: PageRequest<'_>) -> EndpointResult<Page<User>> {
        Ok(list(chat(tid)?.join("readers"), page))
    }

    /// `POST /v1/chats/{tid}/read`. Returns the first page of the [readers](Self::readers), which may be undecoded: the
    /// chat has been marked as read in any case.
    fn mark_as_read(&self, tid: &ThreadId) -> EndpointResult<Option<Page<User>>> {
        let read = change(Endpoint::post(chat(tid)?.join("read")));
        Ok(read.reads(|response| Ok(Some(response.page_after_change()?))))
    }
}

fn change_members(
    tid: &ThreadId,
    segments: &'static str,
    users: &[UserId],
    groups: &[GroupId],
) -> EndpointResult<Option<ChatInfo>> {
    if users.is_empty() && groups.is_empty() {
        return Err(Error::invalid("members", "neither users nor groups are given"));
    }
    let body = MembersJson { users: ids(users)?, groups: ids(groups)? };
    Ok(change(Endpoint::post(chat(tid)?.join(segments))).with(&body).returns_some())
}

#[derive(Serialize)]
struct MembersJson<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
}
