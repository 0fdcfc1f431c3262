//! Properties of the tracker of concurrent handlers.

use std::collections::BTreeMap;

use proptest::prelude::*;
use teamwire_core::{
    Checkpoint, Client, FeedEvent, Message, Script, User,
    feed::{Handling, Tracker},
    model::Undecoded,
    script::v1::{expect, respond},
};

/// A checkpoint whose cursor is this number.
fn checkpoint(number: usize) -> Checkpoint {
    let json = format!(r#"{{ "version": 1, "feed": "all_messages", "cursor": "{number}" }}"#);
    serde_json::from_str(&json).expect("it is a checkpoint")
}

fn number(checkpoint: &Checkpoint) -> usize {
    let json = serde_json::to_value(checkpoint).expect("it is JSON");
    json["cursor"].as_str().and_then(|cursor| cursor.parse().ok()).expect("its cursor is a number")
}

fn message(number: usize, chat: u8) -> Message {
    let anna = User::new("u-anna", "Anna", "Berg");
    Message::new(format!("m{number}"), format!("c{chat}"), anna, chrono::DateTime::UNIX_EPOCH)
}

/// An event of a feed.
#[derive(Clone, Copy, Debug)]
enum Kind {
    Message(u8),
    Undecoded,
    Gap,
    Heartbeat,
}

impl Kind {
    fn event(self, number: usize) -> FeedEvent<Message> {
        let checkpoint = checkpoint(number);
        match self {
            Self::Message(chat) => FeedEvent::Update { item: message(number, chat), checkpoint },
            Self::Undecoded => FeedEvent::Undecoded { item: Undecoded::new("{}", "unknown kind"), checkpoint },
            Self::Gap => FeedEvent::Gap(checkpoint),
            Self::Heartbeat => FeedEvent::Heartbeat(checkpoint),
        }
    }

    /// Returns `true` if the two must not be handled at the same time.
    fn excludes(self, other: Self) -> bool {
        match (self, other) {
            (Self::Gap, _) | (_, Self::Gap) => true,
            (Self::Message(one), Self::Message(other)) => one == other,
            (Self::Message(_), _) | (_, Self::Message(_)) => false,
            _ => true,
        }
    }
}

fn kinds() -> impl Strategy<Value = Vec<Kind>> {
    let kind = prop_oneof![
        12 => (0..5_u8).prop_map(Kind::Message),
        2 => Just(Kind::Undecoded),
        1 => Just(Kind::Gap),
        1 => Just(Kind::Heartbeat),
    ];
    proptest::collection::vec(kind, 1..150)
}

/// An action of an executor.
#[derive(Clone, Copy, Debug)]
enum Action {
    Push,
    Start,
    /// Ends the handler at this place among those that run.
    Finish(usize),
    Save,
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let action = prop_oneof![
        4 => Just(Action::Push),
        4 => Just(Action::Start),
        3 => any::<usize>().prop_map(Action::Finish),
        1 => Just(Action::Save),
    ];
    proptest::collection::vec(action, 0..600)
}

/// An executor that checks every step of the tracker.
struct Executor {
    tracker: Tracker<Message>,
    kinds: Vec<Kind>,
    limit: usize,
    pushed: usize,
    running: BTreeMap<usize, Handling>,
    finished: Vec<bool>,
    failed: Option<usize>,
    saved: Option<usize>,
}

impl Executor {
    fn new(kinds: Vec<Kind>, limit: usize) -> Self {
        let finished = vec![false; kinds.len()];
        let (running, tracker) = (BTreeMap::new(), Tracker::new(limit));
        Self { tracker, kinds, limit: limit.max(1), pushed: 0, running, finished, failed: None, saved: None }
    }

    /// Number of events up to which all is handled.
    fn handled(&self) -> usize {
        self.finished.iter().take_while(|finished| **finished).count()
    }

    fn push(&mut self) {
        if self.pushed == self.kinds.len() || !self.tracker.wants_more() {
            return;
        }
        self.tracker.push(self.kinds[self.pushed].event(self.pushed));
        self.pushed += 1;
        assert!(self.pushed - self.handled() <= (4 * self.limit).max(64), "the look-ahead is bounded");
    }

    fn start(&mut self) -> bool {
        let Some((handling, event)) = self.tracker.start() else { return false };
        let number = number(event.checkpoint().expect("each of them has one"));
        assert!(self.failed.is_none(), "nothing is started after a failure");
        assert!(!self.finished[number] && !self.running.contains_key(&number), "it is started once");
        for before in (0..number).filter(|before| self.kinds[*before].excludes(self.kinds[number])) {
            assert!(self.finished[before], "{before} comes before {number}");
        }
        assert!(self.running.insert(number, handling).is_none());
        assert!(self.running.len() <= self.limit, "at most {} are handled at once", self.limit);
        true
    }

    fn take_running(&mut self, at: usize) -> Option<(usize, Handling)> {
        let number = *self.running.keys().nth(at % self.running.len().max(1))?;
        self.running.remove_entry(&number)
    }

    fn finish(&mut self, at: usize) {
        if let Some((number, handling)) = self.take_running(at) {
            self.tracker.finish(handling);
            self.finished[number] = true;
        }
    }

    fn save(&mut self) {
        let handled = self.handled();
        match self.tracker.take_checkpoint() {
            Some(checkpoint) => {
                let number = number(&checkpoint);
                assert_eq!(number + 1, handled, "it is the newest one behind which all is handled");
                assert!(self.saved < Some(number), "it is newer than the last one");
                self.saved = Some(number);
            }
            None => assert_eq!(self.saved.map_or(0, |saved| saved + 1), handled, "the newest one was returned before"),
        }
    }

    fn perform(&mut self, actions: &[Action]) {
        for action in actions {
            match *action {
                Action::Push => self.push(),
                Action::Start => {
                    self.start();
                }
                Action::Finish(at) => self.finish(at),
                Action::Save => self.save(),
            }
        }
    }

    /// Performs what is left.
    fn end(&mut self) {
        while self.pushed < self.kinds.len() || !self.tracker.is_idle() {
            let before = (self.pushed, self.finished.iter().filter(|it| **it).count());
            self.push();
            while self.start() {}
            self.finish(0);
            let after = (self.pushed, self.finished.iter().filter(|it| **it).count());
            if self.failed.is_some() && before == after {
                break;
            }
            assert_ne!(before, after, "the tracker makes progress");
        }
        self.save();
    }
}

proptest! {
    #![proptest_config(teamwire_tests::cases(100))]

    #[test]
    fn events_are_handled_once_in_order_per_chat(
        kinds in kinds(), limit in 0..12_usize, actions in actions(),
    ) {
        let mut executor = Executor::new(kinds, limit);
        executor.perform(&actions);
        executor.end();
        prop_assert!(executor.finished.iter().all(|finished| *finished));
        prop_assert_eq!(executor.saved, Some(executor.kinds.len() - 1));
    }

    #[test]
    fn no_checkpoint_passes_a_failed_event(
        kinds in kinds(), limit in 1..12_usize, actions in actions(), which in any::<usize>(), after in actions(),
    ) {
        let mut executor = Executor::new(kinds, limit);
        executor.perform(&actions);
        while executor.running.is_empty() && executor.handled() < executor.kinds.len() {
            executor.push();
            executor.start();
        }
        if let Some((number, handling)) = executor.take_running(which) {
            executor.tracker.fail(handling);
            executor.failed = Some(number);
            prop_assert!(!executor.tracker.wants_more());
            executor.perform(&after);
            executor.end();
            prop_assert!(executor.running.is_empty() && executor.tracker.is_idle());
            prop_assert!(executor.saved < Some(number));
        }
    }
}

#[test]
fn checkpoints_coalesce() {
    let mut executor = Executor::new(vec![Kind::Message(0); 3], 1);
    while executor.handled() < 3 {
        executor.push();
        executor.start();
        executor.finish(0);
    }
    executor.save();
    assert_eq!((executor.saved, executor.tracker.take_checkpoint()), (Some(2), None));
    // Events of one batch may have the same checkpoint.
    executor.tracker.push(Kind::Message(0).event(2));
    let (handling, _) = executor.tracker.start().expect("it can be started");
    executor.tracker.finish(handling);
    assert_eq!(executor.tracker.take_checkpoint(), None);
}

#[test]
fn events_without_a_checkpoint_are_handled_and_keep_the_last_one() {
    let mut tracker: Tracker<Message> = Tracker::new(4);
    tracker.push(Kind::Message(0).event(7));
    let script = Script::new().always(expect::message_updates("c1"), respond::unavailable(1));
    let retrying = Client::new(script).chats().chat("c1").new_messages(None).next();
    tracker.push(retrying.expect("it retries").expect("it does not end"));
    for _ in 0..2 {
        let (handling, _) = tracker.start().expect("both can be started");
        tracker.finish(handling);
    }
    assert_eq!(tracker.take_checkpoint().as_ref().map(number), Some(7));
}

#[test]
fn postponed_event_is_not_started_after_a_failure() {
    let mut tracker: Tracker<Message> = Tracker::new(2);
    for chat in 0..2 {
        tracker.push(Kind::Message(chat).event(chat.into()));
    }
    let (first, _) = tracker.start().expect("it can be started");
    let (second, event) = tracker.start().expect("it is of another chat");
    tracker.fail(first);
    let postponed = tracker.postpone(second, event);
    tracker.retry(postponed);
    assert!(tracker.is_idle() && tracker.start().is_none());
}
