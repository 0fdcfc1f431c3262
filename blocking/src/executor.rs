//! The executor: the loop that carries out what machines ask for, in the thread that asks.

use std::{fmt, sync::Arc, thread};

use teamwire_core::{Config, Error, Executor, Feed, FeedSet, Flow, InvalidInput, Now, Reply, Script, Session, Step};
use teamwire_std::{Clock, files};

use crate::{
    feeds::{Events, FeedDriver},
    transport::Transport,
};

/// Performs requests in the thread that asks for them, which waits for the answer.
///
/// Made by the adapter's `connect`, or by its `scripted`. Clones are the same executor: they share its session and its
/// connections.
#[derive(Clone)]
pub struct BlockingExecutor {
    session: Session,
    means: Means,
}

#[derive(Clone)]
enum Means {
    Network(Arc<Network>),
    Script(Script),
}

struct Network {
    clock: Clock,
    transport: Arc<dyn Transport>,
}

impl BlockingExecutor {
    /// For adapters: over what performs the exchanges, with these options and entropy from the operating system.
    pub fn new(config: Config, transport: impl Transport) -> Result<Self, Error> {
        let network = Network { clock: Clock::start(), transport: Arc::new(transport) };
        Ok(Self { session: teamwire_std::session(config)?, means: Means::Network(Arc::new(network)) })
    }

    /// For adapters: what it asks for goes to this script.
    pub fn scripted(script: Script) -> Self {
        Self { session: script.session().clone(), means: Means::Script(script) }
    }

    /// Drives many feeds with so many threads (at least one) and one for their unsubscribes: see [`FeedDriver`]. By a script, without
    /// threads.
    ///
    /// Raises `InvalidInput` if the operating system has no more threads.
    pub fn drive<K, F>(&self, set: FeedSet<K, F>, threads: usize) -> Result<FeedDriver<K, F>, Error>
    where
        K: Ord + Clone + Send + 'static,
        F: Feed,
    {
        match &self.means {
            Means::Network(network) => {
                let Network { clock, transport } = &**network;
                FeedDriver::new(set, threads, *clock, transport.fork(), transport.clone())
                    .map_err(|why| InvalidInput::new("feeds", format!("no more threads: {why}")).into())
            }
            Means::Script(script) => Ok(FeedDriver::scripted(set, script)),
        }
    }
}

impl Executor for BlockingExecutor {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn now(&self) -> Now {
        match &self.means {
            Means::Network(network) => network.clock.now(),
            Means::Script(script) => script.now(),
        }
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        let Network { clock, transport } = match &self.means {
            Means::Network(network) => &**network,
            Means::Script(script) => return script.run(flow),
        };
        let mut now = clock.now();
        loop {
            let (ticket, reply) = match flow.poll(now) {
                Step::Send(ticket, exchange) => (ticket, transport.perform(*exchange)),
                Step::File(ticket, task) => (ticket, Reply::File(files::perform(&task))),
                Step::Sleep(moment) => {
                    thread::sleep(clock.until(moment));
                    now = clock.now();
                    continue;
                }
                Step::Event(never) => match never {},
                Step::Done(result) => return result,
            };
            now = clock.now();
            flow.handle(now, ticket, reply);
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        match &self.means {
            Means::Network(network) => {
                let Network { clock, transport } = &**network;
                Events::new(feed, *clock, transport.fork(), transport.clone())
            }
            Means::Script(script) => Events::scripted(feed, script),
        }
    }
}

impl fmt::Debug for BlockingExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingExecutor").field("session", &self.session).finish_non_exhaustive()
    }
}
