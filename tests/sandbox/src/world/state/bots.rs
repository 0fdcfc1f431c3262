//! Bots, their keys and their rate limits.

use std::{fmt, time::Duration};

/// The credentials of a bot. `Debug` does not print the Secret.
#[derive(Clone, PartialEq, Eq)]
pub struct BotKey {
    /// The App ID, which is the user name of HTTP Basic.
    pub app_id: String,
    /// The Secret, which is the password.
    pub secret: String,
    /// The bot's `uid`.
    pub uid: String,
}

impl fmt::Debug for BotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotKey").field("app_id", &self.app_id).field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// A limit on the request rate of a key.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// The average number of requests per second; with 0, only the burst is allowed.
    pub per_second: f64,
    /// The number of requests that may come at once.
    pub burst: u32,
}

/// A key and its token bucket.
#[derive(Debug)]
pub(crate) struct Bot {
    pub(crate) key: BotKey,
    pub(crate) revoked: bool,
    tokens: f64,
    filled_at: Duration,
}

impl Bot {
    pub(crate) fn new(key: BotKey) -> Self {
        // Filled on first use, up to the limit in force at that time.
        Self { key, revoked: false, tokens: f64::INFINITY, filled_at: Duration::ZERO }
    }

    /// Takes a token. If there is none, returns the seconds until the next one.
    pub(crate) fn take_token(&mut self, limit: RateLimit, now: Duration) -> Result<(), u64> {
        let earned = now.saturating_sub(self.filled_at).as_secs_f64() * limit.per_second;
        self.tokens = (self.tokens + earned).min(f64::from(limit.burst));
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        let wait =
            Duration::try_from_secs_f64((1.0 - self.tokens) / limit.per_second).unwrap_or(Duration::from_secs(3600));
        Err(wait.as_secs() + u64::from(wait.subsec_nanos() > 0))
    }
}
