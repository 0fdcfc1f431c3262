//! A sandbox from its beginning to its end.

use std::{
    fmt, io,
    net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    asset_folder::AssetFolder,
    control::{Admin, Clock, Faults, Person, random_epoch},
    server::{
        Shared,
        clock::WorldClock,
        listener::Server,
        observe::{Connections, Exchange, Observed, Observer, TranscriptEntry},
    },
    world::{BotKey, Now, RateLimit, World},
};

/// A running backend. It stops when it is dropped: open connections are cut, and everything is forgotten.
pub struct Sandbox {
    // Dropped in this order: nothing is served any more when the folder goes.
    _server: Server,
    _folder: AssetFolder,
    shared: Arc<Shared>,
    address: SocketAddr,
    key: BotKey,
}

impl Sandbox {
    /// Starts one on a free port of loopback, with everything as it is by default.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Starts one otherwise.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// Where it is: `http://127.0.0.1:43210`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The bot's App ID.
    pub fn app_id(&self) -> &str {
        &self.key.app_id
    }

    /// The bot's Secret.
    pub fn secret(&self) -> &str {
        &self.key.secret
    }

    /// The bot's own `uid`, [`org::BOT`](crate::org::BOT).
    pub fn uid(&self) -> &str {
        &self.key.uid
    }

    /// Lets somebody do something. A `uid` that nobody has is refused everything.
    pub fn as_person(&self, uid: &str) -> Person<'_> {
        Person { shared: &self.shared, uid: uid.to_owned() }
    }

    /// What the organisation's admin decides.
    pub fn admin(&self) -> Admin<'_> {
        Admin { shared: &self.shared, key: &self.key }
    }

    /// What goes wrong.
    pub fn faults(&self) -> Faults<'_> {
        Faults { shared: &self.shared }
    }

    /// What time it is.
    pub fn clock(&self) -> Clock<'_> {
        Clock { shared: &self.shared }
    }

    /// Looks into the world, or changes it in a way that nothing else here does.
    pub fn with_world<R>(&self, f: impl FnOnce(&mut World, Now) -> R) -> R {
        self.shared.world(f)
    }

    /// How many messages there are in all chats, deleted ones included.
    pub fn message_count(&self) -> usize {
        self.shared.world(|world, _| world.message_count())
    }

    /// The texts of a chat's messages in the order of their arrival; `None` for those that have none.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        self.shared.world(|world, _| world.texts(tid))
    }

    /// How many requests of this route have arrived, faults or not: `received_count("POST /v1/chats/{tid}/messages")`. The
    /// names are those of [`routes`](crate::world::routes).
    pub fn received_count(&self, route: &str) -> u64 {
        self.shared.observed.received_count(route)
    }

    /// How many requests of this route the world has answered, whatever became of the answer.
    pub fn handled_count(&self, route: &str) -> u64 {
        self.shared.observed.handled_count(route)
    }

    /// Every request so far that has ended, in the order in which they did.
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        self.shared.observed.transcript()
    }

    /// How many long polls wait now. A test that moves the clock [waits](Self::wait_until) for its polls to arrive first.
    pub fn pending_polls(&self) -> usize {
        self.shared.pending_polls()
    }

    /// How many connections there are, and were.
    pub fn connections(&self) -> Connections {
        self.shared.observed.connections()
    }

    /// Waits until something is so. It is looked at whenever something has happened here: a request, an answer, a
    /// connection, a poll that waits, a change. False if it is not so within this time.
    ///
    /// ```
    /// # use std::{net::TcpStream, time::Duration};
    /// # use teamwire_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// let client = TcpStream::connect(sandbox.address())?;
    /// assert!(sandbox.wait_until(Duration::from_secs(10), |sandbox| sandbox.connections().open == 1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "it may not have come to that"]
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        self.shared.observed.changes.wait_until(timeout, || condition(self))
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url()).field("app_id", &self.app_id()).finish_non_exhaustive()
    }
}

/// How a sandbox is to be.
pub struct Builder {
    address: SocketAddr,
    allow_remote: bool,
    seed: u64,
    start_time: Option<DateTime<Utc>>,
    rate_limit: Option<RateLimit>,
    asset_limit: Option<u64>,
    folder: Option<PathBuf>,
    observer: Option<Observer>,
}

impl Default for Builder {
    fn default() -> Self {
        Self {
            address: SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 0),
            allow_remote: false,
            seed: 0,
            start_time: None,
            rate_limit: None,
            asset_limit: None,
            folder: None,
            observer: None,
        }
    }
}

impl Builder {
    /// Listens on this address of loopback. Port 0, as by default, is any free one.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.address = address;
        self
    }

    /// Lets [`bind`](Self::bind) name an address that others can reach. This is a tool for development: its key and
    /// everything in it travel in the clear.
    pub fn allow_remote(mut self) -> Self {
        self.allow_remote = true;
        self
    }

    /// The seed of all ids and the bot's key. By default it is always the same. Cursors are each sandbox's own: one that
    /// another gave is 410 `cursor_expired`.
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = seed;
        self
    }

    /// What day it is when the sandbox starts, instead of today.
    pub fn starting_at(mut self, utc: DateTime<Utc>) -> Self {
        self.start_time = Some(utc);
        self
    }

    /// Limits how many requests each key may send. By default there is no limit.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// The largest asset in bytes, 256 MiB by default.
    pub fn asset_limit(mut self, bytes: u64) -> Self {
        self.asset_limit = Some(bytes);
        self
    }

    /// Where the bytes of assets are kept, in place of a temporary folder that goes with the sandbox.
    pub fn asset_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Hears of every exchange, on the server's thread, before its answer is sent.
    pub fn observe(mut self, observer: impl Fn(&Exchange) + Send + Sync + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Starts it. It serves when this returns.
    pub fn start(self) -> io::Result<Sandbox> {
        if !self.allow_remote && !self.address.ip().is_loopback() {
            let message = format!("{} is not loopback, and nobody has said allow_remote()", self.address.ip());
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let folder = self.folder.map_or_else(AssetFolder::temporary, AssetFolder::given)?;
        let mut world = World::new(self.seed);
        world.begin_epoch(random_epoch());
        world.set_rate_limit(self.rate_limit);
        if let Some(limit) = self.asset_limit {
            world.set_asset_limit(limit);
        }
        let key = world.bot_key();
        let observed = Observed::new(self.observer);
        let clock = WorldClock::new(self.start_time);
        let shared = Arc::new(Shared::new(world, clock, observed, folder.path().to_owned()));
        let listener = TcpListener::bind(self.address)?;
        let address = listener.local_addr()?;
        let server = Server::start(listener, shared.clone())?;
        Ok(Sandbox { _server: server, _folder: folder, shared, address, key })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("address", &self.address).field("seed", &self.seed).finish_non_exhaustive()
    }
}
