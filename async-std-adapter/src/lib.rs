//! Teamwire bots in async programs without tokio: on async-std, on smol, or on a runtime of your own.
//!
//! ```no_run
//! use teamwire_async_std::{AlertType, Client, Draft, Error, FeedEvent, NewChat, ReactionType, client_from_env};
//!
//! fn main() -> Result<(), Error> {
//!     async_std::task::block_on(async {
//!         // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET.
//!         let client = client_from_env()?;
//!         println!("I am {}.", client.check().await?);
//!         alert(&client, "The database is down").await
//!     })
//! }
//!
//! async fn alert(client: &Client, text: &str) -> Result<(), Error> {
//!     let people = client.contacts().users().await?;
//!     let chat = client.chats().get_or_create(NewChat::titled("Operations").users(&people)).await?;
//!
//!     let mut events = client.chats().reaction_updates(None);
//!     // From here on, no reaction is missed.
//!     events.started().await?;
//!     let alert = chat.post(Draft::text(text).alert(AlertType::Alert)).await?;
//!     println!("Posted in {}. Waiting for an OK.", chat.title());
//!     while let Some(event) = events.next().await {
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
//! Every operation returns a future of a `Result`, which does nothing until it is awaited. It is `Send`: a task that
//! owns the client can await it on any thread. It can be dropped at any time, which closes only its own connection; it
//! is then unknown whether the server has acted on the request. A [`Client`] can be cloned into any number of tasks,
//! which share its connections.
//!
//! # Contents
//!
//! | to | use |
//! |---|---|
//! | connect | `smol::client_from_env`, [`client_from_env`], [`client_on`], [`Config`] |
//! | post, manage chats | [`Client`], [`Chats`], [`Chat`], [`ChatRef`], [`Contacts`], [`Draft`], [`NewChat`] |
//! | read long lists item by item | [`ChatRef::messages_iter`], [`Chats::list_iter`], [`Contacts::users_iter`] |
//! | follow events | [`FeedOptions`], [`FeedEvent`], [`Checkpoint`], [`Events`] |
//! | follow many feeds | [`FeedSet`], [`FeedDriver`] |
//! | stop and retry | [`StopHandle`], [`RetryPolicy`](config::RetryPolicy) |
//! | handle errors | [`Error`], [`ErrorKind`] |
//! | log, trace, count | [`observe`], [`Config::with_observer`] |
//! | run several replicas | [`fleet`] |
//! | keep state | [`StateFile`], [`Outbox`], [saved models](model#saving) |
//! | test | [`scripted`], [`Script`], [`script::v1`] |
//! | write logic for both adapters | [`executor::Portable`] |
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
//! A subscription is a [`Stream`](futures_core::Stream) of events; its [`StopHandle`] stops it from any other task or
//! thread. [`Events::started`] waits for the start of the feed, [`Events::for_each_concurrent`] handles the events of
//! different chats concurrently, and [`AsyncExecutor::drive`] drives thousands of feeds in one task.
//!
//! ```no_run
//! use teamwire_async_std::{Client, Error, FeedEvent, FeedOptions};
//!
//! async fn watch(client: &Client) -> Result<(), Error> {
//!     let mut events = client.chats().new_messages(FeedOptions::from_now());
//!     while let Some(event) = events.next().await {
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
//! # Files
//!
//! Files are sent and saved in chunks of at most 256 KiB, whatever their size, on the runtime's blocking threads. Such
//! a thread moves up to 4 MiB between the file and the connection while neither makes it wait. Files of more than 64
//! KiB are sent with `Expect: 100-continue`; if the server does not respond within a second, the body is sent anyway,
//! and if an intermediary rejects the expectation (417), the request is repeated without it. If the response arrives
//! before the whole request has been sent, the rest is not sent. If a file changes during its upload, the upload fails,
//! unless the file [may grow](model::Upload::may_grow).
//!
//! # Networking
//!
//! Connections are reused, for five minutes at most; [`Limits`](config::Limits) sets their number and their idle time.
//! If a reused one turns out to be dead, those that have been idle at least as long are closed as well, and the next
//! attempt makes a new one. A request that may be repeated reuses a connection of the last second without checking that
//! it is still open; if it is not, the request is repeated on a new one, which is not counted as a retry.
//!
//! The host is looked up for each new connection. Concurrent operations share the lookup of a host, and there are at
//! most four lookups at a time. The addresses are tried 250 ms apart, or as soon as one fails (RFC 8305, "Happy
//! Eyeballs"). The one that accepts is tried first the next time.
//!
//! TLS trusts the public CAs and those of [`Config::with_root_certificates_pem`]. Redirects are not followed. The only
//! environment variables read are those of [`config_from_env`]: `HTTP_PROXY` and the like are ignored. A proxy that is
//! set by [`Config::with_proxy`] tunnels requests to `https://`. It forwards those to `http://`, unless
//! [`Config::with_tunnel_for_plain_http`] is set.
//!
//! Every exchange has a timeout. For uploads and downloads, it limits the idle time. On Linux, request bytes that the
//! kernel has still to deliver count as activity, if the runtime returns the [addresses](Runtime::addresses) of a
//! connection.
//!
//! Requests and errors show no credential in `Debug`, `Display` or log lines. At the level *trace*, `ureq_proto` logs
//! only the status and framing of responses. [`Credentials`] says what is redacted if a server returns the Secret. If
//! it does so as an id or a cursor, the Secret becomes part of URLs.
//!
//! # Runtimes
//!
//! - **smol**, for new programs: the module `smol` has its client. Enable the features `smol` and `ring` (or
//!   `aws-lc-rs`), without the default features.
//! - **async-std**, for programs that use it already, as in the examples here. It is no longer developed
//!   (RUSTSEC-2025-0052), and its authors recommend smol.
//! - **Any other**: [`client_on`] takes any [`Runtime`]. Implementing one takes about a page of code: connections,
//!   lookups, timers and blocking work. The example `tokio_runtime` of the repository's test suites has one for tokio.
//!
//! Without the features `async-std` and `smol`, the crate does not depend on a runtime. Without `ring` and `aws-lc-rs`,
//! the program installs a default cryptography provider in rustls before it creates a client.
//!
//! # Other HTTP stacks
//!
//! [`AsyncExecutor::with_transport`] takes any [`Transport`](transport::Transport). The crate's example
//! `hyper_async` has one for hyper.
//!
//! # Files and state
//!
//! Paths are strings; [`upload_file`], [`image_file`] and [`path_to_string`] take a [`Path`](std::path::Path). All
//! values of the model can be [saved](model#saving), and [`StateFile`] saves a checkpoint or any other state so that it
//! survives a power cut. An [`Outbox`] posts each of its messages once, also across crashes.
//!
//! # Features
//!
//! - `async-std` (default): the runtime async-std, with [`client`] and [`client_from_env`].
//! - `smol`: the runtime smol, with the module `smol`.
//! - `log`, `tracing`: the observers `observe::ToLog` and `observe::ToTracing`, which write to these crates.
//! - `ring` (default), `aws-lc-rs`: the TLS crypto provider. If both are enabled, aws-lc-rs is used; with neither, the
//!   default that the program has installed in rustls.

