use alloc::collections::{BTreeMap, VecDeque};
use core::{fmt, mem};

use super::{Checkpoint, FeedEvent, InChat};
use crate::model::ThreadId;

/// Number of events taken from the feed per handler, and its minimum.
const LOOK_AHEAD: usize = 4;
const MIN_LOOK_AHEAD: usize = 64;

/// Decides which events of a feed are handled at the same time, and which checkpoint can be saved. It is pure: an
/// executor passes it events, runs the handlers, and reports their ends.
///
/// ```text
///  push ──▶ waiting ──start──▶ running ──finish──▶ finished, and behind it only finished ones ──▶ take_checkpoint
///            ▲                    ├──────fail────▶ nothing else is started, and no checkpoint passes it
///            └───────retry────────┴────postpone──▶ its chat waits for it
/// ```
///
/// - Events of the same chat are handled one after the other, in the order of the feed; those of different chats at the
///   same time, up to a limit. Events without a known chat, such as [`Undecoded`](FeedEvent::Undecoded) and
///   [`Retrying`](FeedEvent::Retrying), count as those of one more chat.
/// - [`Started`](FeedEvent::Started) and [`Gap`](FeedEvent::Gap) concern all chats: they are handled after everything
///   before them and before everything after them.
/// - A checkpoint is returned once its event and all events before it are handled. So after a crash, a feed that
///   resumes there delivers every event that was not handled, and may deliver others again.
/// - Beyond the last event up to which all is handled, at most four times the limit are taken from the feed, or 64 if
///   that is more. This bounds the memory, and the number of events that are delivered again after a crash. If one
///   handler takes very long, all others wait for it then.
///
/// ```
/// use teamwire_core::{FeedEvent, Message, feed::Tracker};
///
/// fn turn(tracker: &mut Tracker<Message>, next: &mut dyn FnMut() -> Option<FeedEvent<Message>>) {
///     while tracker.wants_more() && let Some(event) = next() {
///         tracker.push(event);
///     }
///     while let Some((handling, event)) = tracker.start() {
///         // An executor handles it meanwhile.
///         match event.into_item() {
///             Some(message) if message.deleted => tracker.fail(handling),
///             _ => tracker.finish(handling),
///         }
///     }
///     if let Some(checkpoint) = tracker.take_checkpoint() {
///         println!("to be saved: {checkpoint:?}");
///     }
/// }
/// # turn(&mut Tracker::new(8), &mut || None);
/// ```
pub struct Tracker<T> {
    limit: usize,
    /// Events that are not passed yet, in the order of the feed.
    entries: VecDeque<Entry<T>>,
    /// Number of events that are passed: all of them are handled, and all before them.
    passed: u64,
    /// Chats with an event that is ready or running, and their later events. Chatless events have one together.
    lanes: BTreeMap<Option<ThreadId>, VecDeque<u64>>,
    /// The first event that waits for all before it and makes all after it wait. Those are in no lane yet.
    barrier: Option<u64>,
    /// Events that can be started.
    ready: VecDeque<u64>,
    running: usize,
    has_failed: bool,
    /// Checkpoint of the last passed event that has one.
    checkpoint: Option<Checkpoint>,
    /// Set if that checkpoint has not been taken yet.
    is_new: bool,
}

struct Entry<T> {
    lane: Option<ThreadId>,
    is_barrier: bool,
    checkpoint: Option<Checkpoint>,
    state: State<T>,
}

enum State<T> {
    Waiting(FeedEvent<T>),
    Running,
    Finished,
    /// It could not be handled, or was waiting then.
    Failed,
}

/// An event that is being handled, by its number.
#[derive(Debug)]
#[must_use = "no checkpoint passes the event until it is finished"]
pub struct Handling(u64);

impl Handling {
    /// Returns the number of the event since the tracker was created.
    pub(crate) const fn number(&self) -> u64 {
        self.0
    }
}

/// An event that is to be handled again, by its number.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
#[must_use = "its chat waits until it is retried"]
pub struct Postponed(u64);

impl<T: InChat> Tracker<T> {
    /// Creates a tracker that starts at most `limit` events at the same time, and at least one.
    pub const fn new(limit: usize) -> Self {
        Self {
            limit: if limit == 0 { 1 } else { limit },
            entries: VecDeque::new(),
            passed: 0,
            lanes: BTreeMap::new(),
            barrier: None,
            ready: VecDeque::new(),
            running: 0,
            has_failed: false,
            checkpoint: None,
            is_new: false,
        }
    }

    /// Returns `true` if the next event can be taken from the feed.
    pub fn wants_more(&self) -> bool {
        !self.has_failed && self.entries.len() < self.limit.saturating_mul(LOOK_AHEAD).max(MIN_LOOK_AHEAD)
    }

    /// Adds the next event of the feed. After a failure it is dropped: a feed that resumes delivers it again.
    pub fn push(&mut self, event: FeedEvent<T>) {
        if self.has_failed {
            return;
        }
        let number = self.passed + self.entries.len() as u64;
        self.entries.push_back(Entry {
            lane: event.item().map(|item| item.tid().clone()),
            is_barrier: matches!(event, FeedEvent::Started(_) | FeedEvent::Gap(_)),
            checkpoint: event.checkpoint().cloned(),
            state: State::Waiting(event),
        });
        if self.barrier.is_none() {
            self.enqueue(number);
        }
    }

