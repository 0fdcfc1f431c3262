//! Members, admins and readers of a chat.

use alloc::vec::Vec;

use serde::Serialize;

use super::{endpoint::Endpoint, ids::ids, page::Page, route::Route};
use crate::{
    error::Error,
    model::{ChatInfo, GroupId, ThreadId, User, UserId},
};

/// `POST /v1/chats/{tid}/members/add`.
pub(crate) fn add(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/add", users, groups)
}

/// `POST /v1/chats/{tid}/members/remove`.
pub(crate) fn remove(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/remove", users, groups)
}

/// `PUT /v1/chats/{tid}/admins/{uid}`.
pub(crate) fn add_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::put(Route::chat(tid)?.join("admins").id(admin)?).returns_json())
}

/// `DELETE /v1/chats/{tid}/admins/{uid}`.
pub(crate) fn remove_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::delete(Route::chat(tid)?.join("admins").id(admin)?).returns_json())
}

/// `GET /v1/chats/{tid}/readers`.
pub(crate) fn readers(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::get(Route::chat(tid)?.join("readers")).returns_page())
}

/// `POST /v1/chats/{tid}/read`. Returns the first page of the [readers], which may be undecoded: the chat has been
/// marked as read in any case.
pub(crate) fn mark_as_read(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::post(Route::chat(tid)?.join("read")).decode_with(|reader| reader.page_after_change()))
}

fn change(tid: &ThreadId, to: &str, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    if users.is_empty() && groups.is_empty() {
        return Err(Error::invalid("members", "neither users nor groups are given"));
    }
    let body = MembersJson { users: ids(users)?, groups: ids(groups)? };
    Ok(Endpoint::post(Route::chat(tid)?.join(to)).json(&body).returns_json())
}

#[derive(Serialize)]
struct MembersJson<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
}
