//! Bots that share the feeds of many chats.

use std::{
    collections::BTreeMap,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

use teamwire_core::{
    Client, Error, FeedSet, Message, StopHandle,
    feed::{FeedSetEvent, Poller},
    model::ThreadId,
};
use teamwire_std::fleet::{FeedsHandle, Fleet, FleetEvent};
use teamwire_tests::harness::{AsyncStd, Blocking, Harness, Smol};

use crate::bots::{Bot, Handler, LONG, SOON, World};

pub(crate) type Feeds = FeedsHandle<ThreadId, Poller<Message>>;
/// An event or the end of a feed.
pub(crate) type Item = (ThreadId, FeedSetEvent<FleetEvent<Message>, ()>);

/// Reports the end of a feed.
pub(crate) type OnEnd = Box<dyn FnMut(&ThreadId, Result<(), Error>) + Send>;

/// The settings of a bot.
pub(crate) struct Settings {
    pub(crate) begins: bool,
    pub(crate) limit: usize,
    pub(crate) on_end: Option<OnEnd>,
}

/// An adapter that shares many feeds.
pub(crate) trait Shares: Harness {
    fn feed(client: &Client<Self::X>, tid: &ThreadId) -> Poller<Message>;

    /// Serves the chats. `started` gets the handle of the feeds.
    fn serve_chats(
        fleet: &Fleet,
        client: &Client<Self::X>,
        chats: &[ThreadId],
        settings: Settings,
        handler: Handler,
        started: impl FnOnce(Feeds),
    ) -> Result<(), Error>;

    /// Passes what a loop of the bot's own returns to `each`, until that returns `false`.
    fn iterate_chats(fleet: &Fleet, client: &Client<Self::X>, chats: &[ThreadId], each: impl FnMut(Item) -> bool);
}

fn set<H: Shares>(client: &Client<H::X>, chats: &[ThreadId]) -> FeedSet<ThreadId, Poller<Message>> {
    let mut set = FeedSet::new();
    for tid in chats {
        set.insert(tid.clone(), H::feed(client, tid));
    }
    set
}

macro_rules! followed {
    ($fleet:expr, $drive:expr, $settings:expr) => {{
        let Settings { begins, limit, on_end } = $settings;
        let followed = if begins { $fleet.follow_or_begin($drive) } else { $fleet.follow($drive) };
        let followed = match on_end {
            Some(on_end) => followed.on_end(on_end),
            None => followed,
        };
        (followed, limit)
    }};
}

impl Shares for Blocking {
    fn feed(client: &Client<Self::X>, tid: &ThreadId) -> Poller<Message> {
        client.chats().chat(tid).new_messages(None).into_feed()
    }

    fn serve_chats(
        fleet: &Fleet,
        client: &Client<Self::X>,
        chats: &[ThreadId],
        settings: Settings,
        handler: Handler,
        started: impl FnOnce(Feeds),
    ) -> Result<(), Error> {
        let drive = client.executor().drive(set::<Self>(client, chats), 16)?;
        let (followed, limit) = followed!(fleet, drive, settings);
        started(followed.feeds());
        match limit {
            1 => followed.for_each(|_, event| handler(&event)),
            limit => followed.for_each_concurrent(limit, |_, event| handler(&event)),
        }
    }

    fn iterate_chats(fleet: &Fleet, client: &Client<Self::X>, chats: &[ThreadId], mut each: impl FnMut(Item) -> bool) {
        let drive = client.executor().drive(set::<Self>(client, chats), 16).expect("the system has room for threads");
        for item in fleet.follow(drive) {
            if !each(item) {
                return;
            }
        }
    }
}

macro_rules! asynchronous {
    ($harness:ty, $block_on:path) => {
        impl Shares for $harness {
            fn feed(client: &Client<Self::X>, tid: &ThreadId) -> Poller<Message> {
                client.chats().chat(tid).new_messages(None).into_feed()
            }

            fn serve_chats(
                fleet: &Fleet,
                client: &Client<Self::X>,
                chats: &[ThreadId],
                settings: Settings,
                handler: Handler,
                started: impl FnOnce(Feeds),
            ) -> Result<(), Error> {
                let drive = client.executor().drive(set::<Self>(client, chats));
                let (followed, limit) = followed!(fleet, drive, settings);
                started(followed.feeds());
                let handle = |_, event: FleetEvent<Message>| {
                    let handler = std::sync::Arc::clone(&handler);
                    async move { handler(&event) }
                };
                // As a future that is `Send`, as a spawned task has to be.
                let serve: std::pin::Pin<Box<dyn Future<Output = Result<(), Error>> + Send + '_>> = match limit {
                    1 => Box::pin(followed.for_each(handle)),
                    limit => Box::pin(followed.for_each_concurrent(limit, handle)),
                };
                $block_on(serve)
            }

            fn iterate_chats(
                fleet: &Fleet,
                client: &Client<Self::X>,
                chats: &[ThreadId],
                mut each: impl FnMut(Item) -> bool,
            ) {
                let mut followed = fleet.follow(client.executor().drive(set::<Self>(client, chats)));
                $block_on(async {
                    while let Some(item) = followed.next().await {
                        if !each(item) {
                            return;
                        }
                    }
                });
            }
        }
    };
}

