//! A feed on its own thread.

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

/// Maximum time for a feed to start, and to end after a stop.
const FEED_TIMEOUT: Duration = Duration::from_secs(15);
/// The text of the last message to be delivered.
const LAST_TEXT: &str = "the last message";

type Event = Result<FeedEvent<String>, Error>;

/// A running feed of the lobby's messages.
pub(crate) struct FeedThread {
    events: Receiver<(Instant, Event)>,
    stop: Receiver<Option<Stop>>,
    delivered: Delivered,
}

/// Everything that a feed has delivered.
#[derive(Debug, Default)]
pub(crate) struct Delivered {
    pub(crate) texts: Vec<(String, Instant)>,
    /// Number of failed attempts that the feed has reported.
    pub(crate) failed_attempts: usize,
    /// The error that has ended the feed.
    pub(crate) error: Option<Error>,
    gaps: usize,
    undecoded: usize,
}

impl FeedThread {
    /// Starts the feed.
    pub(crate) fn start<H: Harness>(client: &Client<H::X>) -> Self {
        let (send, events) = mpsc::channel();
        let (stop_sender, stop) = mpsc::channel();
        let chat = client.chats().chat(org::LOBBY);
        thread::spawn(move || {
            let mut feed = FeedProbe::<H>::new(chat.new_messages(None), |message| message.text.unwrap_or_default());
            if stop_sender.send(feed.stopper()).is_err() {
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

    /// Receives events until `is_last` returns true. Returns false if that does not happen in time.
    fn receive_until(&mut self, timeout: Duration, is_last: impl Fn(&Event) -> bool) -> bool {
        let started = Instant::now();
        loop {
            let remaining = timeout.saturating_sub(started.elapsed());
            let Ok((at, event)) = self.events.recv_timeout(remaining) else { return false };
            let is_done = is_last(&event);
            self.delivered.add(at, event);
            if is_done {
                return true;
            }
        }
    }

    /// Waits for the start of the feed.
    pub(crate) fn wait_for_start(&mut self) -> bool {
        self.receive_until(FEED_TIMEOUT, |event| matches!(event, Ok(FeedEvent::Started(_))))
    }

    /// Waits for a message with this text.
    fn wait_for_text(&mut self, text: &str, timeout: Duration) -> bool {
        self.receive_until(timeout, |event| matches!(event, Ok(FeedEvent::Update { item, .. }) if item == text))
    }

    /// Waits until the feed ends with an error. Returns false if it does not end in time.
    pub(crate) fn wait_for_end(&mut self, timeout: Duration) -> bool {
        self.receive_until(timeout, Result::is_err)
    }

    /// Stops the feed. The second value is false if it does not end.
    pub(crate) fn stop(mut self) -> (Delivered, bool) {
        if let Ok(Some(stop)) = self.stop.recv_timeout(FEED_TIMEOUT) {
            stop();
        }
        let started = Instant::now();
        let has_ended = loop {
            match self.events.recv_timeout(FEED_TIMEOUT.saturating_sub(started.elapsed())) {
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
            Ok(FeedEvent::Retrying(_)) => self.failed_attempts += 1,
            Ok(FeedEvent::Gap(_)) => self.gaps += 1,
            Ok(FeedEvent::Undecoded { .. }) => self.undecoded += 1,
            Ok(_) => {}
            Err(error) => self.error = Some(error),
        }
    }
}

/// Runs a feed of the lobby during `work`, and compares the delivered messages with those in the sandbox.
pub(crate) fn with_feed<H: Harness>(
    client: &Client<H::X>,
    sandbox: &Sandbox,
    outcome: &mut Outcome,
    timeout: Duration,
    work: impl FnOnce(&mut Outcome),
) -> Delivered {
    let mut feed = FeedThread::start::<H>(client);
    if feed.wait_for_start() {
        work(outcome);
        sandbox.as_person(org::ANNA).post(org::LOBBY, LAST_TEXT).expect("Anna is in the lobby");
        if !feed.wait_for_text(LAST_TEXT, timeout) {
            outcome.fail(format!("feed: the last message is not delivered within {timeout:?}"));
        }
    } else {
        outcome.fail("feed: it does not start");
        work(outcome);
    }
    let (delivered, has_ended) = feed.stop();
    outcome.expect(has_ended, || "feed: it does not end after a stop".to_owned());
    outcome.expect(delivered.gaps == 0, || "feed: it reports a gap".to_owned());
    outcome.expect(delivered.undecoded == 0, || "feed: it delivers undecoded items".to_owned());
    if let Some(error) = &delivered.error {
        outcome.fail(format!("feed: {error}"));
    }
    let expected: Vec<String> = sandbox.texts(org::LOBBY).into_iter().flatten().collect();
    let arrived: Vec<String> = delivered.texts.iter().map(|(text, _)| text.clone()).collect();
    outcome.messages += arrived.len();
    outcome.tally += Tally::compare(&expected, &arrived);
    delivered
}