mod aliases;
pub mod backend;
mod engine;
pub mod executor;
mod feeds;
pub mod fleet;
mod network;
pub mod observe;
mod runtime;
#[cfg(feature = "smol")]
pub mod smol;
mod stop_waker;
pub mod transport;

pub use futures_core;
pub use futures_io;
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

#[cfg(feature = "async-std")]
pub use self::{aliases::AsyncStd, runtime::AsyncStdRuntime};
pub use self::{
    aliases::{Chat, ChatRef, Chats, Client, Contacts},
    executor::AsyncExecutor,
    feeds::{Events, FeedDriver},
    runtime::Runtime,
};

/// Creates a client with this configuration, on async-std. No request is sent yet.
///
/// Create it after a `fork`: otherwise parent and child use the same idempotency keys, and the server takes a message
/// of one for a retry of the other.
///
/// # Errors
///
/// `InvalidInput` for contradictory or unusable settings, for instance if the root certificates are not valid PEM, or
/// no certificate can be valid for the host of the base URL.
#[cfg(feature = "async-std")]
pub fn client(config: Config) -> Result<Client, Error> {
    client_on(AsyncStdRuntime, config)
}

/// Creates a client with the configuration in the environment variables, on async-std: see [`config_from_env`]. No
/// request is sent yet.
///
/// # Errors
///
/// Those of [`config_from_env`] and [`client`].
#[cfg(feature = "async-std")]
pub fn client_from_env() -> Result<Client, Error> {
    client(config_from_env()?)
}

/// Creates a client like [`client`], but on the given runtime.
///
/// # Errors
///
/// Those of [`client`].
pub fn client_on<R: Runtime>(runtime: R, config: Config) -> Result<Client<R>, Error> {
    Ok(Client::new(AsyncExecutor::new(runtime, config)?))
}

/// Creates a client whose requests go to this script instead of a network, to test a bot without a server.
///
/// ```
/// use teamwire_async_std::{script::{v1::{expect, respond, sample}, Script}, scripted, Client, Error};
///
/// async fn greet(client: &Client) -> Result<(), Error> {
///     client.chats().chat("c1").post("hello").await.map(drop)
/// }
///
/// let script = Script::new()
///     .then(expect::post("c1"), respond::unavailable(30))
///     .then(expect::post("c1").text("hello"), respond::message(sample::message("m1", "c1", "hello")));
/// // The wait of 30 seconds takes no time, as the clock of the script is virtual.
/// async_std::task::block_on(greet(&scripted(&script)))?;
/// script.assert_done();
/// # Ok::<(), Error>(())
/// ```
#[cfg(feature = "async-std")]
pub fn scripted(script: &Script) -> Client {
    scripted_on(script)
}

/// Creates a client like [`scripted`], for a bot whose client is on the given runtime.
pub fn scripted_on<R: Runtime>(script: &Script) -> Client<R> {
    Client::new(AsyncExecutor::scripted(script.clone()))
}
