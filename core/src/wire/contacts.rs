//! Users and groups: what the arguments of chat operations are made of.

use super::{
    endpoint::Endpoint,
    json::{Decode, Json, Odd},
    page::Page,
    route::Route,
};
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

/// The id is essential.
impl Decode for User {
    fn decode(json: Json<'_>) -> Result<Self, Odd> {
        let names = ["uid", "first_name", "last_name", "organisation", "is_bot"];
        let [uid, first_name, last_name, organisation, is_bot] = json.members(names)?;
        Ok(Self {
            uid: uid.essential()?,
            first_name: first_name.extra().unwrap_or_default(),
            last_name: last_name.extra().unwrap_or_default(),
            organisation: organisation.extra().unwrap_or_default(),
            is_bot: is_bot.extra().unwrap_or_default(),
        })
    }
}

/// The id is essential.
impl Decode for Group {
    fn decode(json: Json<'_>) -> Result<Self, Odd> {
        let names = ["gid", "title", "members", "owner", "is_circle", "is_list", "is_public"];
        let [gid, title, members, owner, is_circle, is_list, is_public] = json.members(names)?;
        Ok(Self {
            gid: gid.essential()?,
            title: title.extra().unwrap_or_default(),
            members: members.extras(),
            owner: owner.extra(),
            is_circle: is_circle.extra().unwrap_or_default(),
            is_list: is_list.extra().unwrap_or_default(),
            is_public: is_public.extra().unwrap_or_default(),
        })
    }
}
