//! Users and groups.

use super::run::run_observed;
use crate::{
    error::Operation,
    executor::Executor,
    flow::{Flow, ListItems},
    model::{Group, GroupId, Listing, User, UserId},
};

/// The users and groups that the bot can see. Chat operations take them as arguments.
///
/// The requests have the timeout for [listings](crate::config::Timeouts::listing) (15 s by default).
///
/// The operations return `X::Run<'_, T>`. In `teamwire_blocking`, that is a `Result<T, Error>`: `contacts.me()?`.
/// In `teamwire_async_std`, it is a future of that: `contacts.me().await?`. See [`Executor::Run`].
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
        self.run(&Operation::ME, self.executor.session().request(|protocol| protocol.me()))
    }

    /// Returns all users that the bot can see.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Contacts#errors) can fail with.
    pub fn users(&self) -> X::Run<'_, Listing<User>> {
        self.run(&Operation::USERS, self.executor.session().list(|protocol, page| protocol.users(page)))
    }

    /// Returns the users that the bot can see one by one, without all of them in memory: see [`ListItems`].
    ///
    /// ```
    /// use teamwire_core::{Client, Error, Script, script::v1::{expect, respond, sample}};
    ///
    /// let users = ["Anna", "Ben"].map(|name| sample::user(&format!("u-{name}"), name, "Berg"));
    /// let script = Script::new().then(expect::users(), respond::users(users));
    /// let mut names = Vec::new();
    /// for user in Client::new(script).contacts().users_iter() {
    ///     names.push(user?.first_name);
    /// }
    /// assert_eq!(names, ["Anna", "Ben"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The list ends with the kinds that [every operation](Contacts#errors) can fail with.
    #[doc(alias = "users_stream")]
    pub fn users_iter(&self) -> X::Events<ListItems<User>> {
        let subject = (&Operation::USERS_ITER, None);
        self.executor.events(ListItems::new(self.executor.session(), subject, |it, page, _| it.users(page), Some))
    }

    /// Returns the user with this id; `None` if the bot cannot see such a user.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed: see [`UserId`].
    pub fn user(&self, uid: impl Into<UserId>) -> X::Run<'_, Option<User>> {
        self.run(&Operation::USER, self.executor.session().request(|protocol| protocol.user(&uid.into())))
    }

    /// Returns all groups that the bot can see.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Contacts#errors) can fail with.
    pub fn groups(&self) -> X::Run<'_, Listing<Group>> {
        self.run(&Operation::GROUPS, self.executor.session().list(|protocol, page| protocol.groups(page)))
    }

    /// Returns the groups that the bot can see one by one, without all of them in memory: see [`ListItems`].
    ///
    /// # Errors
    ///
    /// The list ends with the kinds that [every operation](Contacts#errors) can fail with.
    #[doc(alias = "groups_stream")]
    pub fn groups_iter(&self) -> X::Events<ListItems<Group>> {
        let subject = (&Operation::GROUPS_ITER, None);
        self.executor.events(ListItems::new(self.executor.session(), subject, |it, page, _| it.groups(page), Some))
    }

    /// Returns the group with this id; `None` if the bot cannot see such a group.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed: see [`GroupId`].
    pub fn group(&self, gid: impl Into<GroupId>) -> X::Run<'_, Option<Group>> {
        self.run(&Operation::GROUP, self.executor.session().request(|protocol| protocol.group(&gid.into())))
    }

    /// Runs an operation with this name.
    fn run<'a, F: Flow + 'a>(&'a self, operation: &'static Operation, flow: F) -> X::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        run_observed(&self.executor, operation, None, flow)
    }
}
