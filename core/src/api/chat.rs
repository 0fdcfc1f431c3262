use alloc::{format, string::String};
use core::ops::Deref;

use super::{
    ChatRef,
    changes::{NO_GROUPS, NO_USERS},
};
use crate::{
    error::Error,
    executor::Executor,
    flow::Flow,
    model::{ChatInfo, ChatType, Group, GroupId, Image, ThreadId, User, UserId},
    protocol::{Endpoint, assets, chats, members},
};

/// A chat as the server described it, and everything that can be done with it.
///
/// It is a [`ChatRef`] too, so all of its methods are here as well. Methods that change the chat leave this
/// snapshot showing the server's answer; what other people change in the meantime shows when the chat is fetched again.
///
/// Besides the kinds of errors that each method names, any request can end with `Connection`, `Server`, `Auth` (a revoked
/// key), `NotFound` (no such chat), `RateLimited` and `UnexpectedResponse`: see [`ErrorKind`](crate::ErrorKind).
#[derive(Clone, Debug)]
pub struct Chat<X> {
    by_id: ChatRef<X>,
    info: ChatInfo,
}

impl<X> Deref for Chat<X> {
    type Target = ChatRef<X>;

    fn deref(&self) -> &ChatRef<X> {
        &self.by_id
    }
}

impl<X: Executor> From<&Chat<X>> for ThreadId {
    fn from(chat: &Chat<X>) -> Self {
        chat.tid().clone()
    }
}

impl<X: Executor> Chat<X> {
    pub(crate) fn new(executor: X, info: ChatInfo) -> Self {
        Self { by_id: ChatRef::new(executor, info.tid.clone()), info }
    }

    /// Everything the server said of the chat.
    pub const fn info(&self) -> &ChatInfo {
        &self.info
    }

    /// The title; may be empty.
    pub fn title(&self) -> &str {
        &self.info.title
    }

    /// 1:1 or group.
    #[doc(alias = "type")]
    pub const fn chat_type(&self) -> &ChatType {
        &self.info.chat_type
    }

    /// Whether this is an alert chat.
    pub const fn is_alert(&self) -> bool {
        self.info.is_alert
    }

    /// Whether members other than the admins can send messages.
    pub const fn allow_sending(&self) -> bool {
        self.info.allow_sending
    }

    /// Whether members can mute notifications.
    pub const fn allow_mute_notifications(&self) -> bool {
        self.info.allow_mute_notifications
    }

    /// Whether the chat has been closed.
    pub const fn is_closed(&self) -> bool {
        self.info.is_closed
    }

    /// The users who are direct members of the chat: not those who are in it by a group. No request.
    #[doc(alias = "get_user_members")]
    pub fn user_members(&self) -> &[User] {
        &self.info.users
    }

    /// The groups that are members of the chat. No request.
    #[doc(alias = "get_group_members")]
    pub fn group_members(&self) -> &[Group] {
        &self.info.groups
    }

    /// The administrators of the chat. No request.
    #[doc(alias = "get_admins")]
    pub fn admins(&self) -> &[User] {
        &self.info.admins
    }

