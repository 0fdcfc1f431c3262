//! Users and groups.

use super::{
    endpoint::Endpoint,
    json::{Decode, DecodeError, Json},
    page::Page,
    route::Route,
};
use crate::{
    error::Error,
    model::{Group, GroupId, User, UserId},
};

/// `GET /v1/me`.
pub(crate) fn me() -> Endpoint<User> {
    Endpoint::get(Route::new("me")).listing_timeout().returns_json()
}

/// `GET /v1/users`.
pub(crate) fn users() -> Endpoint<Page<User>> {
    Endpoint::get(Route::new("users")).listing_timeout().returns_page()
}

/// `GET /v1/users/{uid}`.
pub(crate) fn user(uid: &UserId) -> Result<Endpoint<Option<User>>, Error> {
    Ok(Endpoint::get(Route::new("users").id(uid)?).listing_timeout().returns_optional())
}

/// `GET /v1/groups`.
pub(crate) fn groups() -> Endpoint<Page<Group>> {
    Endpoint::get(Route::new("groups")).listing_timeout().returns_page()
}

/// `GET /v1/groups/{gid}`.
pub(crate) fn group(gid: &GroupId) -> Result<Endpoint<Option<Group>>, Error> {
    Ok(Endpoint::get(Route::new("groups").id(gid)?).listing_timeout().returns_optional())
}

/// The id is essential.
impl Decode for User {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let names = ["uid", "first_name", "last_name", "organisation", "is_bot"];
        let [uid, first_name, last_name, organisation, is_bot] = json.members(names)?;
        Ok(Self {
            uid: uid.required()?,
            first_name: first_name.optional().unwrap_or_default(),
            last_name: last_name.optional().unwrap_or_default(),
            organisation: organisation.optional().unwrap_or_default(),
            is_bot: is_bot.optional().unwrap_or_default(),
        })
    }
}

/// The id is essential.
impl Decode for Group {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let names = ["gid", "title", "members", "owner", "is_circle", "is_list", "is_public"];
        let [gid, title, members, owner, is_circle, is_list, is_public] = json.members(names)?;
        Ok(Self {
            gid: gid.required()?,
            title: title.optional().unwrap_or_default(),
            members: members.optional_items(),
            owner: owner.optional(),
            is_circle: is_circle.optional().unwrap_or_default(),
            is_list: is_list.optional().unwrap_or_default(),
            is_public: is_public.optional().unwrap_or_default(),
        })
    }
}
