//! The running sandbox.

use std::{
    fmt, io,
    net::{SocketAddr, TcpListener},
    path::Path,
    sync::Arc,
    time::Duration,
};

use chrono::{DateTime, Utc};

use crate::{
    asset_folder::AssetFolder,
    builder::Builder,
    control::{Admin, Clock, Faults, Person, api::Api, events::Hub, random_epoch},
    page,
    server::{
        Shared,
        clock::WorldClock,
        connection,
        data::Data,
        listener::Server,
        observe::{Connections, Observed, TranscriptEntry},
    },
    world::{BotKey, Now, PollDescription, World, saved::Loaded},
};

/// A running backend. Dropping it stops the server, cuts all connections and deletes all data that no
/// [folder](Builder::data) keeps.
pub struct Sandbox {
    // Drop order: the server stops before the folder is removed.
    _page: Option<Server>,
    _server: Server,
    _folder: AssetFolder,
    shared: Arc<Shared>,
    /// The events of the page, if there is one.
    hub: Option<Arc<Hub>>,
    address: SocketAddr,
    page_address: Option<SocketAddr>,
    key: BotKey,
}

impl Sandbox {
    /// Starts a sandbox on a free port of the loopback interface, with default settings.
    ///
    /// # Errors
    ///
    /// The error of the operating system if no port or no temporary folder is available.
    pub fn start() -> io::Result<Self> {
        Self::builder().start()
    }

    /// Returns a builder for a sandbox with other settings.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The base URL, such as `http://127.0.0.1:43210`.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The address that the server listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the page, such as `http://127.0.0.1:43211`, if [`Builder::page`] was called.
    pub fn page_url(&self) -> Option<String> {
        self.shared.page_url.get().cloned()
    }

    /// The address that the page is served at, if [`Builder::page`] was called.
    pub fn page_address(&self) -> Option<SocketAddr> {
        self.page_address
    }

    /// The number of open streams of events: each browser that shows the page has one.
    pub fn page_viewers(&self) -> usize {
        self.hub.as_ref().map_or(0, |hub| hub.readers())
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

    /// The environment variable of a bot with this name: `TEAMWIRE_URL`, `TEAMWIRE_APP_ID` or `TEAMWIRE_SECRET`.
    ///
    /// ```
    /// # use teamwire_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// // A client is configured by `Config::from_vars(|name| sandbox.var(name))`.
    /// assert_eq!(sandbox.var("TEAMWIRE_URL"), Some(sandbox.url()));
    /// assert_eq!(sandbox.var("TEAMWIRE_PROXY"), None);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn var(&self, name: &str) -> Option<String> {
        match name {
            "TEAMWIRE_URL" => Some(self.url()),
            "TEAMWIRE_APP_ID" => Some(self.key.app_id.clone()),
            "TEAMWIRE_SECRET" => Some(self.key.secret.clone()),
            _ => None,
        }
    }

    /// Acts as a user. Every action of an unknown `uid` is rejected.
    pub fn as_person(&self, uid: &str) -> Person<'_> {
        Person { shared: &self.shared, uid: uid.to_owned() }
    }

    /// The settings and actions of the organisation's admin.
    pub fn admin(&self) -> Admin<'_> {
        Admin { shared: &self.shared, key: &self.key }
    }

    /// Fault injection.
    pub fn faults(&self) -> Faults<'_> {
        Faults { shared: &self.shared }
    }

    /// The sandbox's clock.
    pub fn clock(&self) -> Clock<'_> {
        Clock { shared: &self.shared }
    }

    /// Calls `f` with the world, for inspection and for changes that no other method offers.
    pub fn with_world<R>(&self, f: impl FnOnce(&mut World, Now) -> R) -> R {
        self.shared.world(f)
    }

    /// The number of messages in all chats, including deleted ones.
    pub fn message_count(&self) -> usize {
        self.shared.world(|world, _| world.message_count())
    }

    /// The texts of a chat's messages, oldest first; `None` for a message without text.
    pub fn texts(&self, tid: &str) -> Vec<Option<String>> {
        self.shared.world(|world, _| world.texts(tid))
    }

    /// The number of requests received for a route, including those hit by a fault:
    /// `received_count("POST /v1/chats/{tid}/messages")`. Routes are written as in [`routes`](crate::world::routes).
    pub fn received_count(&self, route: &str) -> u64 {
        self.shared.observed.received_count(route)
    }

    /// The number of requests executed for a route, whether or not the response was delivered.
    pub fn handled_count(&self, route: &str) -> u64 {
        self.shared.observed.handled_count(route)
    }

    /// All completed requests, in order of completion.
    pub fn transcript(&self) -> Vec<TranscriptEntry> {
        self.shared.observed.transcript()
    }

    /// The number of pending long polls. Before moving the clock, a test [waits](Self::wait_until) until its polls are
    /// pending.
    pub fn pending_polls(&self) -> usize {
        self.shared.polls.count()
    }

    /// The pending long polls, oldest first.
    pub fn list_polls(&self) -> Vec<PollDescription> {
        self.shared.polls.list()
    }

    /// The numbers of open and of accepted connections.
    pub fn connections(&self) -> Connections {
        self.shared.observed.connections()
    }

    /// The folder that keeps the world, if [`Builder::data`] was called.
    pub fn data_folder(&self) -> Option<&Path> {
        self.shared.data.as_ref().map(Data::folder)
    }

    /// The reason why changes of the world cannot be saved, such as a full disk; `None` if all are saved. Until then,
    /// the connections of all requests of bots are cut.
    pub fn data_error(&self) -> Option<String> {
        self.shared.data_error()
    }

    /// Waits until `condition` holds, and returns whether it did within `timeout`.
    ///
    /// The condition is evaluated again after every request, response, connection, pending poll and change of the
    /// world.
    ///
    /// ```
    /// # use std::{net::TcpStream, time::Duration};
    /// # use teamwire_sandbox::Sandbox;
    /// let sandbox = Sandbox::start()?;
    /// let client = TcpStream::connect(sandbox.address())?;
    /// assert!(sandbox.wait_until(Duration::from_secs(10), |sandbox| sandbox.connections().open == 1));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    #[must_use = "the condition might not hold"]
    pub fn wait_until(&self, timeout: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        self.shared.observed.changes.wait_until(timeout, || condition(self))
    }
}

