//! Users and groups.

use crate::{
    executor::Executor,
    flow::{Flow, paginator::Paginator},
    model::{Group, GroupId, Listing, User, UserId},
};

/// The users and groups that the bot can see. Chat operations take them as arguments.
///
/// The requests have the timeout for [listings](crate::config::Timeouts::listing) (15 s by default).
///
/// # Errors
///
/// Every operation can fail with the kinds that [any request](crate::Error#kinds-of-any-request) can fail with.
#[derive(Clone, Debug)]
pub struct Contacts<X> {
    executor: X,
}

impl<X: Executor> Contacts<X> {
    pub(crate) const fn new(executor: X) -> Self {
        Self { executor }
    }

    pub(crate) const fn executor(&self) -> &X {
        &self.executor
    }

    /// Returns the bot itself, as a user.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Contacts#errors) can fail with.
    pub fn me(&self) -> X::Run<'_, User> {
        let session = self.executor.session();
        self.executor.run(session.call(session.protocol().me()))
    }

    /// Returns all users that the bot can see.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Contacts#errors) can fail with.
    pub fn users(&self) -> X::Run<'_, Listing<User>> {
        let users = Paginator::new(self.executor.session(), |protocol, page| protocol.users(page));
        self.executor.run(users.map(|list| list.items))
    }

    /// Returns the user with this id; `None` if the bot cannot see such a user.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed: see [`UserId`].
    pub fn user(&self, uid: impl Into<UserId>) -> X::Run<'_, Option<User>> {
        let session = self.executor.session();
        self.executor.run(session.call(session.protocol().user(&uid.into())))
    }

    /// Returns all groups that the bot can see.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Contacts#errors) can fail with.
    pub fn groups(&self) -> X::Run<'_, Listing<Group>> {
        let groups = Paginator::new(self.executor.session(), |protocol, page| protocol.groups(page));
        self.executor.run(groups.map(|list| list.items))
    }

    /// Returns the group with this id; `None` if the bot cannot see such a group.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed: see [`GroupId`].
    pub fn group(&self, gid: impl Into<GroupId>) -> X::Run<'_, Option<Group>> {
        let session = self.executor.session();
        self.executor.run(session.call(session.protocol().group(&gid.into())))
    }
}
