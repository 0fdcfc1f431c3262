use core::time::Duration;

use serde::Deserialize;

use super::seconds::deserialize_duration;
use crate::{effect::Timeout, protocol::TimeoutClass};

/// Timeouts by class of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Maximum duration of most requests, from the DNS lookup to the last byte of the response. Default: 10 s.
    pub request: Duration,
    /// Maximum duration of requests for contacts and lists of chats. Default: 15 s.
    pub listing: Duration,
    /// Maximum idle time of uploads and downloads: without a byte sent or received. Their total duration is unlimited.
    /// Default: 60 s.
    pub transfer_idle: Duration,
}

/// Time for the response to a long poll, in addition to the server's wait.
const LONG_POLL_GRACE: Duration = Duration::from_secs(10);
/// Timeout of best-effort requests.
const SHORT_TIMEOUT: Duration = Duration::from_millis(700);

impl Timeouts {
    /// Returns the timeout of a class of requests.
    pub(crate) fn of(&self, class: TimeoutClass) -> Timeout {
        match class {
            TimeoutClass::Default => Timeout::Total(self.request),
            TimeoutClass::Listing => Timeout::Total(self.listing),
            TimeoutClass::Transfer => Timeout::Idle(self.transfer_idle),
            TimeoutClass::LongPoll(wait) => {
                Timeout::LongPoll { head: wait.saturating_add(LONG_POLL_GRACE), idle: self.request }
            }
            TimeoutClass::Short => Timeout::Total(self.request.min(SHORT_TIMEOUT)),
        }
    }
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

/// Number and timing of retries.
///
/// Failures that may be temporary are retried: failed and lost connections, timeouts, and the responses that the
/// [protocol](crate::protocol::Refusal) declares to be transient. In the default protocol, these are the statuses 408,
/// 429, 409 `in_progress`, and 5xx except 501 and 505, and every request that changes something carries an idempotency
/// key: the server performs it once, and a delayed attempt does not undo a newer change. A protocol without such keys
/// [does not repeat](crate::protocol::Endpoint::once) a request that may have been performed.
///
/// The delay before a retry is the server's `Retry-After`, if any, plus a backoff with jitter. While the server reports
/// `in_progress`, it is still processing an earlier attempt. Such a response does not count as a failed attempt until
/// the timeout of the request (see [`Timeouts`]) has passed.
///
/// After a 429, all operations of a client pause, whatever their policy. Then one request goes ahead. Once the server
/// has accepted it, the others follow in the order in which they were started, with a gap between them that shrinks
/// until the server limits one again or has not done so for a while. This wait does not count as an attempt, and no
/// timeout includes it: with a limit of 5 requests per second, 1,000 simultaneous posts take about five minutes.
/// Dropping a future removes it from the queue. If a pause is longer than a minute, and longer than
/// [`max_retry_after`](Self::max_retry_after), operations do not wait for it: until it is over, they fail immediately
/// with the error of the 429, whose `retry_after` is the remaining time.
///
/// Feeds retry until the server recovers. Their backoff is that of this policy, but never less than a minimum that
/// doubles from 250 ms to 8 s. They honour a `Retry-After` of up to an hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Maximum number of retries after the first attempt. Zero disables them: see [`NEVER`](Self::NEVER). Retries after
    /// a 429 are counted separately, up to the same number, so that an outage does not use them up. Default: 3.
    ///
    /// Unless it is zero, an idle connection that the server has closed is replaced once, immediately, and this does
    /// not count as a retry.
    pub max_retries: u32,
    /// Backoff before the first retry. It doubles each time, with up to 50 % random jitter subtracted. Default: 500 ms.
    pub initial_backoff: Duration,
    /// Maximum backoff. Default: 30 s.
    pub max_backoff: Duration,
    /// Maximum `Retry-After` that is waited for. If the server asks for more, the operation fails immediately, with an
    /// error that [carries it](crate::Error::retry_after). Default: 60 s.
    pub max_retry_after: Duration,
    /// Maximum time from the start of a request to the end of its last attempt, with all waits; `None` for no limit. An
    /// attempt is cut off at its end, and a wait that would last longer is not started: the last error is returned at
    /// once. An operation of several requests, such as a post with uploads, has this time for each. It does not limit
    /// feeds. Default: `None`.
    pub give_up_after: Option<Duration>,
}

