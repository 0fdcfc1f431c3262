//! The entry point.

use alloc::string::String;
use core::time::Duration;

use chrono::{DateTime, Utc};

use super::run::run_unobserved;
use crate::{
    api::{Chats, Contacts},
    config::{Config, RetryPolicy},
    effect::Now,
    error::Operation,
    executor::Executor,
    flow::Pause,
    session::Session,
    stop_handle::StopHandle,
};

/// The entry point: a bot at its backend. Clones share the executor and its connections.
///
/// Programs use it under the same name from an adapter, which chooses the executor `X`. The operations are those of
/// [`chats`](Self::chats) and [`contacts`](Self::contacts). They return `X::Run<'_, T>`: a `Result<T, Error>` in
/// `teamwire_blocking`, and a future of that in `teamwire_async_std`:
///
/// ```text
/// client.contacts().me()?            // teamwire_blocking
/// client.contacts().me().await?      // teamwire_async_std
/// ```
///
/// A feed is an `X::Events<..>`: an iterator, or a stream. See [`Executor::Run`], and
/// [`Portable`](crate::executor::Portable) for code that works with both.
#[derive(Clone, Debug)]
pub struct Client<X> {
    chats: Chats<X>,
    contacts: Contacts<X>,
}

impl<X: Executor> Client<X> {
    /// Creates a client on this executor. No request is sent yet.
    pub fn new(executor: X) -> Self {
        Self { chats: Chats::new(executor.clone()), contacts: Contacts::new(executor) }
    }

    /// Operations on the bot's chats.
    pub const fn chats(&self) -> &Chats<X> {
        &self.chats
    }

    /// The users and groups that the bot can see.
    pub const fn contacts(&self) -> &Contacts<X> {
        &self.contacts
    }

    /// Returns a client with another retry policy. It shares everything else with this one, as a clone does: the
    /// connections, the location shares, the pace of requests and the login. Its chats and feeds keep the policy.
    ///
    /// A policy whose initial backoff exceeds the maximum starts with the maximum.
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::{Client, Error, Script, config::RetryPolicy};
    ///
    /// fn alert(client: &Client<Script>) -> Result<(), Error> {
    ///     let policy = RetryPolicy::within(Duration::from_secs(600));
    ///     client.with_retry(policy).chats().chat("c1").post("The database is down").map(drop)
    /// }
    /// ```
    ///
    /// With an asynchronous executor, the future of an operation borrows the chat, and so does everything before it in
    /// the expression. Await it within the expression, or keep the client or the chat in a variable: otherwise the
    /// compiler reports that a temporary value was dropped (E0716).
    pub fn with_retry(&self, policy: RetryPolicy) -> Self {
        self.on(self.session().with_retry(policy))
    }

    /// Returns a client whose operations end when this time, counted from now, has passed. It shares everything else
    /// with this one, as a clone does.
    ///
    /// The time is that of all of its operations together. An exchange is cut off at the end, and a wait that would
    /// last longer is not started: the operation returns its last error, at once. Its feeds end at the deadline as if
    /// they had been stopped. A second deadline cannot extend the first.
    pub fn with_deadline(&self, time: Duration) -> Self {
        self.on(self.session().with_deadline(self.now().moment.saturating_add(time)))
    }

    /// Returns a client whose operations and feeds end soon after this handle is stopped: see [`StopHandle`]. It shares
    /// everything else with this one, as a clone does. If this client has a handle already, either of them stops the
    /// result.
    ///
    /// Operations then fail with [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), even if they have not started.
    /// A request that was in progress may have taken effect: see [`outcome_unknown`](crate::Error::outcome_unknown).
    ///
    /// To end a program gracefully, stop its feeds first, and leave time to the operations of its handlers:
    /// [`StopHandle::stop_within`].
    pub fn stopped_by(&self, stop: &StopHandle) -> Self {
        let (executor, handle) = (self.executor().clone(), stop.clone());
        let grace = stop.on_stop(move || {
            if let Some((stopped, grace)) = handle.take_grace() {
                executor.stop_after(grace, &stopped);
            }
        });
        self.on(self.session().stopped_by(stop, grace))
    }

    /// Returns the current time on the clocks of the executor. A script moves them itself.
    pub fn now(&self) -> Now {
        self.executor().now()
    }

    /// Returns the time from now until this time, by [`now`](Self::now), such as the limit of a wait for the next
    /// event. Zero if it has passed.
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::{Client, Script};
    ///
    /// let client = Client::new(Script::new());
    /// let minute = Duration::from_secs(60);
    /// assert_eq!(client.time_until(client.now().utc + minute), minute);
    /// assert_eq!(client.time_until(client.now().utc - minute), Duration::ZERO);
    /// ```
    pub fn time_until(&self, time: DateTime<Utc>) -> Duration {
        (time - self.now().utc).to_std().unwrap_or_default()
    }

    /// Waits for this time, on the monotonic clock of the executor. A script moves its clock instead.
    ///
    /// With an asynchronous executor, the wait starts when the future is first polled.
    ///
    /// # Errors
    ///
    /// - `Cancelled` if the client was [stopped](Self::stopped_by)
    /// - `Connection` (a timeout), immediately, if the wait would end after the [deadline](Self::with_deadline)
    pub fn sleep(&self, time: Duration) -> X::Run<'_, ()> {
        run_unobserved(self.executor(), &Operation::SLEEP, Pause::new(self.session(), time))
    }

    /// Returns an idempotency key that no other request has, for a draft that is saved before it is posted: see
    /// [`Draft::idempotency_key`](crate::Draft::idempotency_key). Sends no request.
    pub fn new_idempotency_key(&self) -> String {
        self.session().idempotency_key()
    }

    fn session(&self) -> &Session {
        self.executor().session()
    }

    fn on(&self, session: Session) -> Self {
        Self::new(self.executor().with_session(session))
    }

    /// This client's configuration.
    pub fn config(&self) -> &Config {
        self.session().config()
    }

    /// This client's executor.
    pub const fn executor(&self) -> &X {
        self.contacts.executor()
    }
}
