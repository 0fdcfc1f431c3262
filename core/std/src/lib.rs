//! Platform services shared by the `std` executors: clock, entropy, environment, files, saved state, TLS and proxy
//! settings, idle connections, limits on bodies, and preprocessing of HTTP/1.1 messages.
//!
//! An implementation detail of the adapters. Programs use `teamwire-blocking` or `teamwire-async-std`.

pub mod body;
pub mod claims;
mod clock;
mod config;
mod connection;
pub mod files;
pub mod fleet;
mod grace;
mod handlers;
mod happy_eyeballs;
mod host;
pub mod http1;
#[cfg(any(feature = "log", feature = "tracing"))]
pub mod observe;
mod origin;
mod outbox;
mod paths;
mod pool;
mod progress;
mod proxy;
mod slots;
mod state_file;
mod tls;
mod unacknowledged_bytes;

pub use self::{
    clock::Clock,
    config::{config_from_env, config_from_settings},
    connection::{has_pending_data, is_abrupt_end, reject_unsolicited},
    grace::stop_after,
    handlers::Handlers,
    happy_eyeballs::{CONNECTION_ATTEMPT_DELAY, PreferredAddresses},
    host::{at_host, authority, without_brackets},
    origin::Origin,
    outbox::{Outbox, OutboxDelivery, OutboxEntry, OutboxEvent, OutboxMessages},
    paths::{image_file, path_to_string, upload_file},
    pool::{ConnectionHistory, OPENING_POLL_INTERVAL, Opening, Place, Pool, Pooled},
    progress::{BodyProgress, UploadProgress},
    proxy::Proxy,
    slots::{Acquire, ConnectionSlot, ConnectionSlots},
    state_file::StateFile,
    tls::{check_certificates, client_certificate_error, crypto_provider, tls_config, tls_error, tls_is_idle},
    unacknowledged_bytes::unacknowledged_bytes,
};

use teamwire_core::{Config, Error, error::InvalidInput, executor::Session};

/// Creates a session with this configuration, and entropy from the operating system.
///
/// # Errors
///
/// `InvalidInput` for contradictory or unusable settings, or if the operating system provides no entropy.
pub fn session(config: Config) -> Result<Session, Error> {
    config.validate()?;
    let mut entropy = [0; 32];
    getrandom::fill(&mut entropy)
        .map_err(|why| InvalidInput::new("entropy", format!("the operating system does not provide any: {why}")))?;
    Ok(Session::new(config, entropy))
}
