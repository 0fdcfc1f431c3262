//! Replicas of Teamwire bots that share their feeds through [Redis](https://redis.io) or [Valkey](https://valkey.io).
//!
//! [`RedisStore`] is a [`ClaimStore`] for the `Fleet` of `teamwire-blocking` and `teamwire-async-std`. It makes
//! synchronous calls, and needs no async runtime: the fleet makes them in a thread of its own.
//!
//! ```no_run
//! use teamwire_redis::RedisStore;
//! use teamwire_std::fleet::Fleet;
//!
//! // Reads TEAMWIRE_REDIS_URL, such as rediss://bots:password@redis.example.com:6379
//! let fleet = Fleet::join("ops-bot", RedisStore::from_env()?)?;
//! # Ok::<(), teamwire_core::Error>(())
//! ```
//!
//! # The server
//!
//! Redis 5 or later, or Valkey. Each call is one script on the server, which uses the clock of the server, so that the
//! clocks of the replicas do not matter.
//!
//! - **Nothing may be removed**: keys have no expiry, and `maxmemory-policy` has to be `noeviction`, or one that begins
//!   with `volatile-`. A server that evicts any key is rejected with an error.
//! - **Persistence**: with `appendonly yes`, a restart of the server loses the checkpoints of one second at most, and
//!   events are repeated. `appendfsync always` loses none. Without persistence, a restart loses all checkpoints, and
//!   bots end with [`StoreErrorKind::NoCheckpoint`](teamwire_core::claim::StoreErrorKind::NoCheckpoint).
//! - **Failover**: a replica of the server may lack the last writes. Events are repeated then, and none is lost.
//!   Connect to an address that leads to the primary, such as that of a proxy or a managed service.
//! - **Cluster**: all keys of a fleet are in one slot. The store follows the server's redirects.
//! - **Permissions**: `~{teamwire:*` as the keys, and the commands `EVAL`, `EVALSHA`, `TIME`, `HGETALL`, `HMGET`,
//!   `HSET` and `HDEL`. With `INFO`, the policy of the memory is checked.
//!
//! | key | type | content |
//! |---|---|---|
//! | `{teamwire:FLEET}:members` | hash | by the id of the member: when it joined, its last renewal, and its lease |
//! | `{teamwire:FLEET}:feed:NAME` | hash | `claim`, `member`, `fence`, `tries`, `seq`, `checkpoint`, and `form` |
//!
//! Times are microseconds. `form` is the version of the record format. In the name of a fleet, `{`, `}` and `%` are
//! percent-encoded.
//!
//! # TLS
//!
//! `rediss://` is TLS by rustls, with the public CAs, or those of
//! [`with_root_certificates_pem`](RedisStore::with_root_certificates_pem) instead. Certificates are always verified.
//!
//! If the program has not installed a cryptography provider as the default of rustls, the first store with TLS installs
//! that of the feature `ring` or `aws-lc-rs`. A program that installs one has to do so before.

mod connection;
mod failure;
mod rows;
mod scripts;
mod settings;

use std::{fmt, time::Duration};

use teamwire_core::claim::{ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, View};
use teamwire_std::claims::ClaimStore;

pub use self::settings::{CA_FILE_VAR, URL_FILE_VAR, URL_VAR};
use self::{connection::Link, settings::Settings};

const DEFAULT_TIMEOUT: Duration = Duration::from_secs(2);
/// Part of the lease that a call may take: well below a third, as that is the time between two renewals.
const TIMEOUTS_PER_LEASE: u32 = 4;
/// Maximum lease in microseconds: numbers up to this are exact in Lua.
const MAX_LEASE: u64 = 1 << 53;

/// A store in Redis or Valkey: see the [documentation of the crate](crate).
///
/// It connects with the first call. After an error, the connection is closed, and the next call opens another one.
pub struct RedisStore {
    link: Link,
    timeout: Duration,
}

impl RedisStore {
    /// Creates a store from a URL: `redis://` or `rediss://`, which is TLS, with the optional parts
    /// `USER:PASSWORD@HOST:PORT/DATABASE`, or `unix:///PATH?db=DATABASE&user=USER&pass=PASSWORD`. The schemes can have
    /// the names of Valkey, too, such as `valkeys://`.
    ///
    /// In user and password, the characters `/`, `?`, `#`, `@`, `:` and `%` are percent-encoded.
    ///
    /// # Errors
    ///
    /// `Unusable` if the URL is invalid, or for TLS without a cryptography provider. The message does not contain the
    /// URL.
    pub fn open(url: &str) -> Result<Self, StoreError> {
        Ok(Self { link: Link::new(Settings::parse(url)?), timeout: DEFAULT_TIMEOUT })
    }

