//! The settings of a sandbox before it starts.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
};

use chrono::{DateTime, Utc};

use crate::{
    server::observe::{ObservedExchange, Observer},
    world::RateLimit,
};

/// Configures a sandbox.
pub struct Builder {
    pub(crate) address: SocketAddr,
    pub(crate) allow_remote: bool,
    pub(crate) seed: u64,
    pub(crate) key: Option<(String, String)>,
    pub(crate) start_time: Option<DateTime<Utc>>,
    pub(crate) rate_limit: Option<RateLimit>,
    pub(crate) asset_limit: Option<u64>,
    pub(crate) folder: Option<PathBuf>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) observer: Option<Observer>,
    pub(crate) page: Option<SocketAddr>,
    pub(crate) page_hosts: Vec<String>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            allow_remote: false,
            seed: 0,
            key: None,
            start_time: None,
            rate_limit: None,
            asset_limit: None,
            folder: None,
            data: None,
            observer: None,
            page: None,
            page_hosts: Vec::new(),
        }
    }
}

impl Builder {
    /// The address to listen on; a free port of loopback by default. Port 0 selects a free port.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Allows [`bind`](Self::bind) to use an address that other machines can reach. The sandbox is a development tool:
    /// its credentials and data are transmitted unencrypted.
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }

    /// The seed of all ids and of the bot's key in a new world; 0 by default. Cursors do not depend on it: a cursor of
    /// another sandbox is always 410 `cursor_expired`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// The bot's credentials; by default those that were kept, or else derived from the seed.
    pub fn key(mut self, app_id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.key = Some((app_id.into(), secret.into()));
        self
    }

    /// The sandbox's start time; the current time by default. The time of a world that was kept does not go back.
    pub fn starting_at(mut self, utc: DateTime<Utc>) -> Self {
        self.start_time = Some(utc);
        self
    }

    /// Limits the request rate of each key; unlimited by default, or as it was kept.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The maximum size of an asset in bytes; 256 MiB by default, or as it was kept.
    pub fn asset_limit(mut self, bytes: u64) -> Self {
        self.asset_limit = Some(bytes);
        self
    }

    /// The folder for the bytes of assets; by default a temporary one, which is removed with the sandbox, or a part of
    /// [`data`](Self::data), which cannot be combined with this.
    pub fn asset_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Keeps the world in this folder across restarts; by default it is in memory, and lost with the sandbox.
    ///
    /// The folder is new, empty, or has a world already, which then continues: people, chats, messages, assets,
    /// cursors, subscriptions, idempotency keys, settings, and the bot's key unless another one is [given](Self::key).
    /// Time has passed since; the leases that were active start again. Faults, an outage, a paused clock and the log of
    /// requests are not kept. On a copy of the folder, cursors that were issued after the copy was made are 410
    /// `cursor_expired`.
    ///
    /// Every change is written before its request gets a response, so that a kill of the process at any time loses
    /// nothing that was acknowledged. If a change cannot be written, all requests are cut, and
    /// [`Sandbox::data_error`](crate::Sandbox::data_error) returns the reason.
    ///
    /// ```
    /// # use teamwire_sandbox::{Sandbox, org};
    /// # let folder = std::env::temp_dir().join(format!("teamwire-sandbox-doc-{}", std::process::id()));
    /// let sandbox = Sandbox::builder().data(&folder).start()?;
    /// sandbox.as_person(org::ANNA).post(org::LOBBY, "Good morning.")?;
    /// drop(sandbox);
    ///
    /// let restarted = Sandbox::builder().data(&folder).start()?;
    /// assert_eq!(restarted.texts(org::LOBBY), [Some("Good morning.".to_owned())]);
    /// # drop(restarted);
    /// # std::fs::remove_dir_all(&folder)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn data(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data = Some(folder.into());
        self
    }

    /// Calls `observer` for every exchange, on the server's thread, before the response is sent.
    pub fn observe(mut self, observer: impl Fn(&ObservedExchange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Serves the page and the control API at this address; by default there are none. Port 0 selects a free port.
    ///
    /// The page has a listener of its own: outages, faults and counts concern only the bot's.
    pub fn page(mut self, address: SocketAddr) -> Self {
        self.page = Some(address);
        self
    }

    /// Allows a further `Host` of the page, such as `sandbox.test` or `sandbox.test:8080`; the port is that of the page
    /// by default. All other names are rejected, because a website could have its name lead here.
    pub fn page_host(mut self, host: &str) -> Self {
        self.page_hosts.push(host.to_owned());
        self
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("address", &self.address).field("seed", &self.seed).finish_non_exhaustive()
    }
}
