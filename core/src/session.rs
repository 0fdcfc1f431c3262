//! What the operations of one bot share: its options, its credentials, and its source of keys.

use alloc::{format, string::String, sync::Arc};
use core::{
    fmt,
    sync::atomic::{AtomicU64, Ordering},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use http::HeaderValue;
use secrecy::ExposeSecret;

use crate::{
    brake::Brake,
    config::{Config, Kind},
    ledger::Ledger,
    machine::Ticket,
    shared::Shared,
};

/// What the operations of one bot share. Clones are the same session.
#[derive(Clone)]
pub struct Session(Arc<Inner>);

struct Inner {
    config: Config,
    authorization: HeaderValue,
    user_agent: HeaderValue,
    /// The part of idempotency keys that no other session has.
    prefix: String,
    jitter_seed: u64,
    /// Counts tickets, and what else must be different each time.
    counter: AtomicU64,
    ledger: Ledger,
    brake: Shared<Brake>,
}

impl Session {
    /// A session with these options.
    ///
    /// `entropy` is where idempotency keys and jitter come from. Adapters take it from the operating system; tests
    /// write it down. **Never use the same bytes twice in production**: the keys would repeat, and the server would
    /// answer a new request with yesterday's answer instead of doing it. For the same reason, make sessions **after** a
    /// `fork`, never before it: parent and child would count on with the same bytes.
    pub fn new(config: Config, entropy: [u8; 32]) -> Self {
        let (unique, jitter) = entropy.split_at(24);
        let jitter_seed = jitter.iter().fold(0, |seed, byte| seed << 8 | u64::from(*byte));
        let mut authorization = HeaderValue::try_from(config.credentials.basic().expose_secret())
            .expect("base64 is made of characters that a header may have");
        authorization.set_sensitive(true);
        let user_agent = HeaderValue::try_from(config.user_agent.as_str())
            .expect("Config refuses a user agent that is not printable ASCII");
        Self(Arc::new(Inner {
            config,
            authorization,
            user_agent,
            prefix: BASE64_URL_SAFE_NO_PAD.encode(unique),
            jitter_seed,
            counter: AtomicU64::new(0),
            ledger: Ledger::new(),
            brake: Shared::new(Brake::default()),
        }))
    }

    /// The options of this session.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// Where the bot shares its location.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.0.ledger
    }

    /// The pace of its requests.
    pub(crate) fn brake(&self) -> &Shared<Brake> {
        &self.0.brake
    }

    pub(crate) fn ticket(&self) -> Ticket {
        Ticket(self.count())
    }

    /// A key that no other request of any session has.
    pub(crate) fn idempotency_key(&self) -> String {
        format!("{}-{:x}", self.0.prefix, self.count())
    }

    /// The next of a row of numbers that differ from session to session: for jitter, not for secrets.
    pub(crate) fn next_random(&self) -> u64 {
        // The finalizer of SplitMix64 over the counter: well spread, and nothing rests on its being hard to guess.
        let mut z = self.0.jitter_seed.wrapping_add(self.count().wrapping_mul(0x9E37_79B9_7F4A_7C15));
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    pub(crate) fn authorization(&self) -> HeaderValue {
        self.0.authorization.clone()
    }

    pub(crate) fn user_agent(&self) -> HeaderValue {
        self.0.user_agent.clone()
    }

    /// `text` without the credentials, should a server echo them.
    pub(crate) fn redact(&self, text: &str) -> String {
        self.0.config.credentials.redact(text, Kind::Prose)
    }

    fn count(&self) -> u64 {
        self.0.counter.fetch_add(1, Ordering::Relaxed)
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").field("config", &self.0.config).finish_non_exhaustive()
    }
}
