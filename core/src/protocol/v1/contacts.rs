//! Users and groups.

use super::{
    V1,
    endpoints::{list, with_id},
    json::object,
};
use crate::{
    model::{Group, GroupId, User, UserId},
    protocol::{Contacts, Endpoint, EndpointResult, Page, PageRequest, Route},
};

impl Contacts for V1 {
    /// `GET /v1/me`.
    fn me(&self) -> EndpointResult<User> {
        Ok(Endpoint::get(Route::new("v1/me")).listing_timeout().returns())
    }

    /// `GET /v1/users`.
    fn users(&self, page: PageRequest<'_>) -> EndpointResult<Page<User>> {
        Ok(list(Route::new("v1/users"), page).listing_timeout())
    }

    /// `GET /v1/users/{uid}`.
    fn user(&self, uid: &UserId) -> EndpointResult<Option<User>> {
        let route = with_id(Route::new("v1/users"), uid)?;
        Ok(Endpoint::get(route).listing_timeout().returns_some().none_if_not_found())
    }

    /// `GET /v1/groups`.
    fn groups(&self, page: PageRequest<'_>) -> EndpointResult<Page<Group>> {
        Ok(list(Route::new("v1/groups"), page).listing_timeout())
    }

    /// `GET /v1/groups/{gid}`.
    fn group(&self, gid: &GroupId) -> EndpointResult<Option<Group>> {
        let route = with_id(Route::new("v1/groups"), gid)?;
        Ok(Endpoint::get(route).listing_timeout().returns_some().none_if_not_found())
    }
}

object! {
    /// The id is essential.
    User {
        "uid" => uid: required,
        "first_name" => first_name: optional,
        "last_name" => last_name: optional,
        "organisation" => organisation: optional,
        "is_bot" => is_bot: optional,
    } Ok(Self {
        uid,
        first_name: first_name.unwrap_or_default(),
        last_name: last_name.unwrap_or_default(),
        organisation: organisation.unwrap_or_default(),
        is_bot: is_bot.unwrap_or_default(),
    })
}

object! {
    /// The id is essential.
    Group {
        "gid" => gid: required,
        "title" => title: optional,
        "members" => members: extras,
        "owner" => owner: optional,
        "is_circle" => is_circle: optional,
        "is_list" => is_list: optional,
        "is_public" => is_public: optional,
    } Ok(Self {
        gid,
        title: title.unwrap_or_default(),
        members,
        owner,
        is_circle: is_circle.unwrap_or_default(),
        is_list: is_list.unwrap_or_default(),
        is_public: is_public.unwrap_or_default(),
    })
}