    /// Adds users as members: see [`add_members`](Self::add_members).
    ///
    /// # Errors
    ///
    /// Those of [`add_members`](Self::add_members).
    pub fn add_users<U: Into<UserId>>(&mut self, users: impl IntoIterator<Item = U>) -> X::Run<'_, ()> {
        self.add_members(users, NO_GROUPS)
    }

    /// Adds groups as members: see [`add_members`](Self::add_members).
    ///
    /// # Errors
    ///
    /// Those of [`add_members`](Self::add_members).
    pub fn add_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.add_members(NO_USERS, groups)
    }

    /// Removes users from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_users<U: Into<UserId>>(&mut self, users: impl IntoIterator<Item = U>) -> X::Run<'_, ()> {
        self.remove_members(users, NO_GROUPS)
    }

    /// Removes groups from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.remove_members(NO_USERS, groups)
    }

    /// Adds users and groups as members by one request: all of them or none.
    ///
    /// For one kind alone, [`add_users`](Self::add_users) and [`add_groups`](Self::add_groups) are shorter: the type of the items of
    /// an empty list `[]` cannot be inferred.
    ///
    /// ```
    /// use teamwire_core::{executor::Executor, model::{GroupId, UserId}, Chat, Error, Script};
    ///
    /// fn hand_over(chat: &mut Chat<Script>, nurse: &UserId, ward: &GroupId) -> Result<(), Error> {
    ///     chat.add_members([nurse], [ward])?;
    ///     chat.add_users(["u-anna", "u-ben"])?;
    ///     chat.remove_users([nurse])?;
    ///     chat.remove_groups([ward])
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::add_members`], and `InvalidInput` for a 1:1 chat.
    pub fn add_members<U: Into<UserId>, G: Into<GroupId>>(
        &mut self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()> {
        let checked = self.not_one_to_one("nobody can be added to it");
        let endpoint = checked.and_then(|()| self.by_id.adding(users, groups));
        self.change(endpoint)
    }

    /// Removes users and groups from the members by one request: all of them or none.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_members`], and `InvalidInput` for a 1:1 chat.
    pub fn remove_members<U: Into<UserId>, G: Into<GroupId>>(
        &mut self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()> {
        let checked = self.not_one_to_one("nobody can be removed from it");
        let endpoint = checked.and_then(|()| self.by_id.removing(users, groups));
        self.change(endpoint)
    }

    /// Makes the bot leave the chat. This snapshot stays unchanged; the server no longer lets the bot use the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::leave`], and `InvalidInput` for a 1:1 chat.
    pub fn leave(&self) -> X::Run<'_, ()> {
        self.executor().run(self.leaving(self.not_one_to_one("it cannot be left")))
    }

    /// Makes a user an administrator of the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::add_admin`].
    pub fn add_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(members::add_admin(self.tid(), &admin.into()))
    }

    /// Removes a user from the administrators of the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_admin`].
    pub fn remove_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(members::remove_admin(self.tid(), &admin.into()))
    }

    /// Changes the title: up to 256 characters, none of them NUL.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::update_title`].
    pub fn update_title(&mut self, title: impl Into<String>) -> X::Run<'_, ()> {
        self.change(chats::update_title(self.tid(), &title.into()))
    }

    /// Sets whether members other than the administrators may send messages.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_allow_sending`].
    pub fn set_allow_sending(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(chats::set_allow_sending(self.tid(), allow))
    }

    /// Sets whether members may mute notifications.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_allow_mute_notifications`].
    pub fn set_allow_mute_notifications(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(chats::set_allow_mute_notifications(self.tid(), allow))
    }

    /// Closes the chat: nobody can post in it until it is reopened.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::close`].
    pub fn close(&mut self) -> X::Run<'_, ()> {
        let closing = self.closing();
        self.refresh(closing)
    }

    /// Reopens a closed chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::reopen`].
    pub fn reopen(&mut self) -> X::Run<'_, ()> {
        self.change(chats::reopen(self.tid()))
    }

    /// Sets the avatar: a JPEG of at most 600x600 pixels and 5 MiB. A string is taken as a path.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_avatar`].
    pub fn set_avatar(&mut self, image: impl Into<Image>) -> X::Run<'_, ()> {
        let setting = self.setting_avatar(image.into());
        self.refresh(setting)
    }

    /// Removes the avatar.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_avatar`].
    pub fn remove_avatar(&mut self) -> X::Run<'_, ()> {
        self.change(assets::remove_avatar(self.tid()))
    }

    fn change(&mut self, endpoint: Result<Endpoint<ChatInfo>, Error>) -> X::Run<'_, ()> {
        let call = self.session().call(endpoint);
        self.refresh(call)
    }

    /// Runs a change; its output replaces this snapshot.
    fn refresh<'a>(&'a mut self, change: impl Flow<Output = ChatInfo> + 'a) -> X::Run<'a, ()> {
        let Self { by_id, info } = self;
        by_id.executor().run(change.map(move |changed| *info = changed))
    }

    fn not_one_to_one(&self, reason: &str) -> Result<(), Error> {
        match self.info.chat_type {
            ChatType::OneToOne => Err(Error::invalid("chat", format!("this is a 1:1 chat: {reason}"))),
            _ => Ok(()),
        }
    }
}
