//! Observation of operations and feeds: for logs, traces and counters.
//!
//! The [`Observer`]s in the [configuration](crate::Config::with_observer) are called whenever the state of an operation
//! or a feed changes. The adapters have observers for the crates `log` and `tracing`. A counter of retries, for
//! instance:
//!
//! ```
//! use std::sync::{Arc, atomic::{AtomicU64, Ordering}};
//! use teamwire_core::{
//!     Client, Config, Credentials, Script, effect::Now, observe::Observation,
//!     script::v1::{expect, respond, sample},
//! };
//!
//! let retries = Arc::new(AtomicU64::new(0));
//! let counter = retries.clone();
//! let config = Config::new("https://teamwire.example.org", Credentials::new("app-id", "secret")?)?
//!     .with_observer(move |_: Now, observation: &Observation<'_>| {
//!         if let Observation::Retrying { .. } = observation {
//!             counter.fetch_add(1, Ordering::Relaxed);
//!         }
//!     });
//!
//! let script = Script::with_config(config)
//!     .then(expect::post("c1"), respond::unavailable(1))
//!     .then(expect::post("c1"), respond::message(sample::message("m1", "c1", "hello")));
//! Client::new(script).chats().chat("c1").post("hello")?;
//! assert_eq!(retries.load(Ordering::Relaxed), 1);
//! # Ok::<(), teamwire_core::Error>(())
//! ```
//!
//! Observations contain ids, codes and errors, but no headers, URLs or credentials. The error of a response that
//! violates the protocol quotes up to 300 bytes of it, which may be a text of a message.

use alloc::sync::Arc;
use core::{fmt, time::Duration};

use crate::{
    effect::{Moment, Now},
    error::{Error, Operation},
    model::ThreadId,
};

/// Receives the observations of a client's operations and feeds.
///
/// It is called within the operation, in its thread or task, so it must not block: a slow observer delays all that the
/// task does. An observer that calls an operation of the client is called again by that one. Functions are observers.
pub trait Observer: Send + Sync + 'static {
    /// Receives an observation, at this time on the clocks of the executor.
    fn observe(&self, now: Now, observation: &Observation<'_>);
}

impl<F: Fn(Now, &Observation<'_>) + Send + Sync + 'static> Observer for F {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        self(now, observation);
    }
}

/// Identifies an operation, or a feed, among all of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OperationId(pub(crate) u64);

