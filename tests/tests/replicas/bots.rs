//! Bots that follow the messages of a sandbox by claim.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::{
        Arc, Condvar, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicUsize, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use teamwire_core::{Client, Error, FeedSet, Message, Reaction, StopHandle};
use teamwire_redis::RedisStore;
use teamwire_sandbox::{Sandbox, org};
use teamwire_std::{
    claims::{ClaimStore, FileStore},
    fleet::{Fleet, FleetEvent},
};
use teamwire_test_support::RedisServer;
use teamwire_tests::harness::{AsyncStd, Blocking, Harness, Smol};

use crate::{cuttable::Cuttable, observed::Claims};

/// Longer than any step takes.
pub(crate) const SOON: Duration = Duration::from_secs(30);
/// A lease that does not expire during a test.
pub(crate) const LONG: Duration = Duration::from_secs(600);

/// The text of a message whose handler fails when it is handed out for the first time.
pub(crate) const FAILS: &str = "fails once";
/// The text of a message whose handler does not return until the test ends, when it is handed out for the first time.
pub(crate) const HANGS: &str = "hangs once";

pub(crate) type Handler = Arc<dyn Fn(&FleetEvent<Message>) -> Result<(), String> + Send + Sync>;

/// An adapter that follows by claim.
pub(crate) trait Replicates: Harness {
    fn serve(fleet: &Fleet, client: &Client<Self::X>, limit: usize, handler: Handler) -> Result<(), Error>;

    /// Returns the first events of a loop of the bot's own, which `each` consumes until it returns `false`.
    fn iterate(
        fleet: &Fleet,
        client: &Client<Self::X>,
        each: impl FnMut(FleetEvent<Message>) -> bool,
    ) -> Result<(), Error>;

    /// Handles reactions: sends the ids of their messages.
    fn serve_reactions(fleet: &Fleet, client: &Client<Self::X>, handled: Sender<String>) -> Result<(), Error>;

    /// Same as [`serve_reactions`](Self::serve_reactions), with a set of one feed.
    fn serve_set_of_reactions(fleet: &Fleet, client: &Client<Self::X>, handled: Sender<String>) -> Result<(), Error>;
}

impl Replicates for Blocking {
    fn serve(fleet: &Fleet, client: &Client<Self::X>, limit: usize, handler: Handler) -> Result<(), Error> {
        let followed = fleet.follow_or_begin(client.chats().new_messages(None));
        match limit {
            1 => followed.for_each(|event| handler(&event)),
            limit => followed.for_each_concurrent(limit, |event| handler(&event)),
        }
    }

    fn iterate(
        fleet: &Fleet,
        client: &Client<Self::X>,
        mut each: impl FnMut(FleetEvent<Message>) -> bool,
    ) -> Result<(), Error> {
        for event in fleet.follow(client.chats().new_messages(None)) {
            if !each(event?) {
                break;
            }
        }
        Ok(())
    }

    fn serve_reactions(fleet: &Fleet, client: &Client<Self::X>, handled: Sender<String>) -> Result<(), Error> {
        fleet
            .follow_or_begin(client.chats().reaction_updates(None))
            .for_each(|event| event.item().map_or(Ok(()), |reaction| handled.send(reaction.mid.to_string())))
    }

    fn serve_set_of_reactions(fleet: &Fleet, client: &Client<Self::X>, handled: Sender<String>) -> Result<(), Error> {
        let mut set = FeedSet::new();
        set.insert((), client.chats().reaction_updates(None).into_feed());
        fleet
            .follow_or_begin(client.executor().drive(set, 4)?)
            .for_each(|(), event| event.item().map_or(Ok(()), |reaction| handled.send(reaction.mid.to_string())))
    }
}

