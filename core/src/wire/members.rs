//! Who is in a chat, who administers it, who has read it.

use alloc::{collections::BTreeSet, format, vec::Vec};

use serde::Serialize;

use super::{chats::route, endpoint::Endpoint, page::Page};
use crate::{
    error::Error,
    model::{ChatInfo, GroupId, Id, ThreadId, User, UserId},
};

/// The most ids a list of them can have.
const MOST_IDS: usize = 1000;

pub(crate) fn add(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/add", users, groups)
}

pub(crate) fn remove(tid: &ThreadId, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, "members/remove", users, groups)
}

pub(crate) fn add_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::put(route(tid)?.then("admins").id(admin)?).answers())
}

pub(crate) fn remove_admin(tid: &ThreadId, admin: &UserId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::delete(route(tid)?.then("admins").id(admin)?).answers())
}

pub(crate) fn readers(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::get(route(tid)?.then("readers")).lists())
}

/// Returns the first page of the [readers]. The chat is read whatever of the list can be decoded.
pub(crate) fn mark_as_read(tid: &ThreadId) -> Result<Endpoint<Page<User>>, Error> {
    Ok(Endpoint::post(route(tid)?.then("read")).parsed(|answer| answer.page_after_change()))
}

/// Ids as the wire has them, each once.
pub(super) fn ids<I: Id>(ids: &[I]) -> Result<Vec<&str>, Error> {
    let mut seen = BTreeSet::new();
    let names = ids.iter().map(Id::check).filter(|name| name.as_ref().map_or(true, |name| seen.insert(*name)));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    if names.len() > MOST_IDS {
        let why = format!("{} ids of one kind at once; at most {MOST_IDS} are allowed", names.len());
        return Err(Error::invalid("members", why));
    }
    Ok(names)
}

fn change(tid: &ThreadId, to: &str, users: &[UserId], groups: &[GroupId]) -> Result<Endpoint<ChatInfo>, Error> {
    if users.is_empty() && groups.is_empty() {
        return Err(Error::invalid("members", "neither users nor groups are given"));
    }
    let body = MembersJson { users: ids(users)?, groups: ids(groups)? };
    Ok(Endpoint::post(route(tid)?.then(to)).json(&body).answers())
}

#[derive(Serialize)]
struct MembersJson<'a> {
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
}
