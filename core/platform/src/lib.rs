//! What the executors of Teamwire for Rust take from the machine they run on: clocks, entropy, variables, files, TLS
//! trust; and a synchronous executor over any [`Transport`](follow::Transport).
//!
//! The core is pure, and these are the impure pieces that every executor on `std` needs alike. It is a part of the
//! adapters, not of their interface: programs use `teamwire-blocking` or `teamwire-async-std`.

mod apart;
pub mod body;
mod clock;
mod executor;
pub mod files;
pub mod follow;
mod socket;
mod tls;
mod withhold;

pub use self::{
    apart::{CallOff, apart},
    clock::Clock,
    executor::Blocking,
    socket::{Socket, has_arrived},
    tls::{tls_config, tls_fault, tls_handshake},
    withhold::withhold,
};

use teamwire_core::{Config, Error, InvalidInput, Session};

/// A session with these options, and entropy from the operating system.
pub fn session(config: Config) -> Result<Session, Error> {
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)
        .map_err(|why| InvalidInput::new("entropy", format!("the operating system gives none: {why}")))?;
    Ok(Session::new(config, entropy))
}

/// The options in the environment variables `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` and `TEAMWIRE_SECRET`.
pub fn config_from_env() -> Result<Config, Error> {
    Config::from_vars(|name| std::env::var(name).ok())
}
