use std::{collections::BTreeSet, ops::ControlFlow};

use proptest::prelude::*;
use teamwire_core::{
    AlertType, Message, User,
    chrono::{DateTime, TimeDelta},
    effect::{TransportError, TransportErrorKind},
};

use super::*;

const MESSAGES: usize = 4;

#[derive(Clone, Debug)]
enum Action {
    /// A message is posted, unless it has been.
    Post(usize),
    /// There was a reaction to a message that is not known.
    UnknownReaction,
    /// The feed has a gap.
    Gap,
    /// A message is due after this number of seconds.
    Due(usize, i64),
    /// A message is removed.
    Remove(usize),
    /// The next task is done, and fails if it can.
    Work {
        fails: bool,
    },
    Sleep(u64),
}

fn action() -> impl Strategy<Value = Action> {
    prop_oneof![
        3 => (0..MESSAGES).prop_map(Action::Post),
        2 => Just(Action::UnknownReaction),
        1 => Just(Action::Gap),
        2 => (0..MESSAGES, -5..50_i64).prop_map(|(index, seconds)| Action::Due(index, seconds)),
        1 => (0..MESSAGES).prop_map(Action::Remove),
        6 => any::<bool>().prop_map(|fails| Action::Work { fails }),
        2 => (0..40_u64).prop_map(Action::Sleep),
    ]
}

fn key(index: usize) -> String {
    format!("m{index}")
}

struct Bot {
    messages: OutboxMessages<()>,
    catch_up: CatchUp,
    now: Now,
    /// Those whose reactions are to be fetched, by the simplest rule.
    missed: BTreeSet<Serial>,
    suspects: BTreeSet<Serial>,
    /// Those whose last request has failed.
    failed: BTreeSet<Serial>,
}

impl Bot {
    fn new() -> Self {
        let mut messages = OutboxMessages { list: Vec::new(), checkpoint: None, is_changed: false };
        for index in 0..MESSAGES {
            assert!(messages.add(key(index), "c1", "hello"));
        }
        let now = Now::new(Moment::from_epoch(Duration::ZERO), DateTime::UNIX_EPOCH);
        let (missed, suspects, failed) = Default::default();
        Self { messages, catch_up: CatchUp::default(), now, missed, suspects, failed }
    }

    fn serial(&self, index: usize) -> Option<Serial> {
        Some(self.messages.list.iter().find(|message| message.key == key(index))?.serial)
    }

    fn posted(&self) -> BTreeSet<Serial> {
        let posted = self.messages.list.iter().filter(|message| !message.is_waiting());
        posted.map(|message| message.serial).collect()
    }

    fn is_due(&self, serial: Serial) -> bool {
        let message = self.messages.list.iter().find(|message| message.serial == serial);
        message.is_some_and(|message| message.due_at.is_some_and(|at| at <= self.now.utc))
    }

    fn sleep(&mut self, time: Duration) {
        let later = self.now.utc + TimeDelta::from_std(time).expect("it is short");
        self.now = Now::new(self.now.moment.saturating_add(time), later);
    }

    fn perform(&mut self, action: &Action) {
        match *action {
            Action::Post(index) => {
                let Some(serial) = self.serial(index).filter(|serial| !self.posted().contains(serial)) else { return };
                let mut message = Message::new(key(index), "c1", User::new("bot", "Bot", ""), self.now.utc);
                message.alert_type = Some(AlertType::Alert);
                assert!(self.messages.posted(serial, &message).is_some());
                if self.suspects.remove(&serial) {
                    self.missed.insert(serial);
                }
            }
            Action::UnknownReaction => {
                let waiting: Vec<_> = self.messages.all_waiting().collect();
                self.suspects.extend(&waiting);
                self.catch_up.suspect(waiting);
            }
            Action::Gap => {
                self.missed.extend(self.posted());
                self.suspects.extend(self.messages.all_waiting());
                self.catch_up.restart(&self.messages);
            }
            Action::Due(index, seconds) => {
                self.messages.set_due(&key(index), self.now.utc + TimeDelta::seconds(seconds));
            }
            Action::Remove(index) => {
                if let Some(serial) = self.serial(index) {
                    self.messages.remove(&key(index));
                    for set in [&mut self.missed, &mut self.suspects, &mut self.failed] {
                        set.remove(&serial);
                    }
                }
            }
            Action::Work { fails } => _ = self.work(fails),
            Action::Sleep(seconds) => self.sleep(Duration::from_secs(seconds)),
        }
    }

    /// Does the next task, unless that is a wait, whose time it returns.
    fn work(&mut self, fails: bool) -> ControlFlow<Option<Duration>> {
        // Their reactions are fetched also if they are due later after all.
        let due: Vec<_> = self.posted().into_iter().filter(|serial| self.is_due(*serial)).collect();
        self.missed.extend(due);
        match self.catch_up.next(&self.messages, self.now) {
            Task::Wait(time) => return ControlFlow::Break(time),
            Task::Due(serial) => panic!("{serial:?} accepts reactions"),
            Task::Fetch(serial) => {
                assert!(self.posted().contains(&serial));
                assert!(self.missed.contains(&serial), "there is no reason to ask");
                let untried = self.missed.difference(&self.failed).count();
                assert!(untried == 0 || !self.failed.contains(&serial), "one that has failed is behind the others");
                if fails {
                    let error = TransportError::new(TransportErrorKind::Disconnected, "the cable").into();
                    self.catch_up.failed(serial, self.now.moment, &error);
                    self.failed.insert(serial);
                } else {
                    self.catch_up.fetched(serial);
                    self.messages.take_due(serial, self.now.utc);
                    self.missed.remove(&serial);
                    self.failed.remove(&serial);
                }
            }
        }
        ControlFlow::Continue(())
    }
}

proptest! {
    #[test]
    fn reactions_are_fetched_if_and_only_if_they_may_be_missed(actions in prop::collection::vec(action(), 0..60)) {
        let mut bot = Bot::new();
        for action in &actions {
            bot.perform(action);
        }
        // The server works again. Each wait leads to a task.
        for _ in 0..4 * MESSAGES {
            while let ControlFlow::Break(wait) = bot.work(false) {
                let Some(wait) = wait else {
                    prop_assert!(bot.missed.is_empty(), "{:?}", bot.missed);
                    prop_assert!(bot.posted().into_iter().all(|serial| !bot.is_due(serial)));
                    return Ok(());
                };
                prop_assert!(wait > Duration::ZERO && wait <= Duration::from_secs(60), "{wait:?}");
                bot.sleep(wait);
            }
        }
        prop_assert!(false, "it never ends");
    }
}
