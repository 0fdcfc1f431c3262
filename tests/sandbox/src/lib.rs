//! A Teamwire backend for development and tests: the project's own wire contract over real HTTP.
//!
//! It is written from `docs/openapi.yaml` alone, with types of its own, and shares nothing with the client that it
//! tests. It is no production server: it keeps everything in memory, and forgets it when it stops.
//!
//! ```
//! use teamwire_sandbox::{Fault, Rule, Sandbox, org};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sandbox = Sandbox::start()?; // a free port on loopback, a new organisation
//! println!("{} {}", sandbox.url(), sandbox.app_id()); // and sandbox.secret()
//!
//! // People do what people do ...
//! let mid = sandbox.as_person(org::ANNA).post_alert(org::LOBBY, "Pump 3 is down", "alert")?;
//! sandbox.as_person(org::BEN).react(org::LOBBY, &mid, "ok")?;
//!
//! // ... admins decide, days are bad, and time flies.
//! sandbox.admin().allow_leaving(false);
//! sandbox.faults().add(Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/messages"));
//! sandbox.clock().advance(std::time::Duration::from_secs(3600));
//! # Ok(())
//! # }
//! ```
//!
//! # Two layers
//!
//! - [`world`] is the whole contract as a pure state machine: `handle(now, request)` and an answer. A simulator drives
//!   it on virtual time, without a socket.
//! - [`Sandbox`] is a thin HTTP server around a [`World`]: it owns the sockets, the clock and the files, and can make a
//!   bad day ([`Faults`]).
//!
//! # The organisation
//!
//! Every world begins with the same one, whose ids are in [`org`]: a bot, eight people that it sees, one that was
//! deleted, one that it cannot see, three groups, and two chats.

#![forbid(unsafe_code)]

mod asset_folder;
mod control;
mod sandbox;
mod server;
pub mod world;

pub use control::{Admin, Clock, Faults, Person};
pub use sandbox::{Builder, Sandbox};
pub use server::{
    faults::{Fault, RequestHead, Rule},
    observe::{Connections, Exchange, ObservedResponse, TranscriptEntry},
};
pub use world::{BotKey, RateLimit, Rejection, World, org};
