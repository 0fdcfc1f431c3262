//! The executor: performs the steps of machines in the calling thread.

use std::{fmt, future::ready, sync::Arc, time::Duration};

pub use teamwire_core::executor::{Executor, Manual, Operation, Portable, Session};
use teamwire_core::{
    Config, Error, FeedSet, Script, StopHandle,
    effect::Now,
    error::InvalidInput,
    feed::Waited,
    flow::Flow,
    machine::{Feed, Reply, Step},
};

use crate::{
    backend::Backend,
    block_on::block_on,
    feeds::{Events, FeedDriver},
    network::Network,
    transport::{Abandoning, StoppableTransport, Transport},
};

/// Runs operations in the calling thread, which blocks until the result.
///
/// Created by [`client`](crate::client) or [`scripted`](crate::scripted), or by
/// [`with_transport`](Self::with_transport) on a transport of your own. Clones are the same executor: they share its
/// session and its connections.
#[derive(Clone)]
pub struct BlockingExecutor {
    session: Session,
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

    pub(crate) fn new(config: Config, transport: impl StoppableTransport) -> Result<Self, Error> {
        Ok(Self::over_backend(teamwire_std::session(config)?, Network::new(transport)))
    }

    /// Creates an executor whose steps are performed by this backend, such as a simulated server with a virtual clock:
    /// see [`Backend`].
    pub fn over_backend(session: Session, backend: impl Backend) -> Self {
        Self { session, backend: Arc::new(backend) }
    }

    /// Creates an executor whose requests go to this script.
    pub fn scripted(script: Script) -> Self {
        Self::over_backend(Executor::session(&script).clone(), script)
    }

    /// Drives many feeds with `threads` threads (at least one), and one more that ends subscriptions: see
    /// [`FeedDriver`]. A backend with a virtual clock, such as a
    /// script, needs no threads. They are stopped by the handle of this executor's client; that of the
    /// clients that the feeds come from only stops them when their next response arrives.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the operating system cannot start the threads.
    pub fn drive<K, F>(&self, set: FeedSet<K, F>, threads: usize) -> Result<FeedDriver<K, F>, Error>
    where
        K: Ord + Clone + Send + 'static,
        F: Feed,
    {
        FeedDriver::new(set, threads, &self.backend, self.session.feed_stop_handle())
            .map_err(|error| InvalidInput::new("feeds", format!("cannot start a thread: {error}")).into())
    }
}

impl Executor for BlockingExecutor {
    type Run<'a, T: Send + 'a> = Result<T, Error>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn with_session(&self, session: Session) -> Self {
        Self { session, backend: Arc::clone(&self.backend) }
    }

    fn now(&self) -> Now {
        self.backend.now()
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        self.backend.stop_after(time, stop);
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Result<F::Output, Error>
    where
        F::Output: 'a,
    {
        let backend = &*self.backend;
        let mut stop = self.session.stop_handle();
        let mut now = backend.now();
        loop {
            let (ticket, reply) = match flow.poll(now) {
                Step::Send(ticket, exchange) => (ticket, backend.perform(exchange, stop)),
                Step::File(ticket, task) => (ticket, Reply::File(backend.file(task))),
                Step::Sleep(until) => {
                    backend.sleep(until, stop);
                    now = backend.now();
                    stop = not_stopped(stop);
                    continue;
                }
                Step::Event(never) => match never {},
                Step::Done(result) => return result,
            };
            now = backend.now();
            flow.handle(now, ticket, reply);
            stop = not_stopped(stop);
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(feed, &self.backend, self.session.feed_stop_handle())
    }
}

/// Its futures are ready when they are first polled, and block until then: see [`block_on`](crate::block_on()).
impl Portable for BlockingExecutor {
    fn wait<'a, T: Send + 'a>(run: Self::Run<'a, T>) -> Operation<'a, T> {
        Box::pin(ready(run))
    }

    async fn next<F: Feed + 'static>(events: &mut Events<F>) -> Option<Result<F::Event, Error>> {
        events.next()
    }

    fn next_within<'a, F: Feed + 'static>(
        events: &'a mut Events<F>,
        time: Option<Duration>,
        interrupt: &'a StopHandle,
    ) -> Operation<'a, Waited<F::Event>> {
        Box::pin(async move { events.next_unless_interrupted(time, interrupt) })
    }

    fn run_future<'a, T: Send + 'a>(future: impl Future<Output = Result<T, Error>> + Send + 'a) -> Result<T, Error> {
        block_on(future)
    }
}

/// Returns the handle until it is stopped: the steps after that, which clean up, are not interrupted.
fn not_stopped(stop: Option<&StopHandle>) -> Option<&StopHandle> {
    stop.filter(|stop| !stop.is_stopped())
}

impl fmt::Debug for BlockingExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingExecutor").field("session", &self.session).finish_non_exhaustive()
    }
}
