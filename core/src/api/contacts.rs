//! Users and groups.

use crate::{
    executor::Executor,
    flow::{Flow, paginator::Paginator},
    model::{Group, GroupId, Listing, User, UserId},
    protocol::contacts,
};

/// The users and groups that the bot can see: what the arguments of chat operations are made of.
///
/// Requests of this area have the long timeout (15 s by default).
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

    /// The bot itself, as a user.
    pub fn me(&self) -> X::Run<'_, User> {
        self.executor.run(self.executor.session().call(Ok(contacts::me())))
    }

    /// All users that the bot can see.
    pub fn users(&self) -> X::Run<'_, Listing<User>> {
        self.executor.run(Paginator::new(self.executor.session(), Ok(contacts::users())).map(|walked| walked.items))
    }

    /// The user with this id; `None` if there is none that the bot can see.
    pub fn user(&self, uid: impl Into<UserId>) -> X::Run<'_, Option<User>> {
        self.executor.run(self.executor.session().call(contacts::user(&uid.into())))
    }

    /// All groups that the bot can see.
    pub fn groups(&self) -> X::Run<'_, Listing<Group>> {
        self.executor.run(Paginator::new(self.executor.session(), Ok(contacts::groups())).map(|walked| walked.items))
    }

    /// The group with this id; `None` if there is none that the bot can see.
    pub fn group(&self, gid: impl Into<GroupId>) -> X::Run<'_, Option<Group>> {
        self.executor.run(self.executor.session().call(contacts::group(&gid.into())))
    }
}
