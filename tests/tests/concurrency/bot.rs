//! A bot that looks the messages of a feed up, written for both adapters.

use std::{
    collections::BTreeMap,
    future::ready,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use teamwire_async_std::{AsyncExecutor, AsyncStdRuntime, scripted_on};
use teamwire_blocking::BlockingExecutor;
use teamwire_core::{
    Checkpoint, Client, Error, FeedEvent, Message, Script,
    error::InvalidInput,
    executor::Executor,
    feed::{Poller, Waited},
};
use teamwire_tests::harness::{AsyncStd, Blocking, BlockingHyper, Harness, Hyper, Smol, SmolRuntime};

pub(crate) type Messages<H> = <<H as Harness>::X as Executor>::Events<Poller<Message>>;

/// The text of a message whose handler fails, after its request.
pub(crate) const FAILS: &str = "fail";
/// The text of a message whose handler panics.
pub(crate) const PANICS: &str = "panic";

/// An adapter with concurrent handlers.
pub(crate) trait Serves: Harness {
    fn scripted(script: &Script) -> Client<Self::X>;

    /// Fetches each message of the feed.
    fn serve(
        bot: &Bot<Self::X>,
        events: Messages<Self>,
        limit: usize,
        save: impl FnMut(&Checkpoint) -> Result<(), Error> + Send,
    ) -> Result<(), Error>
    where
        Self: Sized;

    fn next_timeout(events: &mut Messages<Self>, timeout: Duration) -> Result<Waited<FeedEvent<Message>>, Error>
    where
        Self: Sized;

    /// Waits for the start of a feed.
    fn started(events: &mut Messages<Self>) -> Result<(), Error>
    where
        Self: Sized;

    /// Counts events until this number, which is an error.
    fn count_to(events: Messages<Self>, number: usize) -> Result<(), Error>
    where
        Self: Sized;
}

#[derive(Debug, Default)]
pub(crate) struct Log {
    /// Number of running handlers, and its maximum.
    running: usize,
    pub(crate) peak: usize,
    /// Number of handlers of messages that have ended.
    pub(crate) ended: usize,
    /// Texts of the messages of each chat in the order in which their handlers have begun.
    pub(crate) begun: BTreeMap<String, Vec<String>>,
    pub(crate) others: Vec<&'static str>,
}

#[derive(Debug)]
pub(crate) struct Bot<X> {
    pub(crate) client: Client<X>,
    log: Mutex<Log>,
}

impl<X: Executor> Bot<X> {
    pub(crate) fn new(client: Client<X>) -> Self {
        Self { client, log: Mutex::default() }
    }

    pub(crate) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the message to handle.
    fn begins<'m>(&self, event: &'m FeedEvent<Message>) -> Option<&'m Message> {
        let mut log = self.log();
        let Some(message) = event.item() else {
            log.others.push(match event {
                FeedEvent::Started(_) => "started",
                FeedEvent::Gap(_) => "gap",
                FeedEvent::Undecoded { .. } => "undecoded",
                FeedEvent::Retrying(_) => "retrying",
                _ => "other",
            });
            return None;
        };
        log.running += 1;
        log.peak = log.peak.max(log.running);
        let text = message.text.clone().unwrap_or_default();
        log.begun.entry(message.tid.to_string()).or_default().push(text.clone());
        drop(log);
        assert_ne!(text, PANICS, "the handler panics");
        Some(message)
    }

    fn ends(&self, message: &Message) -> Result<(), Error> {
        let mut log = self.log();
        log.running -= 1;
        log.ended += 1;
        match message.text.as_deref() {
            Some(FAILS) => Err(failure()),
            _ => Ok(()),
        }
    }
}

/// An error of the bot itself.
pub(crate) fn failure() -> Error {
    InvalidInput::new("bot", "the bot fails").into()
}

macro_rules! blocking {
    () => {
        fn scripted(script: &Script) -> Client<BlockingExecutor> {
            teamwire_blocking::scripted(script)
        }

        fn serve(
            bot: &Bot<BlockingExecutor>,
            events: Messages<Self>,
            limit: usize,
            save: impl FnMut(&Checkpoint) -> Result<(), Error> + Send,
        ) -> Result<(), Error> {
            let handle = |event| {
                let Some(message) = bot.begins(&event) else { return Ok(()) };
                bot.client.chats().chat(&message.tid).message(&message.mid)?;
                bot.ends(message)
            };
            events.for_each_concurrent(limit, handle, save)
        }

        fn next_timeout(events: &mut Messages<Self>, timeout: Duration) -> Result<Waited<FeedEvent<Message>>, Error> {
            events.next_timeout(timeout)
        }

        fn started(events: &mut Messages<Self>) -> Result<(), Error> {
            events.started()
        }

        fn count_to(events: Messages<Self>, number: usize) -> Result<(), Error> {
            let mut count = 0;
            events.try_for_each(|_| {
                count += 1;
                if count == number { Err(failure()) } else { Ok(()) }
            })
        }
    };
}

macro_rules! asynchronous {
    ($runtime:ty) => {
        fn scripted(script: &Script) -> Client<AsyncExecutor<$runtime>> {
            scripted_on(script)
        }

        fn serve(
            bot: &Bot<AsyncExecutor<$runtime>>,
            events: Messages<Self>,
            limit: usize,
            mut save: impl FnMut(&Checkpoint) -> Result<(), Error> + Send,
        ) -> Result<(), Error> {
            let save = |checkpoint: Checkpoint| ready(save(&checkpoint));
            let handle = async |event: FeedEvent<Message>| {
                let Some(message) = bot.begins(&event) else { return Ok(()) };
                bot.client.chats().chat(&message.tid).message(&message.mid).await?;
                bot.ends(message)
            };
            // Boxed as a future that is `Send`, as a spawned task has to be.
            Self::wait(Box::pin(events.for_each_concurrent(limit, handle, save)))
        }

        fn next_timeout(events: &mut Messages<Self>, timeout: Duration) -> Result<Waited<FeedEvent<Message>>, Error> {
            Self::wait(Box::pin(events.next_timeout(timeout)))
        }

        fn started(events: &mut Messages<Self>) -> Result<(), Error> {
            Self::wait(Box::pin(events.started()))
        }

        fn count_to(events: Messages<Self>, number: usize) -> Result<(), Error> {
            let mut count = 0;
            Self::wait(Box::pin(events.try_for_each(|_| {
                count += 1;
                ready(if count == number { Err(failure()) } else { Ok(()) })
            })))
        }
    };
}

impl Serves for Blocking {
    blocking!();
}

impl Serves for BlockingHyper {
    blocking!();
}

impl Serves for AsyncStd {
    asynchronous!(AsyncStdRuntime);
}

impl Serves for Smol {
    asynchronous!(SmolRuntime);
}

impl Serves for Hyper {
    asynchronous!(SmolRuntime);
}