impl Builder {
    /// Starts the sandbox. It accepts connections when this returns.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if an address is not loopback and [`allow_remote`](Self::allow_remote) was not called, or if the
    /// App ID of the [key](Self::key) is empty or has a colon, or if the folder for [`data`](Self::data) is not empty
    /// and has no world; `InvalidData` if the world in it is damaged or of another version, `WouldBlock` if another
    /// sandbox uses it; otherwise the error of the operating system, if an address or a folder cannot be used.
    pub fn start(self) -> io::Result<Sandbox> {
        for address in [Some(self.address), self.page].into_iter().flatten() {
            if !self.allow_remote && !address.ip().is_loopback() {
                let message = format!("{} is not a loopback address; call allow_remote() to use it", address.ip());
                return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
            }
        }
        if let Some((app_id, _)) = &self.key
            && (app_id.is_empty() || app_id.contains(':'))
        {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the App ID is empty or has a colon"));
        }
        if self.data.is_some() && self.folder.is_some() {
            let message = "data() keeps the assets too, so asset_folder() cannot be given";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        // Before a world is created on the disk.
        let listener = TcpListener::bind(self.address).map_err(|error| at_address(self.address, &error))?;
        let address = listener.local_addr()?;
        let (data, kept) =
            self.data.map(Data::open).transpose()?.map_or((None, None), |(data, kept)| (Some(data), kept));
        let folder = data.as_ref().map(Data::files).or(self.folder);
        let folder = folder.map_or_else(AssetFolder::temporary, AssetFolder::given)?;
        let (mut world, clock) = match kept {
            Some(kept) => kept.restart(self.start_time),
            None => (new_world(self.seed), WorldClock::new(self.start_time)),
        };
        if self.rate_limit.is_some() {
            world.set_rate_limit(self.rate_limit);
        }
        if let Some(limit) = self.asset_limit {
            world.set_asset_limit(limit);
        }
        if let Some((app_id, secret)) = self.key {
            world.set_bot_key(&app_id, &secret);
        }
        let key = world.bot_key();
        let observed = Observed::new(self.observer);
        if let Some(data) = &data {
            data.remove_unused_files(&world);
        }
        let shared = Shared::new(world, clock, observed, folder.path().to_owned(), self.page.is_some());
        let shared = Arc::new(match data {
            Some(data) => shared.keeping(data),
            None => shared,
        });
        if let Some(error) = shared.data_error() {
            return Err(io::Error::other(error));
        }
        let mut hub = None;
        let page = self.page.map(|page| {
            let api = Api::new(shared.clone(), key.clone(), format!("http://{address}"), self.seed);
            hub = Some(api.hub.clone());
            page::start(api, page, self.page_hosts).map_err(|error| at_address(page, &error))
        });
        let (page, page_address) = page.transpose()?.unzip();
        if let Some(address) = page_address {
            // Set once, before the first request.
            let _ = shared.page_url.set(format!("http://{address}"));
        }
        let serve = {
            let shared = shared.clone();
            move |stream| connection::serve(stream, shared.clone())
        };
        let server = Server::start("teamwire-sandbox", listener, serve, std::future::ready(()))?;
        Ok(Sandbox { _page: page, _server: server, _folder: folder, shared, hub, address, page_address, key })
    }
}

/// A new world, whose cursors are those of no other.
fn new_world(seed: u64) -> World {
    let mut world = World::new(seed);
    world.begin_epoch(random_epoch());
    world
}

fn at_address(address: SocketAddr, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
}

impl Loaded {
    /// Continues the world, in which time has passed since it was saved.
    fn restart(self, utc: Option<DateTime<Utc>>) -> (World, WorldClock) {
        let Self { mut world, time } = self;
        let clock = WorldClock::continued(time, utc);
        world.restart(time, clock.now(), random_epoch());
        (world, clock)
    }
}

impl fmt::Debug for Sandbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sandbox").field("url", &self.url()).field("app_id", &self.app_id()).finish_non_exhaustive()
    }
}
