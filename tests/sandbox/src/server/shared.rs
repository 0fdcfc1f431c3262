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
    data::Data,
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
    /// The folder that keeps the world, if there is one.
    pub(crate) data: Option<Data>,
}

impl Shared {
    pub(crate) fn new(world: World, clock: WorldClock, observed: Observed, folder: PathBuf, has_page: bool) -> Self {
        Self {
            data: None,
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

    /// Same as [`new`](Self::new), with a folder that keeps the world. Saves the world.
    pub(crate) fn keeping(self, data: Data) -> Self {
        let shared = Self { data: Some(data), ..self };
        shared.save_time();
        shared
    }

    /// Calls `f` with the world and the current time, saves the world and wakes pending polls if it has changed.
    pub(crate) fn world<R>(&self, f: impl FnOnce(&mut World, Now) -> R) -> R {
        self.act(self.lock(), f).0
    }

    /// Same as [`world`](Self::world), for a request on this connection. Fails if an outage has cut it, so that nothing
    /// is executed or returned that happens during an outage, and if there are changes that cannot be saved, so that no
    /// response shows them.
    pub(super) fn world_of_request<R>(
        &self,
        connection: OutagesBefore,
        f: impl FnOnce(&mut World, Now) -> R,
    ) -> Result<R, ClientGone> {
        let world = self.lock();
        if self.outages.have_cut(connection) {
            return Err(ClientGone);
        }
        let (result, is_saved) = self.act(world, f);
        if is_saved { Ok(result) } else { Err(ClientGone) }
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

    /// Also returns false if the world has changes that cannot be saved.
    fn act<R>(&self, mut world: MutexGuard<'_, World>, f: impl FnOnce(&mut World, Now) -> R) -> (R, bool) {
        let before = world.revision();
        // Read with the lock held, so that time never goes back for the world.
        let now = self.clock.now();
        let result = f(&mut world, now);
        let is_changed = before != world.revision();
        // With the lock held, so that no response shows a change that is not saved.
        let save = |data: &Data| !is_changed && data.error().is_none() || data.save(&mut world, now, false);
        let is_saved = self.data.as_ref().is_none_or(save);
        drop(world);
        if is_changed {
            self.wake();
        }
        (result, is_saved)
    }

    /// Saves the time, which has moved without a change of the world.
    pub(crate) fn save_time(&self) {
        if let Some(data) = &self.data {
            let mut world = self.lock();
            let now = self.clock.now();
            data.save(&mut world, now, true);
        }
    }

    /// The error that keeps changes from being saved, if there is one.
    pub(crate) fn data_error(&self) -> Option<String> {
        self.data.as_ref().and_then(Data::error)
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
