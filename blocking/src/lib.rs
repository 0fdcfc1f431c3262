//! Teamwire bots in synchronous programs.
//!
//! ```no_run
//! use teamwire_blocking::{AlertType, Client, Draft, Error, FeedEvent, NewChat, ReactionType};
//!
//! fn main() -> Result<(), Error> {
//!     // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET.
//!     let client = teamwire_blocking::client_from_env()?;
//!     println!("I am {}.", client.check()?);
//!     alert(&client, "The database is down")
//! }
//!
//! fn alert(client: &Client, text: &str) -> Result<(), Error> {
//!     let people = client.contacts().users()?;
//!     let chat = client.chats().get_or_create(NewChat::titled("Operations").users(&people))?;
//!
//!     let mut events = client.chats().reaction_updates(None);
//!     // From here on, no reaction is missed.
//!     events.started()?;
//!     let alert = chat.post(Draft::text(text).alert(AlertType::Alert))?;
//!     println!("Posted in {}. Waiting for an OK.", chat.title());
//!     for event in events {
//!         match event? {
//!             FeedEvent::Update { item, .. } if item.mid == alert.mid => {
//!                 println!("{}: {}", item.from_user, item.reaction_type);
//!                 if item.reaction_type == ReactionType::Ok {
//!                     return Ok(());
//!                 }
//!             }
//!             FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! Every operation blocks the calling thread and returns a `Result`. There is no async runtime. Short-lived threads
//! look up host names, try the addresses of a host that has several, connect feeds, and wait in
//! [`Events::next_timeout`]; only [`BlockingExecutor::drive`] and [`Events::for_each_concurrent`] keep threads running.
//! A [`Client`] can be cloned into any number of threads, which share its connections.
//!
//! # Contents
//!
//! | to | use |
//! |---|---|
//! | connect | [`client_from_env`], [`client`], [`Config`] |
//! | post, manage chats | [`Client`], [`Chats`], [`Chat`], [`ChatRef`], [`Contacts`], [`Draft`], [`NewChat`] |
//! | read long lists item by item | [`ChatRef::messages_iter`], [`Chats::list_iter`], [`Contacts::users_iter`] |
//! | follow events | [`FeedOptions`], [`FeedEvent`], [`Checkpoint`], [`Events`] |
//! | follow many feeds | [`FeedSet`], [`FeedDriver`] |
//! | wait for a feed and a socket in one thread | [`Wake`], [`Events::next_until`] |
//! | stop and retry | [`StopHandle`], [`RetryPolicy`](config::RetryPolicy) |
//! | handle errors | [`Error`], [`ErrorKind`] |
//! | log, trace, count | [`observe`], [`Config::with_observer`] |
//! | run several replicas | [`fleet`] |
//! | keep state | [`StateFile`], [`Outbox`], [saved models](model#saving) |
//! | test | [`scripted`], [`Script`], [`script::v1`] |
//! | write logic for both adapters | [`executor::Portable`], [`block_on()`] |
//! | add a protocol or a transport | [`protocol`], [`transport`], [`effect`] |
//! | write an executor or a backend | [`executor`], [`backend`], [`machine`], [`effect`], [`flow`] |
//!
//! The guide in the repository (`docs/guide`) has chapters on alerts, feeds, files, errors and retries, tests,
//! operating a bot, and the names of the Python SDK. The crate's examples are programs to start from. There are also a
//! sandbox to try bots (`cargo run -p teamwire-sandbox`), and a tour of all operations (`cargo run --example tour`).
//!
//! # Status
//!
//! This version cannot connect to a production installation of Teamwire, because the vendor publishes no description of
//! its HTTP protocol. By default, the crate speaks the project's own, which the sandbox implements.
//! [`Config::with_protocol`] sets another one, from a crate of your own.
//!
//! # Feeds
//!
//! A feed is an iterator that blocks until the next event. Its [`StopHandle`] stops it from another thread.
//!
//! ```no_run
//! use teamwire_blocking::{Client, Error, FeedEvent, FeedOptions};
//!
//! fn watch(client: &Client) -> Result<(), Error> {
//!     for event in client.chats().new_messages(FeedOptions::from_now()) {
//!         match event? {
//!             FeedEvent::Update { item, checkpoint } => println!("{:?}, resume after {checkpoint:?}", item.text),
//!             FeedEvent::Retrying(failure) => eprintln!("attempt {} failed: {}", failure.attempt, failure.error),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! [`Events::started`] waits for the start of the feed, [`Events::next_timeout`] for an event for a limited time, and
//! [`Events::for_each_concurrent`] handles the events of different chats in several threads.
//!
//! [`BlockingExecutor::drive`] drives many feeds with a fixed number of threads. With a thread per feed, as here, no
//! feed waits for its turn.
//!
//! ```
//! use teamwire_blocking::{feed::FeedSetEvent, model::ThreadId, Client, Error, FeedOptions, FeedSet};
//!
//! fn watch(client: &Client, chats: &[ThreadId]) -> Result<(), Error> {
//!     let mut set = FeedSet::new();
//!     for tid in chats {
//!         let chat = client.chats().chat(tid.clone());
//!         set.insert(tid.clone(), chat.new_messages(FeedOptions::from_now()).into_feed());
//!     }
//!     for (tid, event) in client.executor().drive(set, chats.len())? {
//!         match event {
//!             FeedSetEvent::Event(event) => println!("{tid}: {event:?}"),
//!             FeedSetEvent::Ended(result) => println!("{tid} has ended: {result:?}"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Networking
//!
//! Connections are reused, for five minutes at most; [`Limits`](config::Limits) sets their number and their idle time.
//! If a connection turns out to be dead, all that have been idle at least as long are closed. A request that may be
//! repeated reuses a connection of the last second without checking that it is still open; if it is not, the request is
//! repeated on a new one, which is not counted as a retry. The host is looked up for each new connection. Its addresses
//! are tried 250 ms apart (RFC 8305). TLS trusts the public CAs and those of
//! [`Config::with_root_certificates_pem`]. Redirects are not followed. If the response arrives before the whole request
//! has been sent, the rest is not sent; files of more than 64 KiB are sent with `Expect: 100-continue`. The only
//! environment variables read are those of [`config_from_env`]: `HTTP_PROXY` and the like are ignored.
//!
//! Requests and errors show no credential in `Debug`, `Display` or log lines. At the level *trace*, `ureq` and
//! `ureq_proto` log of requests only the first line, the host and the framing, and of responses only the status and the
//! framing, with zeros instead of the data. [`Credentials`] says what is redacted if a server returns the Secret. If it
//! does so as an id or a cursor, the Secret becomes part of URLs, which are logged.
//!
//! To use another HTTP stack instead of ureq, implement [`Transport`](transport::Transport). The crate's example
//! `hyper_blocking` has one on hyper.
//!
//! # Files and state
//!
//! Paths are strings; [`upload_file`], [`image_file`] and [`path_to_string`] take a [`Path`](std::path::Path). All
//! values of the model can be [saved](model#saving), and [`StateFile`] saves a checkpoint or any other state so that it
//! survives a power cut. An [`Outbox`] posts each of its messages once, also across crashes.
//!
//! # Features
//!
//! - `log`, `tracing`: the observers `observe::ToLog` and `observe::ToTracing`, which write to these crates.
//! - `ring` (default), `aws-lc-rs`: the TLS crypto provider. If both are enabled, aws-lc-rs is used; with neither, the
//!   default that the program has installed in rustls.

