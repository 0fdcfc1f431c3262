//! One feed that is followed by claim.

#[cfg(test)]
mod tests;

use alloc::{boxed::Box, string::String};

use super::{Claim, ClaimStatus, EventHandle, EventNumber, Grant, Replica, Save, Window};
use crate::{
    effect::{Moment, Now},
    error::Error,
    feed::{Checkpoint, FeedEvent, InChat, Retrying},
};

/// A feed that is followed by claim: decides where it resumes, which of its events are handed out, and what is saved.
/// It is pure: an executor performs its [turns](Self::turn), drives the feed, and runs the handlers.
///
/// Its [`Replica`] has to follow the feed, too.
#[derive(Debug)]
pub struct Following<T> {
    feed: String,
    window: Window<T>,
    /// The claim whose events are followed.
    grant: Option<Grant>,
    /// The event that the bot saves itself, and the number of its save.
    reserved: Option<(EventNumber, u64)>,
    /// Number of failures of the store that were reported.
    reported: u32,
    /// Set at the end of the feed.
    end: Option<Result<(), Error>>,
    /// Set until the feed is followed no more. Events that are handled after that must not affect a later follower.
    is_followed: bool,
}

/// The next action of an executor.
#[derive(Debug)]
#[must_use]
pub enum FollowStep<T> {
    /// Follow the feed after this checkpoint, or from its beginning. An earlier feed is dropped.
    Follow(Option<Checkpoint>),
    /// Drop the feed: the claim is lost.
    Abandon,
    /// Handle this event.
    Handle(Box<HandedEvent<T>>),
    /// Wait for the next event of the feed, which is passed to [`Following::push`]. Ends when something has changed,
    /// and at this time.
    Poll(Option<Moment>),
    /// Wait until something has changed, or until this time.
    Wait(Option<Moment>),
    /// The feed has ended, or cannot be followed.
    End(Result<(), Error>),
}

/// An event to be handled.
#[derive(Debug)]
pub struct HandedEvent<T> {
    /// The event.
    pub event: FeedEvent<T>,
    /// Its number, for its [end](Following::finish). `None` for a failure of the store.
    pub handed: Option<EventHandle>,
    /// The claim under which it is handed out. `None` for a failure of the store while there is none.
    pub claim: Option<Claim>,
}

impl<T> Following<T> {
    /// Stops following the feed. Its events can still be finished.
    pub const fn unfollow(&mut self) {
        self.is_followed = false;
    }
}

impl<T: InChat> Following<T> {
    /// Starts to follow the feed with this name, with at most `limit` handlers at the same time.
    pub fn new(feed: impl Into<String>, limit: usize) -> Self {
        let (feed, window) = (feed.into(), Window::new(limit));
        Self { feed, window, grant: None, reserved: None, reported: 0, end: None, is_followed: true }
    }

    /// Sets the maximum number of handlers, for the next claim.
    pub const fn set_limit(&mut self, limit: usize) {
        self.window.set_limit(limit);
    }

    /// Returns the next action.
    pub fn turn(&mut self, replica: &mut Replica, now: Now) -> FollowStep<T> {
        self.turn_if(replica, now, true)
    }

    /// Same as [`turn`](Self::turn), but no event is handed out unless there is `room` for its handler.
    pub fn turn_if(&mut self, replica: &mut Replica, now: Now, room: bool) -> FollowStep<T> {
        let (grant, is_open) = match replica.status(&self.feed, now) {
            ClaimStatus::Failed(error) => return FollowStep::End(Err(error.clone().into())),
            ClaimStatus::Held { grant, is_open } => (grant, is_open),
            ClaimStatus::Waiting => return self.wait(replica),
        };
        if self.grant.as_ref().is_none_or(|current| current.claim.id != grant.claim.id) {
            self.window.begin(grant);
            let checkpoint = grant.checkpoint.clone();
            self.grant = Some(grant.clone());
            return FollowStep::Follow(checkpoint);
        }
        if is_open
            && room
            && let Some((handed, event)) = self.window.start(now.moment)
        {
            self.report(replica);
            return FollowStep::Handle(Box::new(HandedEvent { event, handed: Some(handed), claim: self.claim() }));
        }
        if let Some(end) = self.end.take_if(|_| self.window.is_idle()) {
            return FollowStep::End(end);
        }
        // A failed event that is due has to wait for the store or for room, and either is a change.
        let until = self.window.next_retry().filter(|_| is_open && room);
        let wants_more = self.end.is_none() && self.window.wants_more();
        let otherwise = if wants_more { FollowStep::Poll(until) } else { FollowStep::Wait(until) };
        self.report_outage(outage(replica).filter(|_| !is_open)).unwrap_or(otherwise)
    }

