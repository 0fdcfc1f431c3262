//! Teamwire bots in async programs without tokio: on async-std, on smol, or on a runtime of your own.
//!
//! ```no_run
//! use teamwire_async_std::{Error, client_from_env};
//!
//! async fn hello() -> Result<(), Error> {
//!     // TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET say where the backend is, and who the bot is.
//!     let client = client_from_env()?;
//!     println!("I am {}", client.contacts().me().await?.first_name);
//!     client.chats().chat("7MQKchz6wsSzmWTVnppGAc").post("hello").await?;
//!     Ok(())
//! }
//!
//! fn main() -> Result<(), Error> {
//!     async_std::task::block_on(hello())
//! }
//! ```
//!
//! Every operation answers with a future of a `Result`. It does nothing before it is awaited, it is `Send`, so that it can
//! be spawned, and it can be dropped at any time: its connection is closed then, and everything else goes on. Whether the
//! server had acted on the request by then, nobody knows. A [`Client`] may be cloned into as many tasks as the program
//! has: they share its connections.
//!
//! A bot is tested without a server: see [`scripted`].
//!
//! # Feeds
//!
//! A subscription is a [`Stream`](futures_core::Stream) of events; its [`StopHandle`] ends it from any other task or thread.
//! Thousands at once are driven in one task by [`AsyncExecutor::drive`].
//!
//! ```no_run
//! use teamwire_async_std::{Client, Error, FeedEvent, Follow};
//!
//! async fn watch(client: &Client) -> Result<(), Error> {
//!     let mut events = client.chats().new_messages(Follow::from_now());
//!     while let Some(event) = events.next().await {
//!         match event? {
//!             FeedEvent::Update { item, checkpoint } => println!("{:?}, and go on after {checkpoint:?}", item.text),
//!             FeedEvent::Trouble(trouble) => eprintln!("attempt {} failed: {}", trouble.attempt, trouble.cause),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # Files
//!
//! Files are sent and saved in pieces of 256 KB, whatever their size, on those threads of the runtime that may block.
//! A server is asked whether it accepts a file of more than 64 KB before that is sent (`Expect: 100-continue`); one that does
//! not respond for a second gets it all the same, and where a hop refuses the question (417), the request is repeated without.
//! A response that comes while a request is sent ends the sending. A file that changes while it is sent never arrives whole,
//! unless it [may grow](Upload::may_grow).
//!
//! # What the network is asked for
//!
//! Connections are kept and used again ([`Limits`] says how many, and how long; none gets older than five minutes). If one
//! that was used before is lost or falls silent, those that were idle at that time are closed as well, and the next attempt
//! takes a new one.
//!
//! The host is looked up for each new connection, and only then. Operations that wait for the same host share a look-up; of
//! those that hang, there are at most four. The addresses are tried 250 ms after one another, or at once where one fails, until
//! one of them is connected (RFC 8305, "Happy Eyeballs"); it is the first to be tried the next time.
//!
//! TLS trusts the public CAs and those of [`Config::with_root_certificates_pem`]. No redirect is followed. Nothing in the
//! environment is read but the three variables above: a proxy is set by [`Config::with_proxy`] alone. It is asked for a
//! tunnel to `https://`, and for each request to `http://` by its whole URL ([`Config::with_tunnel_for_plain_http`] has
//! it open a tunnel as well).
//!
//! Every exchange ends when its time is over, whatever arrives meanwhile. Where the limit is one of inactivity, bytes that
//! the operating system has still to deliver are bytes that move, as far as it says so (on Linux, if the runtime knows the
//! [addresses](Runtime::addresses) of a connection).
//!
//! Nothing secret is in any `Debug`, `Display`, error or log line. At the level *trace* `ureq_proto` logs requests without
//! their credentials, but answers with the messages in them.
//!
//! # Other runtimes
//!
//! [`client_on`] takes any [`Runtime`]: connections, look-ups, waits and files, about a page of code. The crate's example
//! `smol_runtime` has one for smol. Without the feature `async-std` there is no other dependency on a runtime.
//!
//! # Features
//!
//! - `async-std` (default): the runtime of [`client`].
//! - `ring` (default), `aws-lc-rs`: who does the cryptography of TLS. With both, aws-lc-rs does.

mod aliases;
mod backend;
mod engine;
mod executor;
mod feeds;
mod network;
mod runtime;

pub use futures_core;
pub use futures_io;
#[doc(inline)]
pub use teamwire_core::*;

#[cfg(feature = "async-std")]
pub use self::{aliases::AsyncStd, runtime::AsyncStdRuntime};
pub use self::{
    aliases::{Chat, ChatRef, Chats, Client, Contacts},
    executor::AsyncExecutor,
    feeds::{Events, FeedDriver, StopHandle},
    runtime::Runtime,
};

/// A client with these options, on async-std. Nothing is sent yet.
///
/// A process that forks connects after that: idempotency keys of a client that parent and child share would repeat, so that the
/// server takes one's message for the other's.
///
/// Fails with `InvalidInput` if the root certificates are not such, or no certificate can be for the host of the base URL.
#[cfg(feature = "async-std")]
pub fn client(config: Config) -> Result<Client, Error> {
    client_on(AsyncStdRuntime, config)
}

/// A client with the options in the environment variables `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`, and
/// all others at their defaults, on async-std. Nothing is sent yet.
///
/// Raises `InvalidInput` naming the variable that is missing or wrong.
#[cfg(feature = "async-std")]
pub fn client_from_env() -> Result<Client, Error> {
    client(teamwire_std::config_from_env()?)
}

/// As [`client`], on this runtime.
pub fn client_on<R: Runtime>(runtime: R, config: Config) -> Result<Client<R>, Error> {
    Ok(Client::new(AsyncExecutor::new(runtime, config)?))
}

/// A client whose requests go to this script instead of a network, so that a bot can be tested without a server.
///
/// ```
/// use teamwire_async_std::{Client, Error, scripted, script::{Answer, Expect, Script, sample}};
///
/// async fn greet(client: &Client) -> Result<(), Error> {
///     client.chats().chat("c1").post("hello").await.map(drop)
/// }
///
/// let script = Script::new()
///     .then(Expect::post("/v1/chats/c1/messages"), Answer::problem(503, "server").retry_after(30))
///     .then(Expect::post("/v1/chats/c1/messages"), Answer::json(201, sample::message("m1", "c1", "hello")));
/// // The wait of 30 seconds takes no time: the script has a clock of its own.
/// async_std::task::block_on(greet(&scripted(&script)))?;
/// script.assert_done();
/// # Ok::<(), Error>(())
/// ```
#[cfg(feature = "async-std")]
pub fn scripted(script: &Script) -> Client {
    scripted_on(script)
}

/// As [`scripted`], for a bot whose client is on this runtime.
pub fn scripted_on<R: Runtime>(script: &Script) -> Client<R> {
    Client::new(AsyncExecutor::scripted(script.clone()))
}