macro_rules! asynchronous {
    ($harness:ty, $block_on:path) => {
        impl Replicates for $harness {
            fn serve(fleet: &Fleet, client: &Client<Self::X>, limit: usize, handler: Handler) -> Result<(), Error> {
                let followed = fleet.follow_or_begin(client.chats().new_messages(None));
                let handle = |event: FleetEvent<Message>| {
                    let handler = Arc::clone(&handler);
                    async move { handler(&event) }
                };
                // As a future that is `Send`, as a spawned task has to be.
                let serve: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> = match limit {
                    1 => Box::pin(followed.for_each(handle)),
                    limit => Box::pin(followed.for_each_concurrent(limit, handle)),
                };
                $block_on(serve)
            }

            fn iterate(
                fleet: &Fleet,
                client: &Client<Self::X>,
                mut each: impl FnMut(FleetEvent<Message>) -> bool,
            ) -> Result<(), Error> {
                let mut followed = fleet.follow(client.chats().new_messages(None));
                $block_on(async {
                    while let Some(event) = followed.next().await {
                        if !each(event?) {
                            break;
                        }
                    }
                    Ok(())
                })
            }

            fn serve_reactions(fleet: &Fleet, client: &Client<Self::X>, handled: Sender<String>) -> Result<(), Error> {
                let followed = fleet.follow_or_begin(client.chats().reaction_updates(None));
                $block_on(followed.for_each_concurrent(2, async |event| {
                    event.item().map_or(Ok(()), |reaction| handled.send(reaction.mid.to_string()))
                }))
            }

            fn serve_set_of_reactions(
                fleet: &Fleet,
                client: &Client<Self::X>,
                handled: Sender<String>,
            ) -> Result<(), Error> {
                let mut set = FeedSet::new();
                set.insert((), client.chats().reaction_updates(None).into_feed());
                let followed = fleet.follow_or_begin(client.executor().drive(set));
                $block_on(followed.for_each_concurrent(2, async |(), event: FleetEvent<Reaction>| {
                    event.item().map_or(Ok(()), |reaction| handled.send(reaction.mid.to_string()))
                }))
            }
        }
    };
}

asynchronous!(AsyncStd, async_std::task::block_on);
asynchronous!(Smol, smol::block_on);

