//! A Teamwire backend for development and tests. It serves the project's own wire contract over real HTTP.
//!
//! The sandbox is written from `docs/openapi.yaml` alone, with its own types, and shares no code with the client that
//! it tests. It is not a production server: all data is kept in memory and lost when it stops, unless
//! [`Builder::data`](crate::Builder::data) or `--data` keeps it in a folder.
//!
//! ```
//! # #[cfg(feature = "server")]
//! use teamwire_sandbox::{Fault, Rule, Sandbox, org};
//!
//! # #[cfg(not(feature = "server"))]
//! # fn main() {}
//! # #[cfg(feature = "server")]
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start()?; // a free port on loopback, a new organisation
//! println!("{} {}", sandbox.url(), sandbox.app_id()); // and sandbox.secret()
//!
//! // People act ...
//! let mid = sandbox.as_person(org::ANNA).post_alert(org::LOBBY, "Pump 3 is down", "alert")?;
//! sandbox.as_person(org::BEN).react(org::LOBBY, &mid, "ok")?;
//!
//! // ... admins change settings, requests fail on demand, and time passes.
//! sandbox.admin().allow_leaving(false);
//! sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/messages"));
//! sandbox.clock().advance(std::time::Duration::from_secs(3600));
//! # Ok(())
//! # }
//! ```
//!
//! # Two layers
//!
//! - [`world`] implements the whole contract as a pure state machine: `handle(now, request)` returns a response, a
//!   file, or a long poll that is parked until something happens. Simulators drive it on virtual time, without sockets.
//! - [`Sandbox`] is a thin HTTP server around a [`World`]: it owns the sockets, the clock and the files, and injects
//!   faults on request ([`Faults`]).
//!
//! # Features
//!
//! `server` (default) is the server, and the command. Without it, the package is the pure [`World`], and pulls in no
//! asynchronous runtime.
//!
//! # The organisation
//!
//! Every world starts with the same organisation, whose ids are in [`org`]: a bot, eight people that it can see, a
//! deleted user, a hidden one, three groups, and two chats.

#![forbid(unsafe_code)]

#[cfg(feature = "server")]
mod asset_folder;
#[cfg(feature = "server")]
mod builder;
#[cfg(feature = "server")]
mod control;
#[cfg(feature = "server")]
mod page;
#[cfg(feature = "server")]
mod sandbox;
#[cfg(feature = "server")]
mod server;
#[cfg(feature = "server")]
mod stop_signal;
pub mod world;

#[cfg(feature = "server")]
pub use builder::Builder;
#[cfg(feature = "server")]
pub use control::{Admin, Clock, Faults, Person};
#[cfg(feature = "server")]
pub use sandbox::Sandbox;
#[cfg(feature = "server")]
pub use server::{
    faults::{ArmedRule, Fault, RequestHead, Rule},
    observe::{Connections, ObservedExchange, ObservedResponse, TranscriptEntry},
};
#[cfg(feature = "server")]
pub use stop_signal::StopSignal;
pub use world::{BotKey, RateLimit, Rejection, World, org};

/// Compiles and runs the example in the README.
#[cfg(all(doctest, feature = "server"))]
#[doc = include_str!("../README.md")]
struct Readme;
