//! Teamwire bots in synchronous programs.
//!
//! ```no_run
//! use teamwire_blocking::{Error, client_from_env};
//!
//! fn main() -> Result<(), Error> {
//!     // TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET say where the backend is, and who the bot is.
//!     let client = client_from_env()?;
//!     println!("I am {}", client.contacts().me()?.first_name);
//!     client.chats().chat("7MQKchz6wsSzmWTVnppGAc").post("hello")?;
//!     Ok(())
//! }
//! ```
//!
//! Every operation answers with a `Result`; the thread waits meanwhile. There is no async runtime, and no thread that
//! the program did not ask for, but for a moment while a host name is looked up, a feed connects, or a host has several
//! addresses. A [`Client`] may be
//! cloned into as many threads as the program has: they share its connections.
//!
//! A bot is tested without a server: see [`scripted`].
//!
//! # Feeds
//!
//! A subscription is an iterator that waits for the next event, in the thread that asks; its [`StopHandle`] ends it from another
//! one.
//!
//! ```no_run
//! use teamwire_blocking::{Client, Error, FeedEvent, Follow};
//!
//! fn watch(client: &Client) -> Result<(), Error> {
//!     for event in client.chats().new_messages(Follow::from_now()) {
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
//! Many feeds at once are driven by a few threads: see [`BlockingExecutor::drive`].
//!
//! ```
//! use teamwire_blocking::{Client, Delivery, Error, FeedSet, Follow, ThreadId};
//!
//! fn watch(client: &Client, chats: &[ThreadId]) -> Result<(), Error> {
//!     let mut set = FeedSet::new();
//!     for tid in chats {
//!         let chat = client.chats().chat(tid.clone());
//!         set.insert(tid.clone(), chat.new_messages(Follow::from_now()).into_feed());
//!     }
//!     for (tid, delivery) in client.executor().drive(set, chats.len())? {
//!         match delivery {
//!             Delivery::Event(event) => println!("{tid}: {event:?}"),
//!             Delivery::Ended(result) => println!("{tid} has ended: {result:?}"),
//!             _ => {}
//!         }
//!     }
//!     Ok(())
//! }
//! ```
//!
//! # What the network is asked for
//!
//! Connections are kept and used again ([`Limits`] says how many, and how long), for five minutes at most; when one turns
//! out to be dead, the others that were idle by then are closed. The host is looked up for each new connection, and only
//! then; of several addresses, the next is tried 250 ms after the one before it (RFC 8305). TLS trusts the public CAs and
//! those of [`Config::with_root_certificates_pem`]. No redirect is followed. A response that arrives before the request
//! was sent ends the sending: a file of more than 64 KiB is announced first (`Expect: 100-continue`). Nothing in the
//! environment is read but the three variables above: a proxy is set by [`Config::with_proxy`] alone.
//!
//! Nothing secret is in any `Debug`, `Display`, error or log line. At the level *trace* `ureq` and `ureq_proto` log
//! requests without their credentials, but answers with the messages in them.

mod backend;
mod detached;
mod executor;
mod feeds;
mod network;
mod transport;
mod ureq;

#[doc(inline)]
pub use teamwire_core::*;

pub use self::{
    executor::BlockingExecutor,
    feeds::{Events, FeedDriver, StopHandle},
    transport::Transport,
};

/// A bot's connection to its backend. Clones are the same connection; each may be in a thread of its own.
pub type Client = teamwire_core::Client<BlockingExecutor>;
/// The chats of the bot.
pub type Chats = teamwire_core::Chats<BlockingExecutor>;
/// A chat, as it was when it was fetched, and what can be done in it.
pub type Chat = teamwire_core::Chat<BlockingExecutor>;
/// A chat known by its thread id alone: everything that needs no more than that.
pub type ChatRef = teamwire_core::ChatRef<BlockingExecutor>;
/// The users and groups that the bot can see.
pub type Contacts = teamwire_core::Contacts<BlockingExecutor>;

/// A client with these options. Nothing is sent yet.
///
/// A process that forks connects after that: idempotency keys of a client that parent and child share would repeat, so that the
/// server takes one's message for the other's.
///
/// Returns `InvalidInput` if the root certificates are not such.
pub fn client(config: Config) -> Result<Client, Error> {
    let http = ureq::UreqTransport::new(&config)?;
    Ok(Client::new(BlockingExecutor::new(config, http)?))
}

/// A client with the options in the environment variables `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`,
/// and all others at their defaults. Nothing is sent yet.
///
/// Raises `InvalidInput` naming the variable that is missing or wrong.
pub fn client_from_env() -> Result<Client, Error> {
    client(teamwire_std::config_from_env()?)
}

/// A client whose requests go to this script instead of a network, so that a bot can be tested without a server.
///
/// ```
/// use teamwire_blocking::{Client, Error, scripted, script::{Answer, Expect, Script, sample}};
///
/// fn greet(client: &Client) -> Result<(), Error> {
///     client.chats().chat("c1").post("hello").map(drop)
/// }
///
/// let script = Script::new()
///     .then(Expect::post("/v1/chats/c1/messages"), Answer::problem(503, "server").retry_after(30))
///     .then(Expect::post("/v1/chats/c1/messages"), Answer::json(201, sample::message("m1", "c1", "hello")));
/// greet(&scripted(&script))?; // The wait of 30 seconds takes no time: the script has a clock of its own.
/// script.assert_done();
/// # Ok::<(), Error>(())
/// ```
pub fn scripted(script: &Script) -> Client {
    Client::new(BlockingExecutor::scripted(script.clone()))
}
