//! A feed on a thread of its own.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{Client, Error, FeedEvent};
use teamwire_sandbox::{Sandbox, org};
use teamwire_tests::{
    FeedProbe,
    harness::{Harness, Stop},
};

use crate::{outcome::Outcome, tally::Tally};

/// Longest time for a feed to begin, and to end once it is stopped.
const MOMENT: Duration = Duration::from_secs(15);
/// The text after which nothing more is to be delivered.
const LAST: &str = "the last message";

type Event = Result<FeedEvent<String>, Error>;

/// The messages of the lobby, as a bot follows them.
pub(crate) struct Following {
    events: Receiver<(Instant, Event)>,
    stop: Receiver<Option<Stop>>,
    delivered: Delivered,
}

/// Everything that a feed delivered.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) texts: Vec<(String, Instant)>,
    /// Failed attempts that the feed reported.
    pub(crate) failed_attempts: usize,
    /// The error that ended it.
    pub(crate) error: Option<Error>,
    missed: usize,
    unread: usize,
}

impl Following {
    /// Begins to follow.
    pub(crate) fn start<H: Harness>(client: &Client<H::X>) -> Self {
        let (send, events) = mpsc::channel();
        let (lend, stop) = mpsc::channel();
        let chat = client.chats().chat(org::LOBBY);
        thread::spawn(move || {
            let mut feed = FeedProbe::<H>::new(chat.new_messages(None), |message| message.text.unwrap_or_default());
            if lend.send(feed.stopper()).is_err() {
                return;
            }
            while let Some(event) = feed.event() {
                if send.send((Instant::now(), event)).is_err() {
                    return;
                }
            }
        });
        Self { events, stop, delivered: Delivered::default() }
    }

    /// Takes events until one makes `is_enough` true. Returns false if that does not happen within this time.
    fn take(&mut self, patience: Duration, is_enough: impl Fn(&Event) -> bool) -> bool {
        let begun = Instant::now();
        loop {
            let left = patience.saturating_sub(begun.elapsed());
            let Ok((at, event)) = self.events.recv_timeout(left) else { return false };
            let enough = is_enough(&event);
            self.delivered.add(at, event);
            if enough {
                return true;
            }
        }
    }

    /// Waits until it begins.
    pub(crate) fn begins(&mut self) -> bool {
        self.take(MOMENT, |event| matches!(event, Ok(FeedEvent::Started(_))))
    }

    /// Waits for this message.
    fn delivers(&mut self, text: &str, patience: Duration) -> bool {
        self.take(patience, |event| matches!(event, Ok(FeedEvent::Update { item, .. }) if item == text))
    }

    /// Waits until it ends by itself, by an error. Returns false if it does not within this time.
    pub(crate) fn ends(&mut self, patience: Duration) -> bool {
        self.take(patience, Result::is_err)
    }

    /// Stops it. The second value is false if it does not end.
    pub(crate) fn stop(mut self) -> (Delivered, bool) {
        if let Ok(Some(stop)) = self.stop.recv_timeout(MOMENT) {
            stop();
        }
        let begun = Instant::now();
        let has_ended = loop {
            match self.events.recv_timeout(MOMENT.saturating_sub(begun.elapsed())) {
                Ok((at, event)) => self.delivered.add(at, event),
                Err(error) => break error == RecvTimeoutError::Disconnected,
            }
        };
        (self.delivered, has_ended)
    }
}

impl Delivered {
    fn add(&mut self, at: Instant, event: Event) {
        match event {
            Ok(FeedEvent::Update { item, .. }) => self.texts.push((item, at)),
            Ok(FeedEvent::Trouble(_)) => self.failed_attempts += 1,
            Ok(FeedEvent::Missed(_)) => self.missed += 1,
            Ok(FeedEvent::Unread { .. }) => self.unread += 1,
            Ok(_) => {}
            Err(error) => self.error = Some(error),
        }
    }
}

/// Follows the lobby while `work` is done, and compares what was delivered with what the sandbox has.
pub(crate) fn while_following<H: Harness>(
    client: &Client<H::X>,
    sandbox: &Sandbox,
    outcome: &mut Outcome,
    patience: Duration,
    work: impl FnOnce(&mut Outcome),
) -> Delivered {
    let mut following = Following::start::<H>(client);
    if following.begins() {
        work(outcome);
        sandbox.as_person(org::ANNA).post(org::LOBBY, LAST).expect("Anna is in the lobby");
        if !following.delivers(LAST, patience) {
            outcome.fail(format!("feed: the last message is not delivered within {patience:?}"));
        }
    } else {
        outcome.fail("feed: it does not begin");
        work(outcome);
    }
    let (delivered, has_ended) = following.stop();
    outcome.expect(has_ended, || "feed: it does not end when it is stopped".to_owned());
    outcome.expect(delivered.missed == 0, || "feed: it says that it may have missed something".to_owned());
    outcome.expect(delivered.unread == 0, || "feed: it delivers what it does not understand".to_owned());
    if let Some(error) = &delivered.error {
        outcome.fail(format!("feed: {error}"));
    }
    let expected: Vec<String> = sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    let arrived: Vec<String> = delivered.texts.iter().map(|(text, _)| text.clone()).collect();
    outcome.messages += arrived.len();
    outcome.tally += Tally::compare(&expected, &arrived);
    delivered
}
