//! The promises to the author of the bot, checked against all that happens to the events of each feed.

use std::{collections::BTreeSet, time::Duration};

use super::{backend::Posted, scenario::Topic};
use crate::violation::{Violation, violation};

/// Time for which a process may still have seen a store in which a feed had not begun.
const NEWS: Duration = Duration::from_secs(60);

/// The record of all feeds.
#[derive(Debug)]
pub(super) struct Promises {
    feeds: Vec<Feed>,
    /// Number of events that were handed out more than once.
    pub(super) repeats: usize,
}

/// The record of a feed. Events are numbers of messages.
#[derive(Debug)]
struct Feed {
    topic: Topic,
    /// The position of its first checkpoint, or of the first one after the store was emptied.
    begun: Option<(usize, Duration)>,
    /// The position of the first event that is not handled.
    handled_up_to: usize,
    /// The events after that which are handled.
    handled: BTreeSet<usize>,
    handed_out: BTreeSet<usize>,
    /// Set once the store has lost its checkpoint. With a copy of the store, it can be missing again later.
    was_lost: bool,
}

impl Feed {
    fn is_handled(&self, event: usize) -> bool {
        event < self.handled_up_to || self.handled.contains(&event)
    }

    /// Moves on to the first event that is not handled.
    fn advance(&mut self, log: &[Posted]) {
        while let Some(posted) = log.get(self.handled_up_to) {
            if self.topic.covers(posted.tid) && !self.handled.remove(&self.handled_up_to) {
                break;
            }
            self.handled_up_to += 1;
        }
    }
}

impl Promises {
    pub(super) fn new(topics: &[Topic]) -> Self {
        let feed = |topic: &Topic| Feed {
            topic: *topic,
            begun: None,
            handled_up_to: 0,
            handled: BTreeSet::new(),
            handed_out: BTreeSet::new(),
            was_lost: false,
        };
        Self { feeds: topics.iter().map(feed).collect(), repeats: 0 }
    }

    /// An event is handed out, of a feed that was followed from `start` on.
    pub(super) fn handed_out(
        &mut self,
        clock: Duration,
        feed: usize,
        start: usize,
        event: usize,
        log: &[Posted],
    ) -> Result<(), Violation> {
        let feed = &mut self.feeds[feed];
        if feed.begun.is_none() {
            (feed.begun, feed.handled_up_to) = (Some((start, clock)), start);
        }
        feed.advance(log);
        let tid = log[event].tid;
        let earlier = (feed.handled_up_to..event).find(|other| log[*other].tid == tid && !feed.is_handled(*other));
        if let Some(earlier) = earlier.filter(|_| feed.topic.covers(tid)) {
            return violation("the events of a chat are handled in order", || {
                format!("{:?}: event {event} is handed out before {earlier} is handled", feed.topic)
            });
        }
        if !feed.handed_out.insert(event) {
            self.repeats += 1;
        }
        Ok(())
    }

    /// A handler has succeeded.
    pub(super) fn handled(&mut self, feed: usize, event: usize) {
        let feed = &mut self.feeds[feed];
        if !feed.is_handled(event) {
            feed.handled.insert(event);
        }
    }

    /// The first checkpoint of a feed is saved.
    pub(super) fn begins(
        &mut self,
        clock: Duration,
        feed: usize,
        position: usize,
        may_begin: bool,
        log: &[Posted],
    ) -> Result<(), Violation> {
        let feed = &mut self.feeds[feed];
        if feed.begun.is_some() {
            let passed = Self::check_passed(feed, position, log);
            if passed.is_ok() || !feed.was_lost {
                // A process whose claim the copy of the store has, too, saves where it is.
                return passed;
            }
        }
        if !may_begin {
            return violation("a feed begins only if that was asked for", || {
                format!("{:?} begins at {position}", feed.topic)
            });
        }
        feed.begun = Some((position, clock));
        feed.handled_up_to = feed.handled_up_to.max(position);
        Ok(())
    }

    /// A checkpoint is saved, or a feed begins there.
    pub(super) fn passes(&mut self, feed: usize, position: usize, log: &[Posted]) -> Result<(), Violation> {
        Self::check_passed(&mut self.feeds[feed], position, log)
    }

    fn check_passed(feed: &mut Feed, position: usize, log: &[Posted]) -> Result<(), Violation> {
        feed.advance(log);
        let is_passed = |event: &usize| feed.topic.covers(log[*event].tid) && !feed.is_handled(*event);
        match (feed.handled_up_to..position).find(is_passed) {
            None => Ok(()),
            Some(event) => violation("no checkpoint passes an event that is not handled", || {
                format!("{:?}: the checkpoint {position} passes event {event}", feed.topic)
            }),
        }
    }

    /// The store has lost the checkpoint of a feed.
    pub(super) fn lost(&mut self, feed: usize) {
        self.feeds[feed].was_lost = true;
    }

    /// Returns `true` if a process may have found that the store has no checkpoint of this feed.
    pub(super) fn may_be_missing(&self, clock: Duration, feed: usize) -> bool {
        let feed = &self.feeds[feed];
        feed.was_lost || feed.begun.is_none_or(|(_, begun_at)| clock < begun_at + NEWS)
    }

    /// Returns `true` if all feeds have begun, and everything is handled.
    pub(super) fn are_kept(&mut self, log: &[Posted]) -> bool {
        self.feeds.iter_mut().all(|feed| {
            feed.advance(log);
            feed.begun.is_some() && feed.handled_up_to == log.len()
        })
    }
}
