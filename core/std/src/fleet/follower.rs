//! The part of following a feed by claim that both executors share.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use teamwire_core::{
    Checkpoint, Error, FeedEvent,
    claim::{self, EventHandle, Following},
    feed::InChat,
    observe::Observer,
};

use super::{Fleet, FleetEvent, Wake, keeper::State, link::Link};

/// Number of events that are handed out at the same time in a loop of the bot's own.
const DEFAULT_LIMIT: usize = 64;

/// Follows a feed by claim. An adapter performs its [turns](Self::turn).
pub struct Follower<T> {
    /// Keeps the keeper running.
    fleet: Fleet,
    link: Link<T>,
    /// Set if it could not be followed.
    failure: Option<Error>,
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

/// An event whose handler runs: it is handled or fails with the result of the handler.
#[must_use = "no checkpoint passes the event until it is finished"]
pub struct Running<T> {
    handed: Option<EventHandle>,
    event: FeedEvent<T>,
    link: Link<T>,
}

impl<T: InChat> Running<T> {
    /// Takes the event over from its handler.
    pub(super) fn new(event: &mut FleetEvent<T>) -> Self
    where
        T: Clone,
    {
        Self { handed: event.take_handed(), event: (**event).clone(), link: event.link().clone() }
    }

    /// Records the result of the handler. An event that was not handled comes again.
    pub(super) fn finish(self, is_handled: bool) {
        let Self { handed: Some(handed), event, link } = self else { return };
        if is_handled { link.finish(handed) } else { link.fail(handed, event) }
    }
}

impl<T: InChat> Follower<T> {
    /// Starts to follow the feed with this name. The observer receives the changes of its claims. `wake` is called when
    /// a [turn](Self::turn) may be due, from any thread.
    pub fn new(
        fleet: &Fleet,
        feed: &str,
        begins: bool,
        observer: Option<Arc<dyn Observer>>,
        wake: impl Fn() + Send + Sync + 'static,
    ) -> Self {
        let follower = Self::start(fleet, &mut fleet.0.0.lock(), feed, begins, observer, Arc::new(wake));
        fleet.0.0.changed.notify_all();
        follower
    }

    /// Starts to follow a feed, without a notification of the keeper.
    pub(super) fn start(
        fleet: &Fleet,
        state: &mut State,
        feed: &str,
        begins: bool,
        observer: Option<Arc<dyn Observer>>,
        wake: Wake,
    ) -> Self {
        let failure = state.follow(feed, begins, Wake::clone(&wake), observer).err();
        let following = Arc::new(Mutex::new(Following::new(feed, DEFAULT_LIMIT)));
        let link = Link { shared: Arc::clone(&fleet.0.0), feed: feed.into(), following, wake };
        Self { fleet: fleet.clone(), link, failure, on_failure: Box::new(|_| {}) }
    }

    /// Returns the name of the feed.
    pub(super) fn feed(&self) -> &str {
        &self.link.feed
    }

    /// Calls `report` with each error of a handler.
    pub fn on_failure(&mut self, report: impl FnMut(&dyn fmt::Display) + Send + 'static) {
        self.on_failure = Box::new(report);
    }

    /// Sets the maximum number of events that are handled at the same time.
    pub fn set_limit(&mut self, limit: usize) {
        self.link.following().set_limit(limit);
    }

    /// Returns the next action.
    pub fn turn(&mut self) -> Turn<T> {
        self.turn_if(true)
    }

    /// Same as [`turn`](Self::turn), but no event is handed out unless there is `room` for its handler.
    pub(super) fn turn_if(&mut self, room: bool) -> Turn<T> {
        if let Some(error) = &self.failure {
            return Turn::End(Err(error.clone()));
        }
        let Link { shared, .. } = &self.link;
        let turn = {
            let (mut following, mut state) = (self.link.following(), shared.lock());
            let now = shared.clock.now();
            state.look(&self.link.feed, now);
            if let Some(error) = &state.end {
                return Turn::End(Err(error.clone().into()));
            }
            following.turn_if(&mut state.replica, now, room)
        };
        if matches!(turn, claim::FollowStep::Abandon | claim::FollowStep::Handle(_)) {
            shared.changed.notify_all();
        }
        match turn {
            claim::FollowStep::Follow(after) => Turn::Follow(after),
            claim::FollowStep::Abandon => Turn::Abandon,
            claim::FollowStep::Handle(handed_out) => {
                Turn::Handle(Box::new(FleetEvent::new(*handed_out, self.link.clone())))
            }
            claim::FollowStep::Poll(until) => Turn::Poll(until.map(|until| shared.clock.until(until))),
            claim::FollowStep::Wait(until) => Turn::Wait(until.map(|until| shared.clock.until(until))),
            claim::FollowStep::End(result) => Turn::End(result),
        }
    }

    /// Adds the next event of the feed.
    pub fn push(&mut self, event: FeedEvent<T>) {
        let is_start = matches!(event, FeedEvent::Started(_));
        self.link.following().push(&mut self.link.shared.lock().replica, event);
        if is_start {
            // It may have to be saved.
            self.link.shared.changed.notify_all();
        }
    }

    /// Records the end of the feed. What it has delivered is still handled; an event that fails is left to the next
    /// process.
    pub fn end(&mut self, result: Result<(), Error>) {
        self.link.following().end(result);
    }

    /// Takes the event over from its handler: the result of the handler decides whether it is handled.
    pub fn run(&self, event: &mut FleetEvent<T>) -> Running<T>
    where
        T: Clone,
    {
        Running::new(event)
    }

    /// Records the result of a handler. An event that was not handled comes again.
    pub fn finish<E: fmt::Display>(&mut self, running: Running<T>, result: Result<(), E>) {
        if let Err(error) = &result {
            (self.on_failure)(error);
        }
        running.finish(result.is_ok());
    }
}

impl<T> Drop for Follower<T> {
    fn drop(&mut self) {
        if self.failure.is_none() {
            let (mut following, mut state) = (self.link.following(), self.link.shared.lock());
            following.unfollow();
            state.unfollow(&self.link.feed);
            drop((following, state));
            self.link.shared.changed.notify_all();
        }
    }
}

impl<T> fmt::Debug for Running<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Running").field("handed", &self.handed).finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for Follower<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").field("fleet", &self.fleet).field("feed", &self.link.feed).finish_non_exhaustive()
    }
}
