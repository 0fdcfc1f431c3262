//! An **invented** protocol, as an example of a [`Protocol`](teamwire_core::protocol::Protocol) outside of the core. No
//! product uses it, and it is **not the vendor's**: that one is unpublished, and this one is not modelled on it.
//!
//! It differs from the default protocol wherever it can, which proves that the library does not depend on that, and it
//! is a template for a protocol of your own. Each group of operations is a file, and the documentation of each method
//! begins with its request.
//!
//! - All paths begin with `api/` and end in a slash.
//! - `POST api/login/` returns a session cookie, which expires.
//! - JSON has names in camel case, in an envelope: `{ "data": .., "meta": { "pages": 3 } }`.
//! - Lists have page numbers.
//! - Posts are forms that contain their files.
//! - Changes are responded to with 204, without a body, and have no idempotency keys.
//! - Errors are `{ "error": { "id": "notFound", "text": "There is no such chat" } }`.
//! - Feeds of messages are polled: a poll returns the messages since a time.
//!
//! # Limits
//!
//! Without idempotency keys, a change is sent once, and its outcome is unknown if its response is lost. An item can be
//! missing from a list, or be in it twice, if the list changes while its pages are read. The server has no live
//! locations, no search for titles and no list of new reactions: these operations are
//! [unsupported](teamwire_core::ErrorKind::Unsupported).

mod assets;
mod attachments;
mod chats;
mod contacts;
mod feeds;
mod json;
mod members;
mod messages;
mod position;
mod reactions;
mod wire;

use std::time::Duration;

use teamwire_core::protocol::Locations;

/// The example protocol.
///
/// ```
/// use teamwire_core::{Config, Credentials};
/// use teamwire_protocols::Second;
///
/// # fn main() -> Result<(), teamwire_core::Error> {
/// let credentials = Credentials::new("depot-bot", "a long password")?;
/// let config = Config::new("https://chat.example", credentials)?.with_protocol(Second::default());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Second {
    /// The time between two polls of a feed.
    pub poll_interval: Duration,
}

impl Second {
    /// Sets the time between two polls of a feed. Default: 2 seconds.
    pub const fn with_poll_interval(mut self, interval: Duration) -> Self {
        self.poll_interval = interval;
        self
    }
}

impl Default for Second {
    fn default() -> Self {
        Self { poll_interval: Duration::from_secs(2) }
    }
}

/// The server has no live locations.
impl Locations for Second {}
