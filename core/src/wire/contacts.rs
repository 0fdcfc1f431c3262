//! Users and groups: what the arguments of chat operations are made of.

use alloc::{string::String, vec::Vec};

use serde::Deserialize;

use super::{answer::Decode, endpoint::Endpoint, lenient, page::Page, route::Route};
use crate::{
    error::Error,
    model::{Group, GroupId, User, UserId},
};

pub(crate) fn me() -> Endpoint<User> {
    Endpoint::get(Route::to("me")).long().answers()
}

pub(crate) fn users() -> Endpoint<Page<User>> {
    Endpoint::get(Route::to("users")).long().lists()
}

pub(crate) fn user(uid: &UserId) -> Result<Endpoint<Option<User>>, Error> {
    Ok(Endpoint::get(Route::to("users").id(uid)?).long().finds())
}

pub(crate) fn groups() -> Endpoint<Page<Group>> {
    Endpoint::get(Route::to("groups")).long().lists()
}

pub(crate) fn group(gid: &GroupId) -> Result<Endpoint<Option<Group>>, Error> {
    Ok(Endpoint::get(Route::to("groups").id(gid)?).long().finds())
}

#[derive(Deserialize)]
pub(crate) struct UserJson {
    uid: UserId,
    #[serde(deserialize_with = "lenient::nullable")]
    first_name: String,
    #[serde(deserialize_with = "lenient::nullable")]
    last_name: String,
    #[serde(deserialize_with = "lenient::nullable")]
    organisation: String,
    is_bot: bool,
}

impl Decode for User {
    type Json = UserJson;
}

impl From<UserJson> for User {
    fn from(json: UserJson) -> Self {
        let UserJson { uid, first_name, last_name, organisation, is_bot } = json;
        Self { uid, first_name, last_name, organisation, is_bot }
    }
}

#[derive(Deserialize)]
pub(crate) struct GroupJson {
    gid: GroupId,
    #[serde(deserialize_with = "lenient::nullable")]
    title: String,
    #[serde(deserialize_with = "lenient::nullable")]
    members: Vec<UserJson>,
    #[serde(default, deserialize_with = "lenient::optional")]
    owner: Option<UserJson>,
    is_circle: bool,
    is_list: bool,
    is_public: bool,
}

impl Decode for Group {
    type Json = GroupJson;
    const EXTRAS: &'static [&'static str] = &["owner"];
}

impl From<GroupJson> for Group {
    fn from(json: GroupJson) -> Self {
        let GroupJson { gid, title, members, owner, is_circle, is_list, is_public } = json;
        Self { gid, title, members: all(members), owner: owner.map(User::from), is_circle, is_list, is_public }
    }
}

/// Each piece of JSON as the piece of the model it stands for.
pub(super) fn all<J: Into<T>, T>(json: Vec<J>) -> Vec<T> {
    json.into_iter().map(Into::into).collect()
}
