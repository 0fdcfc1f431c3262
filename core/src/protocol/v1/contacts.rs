//! Users and groups.

use super::{
    V1,
    endpoints::{list, with_id},
    json::{Decode, DecodeError, Json},
};
use crate::{
    model::{Group, GroupId, User, UserId},
    protocol::{Contacts, Endpoint, Made, Page, PageRequest, Route},
};

impl Contacts for V1 {
    /// `GET /v1/me`.
    fn me(&self) -> Made<User> {
        Ok(Endpoint::get(Route::new("v1/me")).listing_timeout().returns())
    }

    /// `GET /v1/users`.
    fn users(&self, page: PageRequest<'_>) -> Made<Page<User>> {
        Ok(list(Route::new("v1/users"), page).listing_timeout())
    }

    /// `GET /v1/users/{uid}`.
    fn user(&self, uid: &UserId) -> Made<Option<User>> {
        let route = with_id(Route::new("v1/users"), uid)?;
        Ok(Endpoint::get(route).listing_timeout().returns_some().none_if_not_found())
    }

    /// `GET /v1/groups`.
    fn groups(&self, page: PageRequest<'_>) -> Made<Page<Group>> {
        Ok(list(Route::new("v1/groups"), page).listing_timeout())
    }

    /// `GET /v1/groups/{gid}`.
    fn group(&self, gid: &GroupId) -> Made<Option<Group>> {
        let route = with_id(Route::new("v1/groups"), gid)?;
        Ok(Endpoint::get(route).listing_timeout().returns_some().none_if_not_found())
    }
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
