use alloc::string::String;

use super::{
    Chat, ChatRef,
    changes::{NO_GROUPS, NO_USERS},
};
use crate::{
    error::Operation,
    executor::Executor,
    flow::{Changed, Flow},
    model::{ChatInfo, GroupId, Image, UserId},
    protocol::EndpointResult,
};

/// Changes of the chat: members, administrators, title, settings and avatar.
///
/// Each method returns the changed chat. [`Chat`] has the same methods, which update the snapshot instead.
impl<X: Executor> ChatRef<X> {
    /// Adds users as members: see [`add_members`](Self::add_members).
    ///
    /// # Errors
    ///
    /// Those of [`add_members`](Self::add_members).
    pub fn add_users<U: Into<UserId>>(&self, users: impl IntoIterator<Item = U>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::ADD_USERS, self.add_endpoint(users, NO_GROUPS))
    }

    /// Adds groups as members: see [`add_members`](Self::add_members).
    ///
    /// # Errors
    ///
    /// Those of [`add_members`](Self::add_members).
    pub fn add_groups<G: Into<GroupId>>(&self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::ADD_GROUPS, self.add_endpoint(NO_USERS, groups))
    }

    /// Removes users from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_users<U: Into<UserId>>(&self, users: impl IntoIterator<Item = U>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REMOVE_USERS, self.remove_endpoint(users, NO_GROUPS))
    }

    /// Removes groups from the members: see [`remove_members`](Self::remove_members).
    ///
    /// # Errors
    ///
    /// Those of [`remove_members`](Self::remove_members).
    pub fn remove_groups<G: Into<GroupId>>(&self, groups: impl IntoIterator<Item = G>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REMOVE_GROUPS, self.remove_endpoint(NO_USERS, groups))
    }

    /// Adds users and groups as members in one request: either all of them or none.
    ///
    /// # Errors
    ///
    /// - `UpdateMembersNotAllowed` if the organisation's admin has disallowed it
    /// - `InvalidMembers` if a user or group does not exist or cannot be a member
    /// - `Auth` if the bot lacks permission
    /// - `Conflict` if the chat is closed
    /// - `InvalidInput` if both lists are empty, one has more than 1,000 ids, or an id is malformed
    pub fn add_members<U: Into<UserId>, G: Into<GroupId>>(
        &self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::ADD_MEMBERS, self.add_endpoint(users, groups))
    }

    /// Removes users and groups from the members in one request: either all of them or none.
    ///
    /// # Errors
    ///
    /// - `UpdateMembersNotAllowed` if the organisation's admin has disallowed it
    /// - `InvalidMembers` if a user or group is not a member, and for the bot itself: use [`leave`](Self::leave)
    /// - `Auth` if the bot lacks permission
    /// - `Conflict` if the chat is closed, or would lose its last administrator
    /// - `InvalidInput` if both lists are empty, one has more than 1,000 ids, or an id is malformed
    pub fn remove_members<U: Into<UserId>, G: Into<GroupId>>(
        &self,
        users: impl IntoIterator<Item = U>,
        groups: impl IntoIterator<Item = G>,
    ) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REMOVE_MEMBERS, self.remove_endpoint(users, groups))
    }

    /// Makes the bot leave the chat. This also ends a location share of the bot in it.
    ///
    /// # Errors
    ///
    /// `LeaveChatNotAllowed` if the organisation's admin has disallowed it; `Auth` if the bot lacks permission.
    pub fn leave(&self) -> X::Run<'_, ()> {
        self.run(&Operation::LEAVE, self.leave_flow(Ok(())))
    }

    /// Makes a user an administrator of the chat.
    ///
    /// # Errors
    ///
    /// `NotFound` if the user is unknown, not active or deleted, or not a member of the chat; `Auth` if the bot lacks
    /// permission; `InvalidInput` if the id is malformed.
    pub fn add_admin(&self, admin: impl Into<UserId>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::ADD_ADMIN, self.protocol().add_admin(self.tid(), &admin.into()))
    }

    /// Removes a user from the administrators of the chat.
    ///
    /// # Errors
    ///
    /// `NotFound` if the user is unknown, not active or deleted, or not a member of the chat; `Auth` if the bot lacks
    /// permission; `Conflict` if the chat would lose its last administrator; `InvalidInput` if the id is malformed.
    pub fn remove_admin(&self, admin: impl Into<UserId>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REMOVE_ADMIN, self.protocol().remove_admin(self.tid(), &admin.into()))
    }

    /// Sets the title: up to 256 characters with the default protocol, without NUL.
    ///
    /// # Errors
    ///
    /// `Auth` if the bot lacks permission; `InvalidInput` for any other title.
    pub fn update_title(&self, title: impl Into<String>) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::UPDATE_TITLE, self.protocol().update_title(self.tid(), &title.into()))
    }

    /// Sets whether members other than the administrators may send messages.
    ///
    /// # Errors
    ///
    /// `Auth` if the bot lacks permission.
    pub fn set_allow_sending(&self, allow: bool) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::SET_ALLOW_SENDING, self.protocol().set_allow_sending(self.tid(), allow))
    }

    /// Sets whether members may mute notifications.
    ///
    /// # Errors
    ///
    /// `Auth` if the bot lacks permission.
    pub fn set_allow_mute_notifications(&self, allow: bool) -> X::Run<'_, Chat<X>> {
        self.run_change(
            &Operation::SET_ALLOW_MUTE_NOTIFICATIONS,
            self.protocol().set_allow_mute_notifications(self.tid(), allow),
        )
    }

    /// Closes the chat: no message can be posted until it is reopened. This also ends a location share of the bot in
    /// it.
    ///
    /// # Errors
    ///
    /// `CloseChatNotAllowed` if the organisation's admin has disallowed it; `Auth` if the bot lacks permission.
    pub fn close(&self) -> X::Run<'_, Chat<X>> {
        self.run_to_chat(&Operation::CLOSE, self.close_flow())
    }

    /// Reopens a closed chat.
    ///
    /// # Errors
    ///
    /// `Auth` if the bot lacks permission.
    pub fn reopen(&self) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REOPEN, self.protocol().reopen_chat(self.tid()))
    }

    /// Sets the avatar: a JPEG, with the default protocol of at most 600x600 pixels and 5 MiB. A string is a path.
    ///
    /// # Errors
    ///
    /// `ImageLoad` if the image cannot be read or is not such a JPEG, which is checked before anything is sent; `Auth`
    /// if the bot lacks permission.
    pub fn set_avatar(&self, image: impl Into<Image>) -> X::Run<'_, Chat<X>> {
        self.run_to_chat(&Operation::SET_AVATAR, self.set_avatar_flow(image.into()))
    }

    /// Removes the avatar.
    ///
    /// # Errors
    ///
    /// `ImageRemove` if no avatar is set or the organisation does not allow removing it; `Auth` if the bot lacks
    /// permission.
    pub fn remove_avatar(&self) -> X::Run<'_, Chat<X>> {
        self.run_change(&Operation::REMOVE_AVATAR, self.protocol().remove_avatar(self.tid()))
    }

    fn run_change(
        &self,
        operation: &'static Operation,
        endpoint: EndpointResult<Option<ChatInfo>>,
    ) -> X::Run<'_, Chat<X>> {
        self.run_to_chat(operation, self.session().call(endpoint))
    }

    fn run_to_chat<'a>(
        &'a self,
        operation: &'static Operation,
        flow: impl Flow<Output = Option<ChatInfo>> + 'a,
    ) -> X::Run<'a, Chat<X>> {
        let changed = Changed::new(self.session(), self.tid(), flow);
        let info = changed.map(|info| info.unwrap_or_else(|| ChatInfo::outdated(self.tid().clone())));
        self.run(operation, info.map(|info| Chat::new(self.executor().clone(), info)))
    }
}
