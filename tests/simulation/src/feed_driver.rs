//! Drives the feeds of one process, in a `FeedSet` or individually.

use std::collections::BTreeMap;

use teamwire_core::{
    Error, FeedEvent, FeedSet,
    effect::{Moment, Now},
    feed::{FeedEnd, FeedSetStep},
    machine::{Feed, Machine, Reply, Step, Ticket},
};

use super::{feed_under_test::FeedUnderTest, oracle::Item};

/// The feeds of a process, with their driver.
pub(super) enum FeedDriver {
    Set(FeedSet<usize, FeedUnderTest>),
    Individual(BTreeMap<usize, IndividualFeed>),
}

/// A feed that is driven without a set, and its current wait.
pub(super) struct IndividualFeed {
    feed: FeedUnderTest,
    waiting: Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waiting {
    No,
    ForReply,
    Until(Moment),
}

pub(super) type DriverStep = FeedSetStep<usize, FeedEvent<Item>, Result<FeedEnd, Error>>;

impl FeedDriver {
    pub(super) const fn new(uses_set: bool) -> Self {
        if uses_set { Self::Set(FeedSet::new()) } else { Self::Individual(BTreeMap::new()) }
    }

    pub(super) fn insert(&mut self, key: usize, feed: FeedUnderTest) {
        match self {
            Self::Set(set) => drop(set.insert(key, feed)),
            Self::Individual(feeds) => drop(feeds.insert(key, IndividualFeed { feed, waiting: Waiting::No })),
        }
    }

    pub(super) fn next(&mut self, now: Now) -> DriverStep {
        let feeds = match self {
            Self::Set(set) => return set.next(now),
            Self::Individual(feeds) => feeds,
        };
        for (&key, individual) in feeds.iter_mut() {
            match individual.waiting {
                Waiting::ForReply => continue,
                Waiting::Until(until) if until > now.moment => continue,
                _ => {}
            }
            let step = individual.feed.poll(now);
            individual.waiting = match &step {
                Step::Send(..) | Step::File(..) => Waiting::ForReply,
                Step::Sleep(until) => {
                    individual.waiting = Waiting::Until(*until);
                    continue;
                }
                Step::Event(_) => Waiting::No,
                Step::Done(_) => {
                    feeds.remove(&key);
                    return FeedSetStep::Step(key, step);
                }
            };
            return FeedSetStep::Step(key, step);
        }
        let sleeping = feeds.values().filter_map(|individual| match individual.waiting {
            Waiting::Until(until) => Some(until),
            _ => None,
        });
        match sleeping.min() {
            Some(until) => FeedSetStep::Sleep(until),
            None if feeds.is_empty() => FeedSetStep::Empty,
            None => FeedSetStep::Idle,
        }
    }

    pub(super) fn handle(&mut self, now: Now, key: usize, ticket: Ticket, reply: Reply, is_expected: bool) {
        match self {
            Self::Set(set) => set.handle(now, &key, ticket, reply),
            Self::Individual(feeds) => {
                if let Some(individual) = feeds.get_mut(&key) {
                    individual.feed.handle(now, ticket, reply);
                    if is_expected {
                        individual.waiting = Waiting::No;
                    }
                }
            }
        }
    }

    pub(super) fn stop(&mut self, now: Now, key: usize) {
        match self {
            Self::Set(set) => set.stop(now, &key),
            Self::Individual(feeds) => {
                if let Some(individual) = feeds.get_mut(&key) {
                    individual.feed.stop(now);
                    individual.waiting = Waiting::No;
                }
            }
        }
    }

    /// Stops a feed that has been stopped before, which has no effect.
    pub(super) fn stop_again(&mut self, now: Now, key: usize) {
        match self {
            Self::Set(set) => set.stop(now, &key),
            Self::Individual(feeds) => feeds.get_mut(&key).into_iter().for_each(|individual| individual.feed.stop(now)),
        }
    }

    /// Issues the pending requests again, because their replies are lost on the client's side.
    pub(super) fn reissue(&mut self) {
        match self {
            Self::Set(set) => set.reissue(),
            Self::Individual(feeds) => {
                for individual in feeds.values_mut().filter(|individual| individual.waiting == Waiting::ForReply) {
                    individual.waiting = Waiting::No;
                }
            }
        }
    }
}
