use alloc::string::String;
use core::ops::Deref;

use super::{
    ChatRef,
    changes::{NO_GROUPS, NO_USERS},
};
use crate::{
    error::{Error, Operation},
    executor::Executor,
    flow::{Changed, Flow},
    model::{ChatInfo, ChatType, Group, GroupId, Image, ThreadId, User, UserId},
    protocol::{Endpoint, EndpointResult},
};

/// A snapshot of a chat, with all operations on it.
///
/// All methods of [`ChatRef`] are available here too. Methods that change the chat update this snapshot from the
/// server's response; changes by others become visible when the chat is fetched again.
///
/// The operations return `X::Run<'_, T>`. In `teamwire_blocking`, that is a `Result<T, Error>`: `chat.close()?`.
/// In `teamwire_async_std`, it is a future of that: `chat.close().await?`. See [`Executor::Run`].
///
/// # Errors
///
/// Every operation can fail with the kinds listed at [`ChatRef`](ChatRef#errors).
#[derive(Clone, Debug)]
pub struct Chat<X> {
    by_id: ChatRef<X>,
    info: ChatInfo,
}

/// Its snapshot.
impl<X: Executor> ChatRef<X> {
    /// Returns the chat as it now is: a new snapshot.
    ///
    /// [`Chats::by_thread_id`](crate::Chats::by_thread_id) returns `None` where this fails with `NotFound`.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](ChatRef#errors) can fail with.
    pub fn get(&self) -> X::Run<'_, Chat<X>> {
        let chat = self.session().request(|protocol| protocol.chat(self.tid()).map(Endpoint::existing));
        self.run(&Operation::GET, chat.map(|info| Chat::new(self.executor().clone(), info)))
    }
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

    /// Returns `true` if the chat has been changed, but its new data could not be fetched: this snapshot is older than
    /// the change. It never happens with the [default protocol](crate::protocol::V1), which returns the changed chat.
    pub const fn is_outdated(&self) -> bool {
        self.info.is_outdated
    }

    /// All data of the snapshot.
    pub const fn info(&self) -> &ChatInfo {
        &self.info
    }

    /// The title; may be empty.
    pub fn title(&self) -> &str {
        &self.info.title
    }

    /// The type: 1:1 or group.
    #[doc(alias = "type")]
    pub const fn chat_type(&self) -> &ChatType {
        &self.info.chat_type
    }

    /// Returns `true` if this is an alert chat.
    pub const fn is_alert(&self) -> bool {
        self.info.is_alert
    }

    /// Returns `true` if members other than the admins can send messages.
    pub const fn allow_sending(&self) -> bool {
        self.info.allow_sending
    }

    /// Returns `true` if members can mute notifications.
    pub const fn allow_mute_notifications(&self) -> bool {
        self.info.allow_mute_notifications
    }

    /// Returns `true` if the chat has been closed.
    pub const fn is_closed(&self) -> bool {
        self.info.is_closed
    }

    /// The users who are direct members of the chat, not those who are members through a group. Sends no request.
    #[doc(alias = "get_user_members")]
    pub fn user_members(&self) -> &[User] {
        &self.info.users
    }

    /// The groups that are members of the chat. Sends no request.
    #[doc(alias = "get_group_members")]
    pub fn group_members(&self) -> &[Group] {
        &self.info.groups
    }

    /// The administrators of the chat. Sends no request.
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
        self.add(&Operation::ADD_USERS, users, NO_GROUPS)
    }

    /// Adds groups as members: see [`add_members`](Self::add_members).
    ///
    /// # Errors
    ///
    /// Those of [`add_members`](Self::add_members).
    pub fn add_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.add(&Operation::ADD_GROUPS, NO_USERS, groups)
    }

    /// Removes users from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_users<U: Into<UserId>>(&mut self, users: impl IntoIterator<Item = U>) -> X::Run<'_, ()> {
        self.remove(&Operation::REMOVE_USERS, users, NO_GROUPS)
    }

    /// Removes groups from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_groups<G: Into<GroupId>>(&mut self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, ()> {
        self.remove(&Operation::REMOVE_GROUPS, NO_USERS, groups)
    }

    /// Adds users and groups as members in one request: either all of them or none.
    ///
    /// To add only users or only groups, use [`add_users`](Self::add_users) or [`add_groups`](Self::add_groups): the
    /// item type of an empty list `[]` cannot be inferred.
    ///
    /// ```
    /// use teamwire_core::{Chat, Error, Script, model::{GroupId, UserId}};
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
        self.add(&Operation::ADD_MEMBERS, users, groups)
    }

    /// Removes users and groups from the members in one request: either all of them or none.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_members`], and `InvalidInput` for a 1:1 chat.
    pub fn remove_members<U: Into<UserId>, G: Into<GroupId>>(
        &mut self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()> {
        self.remove(&Operation::REMOVE_MEMBERS, users, groups)
    }

    /// Makes the bot leave the chat. This snapshot stays unchanged, but the bot can no longer use the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::leave`], and `InvalidInput` for a 1:1 chat.
    pub fn leave(&self) -> X::Run<'_, ()> {
        self.run(&Operation::LEAVE, self.leave_flow(self.check_not_one_to_one("a 1:1 chat cannot be left")))
    }

    /// Makes a user an administrator of the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::add_admin`].
    pub fn add_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(&Operation::ADD_ADMIN, self.protocol().add_admin(self.tid(), &admin.into()))
    }

    /// Removes a user from the administrators of the chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_admin`].
    pub fn remove_admin(&mut self, admin: impl Into<UserId>) -> X::Run<'_, ()> {
        self.change(&Operation::REMOVE_ADMIN, self.protocol().remove_admin(self.tid(), &admin.into()))
    }

    /// Sets the title: up to 256 characters with the default protocol, without NUL.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::update_title`].
    pub fn update_title(&mut self, title: impl Into<String>) -> X::Run<'_, ()> {
        self.change(&Operation::UPDATE_TITLE, self.protocol().update_title(self.tid(), &title.into()))
    }

    /// Sets whether members other than the administrators may send messages.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_allow_sending`].
    pub fn set_allow_sending(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(&Operation::SET_ALLOW_SENDING, self.protocol().set_allow_sending(self.tid(), allow))
    }

    /// Sets whether members may mute notifications.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_allow_mute_notifications`].
    pub fn set_allow_mute_notifications(&mut self, allow: bool) -> X::Run<'_, ()> {
        self.change(
            &Operation::SET_ALLOW_MUTE_NOTIFICATIONS,
            self.protocol().set_allow_mute_notifications(self.tid(), allow),
        )
    }

    /// Closes the chat: no message can be posted until it is reopened.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::close`].
    pub fn close(&mut self) -> X::Run<'_, ()> {
        let close = self.close_flow();
        self.refresh(&Operation::CLOSE, close)
    }

    /// Reopens a closed chat.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::reopen`].
    pub fn reopen(&mut self) -> X::Run<'_, ()> {
        self.change(&Operation::REOPEN, self.protocol().reopen_chat(self.tid()))
    }

    /// Sets the avatar: a JPEG, with the default protocol of at most 600x600 pixels and 5 MiB. A string is a path.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::set_avatar`].
    pub fn set_avatar(&mut self, image: impl Into<Image>) -> X::Run<'_, ()> {
        let set = self.set_avatar_flow(image.into());
        self.refresh(&Operation::SET_AVATAR, set)
    }

    /// Removes the avatar.
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::remove_avatar`].
    pub fn remove_avatar(&mut self) -> X::Run<'_, ()> {
        self.change(&Operation::REMOVE_AVATAR, self.protocol().remove_avatar(self.tid()))
    }

    fn add<U: Into<UserId>, G: Into<GroupId>>(
        &mut self,
        operation: &'static Operation,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()> {
        let checked = self.check_not_one_to_one("members cannot be added to a 1:1 chat");
        let endpoint = checked.and_then(|()| self.by_id.add_endpoint(users, groups));
        self.change(operation, endpoint)
    }

    fn remove<U: Into<UserId>, G: Into<GroupId>>(
        &mut self,
        operation: &'static Operation,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, ()> {
        let checked = self.check_not_one_to_one("members cannot be removed from a 1:1 chat");
        let endpoint = checked.and_then(|()| self.by_id.remove_endpoint(users, groups));
        self.change(operation, endpoint)
    }

    fn change(&mut self, operation: &'static Operation, endpoint: EndpointResult<Option<ChatInfo>>) -> X::Run<'_, ()> {
        let call = self.session().call(endpoint);
        self.refresh(operation, call)
    }

    /// Runs a change and replaces this snapshot by its output.
    fn refresh<'a>(
        &'a mut self,
        operation: &'static Operation,
        change: impl Flow<Output = Option<ChatInfo>> + 'a,
    ) -> X::Run<'a, ()> {
        let Self { by_id, info } = self;
        let changed = Changed::new(by_id.session(), by_id.tid(), change);
        by_id.run(
            operation,
            changed.map(|changed| match changed {
                Some(changed) => *info = changed,
                None => info.is_outdated = true,
            }),
        )
    }

    fn check_not_one_to_one(&self, reason: &str) -> Result<(), Error> {
        match self.info.chat_type {
            ChatType::OneToOne => Err(Error::invalid("chat", reason)),
            _ => Ok(()),
        }
    }
}
