//! The part of following a feed by claim that both executors share.

use std::{
    fmt,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use teamwire_core::{
    Checkpoint, Error, FeedEvent,
    claim::{Grant, Handed, Standing, Window},
    effect::Moment,
    feed::{InChat, Retrying},
};

use super::{Fleet, FleetEvent, Shared, Wake};

/// Number of events that are handed out at the same time in a loop of the bot's own.
const DEFAULT_LIMIT: usize = 64;

/// Follows a feed by claim. An adapter performs its [turns](Self::turn).
pub struct Follower<T> {
    /// Keeps the keeper running.
    fleet: Fleet,
    link: Link<T>,
    /// The claim whose events are followed.
    grant: Option<Grant>,
    /// Number of failures of the store that were reported.
    reported: u32,
    /// Set if it could not be followed.
    failure: Option<Error>,
    /// Set at the end of the feed.
    end: Option<Result<(), Error>>,
    on_failure: OnFailure,
}

type OnFailure = Box<dyn FnMut(&dyn fmt::Display) + Send>;

/// The next action of an adapter.
#[derive(Debug)]
#[must_use]
pub enum Turn<T: InChat> {
    /// Follow the feed after this checkpoint, or from its beginning. An earlier feed is dropped.
    Follow(Option<Checkpoint>),
    /// Drop the feed: the claim is lost.
    Abandon,
    /// Handle this event.
    Handle(Box<FleetEvent<T>>),
    /// Wait for the next event of the feed, which is passed to [`Follower::push`]. Ends when the follower is woken, and
    /// after this time.
    Poll(Option<Duration>),
    /// Wait until the follower is woken, or for this time.
    Wait(Option<Duration>),
    /// The feed has ended, or cannot be followed.
    End(Result<(), Error>),
}

/// The state of a followed feed, shared with its events.
pub(super) struct Link<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) feed: Arc<str>,
    window: Arc<Mutex<Window<T>>>,
    /// Set until the follower is dropped. Events that are handled after that must not affect a later follower.
    is_followed: Arc<AtomicBool>,
    wake: Wake,
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            feed: Arc::clone(&self.feed),
            window: Arc::clone(&self.window),
            is_followed: Arc::clone(&self.is_followed),
            wake: Wake::clone(&self.wake),
        }
    }
}

/// An event whose handler runs: it is handled or fails with the result of the handler.
#[derive(Debug)]
#[must_use = "no checkpoint passes the event until it is finished"]
pub struct Running<T> {
    handed: Option<Handed>,
    event: FeedEvent<T>,
}

impl<T: InChat> Follower<T> {
    /// Starts to follow the feed with this name. `wake` is called when a [turn](Self::turn) may be due, from any
    /// thread.
    pub fn new(fleet: &Fleet, feed: &str, begins: bool, wake: impl Fn() + Send + Sync + 'static) -> Self {
        let shared = Arc::clone(&fleet.0.0);
        let wake: Wake = Arc::new(wake);
        let failure = shared.lock().follow(feed, begins, Wake::clone(&wake)).err();
        shared.changed.notify_all();
        let window = Arc::new(Mutex::new(Window::new(DEFAULT_LIMIT)));
        let link = Link { shared, feed: feed.into(), window, is_followed: Arc::new(AtomicBool::new(true)), wake };
        Self { fleet: fleet.clone(), link, grant: None, reported: 0, failure, end: None, on_failure: Box::new(|_| {}) }
    }

    /// Calls `report` with each error of a handler.
    pub fn on_failure(&mut self, report: impl FnMut(&dyn fmt::Display) + Send + 'static) {
        self.on_failure = Box::new(report);
    }

    /// Sets the maximum number of events that are handled at the same time.
    pub fn set_limit(&mut self, limit: usize) {
        self.link.window().set_limit(limit);
    }