    /// Creates a store from environment variables:
    ///
    /// - [`TEAMWIRE_REDIS_URL`](URL_VAR): see [`open`](Self::open)
    /// - [`TEAMWIRE_REDIS_URL_FILE`](URL_FILE_VAR) instead: the path of a file that contains the URL, such as a
    ///   credential of systemd or a mounted secret of Kubernetes
    /// - optionally [`TEAMWIRE_REDIS_CA_FILE`](CA_FILE_VAR): the path of a file with the certificates of private CAs in
    ///   PEM. See [`with_root_certificates_pem`](Self::with_root_certificates_pem)
    ///
    /// A variable that is empty counts as not set.
    ///
    /// # Errors
    ///
    /// `Unusable`, which names the variable that is missing or invalid, or whose file cannot be read. It does not have
    /// the content of a variable with the URL, or of a file.
    pub fn from_env() -> Result<Self, StoreError> {
        let settings = Settings::from_vars(|name| std::env::var_os(name))?;
        Ok(Self { link: Link::new(settings), timeout: DEFAULT_TIMEOUT })
    }

    /// Sets the private CAs that are trusted, in PEM, instead of the public ones.
    ///
    /// # Errors
    ///
    /// `Unusable` if the text has no certificate or an invalid one, or if the URL is not one of TLS.
    pub fn with_root_certificates_pem(self, pem: impl Into<Vec<u8>>) -> Result<Self, StoreError> {
        let settings = self.link.into_settings().with_root_certificates(pem.into())?;
        Ok(Self { link: Link::new(settings), ..self })
    }

    /// Sets the maximum time of a call, which includes that of connecting. Default: two seconds. In any case, it is at
    /// most a quarter of the lease.
    ///
    /// The time in which the name of the server is resolved is not limited.
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Returns the address of the server: host and port, or the path of a socket.
    pub fn address(&self) -> &str {
        self.link.address()
    }

    fn timeout(&self, member: &Member) -> Duration {
        self.timeout.min(member.lease / TIMEOUTS_PER_LEASE)
    }
}

impl ClaimStore for RedisStore {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        let lease = u64::try_from(member.lease.as_micros()).unwrap_or(MAX_LEASE).min(MAX_LEASE);
        let call = scripts::RENEW.call().key(members_key(member)).arg(&*member.id).arg(lease.to_string());
        let row: Vec<String> = self.link.call(self.timeout(member), &call)?;
        rows::view(row).ok_or_else(|| self.link.unexpected())
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        let mut call = scripts::CLAIM.call().key(members_key(member)).arg(&*member.id).arg(at_most.to_string());
        for wanted in wanted {
            call = call.key(feed_key(member, &wanted.feed)).arg(&*wanted.id);
        }
        let rows: Vec<Vec<Option<String>>> = self.link.call(self.timeout(member), &call)?;
        let claimed = |row| rows::claimed(row, wanted).ok_or_else(|| self.link.unexpected())?;
        rows.into_iter().map(claimed).collect()
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        let mut call = scripts::SAVE.call();
        for save in saves {
            let json = serde_json::to_string(&save.checkpoint).map_err(|error| {
                StoreError::unusable(format!("cannot encode the checkpoint of {}", save.claim.feed)).with_source(error)
            })?;
            call = call.key(feed_key(member, &save.claim.feed));
            call = call.arg(&*save.claim.id).arg(save.seq.to_string()).arg(json);
        }
        let results: Vec<bool> = self.link.call(self.timeout(member), &call)?;
        if results.len() != saves.len() {
            return Err(self.link.unexpected());
        }
        Ok(results.into_iter().map(|is_held| if is_held { Saved::Yes } else { Saved::Lost }).collect())
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        let mut call = scripts::RELEASE.call();
        for release in releases {
            let tries = if release.is_unfinished { "0" } else { "1" };
            call = call.key(feed_key(member, &release.claim.feed)).arg(&*release.claim.id).arg(tries);
        }
        self.link.call(self.timeout(member), &call)
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        let call = scripts::LEAVE.call().key(members_key(member)).arg(&*member.id);
        self.link.call(self.timeout(member), &call)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore").field("address", &self.address()).finish_non_exhaustive()
    }
}

/// Returns the prefix of the keys of a fleet. In a cluster, the part in braces selects the slot.
fn prefix(member: &Member) -> String {
    let name = member.fleet.replace('%', "%25").replace('{', "%7B").replace('}', "%7D");
    format!("{{teamwire:{name}}}")
}

fn members_key(member: &Member) -> String {
    format!("{}:members", prefix(member))
}

fn feed_key(member: &Member, feed: &str) -> String {
    format!("{}:feed:{feed}", prefix(member))
}