pub mod backend;
mod block_on;
mod detached;
pub mod executor;
mod feeds;
pub mod fleet;
mod network;
pub mod observe;
mod signal;
pub mod transport;
mod ureq;

#[doc(inline)]
pub use teamwire_core::{
    AlertType, Checkpoint, Config, Credentials, Draft, Error, ErrorKind, FeedEvent, FeedOptions, FeedSet, Group,
    LocationShares, Message, NewChat, OnStop, Reaction, ReactionType, Script, StopHandle, User, config, effect, error,
    feed, flow, machine, model, protocol, script,
};
pub use teamwire_core::{chrono, http, serde, serde_json, url};
#[doc(inline)]
pub use teamwire_std::{
    Outbox, OutboxDelivery, OutboxEntry, OutboxEvent, OutboxMessages, StateFile, config_from_env, config_from_settings,
    image_file, path_to_string, upload_file,
};

pub use self::{
    block_on::block_on,
    executor::BlockingExecutor,
    feeds::{Events, FeedDriver, WaitOutcome, Wake},
};

/// The entry point: a bot at its backend. Clones share its connections, and can be used in other threads.
pub type Client = teamwire_core::Client<BlockingExecutor>;
/// Operations on the bot's chats.
pub type Chats = teamwire_core::Chats<BlockingExecutor>;
/// A snapshot of a chat, with all operations on it.
pub type Chat = teamwire_core::Chat<BlockingExecutor>;
/// A chat known by its id, with the operations that need only that.
pub type ChatRef = teamwire_core::ChatRef<BlockingExecutor>;
/// Operations on the users and groups that the bot can see.
pub type Contacts = teamwire_core::Contacts<BlockingExecutor>;

/// Creates a client with this configuration. No request is sent yet.
///
/// Create it after a `fork`: otherwise parent and child use the same idempotency keys, and the server takes a message
/// of one for a retry of the other.
///
/// # Errors
///
/// `InvalidInput` for contradictory or unusable settings, for instance if the root certificates are not valid PEM, or
/// no certificate can be valid for the host of the base URL.
pub fn client(config: Config) -> Result<Client, Error> {
    let transport = ureq::UreqTransport::new(&config)?;
    Ok(Client::new(BlockingExecutor::new(config, transport)?))
}

/// Creates a client with the configuration in the environment variables: see [`config_from_env`]. No request is sent
/// yet.
///
/// # Errors
///
/// Those of [`config_from_env`] and [`client`].
pub fn client_from_env() -> Result<Client, Error> {
    client(config_from_env()?)
}

/// Creates a client whose requests go to this script instead of a network, to test a bot without a server.
///
/// ```
/// use teamwire_blocking::{script::{v1::{expect, respond, sample}, Script}, scripted, Client, Error};
///
/// fn greet(client: &Client) -> Result<(), Error> {
///     client.chats().chat("c1").post("hello").map(drop)
/// }
///
/// let script = Script::new()
///     .then(expect::post("c1"), respond::unavailable(30))
///     .then(expect::post("c1").text("hello"), respond::message(sample::message("m1", "c1", "hello")));
/// greet(&scripted(&script))?; // The wait of 30 seconds takes no time, as the clock of the script is virtual.
/// script.assert_done();
/// # Ok::<(), Error>(())
/// ```
pub fn scripted(script: &Script) -> Client {
    Client::new(BlockingExecutor::scripted(script.clone()))
}
