//! Bots on smol: the types of the crate with the runtime [`Smol`].
//!
//! Available with the feature `smol`. Without the default features, the crate then does not depend on async-std:
//!
//! ```toml
//! teamwire-async-std = { version = "0.1", default-features = false, features = ["smol", "ring"] }
//! ```
//!
//! ```no_run
//! use teamwire_async_std::{Error, smol::{Client, client_from_env}};
//!
//! async fn hello(client: &Client) -> Result<(), Error> {
//!     println!("I am {}", client.contacts().me().await?.first_name);
//!     Ok(())
//! }
//!
//! fn main() -> Result<(), Error> {
//!     // Reads TEAMWIRE_URL, TEAMWIRE_APP_ID and TEAMWIRE_SECRET.
//!     smol::block_on(hello(&client_from_env()?))
//! }
//! ```

use teamwire_core::{Config, Error, Script};

pub use crate::runtime::Smol;

/// The entry point: a bot at its backend. Clones share its connections, and can be used in other tasks.
pub type Client = crate::Client<Smol>;
/// Operations on the bot's chats.
pub type Chats = crate::Chats<Smol>;
/// A snapshot of a chat, with all operations on it.
pub type Chat = crate::Chat<Smol>;
/// A chat known by its id, with the operations that need only that.
pub type ChatRef = crate::ChatRef<Smol>;
/// Operations on the users and groups that the bot can see.
pub type Contacts = crate::Contacts<Smol>;

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
    crate::client_on(Smol, config)
}

/// Creates a client with the configuration in the environment variables: see
/// [`config_from_env`](crate::config_from_env). No request is sent yet.
///
/// # Errors
///
/// Those of [`config_from_env`](crate::config_from_env) and [`client`].
pub fn client_from_env() -> Result<Client, Error> {
    client(crate::config_from_env()?)
}

/// Creates a client whose requests go to this script instead of a network, to test a bot without a server.
pub fn scripted(script: &Script) -> Client {
    crate::scripted_on(script)
}