asynchronous!(AsyncStd, async_std::task::block_on);
asynchronous!(Smol, smol::block_on);

impl World {
    pub(crate) fn chats(&self, number: usize) -> Vec<ThreadId> {
        (0..number).map(|number| self.chat(&format!("chat {number}")).as_str().into()).collect()
    }

    /// Starts a bot that shares the feeds of these chats, with the handle that adds others.
    pub(crate) fn share<H: Shares>(
        &self,
        name: &'static str,
        chats: &[ThreadId],
        settings: Settings,
        lease: Duration,
    ) -> (Bot, Feeds) {
        let stop = StopHandle::new();
        let (store, is_cut) = self.cuttable();
        let client = self.client::<H>().stopped_by(&stop);
        let (handler, chats) = (self.handler(name), chats.to_vec());
        let (sender, started) = mpsc::channel();
        let serve = move || {
            let fleet = Fleet::builder("bots").lease(lease).handler_timeout(LONG).join(store)?;
            H::serve_chats(&fleet, &client, &chats, settings, handler, |feeds| drop(sender.send(feeds)))
        };
        let bot = Bot { stop, is_cut, thread: thread::spawn(serve) };
        (bot, started.recv_timeout(SOON).expect("it starts"))
    }

    /// Posts to each chat until all messages are handled. Returns the number of chats of each bot.
    pub(crate) fn shares(&self, chats: &[ThreadId]) -> Vec<usize> {
        let mut bots = BTreeMap::<&str, usize>::new();
        for (number, tid) in chats.iter().enumerate() {
            *bots.entry(self.wait_for_chat(tid, number)).or_default() += 1;
        }
        let mut shares: Vec<_> = bots.into_values().collect();
        shares.sort_unstable();
        shares
    }

    /// Posts to a chat until a message is handled. Returns the bot.
    fn wait_for_chat(&self, tid: &ThreadId, number: usize) -> &'static str {
        let begun = Instant::now();
        let text = format!("to chat {number}");
        while begun.elapsed() < SOON {
            self.say(tid.as_str(), &text);
            let until = Instant::now() + Duration::from_millis(300);
            while let Ok((name, handled, _)) = self.next_within(until.saturating_duration_since(Instant::now())) {
                if handled == text {
                    return name;
                }
            }
        }
        panic!("no bot serves {tid}");
    }

    /// Waits until the chats are shared like this.
    pub(crate) fn wait_for_shares(&self, chats: &[ThreadId], expected: &[usize]) {
        let begun = Instant::now();
        loop {
            let shares = self.shares(chats);
            if shares == expected {
                break;
            }
            assert!(begun.elapsed() < SOON, "the bots share the feeds as {shares:?}, not as {expected:?}");
        }
        // Those that were posted more than once.
        while !self.is_quiet(Duration::from_millis(500)) {}
    }
}
