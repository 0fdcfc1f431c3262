//! A virtual world for tests of Teamwire bots: people act, hours pass and outages happen within milliseconds.
//!
//! A [`World`] has a server, people and a clock. The server is that of the
//! [sandbox](https://docs.rs/teamwire-sandbox), as a pure state machine: there are no sockets, no threads and no waits.
//! Bots use the same client types as in production.
//!
//! ```
//! use std::time::Duration;
//!
//! use teamwire_blocking::{AlertType, Client, Draft, Error};
//! use teamwire_testing::{World, org};
//!
//! /// Posts an alert, and returns the first name of the person who takes care of it.
//! fn on_call(client: &Client) -> Result<Option<String>, Error> {
//!     let mut events = client.chats().reaction_updates(None);
//!     events.started()?;
//!     client.chats().chat(org::LOBBY).post(Draft::text("Pump 3 is down").alert(AlertType::Alert))?;
//!     for event in events {
//!         if let Some(reaction) = event?.into_item() {
//!             return Ok(Some(reaction.from_user.first_name));
//!         }
//!     }
//!     Ok(None)
//! }
//!
//! const MINUTE: Duration = Duration::from_secs(60);
//! let world = World::new(7);
//! world.whenever_posted(|world, message| {
//!     world.after(MINUTE * 5, |world| world.down_for(MINUTE));
//!     let (tid, mid) = (message.tid.clone(), message.mid.clone());
//!     world.after(MINUTE * 90, move |world| {
//!         world.act(org::ANNA, |anna| anna.react(&tid, &mid, "ok")).expect("she is a member");
//!     });
//! });
//!
//! assert_eq!(on_call(&world.blocking())?.as_deref(), Some("Anna"));
//! assert_eq!(world.elapsed(), MINUTE * 90);
//! assert_eq!(world.texts(org::LOBBY), [Some("Pump 3 is down".to_owned())]);
//! # Ok::<(), Error>(())
//! ```
//!
//! # Time
//!
//! The clock moves only while the bot waits: for a response, for the next event of a feed, or in
//! [`Client::sleep`](teamwire_core::Client::sleep). All that is due until then happens in the meantime, in order.
//!
//! - With [`World::blocking`], the thread of the bot moves the clock. Scheduled actions run in it, while it waits.
//! - With [`World::client`], [`World::run`] polls the future of the bot, and moves the clock when nothing in it can
//!   continue. To let people act in between, use [`World::at`], or join a future that sleeps and acts.
//!
//! The same seed gives the same run, to the last request ([`World::requests`]), if the bot uses the clock and the
//! randomness of its client only: [`Client::now`](teamwire_core::Client::now) instead of that of the system.
//!
//! # Limits
//!
//! - **One thread.** A world cannot know whether another thread is about to act. If two threads wait at once, the test
//!   panics. `for_each_concurrent` and `drive` need no threads on a virtual clock. Test bots with threads of their own
//!   against the sandbox.
//! - **Tasks within `run`.** The world does not notice a future that is spawned on a runtime. Join it instead.
//! - **Bots without an end.** If nothing is due while the bot waits, the test panics. A bot with feeds polls forever,
//!   so let a scheduled action stop it. The test panics 30 days after the last scheduled action.
//! - **Files** are those of the operating system, as the bot reads and writes them without the library.
//!
//! For a bot whose requests are known, a `Script` is simpler; and for HTTP, TLS, threads and crashes, the sandbox is
//! closer to production.

#![forbid(unsafe_code)]

mod agenda;
mod backend;
mod clients;
mod clock;
mod downtimes;
mod exchange;
mod latency;
mod outcome;
mod run;
mod sent_request;
mod state;
mod world;

pub use teamwire_sandbox::{
    self as sandbox,
    world::{PersonActions, PostedMessage, Rejection, org},
};

pub use self::{sent_request::SentRequest, world::World};

/// Compiles and runs the example in the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
