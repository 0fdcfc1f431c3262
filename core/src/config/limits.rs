use core::time::Duration;

/// How long to wait for an answer, by class of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// For most requests, in total. Default: 10 s.
    pub default: Duration,
    /// For contacts and lists of chats, in total. Default: 15 s.
    pub long: Duration,
    /// For up- and downloads: without a byte moving, however long the whole takes. Default: 60 s.
    pub assets: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { default: Duration::from_secs(10), long: Duration::from_secs(15), assets: Duration::from_secs(60) }
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
/// demands: this counts as no attempt, and patience and timeouts do not include it. A limit of 5 requests per second lets 1,000
/// posts that are made at once through in about five minutes; a future that is dropped leaves the queue.
///
/// Feeds try again for as long as the trouble lasts, by the waits of this policy, but none shorter than 250 ms, doubling up to
/// 8 s; they obey a `Retry-After` up to an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Number of retries after the first attempt. Zero: never, see [`NEVER`](Self::NEVER). Default: 3.
    ///
    /// If it is not zero, an idle connection that turns out to have been closed is replaced once, at once: this costs no retry.
    pub retries: u32,
    /// The wait before the first retry; it doubles each time, and a random part of up to half of it is left
    /// out. Default: 500 ms.
    pub first_wait: Duration,
    /// The longest wait of our own choosing. Default: 30 s.
    pub longest_wait: Duration,
    /// The longest `Retry-After` for which to try again. If the server asks for more, the operation fails at once with an error that
    /// carries it; after a 429, those that follow wait for that time, but for no more than an hour. Default: 60 s.
    pub patience: Duration,
}

impl RetryPolicy {
    /// Every request is sent once. After a 429 the next ones wait as with any other policy, and feeds try again all the same.
    ///
    /// A server may close an idle connection at the moment when a request is sent over it. With this policy that is an error,
    /// which [may have arrived](crate::Error::may_have_arrived). With [`Limits::idle_connections`] at zero, no request meets such
    /// a connection: each has one of its own, at the cost of a handshake.
    pub const NEVER: Self =
        Self { retries: 0, first_wait: Duration::ZERO, longest_wait: Duration::ZERO, patience: Duration::ZERO };
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            retries: 3,
            first_wait: Duration::from_millis(500),
            longest_wait: Duration::from_secs(30),
            patience: Duration::from_secs(60),
        }
    }
}

/// How much to take in, and how many connections to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The largest JSON answer, in bytes. Of a list whose pages are larger, smaller pages are requested. Default: 16 MiB.
    pub answer: u64,
    /// Maximum size of a whole list, in bytes: the JSON of all of its pages. Default: 256 MiB.
    pub list: u64,
    /// The largest avatar or attachment to take into memory, in bytes. Default: 64 MiB. Files can be of any size.
    pub download: u64,
    /// How many idle connections an executor keeps. Default: 64.
    pub idle_connections: usize,
    /// How long a connection may be idle before it is closed. Default: 50 s.
    pub idle_time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            answer: 16 << 20,
            list: 256 << 20,
            download: 64 << 20,
            idle_connections: 64,
            idle_time: Duration::from_secs(50),
        }
    }
}