    /// Returns the next action while the replica does not hold the feed.
    fn wait(&mut self, replica: &mut Replica) -> FollowStep<T> {
        if self.grant.take().is_some() {
            self.window.abandon();
            self.report(replica);
            return FollowStep::Abandon;
        }
        if let Some(end) = self.end.take() {
            return FollowStep::End(end);
        }
        self.report_outage(outage(replica)).unwrap_or(FollowStep::Wait(None))
    }

    /// Adds the next event of the feed.
    pub fn push(&mut self, replica: &mut Replica, event: FeedEvent<T>) {
        if let (FeedEvent::Started(start), Some(Grant { claim, checkpoint: None, .. })) = (&event, &self.grant) {
            // Before anything is handed out, so that a crash does not lose it.
            replica.save(&claim.feed, &claim.id, start.clone());
        }
        self.window.push(event);
    }

    /// Records the end of the feed. What it has delivered is still handled; an event that fails is left to the next
    /// process.
    pub fn end(&mut self, result: Result<(), Error>) {
        self.end = Some(result);
    }

    /// Records that an event has been handled. The checkpoint up to which all is handled is saved.
    pub fn finish(&mut self, replica: &mut Replica, handed: EventHandle) {
        self.window.finish(handed);
        if let Some((claim, checkpoint)) = self.window.take_checkpoint() {
            replica.save(&self.feed, &claim, checkpoint);
        }
        self.report(replica);
    }

    /// Records that an event could not be handled. It comes again after a backoff; its chat waits for it.
    pub fn fail(&mut self, replica: &mut Replica, handed: EventHandle, event: FeedEvent<T>, now: Moment) {
        self.window.fail(handed, event, now);
        self.report(replica);
    }

    /// Returns what the bot has to save with its own rows of the event with this number, and with this claim and
    /// checkpoint. `None` if the claim is lost, and if an event before this one is not handled.
    ///
    /// If the event comes again, because the outcome of its transaction is unknown, the save has the same number. The
    /// store then shows whether it was done.
    pub fn to_save(
        &mut self,
        replica: &mut Replica,
        number: EventNumber,
        claim: Claim,
        checkpoint: Checkpoint,
    ) -> Option<Save> {
        if !self.window.is_first(number) {
            return None;
        }
        let next = replica.reserve(&claim.feed, &claim.id)?;
        let seq = self.reserved.filter(|(event, _)| *event == number).map_or(next, |(_, seq)| seq);
        self.reserved = Some((number, seq));
        Some(Save { claim, seq, checkpoint })
    }

    fn claim(&self) -> Option<Claim> {
        self.grant.as_ref().map(|grant| grant.claim.clone())
    }

    /// Reports the handlers that run to the replica.
    fn report(&self, replica: &mut Replica) {
        if self.is_followed {
            replica.set_work(&self.feed, self.window.work());
        }
    }

    /// Returns a failure of the store as an event, once.
    fn report_outage(&mut self, outage: Option<Retrying>) -> Option<FollowStep<T>> {
        let reported = outage.as_ref().map_or(0, |retrying| retrying.attempt);
        let is_new = reported > self.reported;
        self.reported = reported;
        let event = FeedEvent::Retrying(outage.filter(|_| is_new)?);
        Some(FollowStep::Handle(Box::new(HandedEvent { event, handed: None, claim: self.claim() })))
    }
}

fn outage(replica: &Replica) -> Option<Retrying> {
    let (error, failures, retry_at) = replica.outage()?;
    Some(Retrying::new(failures, error.clone().into(), retry_at))
}
