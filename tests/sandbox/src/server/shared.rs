//! State shared by the connections and the owner of the sandbox.

use std::{
    path::PathBuf,
    sync::{Mutex, MutexGuard, OnceLock, PoisonError},
    time::Duration,
};

use http::{Response, StatusCode};
use tokio::sync::watch;

use super::{
    body::ClientGone,
    clock::WorldClock,
    observe::Observed,
    outages::{Outages, OutagesBefore},
    polls::Polls,
    requests::Requests,
    rules::Rules,
};
use crate::world::{Now, World, problem_response};

pub(crate) struct Shared {
    world: Mutex<World>,
    pub(crate) clock: WorldClock,
    pub(crate) rules: Rules,
    pub(crate) observed: Observed,
    /// The URL of the page, if there is one.
    pub(crate) page_url: OnceLock<String>,
    /// The folder with the bytes of assets.
    pub(crate) folder: PathBuf,
    /// Notifies pending long polls to resume.
    changed: watch::Sender<()>,
    pub(crate) polls: Polls,
    /// The log of requests, if there is a page.
    pub(crate) requests: Option<Requests>,
    pub(super) outages: Outages,
}

impl Shared {
    pub(crate) fn new(world: World, clock: WorldClock, observed: Observed, folder: PathBuf, has_page: bool) -> Self {
        Self {
            world: Mutex::new(world),
            clock,
            rules: Rules::default(),
            observed,
            folder,
            changed: watch::Sender::new(()),
            polls: Polls::default(),
            requests: has_page.then(Requests::default),
            page_url: OnceLock::new(),
            outages: Outages::default(),
        }
    }

    /// Calls `f` with the world and the current time, and wakes pending polls if the world has changed.
    pub(crate) fn world<R>(&self, f: impl FnOnce(&mut World, Now) -> R) -> R {
        self.act(self.lock(), f)
    }

    /// Same as [`world`](Self::world), for a request on this connection. Fails if an outage has cut it, so that nothing
    /// is executed or returned that happens during an outage.
    pub(super) fn world_of_request<R>(
        &self,
        connection: OutagesBefore,
        f: impl FnOnce(&mut World, Now) -> R,
    ) -> Result<R, ClientGone> {
        let world = self.lock();
        if self.outages.have_cut(connection) {
            return Err(ClientGone);
        }
        Ok(self.act(world, f))
    }

    /// Starts or ends an outage.
    pub(crate) fn set_down(&self, is_down: bool) {
        let _world = self.lock();
        self.outages.set_down(is_down);
    }

    /// Returns true during an outage.
    pub(crate) fn is_down(&self) -> bool {
        self.outages.before().is_none()
    }

    fn lock(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act<R>(&self, mut world: MutexGuard<'_, World>, f: impl FnOnce(&mut World, Now) -> R) -> R {
        let before = world.revision();
        // Read with the lock held, so that time never goes back for the world.
        let result = f(&mut world, self.clock.now());
        let after = world.revision();
        drop(world);
        if before != after {
            self.wake();
        }
        result
    }

    /// A problem response that the world has not produced.
    pub(crate) fn problem(&self, status: StatusCode, retry_after: Option<u64>) -> Response<Vec<u8>> {
        let request_id = self.world(|world, _| world.next_request_id());
        problem_response(status, retry_after, &request_id)
    }

    /// Wakes all pending polls.
    pub(crate) fn wake(&self) {
        self.changed.send_replace(());
        self.observed.changes.notify();
    }

    /// Waits until the sandbox's clock reaches `time` or something has changed.
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

    /// Waits for a duration by the sandbox's clock.
    pub(crate) async fn sleep(&self, wait: Duration) {
        let until = self.clock.now().elapsed.saturating_add(wait);
        let mut changes = self.changes();
        while self.clock.now().elapsed < until {
            self.wait_until(until, &mut changes).await;
        }
    }

    /// Subscribes to the notifications for pending polls.
    pub(crate) fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
