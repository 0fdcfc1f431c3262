use alloc::{string::String, vec::Vec};
use core::ops::Deref;

use super::ChatRef;
use crate::{
    error::Error,
    executor::Executor,
    flow::Noted,
    machine::Flow,
    model::{ChatInfo, ChatType, Group, GroupId, Image, ThreadId, User, UserId},
    transfer::ReadImage,
    wire::{Endpoint, assets, chats, members},
};

/// A chat as the server described it, and everything that can be done with it.
///
/// It is a [`ChatRef`] too, so all of its methods are here as well. Methods that change the chat leave this
/// snapshot showing the server's answer; what other people change in the meantime shows when the chat is fetched again.
///
/// Besides the kinds of errors that each method names, any request can end with `Connection`, `Server`, `Auth` (a revoked
/// key), `NotFound` (no such chat), `RateLimited` and `UnexpectedAnswer`: see [`ErrorKind`](crate::ErrorKind).
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
    pub fn add_users<U: Into<UserId>>(&mut self, users: impl IntoIterator<Item = U>) -> X::Run<'_, ()> {
        self.add_members(users, NO_GROUPS)
    }

    /// Adds groups as members: see [`add_members`](Self::add_members).
    pub fn add_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.add_members(NO_USERS, groups)
    }

    /// Removes users from the members: see [`remove_members`](Self::remove_members).
    pub fn remove_users<U: Into<UserId>>(&mut self, users: impl IntoIterator<Item = U>) -> X::Run<'_, ()> {
        self.remove_members(users, NO_GROUPS)
    }

    /// Removes groups from the members: see [`remove_members`](Self::remove_members).
    pub fn remove_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.remove_members(NO_USERS, groups)
    }

    /// Adds users and groups as members by one request: all of them or none.
    ///
    /// Of one kind alone, [`add_users`](Self::add_users) and [`add_groups`](Self::add_groups) are shorter: an empty list `[]` does
    /// not say what it is a list of.
    ///
    /// ```
    /// use teamwire_core::{Chat, Error, Executor, GroupId, Script, UserId};
    ///
    /// fn hand_over(chat: &mut Chat<Script>, nurse: &UserId, ward: &GroupId) -> Result<(), Error> {
    ///     chat.add_members([nurse], [ward])?;
    ///     chat.add_users(["u-anna", "u-ben"])?;
    ///     chat.remove_users([nurse])?;
    ///     chat.remove_groups([ward])
    /// }
    /// ```
    ///
    /// Raises `UpdateMembersNotAllowed` if the organisation's admin has disallowed it; `InvalidMembers` if a user or group
    /// does not exist or cannot be a member; `Auth` if the bot may not; `InvalidInput` for a 1:1 chat, and if nobody is named.
    pub fn add_members<U, G>(
        &mut self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()>
    where
        U: Into<UserId>,
        G: Into<GroupId>,
    {
        let endpoint = self
            .not_one_to_one("nobody can be added to it")
            .and_then(|()| members::add(self.tid(), &all(users), &all(groups)));
        self.change(endpoint)
    }

    /// Removes users and groups from the members by one request: all of them or none.
    ///
    /// Raises `UpdateMembersNotAllowed` if the organisation's admin has disallowed it; `InvalidMembers` if one of them is
    /// no member; `Auth` if the bot may not; `InvalidInput` for a 1:1 chat, and if nobody is named.
    pub fn remove_members<U, G>(
        &mut self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()>
    where
        U: Into<UserId>,
        G: Into<GroupId>,
    {
        let endpoint = self
            .not_one_to_one("nobody can be removed from it")
            .and_then(|()| members::remove(self.tid(), &all(users), &all(groups)));
        self.change(endpoint)
    }

    /// Makes the bot leave the chat. This snapshot stays as it is; the server no longer lets the bot use the chat.
    ///
    /// Raises `LeaveChatNotAllowed` if the organisation's admin has disallowed it; `Auth` if the bot may not;
    /// `InvalidInput` for a 1:1 chat.
    pub fn leave(&self) -> X::Run<'_, ()> {
        let endpoint = self.not_one_to_one("it cannot be left").and_then(|()| chats::leave(self.tid()));
        let (session, tid) = (self.executor().session(), self.tid().clone());
        // Who leaves shares nothing there any more.
        let ledger = session.ledger().clone();
        self.executor().run(Noted::new(session.call(endpoint), move |_, left: Result<&(), &Error>| {
            if left.is_ok() {
                ledger.end(&tid);
            }
        }))
    }

    /// Makes a user an administrator of the chat.
    ///
    /// Raises `NotFound` if the user is not active or has been deleted; `Auth` if the bot may not.
    pub fn add_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(members::add_admin(self.tid(), &admin.into()))
    }

    /// Removes a user from the administrators of the chat.
    ///
    /// Raises `NotFound` if the user is not active or has been deleted; `Auth` if the bot may not.
    pub fn remove_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(members::remove_admin(self.tid(), &admin.into()))
    }

    /// Changes the title: up to 256 characters, none of them NUL.
    ///
    /// Raises `NotFound` if there is no such chat; `Auth` if the bot may not; `InvalidInput` for a longer one.
    pub fn update_title(&mut self, title: impl Into<String>) -> X::Run<'_, ()> {
        self.change(chats::update_title(self.tid(), &title.into()))
    }

    /// Lets members other than the admins send messages, or not.
    ///
    /// Raises `NotFound` if there is no such chat; `Auth` if the bot may not.
    pub fn set_allow_sending(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(chats::set_allow_sending(self.tid(), allow))
    }

    /// Lets members mute notifications, or not.
    ///
    /// Raises `NotFound` if there is no such chat; `Auth` if the bot may not.
    pub fn set_allow_mute_notifications(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(chats::set_allow_mute_notifications(self.tid(), allow))
    }

    /// Closes the chat: nobody can post in it until it is reopened.
    ///
    /// Raises `CloseChatNotAllowed` if the organisation's admin has disallowed it; `NotFound` if there is no such chat; `Auth`
    /// if the bot may not.
    pub fn close(&mut self) -> X::Run<'_, ()> {
        let Self { by_id, info } = self;
        let (session, tid) = (by_id.executor().session(), info.tid.clone());
        // In a closed chat nobody shares their location.
        let ledger = session.ledger().clone();
        by_id.executor().run(session.call(chats::close(&tid)).map(move |changed| {
            ledger.end(&tid);
            *info = changed;
        }))
    }

    /// Reopens a closed chat.
    ///
    /// Raises `NotFound` if there is no such chat; `Auth` if the bot may not.
    pub fn reopen(&mut self) -> X::Run<'_, ()> {
        self.change(chats::reopen(self.tid()))
    }

    /// Sets the avatar: a JPEG of at most 600x600 pixels and 5 MiB. A text is the path of one.
    ///
    /// Raises `ImageLoad` if it cannot be read or is not fit, which is seen before anything is sent; `Auth` if the bot may
    /// not.
    pub fn set_avatar(&mut self, image: impl Into<Image>) -> X::Run<'_, ()> {
        let Self { by_id, info } = self;
        let (session, tid) = (by_id.executor().session().clone(), info.tid.clone());
        let set =
            ReadImage::new(&session, image.into()).then(move |bytes| session.call(assets::set_avatar(&tid, bytes)));
        by_id.executor().run(set.map(move |changed| *info = changed))
    }

    /// Removes the avatar.
    ///
    /// Raises `ImageRemove` if it could not be removed: none is set, or the organisation keeps it; `Auth` if the bot may
    /// not.
    pub fn remove_avatar(&mut self) -> X::Run<'_, ()> {
        self.change(assets::remove_avatar(self.tid()))
    }

    /// Runs a change, and shows the server's answer once it is there.
    fn change(&mut self, endpoint: Result<Endpoint<ChatInfo>, Error>) -> X::Run<'_, ()> {
        let Self { by_id, info } = self;
        let executor = by_id.executor();
        executor.run(executor.session().call(endpoint).map(move |changed| *info = changed))
    }

    fn not_one_to_one(&self, why: &str) -> Result<(), Error> {
        match self.info.chat_type {
            ChatType::OneToOne => Err(Error::invalid("chat", alloc::format!("this is a 1:1 chat: {why}"))),
            _ => Ok(()),
        }
    }
}

const NO_USERS: [UserId; 0] = [];
const NO_GROUPS: [GroupId; 0] = [];

fn all<I, T: Into<I>>(them: impl IntoIterator<Item = T>) -> Vec<I> {
    them.into_iter().map(Into::into).collect()
}