impl OperationId {
    /// Returns the number of the operation.
    pub const fn get(self) -> u64 {
        self.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A change of the state of an operation or a feed.
///
/// Each operation is `Started` once, by the first poll of its machine, and then either `Finished` or `Abandoned`. All
/// observations of an operation have the same `id`, `operation` and `chat`.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Observation<'a> {
    /// An operation has started.
    Started {
        /// The number of the operation.
        id: OperationId,
        /// The operation, such as [`Operation::POST`].
        operation: &'static Operation,
        /// The chat that it concerns, if that is known.
        chat: Option<&'a ThreadId>,
    },
    /// A request is sent. An operation may consist of several, such as uploads and a post, or the pages of a list.
    Attempt {
        /// The number of the operation.
        id: OperationId,
        /// The operation.
        operation: &'static Operation,
        /// Its chat.
        chat: Option<&'a ThreadId>,
        /// Number of its requests so far, with this one and with retries.
        attempt: u32,
    },
    /// A request failed and will be repeated.
    Retrying {
        /// The number of the operation.
        id: OperationId,
        /// The operation.
        operation: &'static Operation,
        /// Its chat.
        chat: Option<&'a ThreadId>,
        /// Number of its requests so far.
        attempt: u32,
        /// The error of the last one. It does not name the operation, which `Started` has done.
        error: &'a Error,
        /// The earliest time of the next one.
        retry_at: Moment,
    },
    /// An operation has ended.
    Finished {
        /// The number of the operation.
        id: OperationId,
        /// The operation.
        operation: &'static Operation,
        /// Its chat.
        chat: Option<&'a ThreadId>,
        /// Number of its requests.
        attempts: u32,
        /// Time since it started.
        elapsed: Duration,
        /// HTTP status of its last response, if there was one.
        status: Option<u16>,
        /// Request id that the server named in the error.
        request_id: Option<&'a str>,
        /// The error, if it failed.
        error: Option<&'a Error>,
    },
    /// An operation was dropped before its end, as futures may be. The time is that of its last poll.
    Abandoned {
        /// The number of the operation.
        id: OperationId,
        /// The operation.
        operation: &'static Operation,
        /// Its chat.
        chat: Option<&'a ThreadId>,
    },
    /// The state of a feed has changed. Its polls are not reported as attempts: there is one every 25 seconds.
    Feed {
        /// The number of the feed.
        id: OperationId,
        /// Kind of the feed, such as `messages`.
        feed: &'static str,
        /// Its chat, if it is the feed of one.
        chat: Option<&'a ThreadId>,
        /// The new state.
        state: FeedState<'a>,
    },
    /// The claim of a feed that [replicas](crate::claim) share has changed, in the store as this replica sees it.
    /// Reported in the thread that calls the store, so a slow observer delays the renewals.
    Claim {
        /// Name of the feed: see [`Resume::name`](crate::feed::Resume::name).
        feed: &'a str,
        /// The new state.
        state: ClaimState<'a>,
    },
}

/// The state of a claim.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum ClaimState<'a> {
    /// This replica holds the feed from now on.
    Held {
        /// Id of the claim.
        claim: &'a str,
        /// A number that grows with each claim of the feed.
        fence: u64,
        /// Number of claims since the checkpoint moved: see [`Claimed::Held`](crate::claim::Claimed::Held).
        tries: u32,
    },
    /// This replica has released the feed: it follows it no more, another replica gets it, or a handler hangs.
    Released {
        /// Id of the claim.
        claim: &'a str,
        /// Set if an event was not handled.
        is_unfinished: bool,
    },
    /// Another replica has the feed, because the lease had expired, or the store has lost the claim.
    Lost {
        /// Id of the claim.
        claim: &'a str,
    },
    /// A call to the store failed and will be repeated. While this lasts, no event is handed out after two thirds of
    /// the lease.
    StoreUnavailable {
        /// Number of consecutive failures.
        attempt: u32,
        /// The error of the last one.
        error: &'a Error,
        /// Time of the next call.
        retry_at: Moment,
    },
    /// The store is available again.
    StoreAvailable,
    /// The feed cannot be followed: the store cannot be used, or has no checkpoint of it.
    Failed {
        /// The error.
        error: &'a Error,
    },
}

/// The state of a feed.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum FeedState<'a> {
    /// It has a subscription.
    Subscribed,
    /// It waits for events: after the start, and again after each failure.
    Polling,
    /// A request failed and will be repeated.
    Retrying {
        /// Number of consecutive failures.
        attempt: u32,
        /// The error of the last one.
        error: &'a Error,
        /// Time of the next request.
        retry_at: Moment,
    },
    /// Events may have been missed.
    Gap,
    /// It has ended.
    Ended {
        /// The error, if it failed.
        error: Option<&'a Error>,
    },
}

/// The observer of a configuration.
#[derive(Clone)]
pub(crate) struct SharedObserver(pub(crate) Arc<dyn Observer>);

/// Several observers of a configuration, as one.
struct ObserverPair<O>(SharedObserver, O);

impl<O: Observer> Observer for ObserverPair<O> {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        self.0.0.observe(now, observation);
        self.1.observe(now, observation);
    }
}

impl SharedObserver {
    /// Creates an observer that is called after the earlier ones, if there are any.
    pub(crate) fn after(earlier: Option<Self>, observer: impl Observer) -> Self {
        match earlier {
            None => Self(Arc::new(observer)),
            Some(earlier) => Self(Arc::new(ObserverPair(earlier, observer))),
        }
    }
}

impl fmt::Debug for SharedObserver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Observer")
    }
}
