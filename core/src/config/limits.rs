use core::time::Duration;

/// How long to wait for an answer, by class of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For most requests, in total. Default: 10 s.
    pub request: Duration,
    /// For contacts and lists of chats, in total. Default: 15 s.
    pub listing: Duration,
    /// For up- and downloads: without a byte moving, however long the whole takes. Default: 60 s.
    pub transfer_idle: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: Duration::from_secs(10),
            listing: Duration::from_secs(15),
            transfer_idle: Duration::from_secs(60),
        }
    }
}

/// When to try a request again, and how patiently.
///
/// Tried again is what may succeed the second time: a connection that failed or was lost, a timeout, and the answers
/// 408, 429, 409 `in_progress`, and 5xx but for 501 and 505. What changes something carries an idempotency key, so the
/// server does it once however often it arrives, and a held-back attempt undoes no newer change.
///
/// A wait that the server asks for by `Retry-After` is never shortened; a wait of our own, which is partly random, is added.
/// `in_progress` says that the first attempt is still being worked on: for as long as the request may take (see [`Timeouts`]) it
/// counts as no failed attempt.
///
/// After a 429 all operations of a client pause, whatever their policy, and are then sent one after the other, in the order in which
/// they began, until the server has limited none for a while. An operation waits for its turn as long as the limit of the server
/// demands: this counts as no attempt, and no timeout includes it. But a pause of more than a minute (or of more than
/// [`max_retry_after`](Self::max_retry_after), if that is longer) is an error of every operation at once: the error of the 429, with
/// the rest of the pause as its `retry_after`. A limit of 5 requests per second lets 1,000
/// posts that are made at once through in about five minutes; a future that is dropped leaves the queue.
///
/// Feeds try again for as long as the trouble lasts, by the waits of this policy, but none shorter than 250 ms, doubling up to
/// 8 s; they obey a `Retry-After` up to an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Number of retries after the first attempt. Zero: never, see [`NEVER`](Self::NEVER). Default: 3.
    ///
    /// If it is not zero, an idle connection that turns out to have been closed is replaced once, at once: this costs no retry.
    pub max_retries: u32,
    /// The wait before the first retry; it doubles each time, and a random part of up to half of it is left
    /// out. Default: 500 ms.
    pub initial_backoff: Duration,
    /// The longest wait of our own choosing. Default: 30 s.
    pub max_backoff: Duration,
    /// The longest `Retry-After` for which to try again. If the server asks for more, the operation fails at once with an error that
    /// carries it. Default: 60 s.
    pub max_retry_after: Duration,
}

impl RetryPolicy {
    /// Every request is sent once. After a 429 the next ones wait as with any other policy, and feeds try again all the same.
    ///
    /// A server may close an idle connection at the moment when a request is sent over it. With this policy that is an error,
    /// which [may have arrived](crate::Error::outcome_unknown). With [`Limits::max_idle_connections`] at zero, no request meets such
    /// a connection: each has one of its own, at the cost of a handshake.
    pub const NEVER: Self = Self {
        max_retries: 0,
        initial_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        max_retry_after: Duration::ZERO,
    };
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
        }
    }
}

/// How much to take in, and how many connections to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest JSON answer, in bytes. Of a list whose pages are larger, smaller pages are requested. Default: 16 MiB.
    pub max_response_body: u64,
    /// Maximum size of a whole list, in bytes: the JSON of all of its pages. Default: 256 MiB.
    pub max_list: u64,
    /// The largest avatar or attachment to take into memory, in bytes. Default: 64 MiB. Files can be of any size.
    pub max_download: u64,
    /// How many idle connections an executor keeps. Default: 64.
    pub max_idle_connections: usize,
    /// How long a connection may be idle before it is closed. Default: 50 s.
    pub max_idle_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response_body: 16 << 20,
            max_list: 256 << 20,
            max_download: 64 << 20,
            max_idle_connections: 64,
            max_idle_age: Duration::from_secs(50),
        }
    }
}
