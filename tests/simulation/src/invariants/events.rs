//! The events of a feed: they are delivered in order, once, and after the replies that they come from.

use teamwire_core::{Checkpoint, FeedEvent, effect::Now, feed::Retrying};

use super::{Expected, FeedInvariants};
use crate::{
    oracle::{Item, Oracle},
    violation::{SIMULATOR, Violation, violation},
};

impl FeedInvariants {
    /// Checks an event. Returns its checkpoint with the position that it stands for, if it has one.
    pub(crate) fn on_event(
        &mut self,
        now: Now,
        event: FeedEvent<Item>,
        oracle: &Oracle,
    ) -> Result<Option<(Checkpoint, usize)>, Violation> {
        let checkpoint = self.check_event(now, event, oracle)?;
        if let Some((checkpoint, position)) = &checkpoint {
            self.checkpoints.on_delivered(now, checkpoint, *position);
        }
        Ok(checkpoint)
    }

    fn check_event(
        &mut self,
        now: Now,
        event: FeedEvent<Item>,
        oracle: &Oracle,
    ) -> Result<Option<(Checkpoint, usize)>, Violation> {
        match event {
            FeedEvent::Started(checkpoint) => self.on_start(false).map(|position| Some((checkpoint, position))),
            FeedEvent::Gap(checkpoint) => self.on_start(true).map(|position| Some((checkpoint, position))),
            FeedEvent::Update { item, checkpoint } => self.on_item(oracle, &item, checkpoint).map(Some),
            FeedEvent::Undecoded { item, checkpoint } => {
                self.on_item(oracle, &Item::Undecoded(item.json), checkpoint).map(Some)
            }
            FeedEvent::Heartbeat(checkpoint) => {
                self.check_delivered(oracle, self.received)?;
                if self.expected != Expected::Nothing || !self.checkpoints.allows_heartbeat(now) {
                    return violation("a feed reports a heartbeat only after an idle interval", || {
                        format!("{:?}", self.topic)
                    });
                }
                Ok(Some((checkpoint, self.received)))
            }
            FeedEvent::Retrying(notice) => self.on_retry_notice(now, &notice).map(|()| None),
            _ => violation(SIMULATOR, || "a feed delivered an event of an unknown kind".into()),
        }
    }

    fn on_start(&mut self, is_gap: bool) -> Result<usize, Violation> {
        let Expected::Start(position) = self.expected else {
            return violation("a feed starts, or reports a gap, only after such a reply", || {
                format!("{:?}: expected {:?}", self.topic, self.expected)
            });
        };
        if is_gap != self.has_started {
            return violation("a start is the first event, and a gap is not", || format!("{:?}", self.topic));
        }
        self.expected = Expected::Nothing;
        self.has_started = true;
        self.checkpoints.on_start();
        (self.position, self.received) = (position, position);
        Ok(position)
    }

    fn on_item(
        &mut self,
        oracle: &Oracle,
        item: &Item,
        checkpoint: Checkpoint,
    ) -> Result<(Checkpoint, usize), Violation> {
        if matches!(self.expected, Expected::Start(_)) || !self.server.has_cursor {
            return violation("a gap is reported before the items after it", || format!("{:?}: {item:?}", self.topic));
        }
        self.position = oracle.position_after(self.topic, self.hides_deleted, self.position, self.received, item)?;
        let position = self.checkpoints.position_of(&checkpoint, self.position);
        Ok((checkpoint, position))
    }

    fn on_retry_notice(&mut self, now: Now, notice: &Retrying) -> Result<(), Violation> {
        let requested = match self.expected {
            Expected::RetryNotice(requested) => requested,
            Expected::Request => None,
            _ => {
                return violation("a retry is reported only after a failure", || {
                    format!("{:?}: {notice:?}", self.topic)
                });
            }
        };
        self.expected = Expected::Nothing;
        self.retries.on_notice(now, requested, notice)
    }
}
