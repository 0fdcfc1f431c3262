//! The last events, and their numbers.

use std::{
    collections::VecDeque,
    fmt,
    hash::{BuildHasher, RandomState},
    str::FromStr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use serde_json::{Value, json};
use tokio::sync::watch;

use super::scan::Seen;
use crate::server::Shared;

/// The number of events that are kept for readers that connect again.
const MAX_EVENTS: usize = 10_000;

/// The number of events that are sent at once.
const MAX_CHUNK: usize = 100;

/// The time without readers after which nothing is watched any more.
const IDLE: Duration = Duration::from_secs(60);

/// A position in the events: the id of the last one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) boot: String,
    pub(crate) seq: u64,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.boot, self.seq)
    }
}

impl FromStr for Position {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (boot, seq) = text.split_once('.').ok_or(())?;
        Ok(Self { boot: boot.to_owned(), seq: seq.parse().map_err(drop)? })
    }
}

/// The events since the sandbox has been watched.
#[derive(Debug)]
pub(crate) struct Hub {
    state: Mutex<State>,
    /// Held while the sandbox is compared with what was seen, so that events are in order.
    seen: Mutex<Option<Seen>>,
    news: watch::Sender<()>,
    /// A number of this run, because a world that is kept has the same epoch in each.
    run: u64,
}

#[derive(Debug)]
struct State {
    /// Identifies the run and the epoch of the world.
    boot: String,
    /// The number of the last event.
    last: u64,
    /// The last events, serialised, up to `last`.
    events: VecDeque<Bytes>,
    readers: usize,
    /// The time at which the last reader left, in real time.
    left_at: Instant,
}

/// The next events of a reader.
#[derive(Debug)]
pub(super) enum Next {
    Events(Vec<Bytes>, Position),
    /// The reader cannot continue from its position.
    Lost(Position),
}

impl Hub {
    pub(crate) fn new() -> Self {
        let state =
            State { boot: String::new(), last: 0, events: VecDeque::new(), readers: 0, left_at: Instant::now() };
        let run = RandomState::new().hash_one("run");
        Self { state: Mutex::new(state), seen: Mutex::default(), news: watch::Sender::new(()), run }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Compares the sandbox with what was seen, adds the differences as events, and returns the position after them.
    pub(crate) fn scan(&self, shared: &Shared) -> Position {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        self.update(&mut seen, shared);
        self.position()
    }

    /// Same as [`scan`](Self::scan), but only if somebody watches.
    pub(super) fn scan_if_watched(&self, shared: &Shared) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.is_none() {
            return;
        }
        let mut state = self.state();
        if state.readers == 0 && state.left_at.elapsed() > IDLE {
            // What happens now is not seen, so that no earlier position can be continued.
            state.last += 1;
            state.events.clear();
            *seen = None;
            return;
        }
        drop(state);
        self.update(&mut seen, shared);
    }

    fn update(&self, seen: &mut Option<Seen>, shared: &Shared) {
        let epoch = shared.world(|world, _| world.cursors.epoch());
        let boot = format!("{:016x}", epoch ^ self.run);
        match seen {
            Some(seen) if self.state().boot == boot => self.push(seen.update(shared)),
            _ => {
                *seen = Some(Seen::now(shared));
                let mut state = self.state();
                if state.boot != boot {
                    // Another world: no earlier position can be continued.
                    (state.boot, state.last) = (boot, 0);
                    state.events.clear();
                    drop(state);
                    self.news.send_replace(());
                }
            }
        }
    }

    fn push(&self, events: Vec<(&'static str, Value)>) {
        if events.is_empty() {
            return;
        }
        let mut state = self.state();
        for (name, data) in events {
            state.last += 1;
            let event = serialise(name, &state.position(), &data);
            if state.events.len() == MAX_EVENTS {
                state.events.pop_front();
            }
            state.events.push_back(event);
        }
        drop(state);
        self.news.send_replace(());
    }

    /// The position after the last event.
    pub(crate) fn position(&self) -> Position {
        self.state().position()
    }

    /// The next events after a position.
    pub(super) fn next(&self, after: &Position) -> Next {
        let state = self.state();
        let missed = state.last.checked_sub(after.seq).filter(|_| after.boot == state.boot);
        let kept = u64::try_from(state.events.len()).unwrap_or(u64::MAX);
        match missed {
            Some(missed) if missed <= kept => {
                let from = state.events.len() - usize::try_from(missed).unwrap_or(0);
                let events: Vec<_> = state.events.range(from..).take(MAX_CHUNK).cloned().collect();
                let seq = after.seq + u64::try_from(events.len()).unwrap_or(0);
                Next::Events(events, Position { seq, ..state.position() })
            }
            _ => Next::Lost(state.position()),
        }
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.news.subscribe()
    }

    /// The number of open streams.
    pub(crate) fn readers(&self) -> usize {
        self.state().readers
    }

    /// Counts a reader, or the end of one.
    pub(super) fn count_reader(&self, is_there: bool) {
        let mut state = self.state();
        state.readers = if is_there { state.readers + 1 } else { state.readers.saturating_sub(1) };
        state.left_at = Instant::now();
    }
}

impl State {
    fn position(&self) -> Position {
        Position { boot: self.boot.clone(), seq: self.last }
    }
}

/// Serialises an event of a stream. JSON in one line contains no line break.
pub(super) fn serialise(name: &str, id: &Position, data: &Value) -> Bytes {
    format!("id: {id}\nevent: {name}\ndata: {data}\n\n").into()
}

/// The first event of each stream.
pub(super) fn hello(position: &Position) -> Bytes {
    serialise("hello", position, &json!({ "boot": position.boot, "seq": position.seq }))
}
