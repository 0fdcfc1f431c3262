//! The feeds of one process, driven by a `FeedSet`, or each on its own.

use std::collections::BTreeMap;

use teamwire_core::{End, Error, Feed, FeedEvent, FeedSet, Machine, Moment, Next, Now, Reply, Step, Ticket};

use super::{feed_under_test::Followed, oracle::Item};

pub(super) enum Drive {
    Set(FeedSet<usize, Followed>),
    Alone(BTreeMap<usize, Alone>),
}

/// A feed, and what its driver waits for.
pub(super) struct Alone {
    feed: Followed,
    waits: Waits,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Waits {
    No,
    ForReply,
    Until(Moment),
}

pub(super) type Turn = Next<usize, FeedEvent<Item>, Result<End, Error>>;

impl Drive {
    pub(super) const fn new(in_set: bool) -> Self {
        if in_set { Self::Set(FeedSet::new()) } else { Self::Alone(BTreeMap::new()) }
    }

    pub(super) fn insert(&mut self, key: usize, feed: Followed) {
        match self {
            Self::Set(set) => drop(set.insert(key, feed)),
            Self::Alone(feeds) => drop(feeds.insert(key, Alone { feed, waits: Waits::No })),
        }
    }

    pub(super) fn next(&mut self, now: Now) -> Turn {
        let feeds = match self {
            Self::Set(set) => return set.next(now),
            Self::Alone(feeds) => feeds,
        };
        for (&key, alone) in feeds.iter_mut() {
            match alone.waits {
                Waits::ForReply => continue,
                Waits::Until(until) if until > now.moment => continue,
                _ => {}
            }
            let step = alone.feed.poll(now);
            alone.waits = match &step {
                Step::Send(..) | Step::File(..) => Waits::ForReply,
                Step::Sleep(until) => {
                    alone.waits = Waits::Until(*until);
                    continue;
                }
                Step::Event(_) => Waits::No,
                Step::Done(_) => {
                    feeds.remove(&key);
                    return Next::Step(key, step);
                }
            };
            return Next::Step(key, step);
        }
        let sleeping = feeds.values().filter_map(|alone| match alone.waits {
            Waits::Until(until) => Some(until),
            _ => None,
        });
        match sleeping.min() {
            Some(until) => Next::Sleep(until),
            None if feeds.is_empty() => Next::Empty,
            None => Next::Wait,
        }
    }

    pub(super) fn handle(&mut self, now: Now, key: usize, ticket: Ticket, reply: Reply, awaited: bool) {
        match self {
            Self::Set(set) => set.handle(now, &key, ticket, reply),
            Self::Alone(feeds) => {
                if let Some(alone) = feeds.get_mut(&key) {
                    alone.feed.handle(now, ticket, reply);
                    if awaited {
                        alone.waits = Waits::No;
                    }
                }
            }
        }
    }

    pub(super) fn stop(&mut self, now: Now, key: usize) {
        match self {
            Self::Set(set) => set.stop(now, &key),
            Self::Alone(feeds) => {
                if let Some(alone) = feeds.get_mut(&key) {
                    alone.feed.stop(now);
                    alone.waits = Waits::No;
                }
            }
        }
    }

    /// It was stopped before: nothing comes of it.
    pub(super) fn stop_again(&mut self, now: Now, key: usize) {
        match self {
            Self::Set(set) => set.stop(now, &key),
            Self::Alone(feeds) => feeds.get_mut(&key).into_iter().for_each(|alone| alone.feed.stop(now)),
        }
    }

    /// The replies that were awaited will not come: what was handed out is handed out again.
    pub(super) fn reissue(&mut self) {
        match self {
            Self::Set(set) => set.reissue(),
            Self::Alone(feeds) => {
                for alone in feeds.values_mut().filter(|alone| alone.waits == Waits::ForReply) {
                    alone.waits = Waits::No;
                }
            }
        }
    }
}
