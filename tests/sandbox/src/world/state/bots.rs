//! Bots, their keys and their rate limits.

use std::{fmt, time::Duration};

/// The App ID and the Secret of a bot. The Secret is in no `Debug` output.
#[derive(Clone, PartialEq, Eq)]
pub struct BotKey {
    /// The App ID: the user name of HTTP Basic.
    pub app_id: String,
    /// The Secret: the password.
    pub secret: String,
    /// The bot as a user.
    pub uid: String,
}

impl fmt::Debug for BotKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BotKey").field("app_id", &self.app_id).field("uid", &self.uid).finish_non_exhaustive()
    }
}

/// How many requests a key may send: so many per second on average, and so many at once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RateLimit {
    /// Requests per second; 0 never lets more than the burst through.
    pub per_second: f64,
    /// Requests that may come at once.
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
        // The bucket is filled on the first use, whatever the limit then is.
        Self { key, revoked: false, tokens: f64::INFINITY, filled_at: Duration::ZERO }
    }

    /// BodyKind a token, or says in how many seconds there is one.
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
