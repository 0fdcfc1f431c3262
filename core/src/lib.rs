//! The protocol core of Teamwire for Rust: every operation of a chat bot as a pure state machine.
//!
//! It is `#![no_std]`, performs no I/O, and uses no clock, randomness, threads or async. A machine describes each
//! request, file task and wait as plain data, and an [executor](executor::Executor) performs it.
//! Programs use one of the adapters, `teamwire-blocking` or `teamwire-async-std`. Each is an executor with an HTTP
//! stack, and re-exports this crate. The guide (`docs/guide` in the repository) has a chapter on executors, and one on
//! protocols.
//!
//! The default HTTP protocol is this project's own, because the vendor does not publish one.
//!
//! # A bot
//!
//! A bot calls the operations of a [`Client`]. Here the client's executor is a [`Script`]: canned responses on a
//! virtual clock, for tests.
//!
//! ```
//! use teamwire_core::{
//!     AlertType, Client, Draft, Error, Script,
//!     script::v1::{expect, respond, sample},
//! };
//!
//! fn alert(client: &Client<Script>) -> Result<(), Error> {
//!     for chat in client.chats().by_title("Operations")? {
//!         chat.post(Draft::text("The database is down").alert(AlertType::Alert))?;
//!     }
//!     Ok(())
//! }
//!
//! let alert_of_c1 = sample::alert("m1", "c1", "The database is down");
//! let script = Script::new()
//!     .then(expect::chats_by_title("Operations"), respond::chats([sample::chat("c1", "Operations")]))
//!     .then(expect::post("c1").alert(&AlertType::Alert), respond::message(alert_of_c1));
//! alert(&Client::new(script.clone()))?;
//! script.assert_done();
//! # Ok::<(), Error>(())
//! ```
//!
//! To write a bot for both adapters, see [`Portable`](executor::Portable). In signatures, `X` is the executor and
//! `X::Run` the type that an operation returns: see [`Executor::Run`](executor::Executor::Run).
//!
//! # Contents
//!
//! | to | use |
//! |---|---|
//! | write a bot | [`Client`], [`Chats`], [`Chat`], [`ChatRef`], [`Contacts`], [`Draft`], [`NewChat`], [`model`] |
//! | follow events | [`FeedEvent`], [`FeedOptions`], [`Checkpoint`], [`FeedSet`] |
//! | configure it | [`Config`], [`Credentials`], [`StopHandle`] |
//! | handle errors | [`Error`], [`ErrorKind`] |
//! | test | [`Script`] |
//! | write an executor | [`executor`], [`machine`], [`effect`], [`flow`], [`feed`] |
//! | speak another protocol | [`protocol`], and the guide `docs/guide/protocol.md` of the repository |
//!
//! The crate has no features. The adapters' features select the runtime and the TLS provider, and enable logging.
//!
//! # The life of a request
//!
//! 1. **A method** of [`Chats`], [`ChatRef`], [`Chat`] or [`Contacts`] validates its arguments (an empty message, a
//!    reaction of the wrong kind) and creates an *endpoint*: a value with the method, path and body of a request and
//!    the type of its response. Endpoints come from the [`protocol`] of the session. The [default](protocol::V1) is the
//!    only place that knows the wire contract of this project; another crate can provide another protocol.
//! 2. **A call** turns the endpoint into a [`Machine`](machine::Machine) that adds authentication, idempotency keys and
//!    retries with backoff, jitter and `Retry-After`, in one place for all executors. Combinators such as
//!    [`Flow::then`](flow::Flow::then) chain several calls into one operation: a post uploads its files first.
//! 3. **The executor** polls the machine for its next [`Step`](machine::Step). A [`Step::Send`](machine::Step::Send)
//!    has a [`Ticket`](machine::Ticket) and an [`Exchange`](effect::Exchange): the request, its timeout, the maximum
//!    size of the response and the destination of its body. The executor performs it and hands over a
//!    [`Reply`](machine::Reply): the response, or a [`TransportError`](effect::TransportError) that states whether any
//!    byte was sent.
//! 4. **The machine** then retries after a [`Step::Sleep`](machine::Step::Sleep), sends the next request, or ends with
//!    [`Step::Done`](machine::Step::Done) and its output or an [`Error`].
//!
//! A [feed] is such a machine too. It also delivers [`Step::Event`](machine::Step::Event)s until it is stopped.
//!
//! [`Manual`](executor::Manual) is an executor that performs nothing and returns the machines, for programs with an
//! event loop of their own. The rules that all machines follow are in the module [`machine`].
//!
//! # Modules
//!
//! | module | content |
//! |---|---|
//! | [`machine`] | the interface between machines and executors: steps, replies, tickets |
//! | [`effect`] | requests, file tasks, times and transport errors as plain data |
//! | [`executor`] | the trait that adapters implement, and the session of a bot |
//! | [`flow`] | operations as machines, their combinators, and lists item by item; private: calls, uploads, downloads |
//! | [`feed`] | subscriptions as resumable machines, and sets of many feeds |
//! | [`claim`] | replicas of a bot that share its feeds: claims, leases, and which events may be handled |
//! | [`model`] | chats, messages, users, attachments: plain data |
//! | [`config`] | the configuration: credentials, timeouts, retries, limits |
//! | [`error`](mod@error) | the error type of all operations |
//! | [`observe`] | observers of operations and feeds, for logs and counters |
//! | [`script`] | canned responses on a virtual clock, for tests |
//! | `api` (private) | the public operations, generic over the executor |
//! | [`protocol`] | the port to the HTTP protocol of the backend, and the default one |
//! | `session`, `login`, `pacing`, `ledger` (private) | the state of a bot: keys, login, pace, location shares |
//! | `credentials` (private) | the App ID and the Secret |
//! | `operation` (private) | the names of the operations |
//! | `stop_handle` (private) | the handle that stops operations and feeds |
//! | `redaction`, `escaped` (private) | removal of credentials from text, and escaping of text from servers |
//! | `ids`, `hash`, `shared` (private) | the types of ids, a stable hash, and shared mutable state without `std` |

#![no_std]

extern crate alloc;

mod api;
pub mod claim;
pub mod config;
mod credentials;
pub mod effect;
pub mod error;
mod escaped;
pub mod executor;
pub mod feed;
pub mod flow;
mod hash;
mod ids;
mod ledger;
mod login;
pub mod machine;
pub mod model;
pub mod observe;
mod operation;
mod pacing;
pub mod protocol;
mod redaction;
pub mod script;
mod session;
mod shared;
mod stop_handle;

pub use {chrono, http, serde, serde_json, url};

pub use self::{
    api::{Chat, ChatRef, Chats, Client, Contacts},
    config::{Config, Credentials},
    error::{Error, ErrorKind},
    feed::{Checkpoint, FeedEvent, FeedOptions, FeedSet},
    ledger::LocationShares,
    model::{AlertType, Draft, Group, Message, NewChat, Reaction, ReactionType, User},
    script::Script,
    stop_handle::{OnStop, StopHandle},
};