    /// Returns the next event to handle; `None` if there is none, or enough are being handled.
    pub fn start(&mut self) -> Option<(Handling, FeedEvent<T>)> {
        if self.running >= self.limit {
            return None;
        }
        let number = self.ready.pop_front()?;
        match mem::replace(&mut self.entry(number)?.state, State::Running) {
            State::Waiting(event) => {
                self.running += 1;
                Some((Handling(number), event))
            }
            // Only waiting events are ready.
            State::Running | State::Finished | State::Failed => None,
        }
    }

    /// Records that an event has been handled.
    pub fn finish(&mut self, handling: Handling) {
        let Handling(number) = handling;
        let Some(entry) = self.entry(number).filter(|entry| matches!(entry.state, State::Running)) else { return };
        entry.state = State::Finished;
        let lane = entry.lane.take();
        self.running -= 1;
        self.pass();
        if self.has_failed {
            return;
        }
        if self.barrier == Some(number) {
            self.barrier = None;
            for number in number + 1..self.passed + self.entries.len() as u64 {
                if self.barrier.is_none() {
                    self.enqueue(number);
                }
            }
        } else if let Some(next) = self.lanes.get_mut(&lane).and_then(VecDeque::pop_front) {
            self.ready.push_back(next);
        } else {
            self.lanes.remove(&lane);
        }
        self.release_barrier();
    }

    /// Records that an event could not be handled. No other event is started, and no checkpoint passes it; those that
    /// are being handled can still be finished.
    pub fn fail(&mut self, handling: Handling) {
        let Handling(number) = handling;
        let Some(entry) = self.entry(number).filter(|entry| matches!(entry.state, State::Running)) else { return };
        entry.state = State::Failed;
        self.running -= 1;
        self.has_failed = true;
        (self.ready, self.lanes) = (VecDeque::new(), BTreeMap::new());
        for entry in &mut self.entries {
            if matches!(entry.state, State::Waiting(_)) {
                entry.state = State::Failed;
            }
        }
    }

    /// Puts an event back that could not be handled. The later events of its chat wait; others are handled, as far as
    /// the look-ahead permits. [`retry`](Self::retry) makes it ready again, unless another event has
    /// [failed](Self::fail).
    pub fn postpone(&mut self, handling: Handling, event: FeedEvent<T>) -> Postponed {
        let (Handling(number), has_failed) = (handling, self.has_failed);
        if let Some(entry) = self.entry(number).filter(|entry| matches!(entry.state, State::Running)) {
            entry.state = if has_failed { State::Failed } else { State::Waiting(event) };
            self.running -= 1;
        }
        Postponed(number)
    }

    /// Makes a postponed event ready.
    pub fn retry(&mut self, postponed: Postponed) {
        let Postponed(number) = postponed;
        let is_waiting = self.entry(number).is_some_and(|entry| matches!(entry.state, State::Waiting(_)));
        if is_waiting && !self.ready.contains(&number) {
            self.ready.push_back(number);
        }
    }

    /// Returns the number of the first event that is not handled.
    pub(crate) const fn passed(&self) -> u64 {
        self.passed
    }

    /// Returns the newest checkpoint up to which all is handled; `None` if it was returned before. Save it: it replaces
    /// all earlier ones.
    pub fn take_checkpoint(&mut self) -> Option<Checkpoint> {
        mem::take(&mut self.is_new).then(|| self.checkpoint.clone()).flatten()
    }

    /// Returns `true` if nothing is being handled and nothing can be started. If the feed has ended, all is done.
    pub fn is_idle(&self) -> bool {
        self.running == 0 && self.ready.is_empty()
    }

    fn entry(&mut self, number: u64) -> Option<&mut Entry<T>> {
        let index = usize::try_from(number.checked_sub(self.passed)?).ok()?;
        self.entries.get_mut(index)
    }

    /// Adds an event to its lane, or makes it the barrier.
    fn enqueue(&mut self, number: u64) {
        let Some(entry) = self.entry(number) else { return };
        if entry.is_barrier {
            self.barrier = Some(number);
            return self.release_barrier();
        }
        let lane = entry.lane.clone();
        if let Some(later) = self.lanes.get_mut(&lane) {
            later.push_back(number);
        } else {
            self.lanes.insert(lane, VecDeque::new());
            self.ready.push_back(number);
        }
    }

    /// Makes the barrier ready once all events before it are handled.
    fn release_barrier(&mut self) {
        let is_waiting = |entry: &Entry<T>| matches!(entry.state, State::Waiting(_));
        if self.barrier == Some(self.passed) && self.ready.is_empty() && self.entries.front().is_some_and(is_waiting) {
            self.ready.push_back(self.passed);
        }
    }

    /// Passes the events up to which all is handled.
    fn pass(&mut self) {
        while let Some(Entry { state: State::Finished, .. }) = self.entries.front() {
            self.passed += 1;
            let checkpoint = self.entries.pop_front().and_then(|entry| entry.checkpoint);
            if checkpoint.is_some() && checkpoint != self.checkpoint {
                (self.checkpoint, self.is_new) = (checkpoint, true);
            }
        }
    }
}

impl<T> fmt::Debug for Tracker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracker")
            .field("limit", &self.limit)
            .field("events", &self.entries.len())
            .field("running", &self.running)
            .field("has_failed", &self.has_failed)
            .finish_non_exhaustive()
    }
}