    /// Returns the next action.
    pub fn turn(&mut self) -> Turn<T> {
        if let Some(error) = &self.failure {
            return Turn::End(Err(error.clone()));
        }
        let link = self.link.clone();
        let (mut window, state) = (link.window(), link.shared.lock());
        let now = link.shared.clock.now();
        let (grant, is_open) = match state.standing(&link.feed, now) {
            Standing::Failed(error) => return Turn::End(Err(error.clone().into())),
            Standing::Held { grant, is_open } => (grant.clone(), is_open),
            Standing::Waiting => {
                let outage = outage(&state.replica);
                drop(state);
                if self.grant.take().is_some() {
                    window.abandon();
                    link.report(&window);
                    return Turn::Abandon;
                }
                if let Some(end) = self.end.take() {
                    return Turn::End(end);
                }
                return self.report(outage).unwrap_or(Turn::Wait(None));
            }
        };
        let outage = outage(&state.replica);
        drop(state);
        if self.grant.as_ref().is_none_or(|current| current.claim.id != grant.claim.id) {
            window.begin(&grant);
            let checkpoint = grant.checkpoint.clone();
            self.grant = Some(grant);
            return Turn::Follow(checkpoint);
        }
        if is_open && let Some((handed, event)) = window.start(now.moment) {
            link.report(&window);
            return Turn::Handle(Box::new(FleetEvent::new(event, Some(handed), Some(grant.claim), link.clone())));
        }
        if let Some(end) = self.end.take_if(|_| window.is_idle()) {
            return Turn::End(end);
        }
        let until = window.next_retry().map(|due| link.shared.clock.until(due));
        let wants_more = self.end.is_none() && window.wants_more();
        drop(window);
        let otherwise = if wants_more { Turn::Poll(until) } else { Turn::Wait(until) };
        self.report(outage.filter(|_| !is_open)).unwrap_or(otherwise)
    }

    /// Adds the next event of the feed.
    pub fn push(&mut self, event: FeedEvent<T>) {
        if let (FeedEvent::Started(start), Some(Grant { claim, checkpoint: None, .. })) = (&event, &self.grant) {
            // Before anything is handed out, so that a crash does not lose it.
            self.link.shared.lock().replica.save(&claim.feed, &claim.id, start.clone());
            self.link.shared.changed.notify_all();
        }
        self.link.window().push(event);
    }

    /// Records the end of the feed. What it has delivered is still handled; an event that fails is left to the next
    /// process.
    pub fn end(&mut self, result: Result<(), Error>) {
        self.end = Some(result);
    }

    /// Takes the event over from its handler: the result of the handler decides whether it is handled.
    pub fn run(&self, event: &mut FleetEvent<T>) -> Running<T>
    where
        T: Clone,
    {
        Running { handed: event.take_handed(), event: (**event).clone() }
    }

    /// Records the result of a handler. An event that was not handled comes again.
    pub fn finish<E: fmt::Display>(&mut self, running: Running<T>, result: Result<(), E>) {
        if let Err(error) = &result {
            (self.on_failure)(error);
        }
        let Running { handed: Some(handed), event } = running else { return };
        match result {
            Ok(()) => self.link.finish(handed),
            Err(_) => self.link.fail(handed, event),
        }
    }

    /// Returns a failure of the store as an event, once.
    fn report(&mut self, outage: Option<Retrying>) -> Option<Turn<T>> {
        let reported = outage.as_ref().map_or(0, |retrying| retrying.attempt);
        let is_new = reported > self.reported;
        self.reported = reported;
        let event = FeedEvent::Retrying(outage.filter(|_| is_new)?);
        let claim = self.grant.as_ref().map(|grant| grant.claim.clone());
        Some(Turn::Handle(Box::new(FleetEvent::new(event, None, claim, self.link.clone()))))
    }
}

fn outage(replica: &teamwire_core::claim::Replica) -> Option<Retrying> {
    let (error, failures, retry_at): (_, _, Moment) = replica.outage()?;
    Some(Retrying::new(failures, error.clone().into(), retry_at))
}

impl<T: InChat> Link<T> {
    pub(super) fn window(&self) -> MutexGuard<'_, Window<T>> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn finish(&self, handed: Handed) {
        let mut window = self.window();
        window.finish(handed);
        if let Some((claim, checkpoint)) = window.take_checkpoint() {
            self.shared.lock().replica.save(&self.feed, &claim, checkpoint);
        }
        self.report(&window);
        drop(window);
        (self.wake)();
    }

    pub(super) fn fail(&self, handed: Handed, event: FeedEvent<T>) {
        let mut window = self.window();
        window.fail(handed, event, self.shared.clock.now().moment);
        self.report(&window);
        drop(window);
        (self.wake)();
    }

    /// Reports the handlers that run to the replica, while the window is locked, so that the last report is the newest.
    fn report(&self, window: &Window<T>) {
        let mut state = self.shared.lock();
        if self.is_followed.load(Ordering::SeqCst) {
            state.replica.set_work(&self.feed, window.work());
        }
        drop(state);
        self.shared.changed.notify_all();
    }
}

impl<T> Drop for Follower<T> {
    fn drop(&mut self) {
        if self.failure.is_none() {
            let mut state = self.link.shared.lock();
            self.link.is_followed.store(false, Ordering::SeqCst);
            state.unfollow(&self.link.feed);
            drop(state);
            self.link.shared.changed.notify_all();
        }
    }
}

impl<T> fmt::Debug for Follower<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("fleet", &self.fleet).field("feed", &self.link.feed).finish_non_exhaustive()
    }
}
