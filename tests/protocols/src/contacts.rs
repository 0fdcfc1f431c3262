//! Users and groups.

use serde::Deserialize;
use teamwire_core::{
    Group, User,
    model::{GroupId, UserId},
    protocol::{Contacts, Endpoint, EndpointResult, Page, PageRequest, Route},
};

use crate::{
    Second,
    json::{Json, find, list, one},
};

impl Contacts for Second {
    /// `GET api/me/`.
    fn me(&self) -> EndpointResult<User> {
        Ok(one::<UserJson>(Endpoint::get(Route::new("api/me/"))))
    }

    /// `GET api/users/`.
    fn users(&self, page: PageRequest<'_>) -> EndpointResult<Page<User>> {
        Ok(list::<UserJson>(Route::new("api/users/"), page)?.listing_timeout())
    }

    /// `GET api/users/{id}/`.
    fn user(&self, user: &UserId) -> EndpointResult<Option<User>> {
        Ok(find::<UserJson>(Route::new("api/users").id(user)?.join("")))
    }

    /// `GET api/groups/`.
    fn groups(&self, page: PageRequest<'_>) -> EndpointResult<Page<Group>> {
        Ok(list::<GroupJson>(Route::new("api/groups/"), page)?.listing_timeout())
    }

    /// `GET api/groups/{id}/`.
    fn group(&self, group: &GroupId) -> EndpointResult<Option<Group>> {
        Ok(find::<GroupJson>(Route::new("api/groups").id(group)?.join("")))
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct UserJson {
    user_id: UserId,
    first_name: String,
    last_name: String,
    organisation: String,
    is_bot: bool,
}

impl Json for UserJson {
    type Model = User;

    fn into_model(self) -> User {
        let mut user = User::new(self.user_id, self.first_name, self.last_name);
        user.organisation = self.organisation;
        user.is_bot = self.is_bot;
        user
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct GroupJson {
    group_id: GroupId,
    title: String,
    members: Vec<UserJson>,
    owner: Option<UserJson>,
    is_circle: bool,
    is_list: bool,
    is_public: bool,
}

impl Json for GroupJson {
    type Model = Group;

    fn into_model(self) -> Group {
        let mut group = Group::new(self.group_id, self.title);
        group.members = models(self.members);
        group.owner = self.owner.map(Json::into_model);
        group.is_circle = self.is_circle;
        group.is_list = self.is_list;
        group.is_public = self.is_public;
        group
    }
}

/// Converts a list inside of another value.
pub(crate) fn models<J: Json>(list: Vec<J>) -> Vec<J::Model> {
    list.into_iter().map(Json::into_model).collect()
}
