//! The executor: performs the steps of machines in the calling thread.

use std::{fmt, sync::Arc, thread};

pub use teamwire_core::executor::{Executor, Manual, Session};
use teamwire_core::{
    Config, Error, FeedSet, Script,
    effect::Now,
    error::InvalidInput,
    flow::Flow,
    machine::{Feed, Step},
};

use crate::{
    backend::Backend,
    feeds::{Events, FeedDriver},
    network::Network,
    transport::{Abandoning, AbortableTransport, Transport},
};

/// Runs operations in the calling thread, which blocks until the result.
///
/// Created by [`client`](crate::client) or [`scripted`](crate::scripted), or by
/// [`with_transport`](Self::with_transport) on a transport of your own. Clones are the same executor: they share its
/// session and its connections.
#[derive(Clone)]
pub struct BlockingExecutor {
    backend: Arc<dyn Backend>,
}

impl BlockingExecutor {
    /// Creates an executor whose requests are performed by this transport: see [`Transport`]. The settings of the
    /// transport, such as proxies and certificates, are its own.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for contradictory or unusable settings, or if the operating system provides no entropy.
    pub fn with_transport(config: Config, transport: impl Transport) -> Result<Self, Error> {
        Self::new(config, Abandoning::new(transport))
    }

    pub(crate) fn new(config: Config, transport: impl AbortableTransport) -> Result<Self, Error> {
        let session = teamwire_std::session(config)?;
        Ok(Self { backend: Arc::new(Network::new(session, transport)) })
    }

    /// Creates an executor whose requests go to this script.
    pub fn scripted(script: Script) -> Self {
        Self { backend: Arc::new(script) }
    }

    /// Drives many feeds with `threads` threads (at least one), and one more that ends subscriptions: see
    /// [`FeedDriver`]. A script needs no threads.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the operating system cannot start the threads.
    pub fn drive<K, F>(&self, set: FeedSet<K, F>, threads: usize) -> Result<FeedDriver<K, F>, Error>
    where
        K: Ord + Clone + Send + 'static,
        F: Feed,
    {
        FeedDriver::new(set, threads, &self.backend)
            .map_err(|error| InvalidInput::new("feeds", format!("cannot start a thread: {error}")).into())
    }
}

impl Executor for BlockingExecutor {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        self.backend.session()
    }

    fn now(&self) -> Now {
        self.backend.now()
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        let backend = &*self.backend;
        let mut now = backend.now();
        loop {
            let (ticket, reply) = match flow.poll(now) {
                Step::Send(ticket, exchange) => (ticket, backend.send(exchange)),
                Step::File(ticket, task) => (ticket, backend.file(task)),
                Step::Sleep(until) => {
                    backend.sleep(until, &thread::sleep);
                    now = backend.now();
                    continue;
                }
                Step::Event(never) => match never {},
                Step::Done(result) => return result,
            };
            now = backend.now();
            flow.handle(now, ticket, reply);
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(feed, &self.backend)
    }
}

impl fmt::Debug for BlockingExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingExecutor").field("session", self.session()).finish_non_exhaustive()
    }
}
