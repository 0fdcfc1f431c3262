//! The protocol core of Teamwire for Rust: every operation on chats as a pure state machine.
//!
//! No I/O, no clock, no randomness, no threads and no async are in here: the crate is `#![no_std]`, so the compiler itself
//! refuses them. What a machine wants done it says, as plain data; an *executor* does it. Programs use one of the adapters
//! (`teamwire-blocking`, `teamwire-async-std`), which are executors with an HTTP stack, and re-export this crate.
//!
//! The HTTP protocol that is spoken here is this project's own, not the vendor's, who publishes none.
//!
//! # A bot
//!
//! Written once, it runs on any executor. Here that is a [`Script`]: given answers on a virtual clock, for tests.
//!
//! ```
//! use teamwire_core::{script::{sample, Expect, Respond, Script}, AlertType, Client, Draft, Error};
//!
//! fn raise_the_alarm(client: &Client<Script>) -> Result<(), Error> {
//!     for chat in client.chats().by_title("Operations")? {
//!         chat.post(Draft::text("The database is down").alert(AlertType::Alert))?;
//!     }
//!     Ok(())
//! }
//!
//! let script = Script::new()
//!     .then(Expect::get("/v1/chats").query("title", "Operations"), Respond::json(200, sample::page([sample::chat("c1", "Operations")])))
//!     .then(Expect::post("/v1/chats/c1/messages"), Respond::json(201, sample::alert("m1", "c1", "The database is down")));
//! raise_the_alarm(&Client::new(script.clone()))?;
//! script.assert_done();
//! # Ok::<(), Error>(())
//! ```
//!
//! # How a request is born, travels, and ends
//!
//! 1. **A method** of [`Chats`], [`ChatRef`], [`Chat`] or [`Contacts`] judges what can be judged here (an empty message, a
//!    reaction that does not fit), and makes an *endpoint*: a value with method, path, body, replay rule and answer type. The
//!    private module `wire` alone knows those; to talk to a backend with another contract, replace that folder.
//! 2. **A call** lifts the endpoint to a [`Machine`]: authentication, status, retries with backoff and jitter, `Retry-After`,
//!    idempotency keys, in one place for all executors. Several exchanges become one operation by combinators
//!    ([`Flow::then`], [`Flow::map`]): the files of a message are stored, then it is posted.
//! 3. **The executor** asks the machine for its next [`Step`]. [`Step::Send`] has a [`Ticket`] and an [`Exchange`], which
//!    describes the request and how long to wait, how much to take, and where to put it. The executor performs it and hands
//!    back a [`Reply`]: the answer, or a [`TransportError`] that says whether anything had left.
//! 4. **The machine** decides: another attempt, after a [`Step::Sleep`]; the next exchange; or the end, [`Step::Done`], with
//!    the answer or an [`Error`] that has all the evidence.
//!
//! A [subscription](feed) is such a machine too; it also delivers [`Step::Event`]s, until it is stopped.
//!
//! # By hand
//!
//! [`Manual`] is an executor that performs nothing and hands out the machines, for those with an event loop of their own.
//! The rules that all machines keep are those of the [`machine`] module.
//!
//! # What is where
//!
//! | module | what it is for |
//! |---|---|
//! | [`machine`] | the contract between the core and an executor |
//! | `exchange`, `fault`, `file`, `progress` | what an executor is told, and what it reports |
//! | `call`, `file_call`, `pages`, `flow`, `transfer` | machines: one request, one file task, a list, combinations, bytes |
//! | [`feed`] | subscriptions as resumable pollers, and many of them as one |
//! | `client`, `chats`, `chat`, `contacts` | the public operations, written once for every executor |
//! | `model` | chats, messages, users, attachments: plain data |
//! | `wire` | paths, JSON, error codes: the only place that knows them |
//! | `config`, `session`, `error` | options, what operations share, and what can go wrong |
//! | [`script`] | given answers on a virtual clock, for tests |

#![no_std]

extern crate alloc;

mod api;
mod brake;
pub mod config;
pub mod effect;
pub mod error;
mod escaped;
pub mod executor;
pub mod feed;
pub mod flow;
mod ledger;
pub mod machine;
pub mod model;
mod protocol;
pub mod script;
mod session;
mod shared;

pub use self::{
    api::{Chat, ChatRef, Chats, Client, Contacts},
    config::{Config, Credentials},
    error::{Error, ErrorKind},
    feed::{Checkpoint, FeedEvent, FeedOptions, FeedSet},
    ledger::LocationShares,
    model::{AlertType, Draft, Group, Message, NewChat, Reaction, ReactionType, User},
    script::Script,
};
