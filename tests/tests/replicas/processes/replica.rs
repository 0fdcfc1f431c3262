//! A replica: the program of another process.

use std::{
    env,
    io::{self, Read},
    path::Path,
    process,
    sync::Arc,
    thread,
    time::Duration,
};

use teamwire_core::{Client, Config, Draft, Error, Message, StopHandle};
use teamwire_redis::RedisStore;
use teamwire_std::{
    claims::{ClaimStore, FileStore},
    fleet::{Fleet, FleetEvent},
};
use teamwire_tests::harness::{AsyncStd, Blocking, Harness, Smol};

use super::records::{Log, Record, Recorded};

/// The lease: short, as most faults last as long as it does.
pub(super) const LEASE: Duration = Duration::from_secs(1);
/// Environment variables of a replica: its name, its executor, its store, and the file of its records.
pub(super) const REPLICA: &str = "TEAMWIRE_REPLICA";
pub(super) const EXECUTOR: &str = "TEAMWIRE_REPLICA_EXECUTOR";
pub(super) const STORE: &str = "TEAMWIRE_REPLICA_STORE";
pub(super) const RECORDS: &str = "TEAMWIRE_REPLICA_RECORDS";
/// The executors of the replicas.
pub(super) const EXECUTORS: [&str; 3] = [Blocking::NAME, AsyncStd::NAME, Smol::NAME];
pub(super) const FLEET: &str = "bots";
/// The beginning of a reply.
pub(super) const RE: &str = "re ";

/// Runs a replica if this process is one. Returns `false` if it is not.
pub(super) fn run_if_replica() -> bool {
    let Ok(name) = env::var(REPLICA) else { return false };
    let store = var(STORE);
    if store.contains("://") {
        follow(name, RedisStore::open(&store).expect("the test has set a URL"));
    } else {
        follow(name, open(Path::new(&store)));
    }
    true
}

/// Opens a store in a folder, which may be missing at the moment.
fn open(folder: &Path) -> FileStore {
    while !folder.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    FileStore::open(folder).expect("the folder is usable")
}

fn var(name: &str) -> String {
    env::var(name).expect("the test sets it")
}

fn follow(name: String, store: impl ClaimStore) {
    let open = || Log::open(Path::new(&var(RECORDS)), name.clone());
    let (log, stop) = (Arc::new(open()), StopHandle::new());
    stop_by_input(&stop);
    let fleet = Fleet::builder(FLEET).lease(LEASE).join(Recorded { store, log: open() }).expect("it can join");
    let executor = var(EXECUTOR);
    let result = match &*executor {
        Blocking::NAME => Blocking::serve(&fleet, &stop, &log),
        AsyncStd::NAME => AsyncStd::serve(&fleet, &stop, &log),
        Smol::NAME => Smol::serve(&fleet, &stop, &log),
        _ => panic!("there is no executor {executor}"),
    };
    // Leaves, which releases its claims.
    drop(fleet);
    log.add(Record::Ended { error: result.err().map(|error| format!("{error:#}")) });
}

/// Stops gracefully once the test requests it, and ends the process with the test.
fn stop_by_input(stop: &StopHandle) {
    let stop = stop.clone();
    thread::spawn(move || {
        if io::stdin().read_exact(&mut [0]).is_err() {
            process::exit(1);
        }
        stop.stop();
    });
}

/// An executor with which a replica handles events.
trait Serves: Harness {
    /// Handles events until the replica is stopped.
    fn serve(fleet: &Fleet, stop: &StopHandle, log: &Arc<Log>) -> Result<(), Error>;
}

fn connect<H: Harness>() -> Client<H::X> {
    H::connect(Config::from_vars(|name| env::var(name).ok()).expect("the test sets them"))
}

/// Returns the message of a person, and the reply to it.
fn reply(event: &FleetEvent<Message>) -> Option<(&Message, Draft)> {
    let message = event.item()?;
    let text = message.text.as_deref().filter(|text| !text.starts_with(RE))?;
    Some((message, Draft::text(format!("{RE}{text}")).idempotency_key(event.key("reply"))))
}

fn record(log: &Log, event: &FleetEvent<Message>, message: &Message) {
    let (tid, text) = (message.tid.to_string(), message.text.clone().unwrap_or_default());
    let claim = event.claim().map(|claim| claim.id.clone()).unwrap_or_default();
    log.add(Record::Handled { tid, text, tries: event.tries(), claim });
}

/// Returns a function that records the errors of handlers.
fn failures(log: &Arc<Log>) -> impl FnMut(&dyn std::fmt::Display) + Send + 'static {
    let log = Arc::clone(log);
    move |error| log.add(Record::Failed { call: "handler".into(), error: error.to_string() })
}

impl Serves for Blocking {
    fn serve(fleet: &Fleet, stop: &StopHandle, log: &Arc<Log>) -> Result<(), Error> {
        // The client of the handlers is not stopped: what is being handled is finished.
        let client = connect::<Self>();
        let messages = client.stopped_by(stop).chats().new_messages(None);
        fleet.follow_or_begin(messages).on_failure(failures(log)).for_each_concurrent(4, |event| {
            let Some((message, draft)) = reply(&event) else { return Ok(()) };
            client.chats().chat(&message.tid).post(draft)?;
            record(log, &event, message);
            Ok::<(), Error>(())
        })
    }
}

macro_rules! asynchronous {
    ($harness:ty, $block_on:path, $handle:ident $(, $limit:literal)?) => {
        impl Serves for $harness {
            fn serve(fleet: &Fleet, stop: &StopHandle, log: &Arc<Log>) -> Result<(), Error> {
                let client = connect::<Self>();
                let messages = client.stopped_by(stop).chats().new_messages(None);
                let followed = fleet.follow_or_begin(messages).on_failure(failures(log));
                $block_on(followed.$handle($($limit,)? async |event| {
                    let Some((message, draft)) = reply(&event) else { return Ok(()) };
                    client.chats().chat(&message.tid).post(draft).await?;
                    record(log, &event, message);
                    Ok::<(), Error>(())
                }))
            }
        }
    };
}

asynchronous!(AsyncStd, async_std::task::block_on, for_each_concurrent, 8);
asynchronous!(Smol, smol::block_on, for_each);
