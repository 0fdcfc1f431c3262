//! The whole contract as a pure state machine: no sockets, no clock, no threads, and no randomness but a seed.
//!
//! ```text
//!  request ──▶ admit ──▶ perform ──▶ Handled::Response
//!              401 429     │ ▲       Handled::File    the bytes lie with whoever drives the world
//!              404 405     ▼ │
//!                  Handled::Park     ask again by `resume`, when something has changed or at its deadline
//! ```
//!
//! [`World::handle`] does all of it for requests that are whole; the server uses the steps, to answer before it has
//! read a body, and to stream the bytes of files past the world.
//!
//! ```
//! use std::time::Duration;
//!
//! use http::Request;
//! use teamwire_sandbox::world::{Handled, Now, World, org};
//!
//! let mut world = World::new(7);
//! let now = Now::after(chrono::DateTime::UNIX_EPOCH, Duration::from_secs(5));
//! world.as_person(now, org::ANNA).post(org::LOBBY, "Good morning.")?;
//!
//! let request = Request::get("/health").body(Vec::new())?;
//! let Handled::Response(answer) = world.handle(now, request) else { panic!("nothing to wait for") };
//! assert_eq!(answer.status(), 200);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod admin_actions;
mod call;
mod contract;
mod handle;
mod ids;
mod now;
mod operations;
mod organisation;
mod person_actions;
mod routes;
mod state;

use std::{collections::BTreeMap, fmt, time::Duration};

pub use admin_actions::OrgSettings;
pub use bots::{BotKey, RateLimit};
pub use handle::{Admission, Admitted, BodyPlan, Handled, Parked, Payload};
pub use headers::{CommittedUpload, FileResponse, ReceivedFile, Upload, UploadStart, jpeg_dimensions};
pub use ids::BodyDigest;
pub use now::Now;
pub use organisation::org;
pub use person_actions::{PersonActions, Rejection};
pub use problem::problem_response;
pub use routes::{route_of, routes};
#[allow(clippy::wildcard_imports)]
use {contract::*, operations::*, state::*};

use self::{
    assets::Assets, bots::Bot, chat::Chat, directory::Directory, feed::Log, idempotency::Keys, ids::Ids,
    paging::Cursors, subscriptions::Subscriptions,
};

/// An installation with its organisation: everything that the contract speaks of.
///
/// Whoever drives it says what time it is with each call, and time never goes back. The same calls give the same
/// answers, ids included.
pub struct World {
    ids: Ids,
    cursors: Cursors,
    bots: Vec<Bot>,
    rate_limit: Option<RateLimit>,
    /// The largest asset, in bytes.
    asset_limit: u64,
    org_settings: OrgSettings,
    directory: Directory,
    chats: BTreeMap<String, Chat>,
    /// How many chats were ever made, for their order.
    chats_made: u64,
    reactions_made: u64,
    assets: Assets,
    log: Log,
    subscriptions: Subscriptions,
    keys: Keys,
    revision: u64,
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World")
            .field("bots", &self.bots.len())
            .field("chats", &self.chats.len())
            .finish_non_exhaustive()
    }
}

impl World {
    /// A world with the organisation in [`org`]. All its ids come from the seed.
    pub fn new(seed: u64) -> Self {
        let mut ids = Ids::new(seed);
        let mut world = Self {
            cursors: Cursors::new(ids.next_u64()),
            ids,
            bots: Vec::new(),
            rate_limit: None,
            asset_limit: 256 * 1024 * 1024,
            org_settings: OrgSettings::default(),
            directory: Directory::default(),
            chats: BTreeMap::new(),
            chats_made: 0,
            reactions_made: 0,
            assets: Assets::default(),
            log: Log::default(),
            subscriptions: Subscriptions::default(),
            keys: Keys::default(),
            revision: 0,
        };
        world.add_organisation();
        world
    }

    /// The key of the bot that the organisation begins with, [`org::BOT`].
    pub fn bot_key(&self) -> BotKey {
        // `new` makes this bot before anything else, and no bot is ever taken away.
        self.bots[0].key.clone()
    }

    /// From now on each key may send so many requests; `None`, as at first: as many as it likes.
    pub fn set_rate_limit(&mut self, limit: Option<RateLimit>) {
        self.rate_limit = limit;
    }

    /// The largest asset in bytes; 256 MiB at first.
    pub fn set_asset_limit(&mut self, bytes: u64) {
        self.asset_limit = bytes;
    }

    /// A new value for `X-Request-Id`, for an answer that is given in the world's stead.
    pub fn next_request_id(&mut self) -> String {
        self.ids.next_request()
    }

    /// A number that grows whenever a long poll that waits may have something to tell.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// How many messages there are in all chats, deleted ones included.
    pub fn message_count(&self) -> usize {
        self.chats.values().map(|chat| chat.messages.len()).sum()
    }

    /// The texts of a chat's messages in the order of their arrival; of deleted ones and those without text: `None`.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        let text = |message: &messages::Message| message.msg.clone();
        self.chats.get(tid).map(|chat| chat.messages.iter().map(text).collect()).unwrap_or_default()
    }

    /// How many live locations are shared now, in all chats.
    pub fn share_count(&self) -> usize {
        self.chats.values().map(|chat| chat.shares.len()).sum()
    }

    /// How many subscriptions a poll would find alive.
    pub fn subscription_count(&self, now: Now) -> usize {
        self.subscriptions.active_count(now.elapsed)
    }

    /// When the next thing happens by itself: a live location expires.
    pub fn next_expiry(&self) -> Option<Duration> {
        self.chats.values().flat_map(|chat| chat.shares.values()).map(|share| share.expires).min()
    }
}
