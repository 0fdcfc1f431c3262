//! The events of a run, in the order of their times.

use std::{collections::BTreeMap, time::Duration};

use crate::protocol::InterpretedReply;

/// A scheduled event.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request arrives at the server.
    RequestArrives(usize),
    /// A reply arrives at the client.
    ReplyArrives(usize, Box<InterpretedReply>),
    /// An exchange times out.
    TimesOut(usize),
    /// The process polls its machines.
    PollProcess,
    /// A random action of a person or of the bot, or a disruption.
    RandomAction,
    /// The server is reachable again.
    OutageEnds,
    /// The bot's key is valid again.
    KeyRestored,
    /// The bot is added to a chat again.
    BotReadded(&'static str),
    /// The fault phase ends.
    FaultsEnd,
    /// The next process starts.
    ProcessStarts,
}

/// Scheduled events. Those of the same time come in the order in which they were added.
#[derive(Debug, Default)]
pub(super) struct EventQueue {
    events: BTreeMap<(Duration, u64), Event>,
    next_sequence: u64,
    /// The time of the next scheduled poll of the process.
    process_poll: Option<Duration>,
}

impl EventQueue {
    pub(super) fn push(&mut self, time: Duration, event: Event) {
        self.next_sequence += 1;
        self.events.insert((time, self.next_sequence), event);
    }

    /// Adds a poll of the process, unless an earlier one is still to come.
    pub(super) fn push_process_poll(&mut self, time: Duration, now: Duration) {
        if self.process_poll.is_none_or(|scheduled| scheduled > time || scheduled <= now) {
            self.process_poll = Some(time);
            self.push(time, Event::PollProcess);
        }
    }

    pub(super) const fn forget_process_poll(&mut self) {
        self.process_poll = None;
    }

    pub(super) fn next_time(&self) -> Option<Duration> {
        self.events.first_key_value().map(|((time, _), _)| *time)
    }

    pub(super) fn pop(&mut self) -> Option<(Duration, Event)> {
        let ((time, _), event) = self.events.pop_first()?;
        if matches!(event, Event::PollProcess) && self.process_poll == Some(time) {
            self.process_poll = None;
        }
        Some((time, event))
    }
}