impl RetryPolicy {
    /// Sends every request once. After a 429 later operations still pause, and feeds still retry.
    ///
    /// A server may close an idle connection while a request is sent on it. With this policy that is an error whose
    /// [outcome is unknown](crate::Error::outcome_unknown). To avoid it, set [`Limits::max_idle_connections`] to zero:
    /// each request then has a new connection, at the cost of a handshake.
    pub const NEVER: Self = Self {
        max_retries: 0,
        initial_backoff: Duration::ZERO,
        max_backoff: Duration::ZERO,
        max_retry_after: Duration::ZERO,
        give_up_after: None,
    };

    /// Retries as often as possible within this time, with the default backoff: see
    /// [`give_up_after`](Self::give_up_after).
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::{Client, Error, Script, config::RetryPolicy};
    ///
    /// fn alert(client: &Client<Script>) -> Result<(), Error> {
    ///     let patient = client.with_retry(RetryPolicy::within(Duration::from_secs(600)));
    ///     patient.chats().chat("c1").post("The database is down").map(drop)
    /// }
    /// ```
    pub fn within(time: Duration) -> Self {
        Self { max_retries: u32::MAX, max_retry_after: time, give_up_after: Some(time), ..Self::default() }
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_retries: 3,
            initial_backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(30),
            max_retry_after: Duration::from_secs(60),
            give_up_after: None,
        }
    }
}

/// Limits on sizes and connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Maximum size of a JSON response, in bytes. If a page of a list exceeds it, smaller pages are requested.
    /// Default: 16 MiB.
    pub max_response_size: u64,
    /// Maximum size of the JSON of all pages of a list, in bytes. Default: 256 MiB.
    pub max_list_size: u64,
    /// Maximum size of an avatar or attachment downloaded into memory, in bytes. Downloads into files are unlimited.
    /// Default: 64 MiB.
    pub max_download_size: u64,
    /// Maximum number of requests that have a connection at once, of all clients that share an executor. Others wait
    /// for a connection, in the order in which they were started, and the wait counts towards their
    /// [timeout](Timeouts). Must not be zero. Default: 512, which leaves half of the usual limit of 1,024 open files to
    /// feeds and to the rest of the program.
    ///
    /// The long polls of feeds are not counted: each feed occupies a connection nearly all the time, so that the feeds
    /// of a bot could use up any limit and no post would ever get a connection. At most one connection per feed is open
    /// in addition to this number. The same applies to each list that is read as an asynchronous stream.
    ///
    /// Of those requests that need a new connection, long polls included, at most 64 to a server open one at once, so
    /// that a burst does not overflow the queue of the server, where the attempt would be lost and repeated only after
    /// a second. The others wait as well, and take any connection that becomes idle before that. A connection that is
    /// not open after a second does not count here any more. The blocking adapter counts one without TLS until the
    /// server has sent something, but for a quarter of a second at most, and at most 32 of these: the operating system
    /// of a busy server makes connections that the server has not accepted yet.
    ///
    /// A progress observer that sends requests of its own needs a second connection while its transfer has the first.
    /// So does a task that sends a request between two polls of another one.
    pub max_connections: usize,
    /// Maximum number of idle connections that an executor keeps. Default: 20,000.
    ///
    /// It is only an upper bound. An executor keeps each connection for [`max_idle_age`](Self::max_idle_age) after its
    /// last use, and reuses the latest first. So it keeps as many connections as were in use at once lately, and the
    /// surplus of a peak is closed by the requests after that time. With a lower bound than that, connections are
    /// closed and made again all the time.
    pub max_idle_connections: usize,
    /// Maximum time that a connection stays idle before it is closed; in a file, a number of seconds. Default: 50 s.
    ///
    /// It is not reused after that time, and is closed when the next request starts or ends. There is no timer: without
    /// another request, it stays open until the server closes it, or the client is dropped.
    #[serde(deserialize_with = "deserialize_duration")]
    pub max_idle_age: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_response_size: 16 << 20,
            max_list_size: 256 << 20,
            max_download_size: 64 << 20,
            max_connections: 512,
            max_idle_connections: 20_000,
            max_idle_age: Duration::from_secs(50),
        }
    }
}
