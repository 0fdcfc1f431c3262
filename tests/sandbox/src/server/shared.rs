//! What the connections and whoever holds the sandbox share.

use std::{
    path::PathBuf,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::{Response, StatusCode};
use tokio::sync::watch;

use super::{clock::WorldClock, observe::Observed, rules::Rules};
use crate::world::{Now, World, problem_response};

pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: WorldClock,
    pub(crate) rules: Rules,
    pub(crate) observed: Observed,
    /// Where the bytes of assets lie.
    pub(crate) folder: PathBuf,
    /// Moves whenever long polls should be asked again.
    changed: watch::Sender<()>,
    /// How many polls wait.
    pending_polls: AtomicUsize,
    /// True during an down.
    pub(crate) down: watch::Sender<bool>,
}

impl Shared {
    pub(crate) fn new(world: World, clock: WorldClock, observed: Observed, folder: PathBuf) -> Self {
        Self {
            world: Mutex::new(world),
            clock,
            rules: Rules::default(),
            observed,
            folder,
            changed: watch::Sender::new(()),
            pending_polls: AtomicUsize::new(0),
            down: watch::Sender::new(false),
        }
    }

    /// Does something to the world, now, and wakes the polls that wait if that may concern them.
    pub(crate) fn world<R>(&self, f: impl FnOnce(&mut World, Now) -> R) -> R {
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let before = world.revision();
        // Asked for with the lock held, so that the world never sees time go back.
        let result = f(&mut world, self.clock.now());
        let after = world.revision();
        drop(world);
        if before != after {
            self.wake();
        }
        result
    }

    /// A problem in the world's stead.
    pub(crate) fn problem(&self, status: StatusCode, retry_after: Option<u64>) -> Response<Vec<u8>> {
        let request_id = self.world(|world, _| world.next_request_id());
        problem_response(status, retry_after, &request_id)
    }

    /// Lets every poll that waits be asked again.
    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
        self.observed.changes.notify();
    }

    /// Waits until the sandbox's clock shows a time, or something has changed.
    pub(crate) async fn wait_until(&self, time: Duration, changes: &mut watch::Receiver<()>) {
        let deadline = async {
            match self.clock.real_wait(time) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = deadline => {}
            // The sender lives as long as `self`.
            _ = changes.changed() => {}
        }
    }

    /// Waits for some time by the sandbox's clock.
    pub(crate) async fn sleep(&self, wait: Duration) {
        let until = self.clock.now().elapsed.saturating_add(wait);
        let mut changes = self.changes();
        while self.clock.now().elapsed < until {
            self.wait_until(until, &mut changes).await;
        }
    }

    /// Counts a poll that waits for as long as the answer lives.
    pub(super) fn count_poll(&self) -> PollGuard<'_> {
        self.pending_polls.fetch_add(1, Ordering::Relaxed);
        self.observed.changes.notify();
        PollGuard(self)
    }

    pub(crate) fn pending_polls(&self) -> usize {
        self.pending_polls.load(Ordering::Relaxed)
    }

    /// Says from now on when polls should be asked again.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}

pub(super) struct PollGuard<'s>(&'s Shared);

impl Drop for PollGuard<'_> {
    fn drop(&mut self) {
        self.0.pending_polls.fetch_sub(1, Ordering::Relaxed);
        self.0.observed.changes.notify();
    }
}
