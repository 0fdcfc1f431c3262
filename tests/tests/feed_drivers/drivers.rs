//! The drivers of the executors behind one trait.

use std::marker::PhantomData;

use teamwire_async_std::{AsyncExecutor, AsyncStdRuntime, Runtime, scripted_on};
use teamwire_blocking::BlockingExecutor;
use teamwire_core::{
    Config, FeedEvent, FeedOptions, FeedSet, Reaction, Script, StopHandle,
    feed::{FeedEnd, FeedSetEvent, Poller},
};
use teamwire_tests::{
    harness::{AsyncStd, Blocking, BlockingHyper, Harness, Hyper, Smol, SmolRuntime, Stop},
    stopped_in_poll::StoppedInPoll,
};

pub(crate) type Feed = StoppedInPoll<Poller<Reaction>>;
pub(crate) type Delivered = (usize, FeedSetEvent<FeedEvent<Reaction>, FeedEnd>);

/// An executor that drives many feeds.
pub(crate) trait DrivesFeeds: Harness {
    type Driver: FeedDriver;
}

/// Many feeds of one executor.
pub(crate) trait FeedDriver: Sized + Send + 'static {
    fn over(config: Config, threads: usize) -> Self {
        Self::stopped_by(&StopHandle::new(), config, threads)
    }
    /// Creates a driver of a client that this handle stops.
    fn stopped_by(stop: &StopHandle, config: Config, threads: usize) -> Self;
    fn scripted(script: &Script) -> Self;
    fn feed(&self) -> Feed {
        self.feed_stopped_in_poll(None)
    }
    fn feed_stopped_in_poll(&self, stop: Option<StopHandle>) -> Feed;
    fn insert(&mut self, key: usize, feed: Feed) -> Option<Feed>;
    fn stop(&mut self, key: usize);
    fn stopper(&self) -> Stop;
    fn next(&mut self) -> Option<Delivered>;
}

/// The methods that the clients and drivers of both adapters have under the same names, but in no trait.
macro_rules! forwarded_methods {
    () => {
        fn feed_stopped_in_poll(&self, stop: Option<StopHandle>) -> Feed {
            StoppedInPoll::new(self.client.chats().reaction_updates(FeedOptions::from_now()).into_feed(), stop)
        }

        fn insert(&mut self, key: usize, feed: Feed) -> Option<Feed> {
            self.drive.insert(key, feed)
        }

        fn stop(&mut self, key: usize) {
            self.drive.stop(&key);
        }

        fn stopper(&self) -> Stop {
            let stop_handle = self.drive.stop_handle();
            Box::new(move || stop_handle.stop())
        }
    };
}

impl DrivesFeeds for Blocking {
    type Driver = Threads<Self>;
}

impl DrivesFeeds for BlockingHyper {
    type Driver = Threads<Self>;
}

pub(crate) struct Threads<H> {
    client: teamwire_blocking::Client,
    drive: teamwire_blocking::FeedDriver<usize, Feed>,
    harness: PhantomData<H>,
}

impl<H> Threads<H> {
    fn new(client: teamwire_blocking::Client, threads: usize) -> Self {
        let drive = client.executor().drive(FeedSet::new(), threads).expect("the system has room for the threads");
        Self { client, drive, harness: PhantomData }
    }
}

impl<H: Harness<X = BlockingExecutor> + Send> FeedDriver for Threads<H> {
    fn stopped_by(stop: &StopHandle, config: Config, threads: usize) -> Self {
        Self::new(H::connect(config).stopped_by(stop), threads)
    }

    fn scripted(script: &Script) -> Self {
        Self::new(teamwire_blocking::scripted(script), 1)
    }

    forwarded_methods!();

    fn next(&mut self) -> Option<Delivered> {
        self.drive.next()
    }
}

impl DrivesFeeds for AsyncStd {
    type Driver = Task<Self, AsyncStdRuntime>;
}

impl DrivesFeeds for Smol {
    type Driver = Task<Self, SmolRuntime>;
}

impl DrivesFeeds for Hyper {
    type Driver = Task<Self, SmolRuntime>;
}

pub(crate) struct Task<H, R: Runtime> {
    client: teamwire_async_std::Client<R>,
    drive: teamwire_async_std::FeedDriver<usize, Feed>,
    harness: PhantomData<H>,
}

impl<H, R: Runtime> Task<H, R> {
    fn new(client: teamwire_async_std::Client<R>) -> Self {
        let drive = client.executor().drive(FeedSet::new());
        Self { client, drive, harness: PhantomData }
    }
}

impl<H: Harness<X = AsyncExecutor<R>> + Send, R: Runtime> FeedDriver for Task<H, R> {
    fn stopped_by(stop: &StopHandle, config: Config, _: usize) -> Self {
        Self::new(H::connect(config).stopped_by(stop))
    }

    fn scripted(script: &Script) -> Self {
        Self::new(scripted_on(script))
    }

    forwarded_methods!();

    fn next(&mut self) -> Option<Delivered> {
        // The harness takes the boxed future of an operation, with a `Result`.
        H::wait(Box::pin(async { Ok(self.drive.next().await) })).expect("it is always `Ok`")
    }
}
