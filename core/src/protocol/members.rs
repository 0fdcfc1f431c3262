//! Who is in a chat, who administers it, who has read it.

use alloc::vec::Vec;

use serde::Serialize;

use super::{endpoint::Endpoint, ids::ids, page::Page, route::Route};
use crate::{
    error::Error,
    model::{ChatInfo, GroupId, ThreadId, User, UserId},
};

pub(crate) fn add(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/add", users, groups)
}

pub(crate) fn remove(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/remove", users, groups)
}

pub(crate) fn add_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::put(Route::chat(tid)?.join("admins").id(admin)?).returns_json())
}

pub(crate) fn remove_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::delete(Route::chat(tid)?.join("admins").id(admin)?).returns_json())
}

pub(crate) fn readers(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::get(Route::chat(tid)?.join("readers")).returns_page())
}

/// Returns the first page of the [readers]. The chat is read whatever of the list can be decoded.
pub(crate) fn mark_as_read(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::post(Route::chat(tid)?.join("read")).decode_with(|answer| answer.page_after_change()))
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
