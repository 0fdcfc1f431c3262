//! The sandbox, as the operations of the control API see it.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use http::{HeaderMap, Response};

use crate::{
    control::{admin::Admin, clock::Clock, events::Hub, faults::Faults},
    server::Shared,
    world::{BotKey, contract::problem::Problem},
};

/// The control API of a sandbox.
pub(crate) struct Api {
    pub(crate) shared: Arc<Shared>,
    pub(crate) hub: Arc<Hub>,
    pub(super) key: BotKey,
    /// The URL for bots.
    pub(super) bot_url: String,
    seed: AtomicU64,
}

impl Api {
    pub(crate) fn new(shared: Arc<Shared>, key: BotKey, bot_url: String, seed: u64) -> Self {
        Self { shared, hub: Arc::new(Hub::new()), key, bot_url, seed: AtomicU64::new(seed) }
    }

    pub(super) fn admin(&self) -> Admin<'_> {
        Admin { shared: &self.shared, key: &self.key }
    }

    pub(super) fn clock(&self) -> Clock<'_> {
        Clock { shared: &self.shared }
    }

    pub(super) fn faults(&self) -> Faults<'_> {
        Faults { shared: &self.shared }
    }

    /// Replaces the world by a new one. Returns its seed.
    pub(super) fn reset(&self, seed: Option<u64>) -> u64 {
        let seed = seed.unwrap_or_else(|| self.seed.load(Ordering::Relaxed));
        self.seed.store(seed, Ordering::Relaxed);
        self.admin().reset(seed);
        self.hub.scan(&self.shared);
        seed
    }

    pub(super) fn request_id(&self) -> String {
        self.shared.world(|world, _| world.next_request_id())
    }

    /// A problem response.
    pub(crate) fn reject(&self, problem: Problem) -> Response<Vec<u8>> {
        self.shared.world(|world, _| world.reject(problem))
    }

    /// A header as text.
    pub(super) fn header<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
        headers.get(name).and_then(|value| value.to_str().ok())
    }
}

impl fmt::Debug for Api {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Api").field("bot_url", &self.bot_url).finish_non_exhaustive()
    }
}
