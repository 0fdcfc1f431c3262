//! Replicas of a bot: what both executors need to follow feeds by claim.

mod event;
mod follower;
mod inbox;
mod keeper;
mod link;
mod reporter;
mod set;

use std::{
    fmt,
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use teamwire_core::{
    Error,
    claim::{Member, Replica, StoreError},
    error::InvalidInput,
};

use self::keeper::State;
pub use self::{
    event::FleetEvent,
    follower::{Follower, Running, Turn},
    inbox::FeedsHandle,
    set::{Drive, FollowerSet, SetTurn},
};
use crate::{claims::ClaimStore, clock::Clock};

/// Maximum time for which dropping a fleet waits until its claims are released.
const MAX_LEAVE: Duration = Duration::from_secs(2);

/// A member of a fleet: several processes of a bot that share its feeds through a store. Each feed is followed by one
/// of them at a time. If that one dies, another takes over at the saved checkpoint.
///
/// ```no_run
/// use teamwire_std::{claims::FileStore, fleet::Fleet};
///
/// let fleet = Fleet::join("ops-bot", FileStore::open("/var/lib/ops-bot")?)?;
/// # Ok::<(), teamwire_core::Error>(())
/// ```
///
/// The members have to follow the same feeds, of the same bot. One thread makes all calls to the store.
///
/// Clones are the same member. When the last one and everything that it follows is dropped, the member leaves: the
/// feeds are free for others at once. This blocks for as long as the store takes, two seconds at most. A process that
/// is killed is replaced when its lease has expired.
#[derive(Clone)]
pub struct Fleet(Arc<Guard>);

/// Leaves the fleet when it is dropped.
struct Guard(Arc<Shared>);

/// The state of a member, shared by its keeper and its followers.
pub(crate) struct Shared {
    state: Mutex<State>,
    /// Notified for the keeper.
    changed: Condvar,
    /// Notified when the keeper has ended.
    ended: Condvar,
    clock: Clock,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The settings of a member: see [`Fleet::builder`].
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it joins"]
pub struct FleetBuilder {
    name: String,
    lease: Duration,
    handler_timeout: Duration,
}

impl FleetBuilder {
    /// Sets the time after which a member that does not respond is replaced. Default: ten seconds. At least 100 ms.
    ///
    /// With a short lease, a dead member is replaced sooner. But a process or a store that pauses for longer than two
    /// thirds of it interrupts the handling of events, and the store has more calls.
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_millis(100));
        self
    }

    /// Sets the time after which a handler that has not returned costs the claim of its feed. Default: five minutes.
    ///
    /// Another member then handles the event. This one does not claim the feed again until the handler has returned.
    pub fn handler_timeout(mut self, handler_timeout: Duration) -> Self {
        self.handler_timeout = handler_timeout;
        self
    }

    /// Joins the fleet in this store.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the operating system provides no thread or no entropy. The store is not used before something
    /// is followed.
    pub fn join(self, store: impl ClaimStore) -> Result<Fleet, Error> {
        let failed = |reason: String| Error::from(InvalidInput::new("fleet", reason));
        let mut entropy = [0; 16];
        getrandom::fill(&mut entropy)
            .map_err(|why| failed(format!("the operating system does not provide any entropy: {why}")))?;
        let id = format!("{:032x}", u128::from_le_bytes(entropy));
        let shared = Arc::new(Shared {
            state: Mutex::new(State::new(self, id)),
            changed: Condvar::new(),
            ended: Condvar::new(),
            clock: Clock::start(),
        });
        let keeper = Arc::clone(&shared);
        thread::Builder::new()
            .name("teamwire keeper".into())
            .spawn(move || keeper::keep(&keeper, store))
            .map_err(|error| failed(format!("cannot start a thread: {error}")))?;
        Ok(Fleet(Arc::new(Guard(shared))))
    }

    /// Returns the state machine of a new member.
    fn replica(&self, id: String) -> Replica {
        Replica::new(Member { fleet: self.name.clone(), id, lease: self.lease })
            .with_handler_timeout(self.handler_timeout)
    }
}

impl Fleet {
    /// Joins the fleet with this name in this store, with the default settings.
    ///
    /// # Errors
    ///
    /// Those of [`FleetBuilder::join`].
    pub fn join(name: impl Into<String>, store: impl ClaimStore) -> Result<Self, Error> {
        Self::builder(name).join(store)
    }

    /// Returns the default settings of a member of the fleet with this name.
    pub fn builder(name: impl Into<String>) -> FleetBuilder {
        FleetBuilder { name: name.into(), lease: Duration::from_secs(10), handler_timeout: Duration::from_secs(5 * 60) }
    }

    /// Follows a feed of an adapter: waits until this member holds it, and resumes it at the saved checkpoint.
    ///
    /// `events` can also be the driver of many feeds, such as one for each chat. The active members share these: each
    /// has as many as the others, and keeps those that it has as far as possible.
    ///
    /// If the store has no checkpoint of the feed, following fails with [`ErrorKind::Store`], so that a store which was
    /// emptied by mistake loses no events. See [`follow_or_begin`](Self::follow_or_begin) for a new one.
    ///
    /// [`ErrorKind::Store`]: teamwire_core::ErrorKind::Store
    pub fn follow<E: Follow>(&self, events: E) -> E::Followed {
        events.follow(self, false)
    }

    /// Same as [`follow`](Self::follow), but a feed without a saved checkpoint begins where `events` starts: at the
    /// next event, or after a checkpoint that was saved elsewhere.
    ///
    /// If the store is emptied later, a member that has seen its checkpoint fails nevertheless. A process that is
    /// started after that begins, and what happened in between is skipped. So a bot for which that matters uses this
    /// once, such as with an option of its command line.
    pub fn follow_or_begin<E: Follow>(&self, events: E) -> E::Followed {
        events.follow(self, true)
    }

    /// Returns the active members of the fleet, oldest first, as the store has last reported them, and the id of this
    /// one: for logs and health checks.
    pub fn members(&self) -> (Vec<String>, String) {
        let state = self.0.0.lock();
        (state.replica.members().to_vec(), state.replica.member().id.clone())
    }
}

/// The events of a feed, or of many feeds, that can be followed by claim: those of the adapters.
pub trait Follow {
    /// The events with their claims.
    type Followed;

    /// Follows the feed: see [`Fleet::follow`] and [`Fleet::follow_or_begin`].
    fn follow(self, fleet: &Fleet, begins: bool) -> Self::Followed;
}

impl Drop for Guard {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.is_closed = true;
        self.0.changed.notify_all();
        let is_running = |state: &mut State| state.end.is_none();
        drop(self.0.ended.wait_timeout_while(state, MAX_LEAVE, is_running));
    }
}

impl fmt::Debug for Fleet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.0.0.lock();
        f.debug_struct("Fleet").field("member", state.replica.member()).finish_non_exhaustive()
    }
}

/// Wakes the follower of a feed.
pub(crate) type Wake = Arc<dyn Fn() + Send + Sync>;

fn already_followed(feed: &str) -> Error {
    InvalidInput::new("feed", format!("this member of the fleet follows {feed} already")).into()
}

/// The error of followers whose keeper has ended.
fn keeper_ended() -> StoreError {
    StoreError::unusable("the thread that calls the store has ended")
}