/// An event that was handed out: the bot, the text and the tries.
pub(crate) type HandedEvent = (&'static str, String, u32);

/// A sandbox, a store, and what the bots have handled.
pub(crate) struct World {
    pub(crate) sandbox: Sandbox,
    folder: PathBuf,
    /// The server with the store, if that is not the folder.
    redis: Option<RedisServer>,
    log: Sender<HandedEvent>,
    handed_out: Receiver<HandedEvent>,
    /// The changes of claims that the observers of the bots have received.
    pub(crate) claims: Claims,
    released: Arc<(Mutex<bool>, Condvar)>,
}

/// A running bot.
pub(crate) struct Bot {
    pub(crate) stop: StopHandle,
    pub(crate) is_cut: Arc<AtomicBool>,
    pub(crate) thread: JoinHandle<Result<(), Error>>,
}

impl Bot {
    /// Cuts its connection to the store.
    pub(crate) fn cut(&self, is_cut: bool) {
        self.is_cut.store(is_cut, Ordering::SeqCst);
    }

    /// Stops it gracefully. Returns once it has released its feed.
    pub(crate) fn stop(self) -> Result<(), Error> {
        self.stop.stop();
        self.join()
    }

    pub(crate) fn join(self) -> Result<(), Error> {
        self.thread.join().expect("the bot does not panic")
    }
}

impl World {
    pub(crate) fn new() -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::SeqCst);
        let folder = env::temp_dir().join(format!("teamwire-replicas-{}-{number}", process::id()));
        let (log, handed_out) = mpsc::channel();
        let sandbox = Sandbox::start().expect("loopback has a free port");
        let (claims, released) = (Claims::default(), Arc::default());
        Self { sandbox, folder, redis: None, log, handed_out, claims, released }
    }

    /// Creates a world whose store is a server without persistence. Returns `None` if none is installed.
    pub(crate) fn on_redis() -> Option<Self> {
        let redis = RedisServer::start(&[])?;
        let mut world = Self::new();
        world.redis = Some(redis);
        Some(world)
    }

    pub(crate) fn store(&self) -> Box<dyn ClaimStore> {
        match &self.redis {
            Some(server) => Box::new(RedisStore::open(&server.url()).expect("the URL is valid")),
            None => Box::new(FileStore::open(&self.folder).expect("the folder is usable")),
        }
    }

    pub(crate) fn client<H: Harness>(&self) -> Client<H::X> {
        H::connect(teamwire_tests::config(&self.sandbox))
    }

    /// Starts a bot. Its handlers log the messages.
    pub(crate) fn start<H: Replicates>(
        &self,
        name: &'static str,
        limit: usize,
        lease: Duration,
        handler_timeout: Duration,
    ) -> Bot {
        let stop = StopHandle::new();
        let (store, is_cut) = self.cuttable();
        let config = teamwire_tests::config(&self.sandbox).with_observer(self.claims.observer(name));
        let client = H::connect(config).stopped_by(&stop);
        let handler = self.handler(name);
        let serve = move || {
            let fleet = Fleet::builder("bots").lease(lease).handler_timeout(handler_timeout).join(store)?;
            H::serve(&fleet, &client, limit, handler)
        };
        Bot { stop, is_cut, thread: thread::spawn(serve) }
    }

    /// Returns a store, and the flag that cuts its connection.
    pub(crate) fn cuttable(&self) -> (Cuttable, Arc<AtomicBool>) {
        let is_cut = Arc::<AtomicBool>::default();
        (Cuttable::new(self.store(), Arc::clone(&is_cut)), is_cut)
    }

    /// Returns the handler of a bot, which logs the messages.
    pub(crate) fn handler(&self, name: &'static str) -> Handler {
        let (log, released) = (self.log.clone(), Arc::clone(&self.released));
        Arc::new(move |event| {
            let Some(message) = event.item() else { return Ok(()) };
            let text = message.text.clone().unwrap_or_default();
            // The test may have ended.
            log.send((name, text.clone(), event.tries())).ok();
            match (&*text, event.tries()) {
                (FAILS, 1) => Err("it fails".into()),
                (HANGS, 1) => {
                    let (is_released, changed) = &*released;
                    let is_released = is_released.lock().unwrap_or_else(PoisonError::into_inner);
                    drop(changed.wait_while(is_released, |is_released| !*is_released));
                    Ok(())
                }
                _ => Ok(()),
            }
        })
    }

    /// Creates a chat.
    pub(crate) fn chat(&self, title: &str) -> String {
        self.sandbox.as_person(org::ANNA).create_chat(title, &[org::BOT]).expect("Anna may create chats")
    }

    pub(crate) fn say(&self, tid: &str, text: &str) {
        self.sandbox.as_person(org::ANNA).post(tid, text).expect("Anna is in the chat");
    }

    /// Waits until the first bot holds the feed: posts until a message is handled. Returns the bot.
    pub(crate) fn wait_for_start(&self) -> &'static str {
        for _ in 0..SOON.as_millis() / 50 {
            self.say(org::LOBBY, "start");
            if let Ok((name, ..)) = self.handed_out.recv_timeout(Duration::from_millis(50)) {
                // Those that were posted before the feed began are not delivered; the others follow.
                self.say(org::LOBBY, "started");
                self.wait_for("started");
                return name;
            }
        }
        panic!("no bot starts");
    }

    /// Waits for the next event that is handed out.
    #[track_caller]
    pub(crate) fn next(&self) -> HandedEvent {
        self.handed_out.recv_timeout(SOON).expect("an event is handed out")
    }

    /// Waits until this message is handed out, by any bot. Those before it may be repeats.
    #[track_caller]
    pub(crate) fn wait_for(&self, text: &str) -> HandedEvent {
        loop {
            let next = self.next();
            if next.1 == text {
                return next;
            }
        }
    }

    /// Loses the data of the store.
    pub(crate) fn wipe(&mut self) {
        if let Some(server) = &mut self.redis {
            server.kill();
            return server.launch();
        }
        // In one step, as bots use it. Until there is an empty folder, the store is unavailable.
        let lost = self.folder.with_extension("lost");
        let renamed = fs::rename(&self.folder, &lost).and_then(|()| fs::create_dir(&self.folder));
        renamed.and_then(|()| fs::remove_dir_all(lost)).expect("it is ours");
    }

    /// Waits this long for the next event that is handed out.
    pub(crate) fn next_within(&self, time: Duration) -> Result<HandedEvent, mpsc::RecvTimeoutError> {
        self.handed_out.recv_timeout(time)
    }

    /// Returns `true` if nothing is handed out for this time.
    pub(crate) fn is_quiet(&self, time: Duration) -> bool {
        self.handed_out.recv_timeout(time).is_err()
    }

    /// Lets handlers that hang return.
    pub(crate) fn release(&self) {
        let (is_released, changed) = &*self.released;
        *is_released.lock().unwrap_or_else(PoisonError::into_inner) = true;
        changed.notify_all();
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.release();
        let _ = fs::remove_dir_all(&self.folder);
    }
}
