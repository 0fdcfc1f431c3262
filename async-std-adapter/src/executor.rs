//! The executor: operations as futures, feeds as streams.

use std::{
    fmt,
    future::Future,
    marker::PhantomData,
    pin::Pin,
    sync::{Arc, mpsc},
    time::Duration,
};

pub use teamwire_core::executor::{Executor, Manual, Operation, Portable, Session};
use teamwire_core::{
    Config, Error, FeedSet, Script, StopHandle,
    effect::{Now, TransportError, TransportErrorKind},
    feed::Waited,
    flow::Flow,
    machine::{Feed, Reply, Step},
};

use crate::{
    backend::Backend,
    engine::Engine,
    feeds::{Events, FeedDriver},
    network::Network,
    runtime::Runtime,
    stop_waker::{StopWaker, Stopped, unless_stopped},
    transport::Transport,
};

/// Runs operations on an asynchronous [`Runtime`], while the operation's future is polled.
///
/// Created by [`client`](crate::client), [`client_on`](crate::client_on) or [`scripted`](crate::scripted), or by
/// [`with_transport`](Self::with_transport) on a transport of your own. Clones are the same executor: they share its
/// session and its connections.
///
/// A future can be dropped at any time, which closes only its own connection. It is then unknown whether the server has
/// acted on the request. A live location that it may have posted counts among the [active
/// shares](teamwire_core::Chats::location_sharing_active_chats), so that the program can stop it.
pub struct AsyncExecutor<R: Runtime> {
    session: Session,
    backend: Arc<dyn Backend>,
    runtime: PhantomData<fn() -> R>,
}

impl<R: Runtime> AsyncExecutor<R> {
    pub(crate) fn new(runtime: R, config: Config) -> Result<Self, Error> {
        let engine = Engine::new(runtime.clone(), &config)?;
        Self::with_transport(runtime, config, engine)
    }

    /// Creates an executor whose requests are performed by this transport: see [`Transport`]. The runtime is used for
    /// timers and files. The settings of the transport, such as proxies and certificates, are its own.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for contradictory or unusable settings, or if the operating system provides no entropy.
    pub fn with_transport(runtime: R, config: Config, transport: impl Transport) -> Result<Self, Error> {
        Ok(Self::over_backend(teamwire_std::session(config)?, Network::new(runtime, transport)))
    }

    /// Creates an executor whose steps are performed by this backend, such as a simulated server with a virtual clock:
    /// see [`Backend`].
    pub fn over_backend(session: Session, backend: impl Backend) -> Self {
        Self { session, backend: Arc::new(backend), runtime: PhantomData }
    }

    pub(crate) fn scripted(script: Script) -> Self {
        Self::over_backend(Executor::session(&script).clone(), script)
    }

    /// Drives any number of feeds in the task that polls the driver: see [`FeedDriver`]. They are stopped by the handle
    /// of this executor's client; that of the clients that the feeds come from only stops them when their next response
    /// arrives.
    ///
    /// ```
    /// use teamwire_async_std::{feed::FeedSetEvent, model::ThreadId, Client, FeedOptions, FeedSet};
    ///
    /// async fn watch(client: &Client, chats: &[ThreadId]) {
    ///     let mut set = FeedSet::new();
    ///     for tid in chats {
    ///         let chat = client.chats().chat(tid.clone());
    ///         set.insert(tid.clone(), chat.new_messages(FeedOptions::from_now()).into_feed());
    ///     }
    ///     let mut drive = client.executor().drive(set);
    ///     while let Some((tid, delivery)) = drive.next().await {
    ///         match delivery {
    ///             FeedSetEvent::Event(event) => println!("{tid}: {event:?}"),
    ///             FeedSetEvent::Ended(result) => println!("{tid} has ended: {result:?}"),
    ///             _ => {}
    ///         }
    ///     }
    /// }
    /// ```
    pub fn drive<K, F>(&self, set: FeedSet<K, F>) -> FeedDriver<K, F>
    where
        K: Ord + Clone + Send + 'static,
        F: Feed,
    {
        FeedDriver::new(set, Arc::clone(&self.backend), self.session.feed_stop_handle())
    }
}

impl<R: Runtime> Clone for AsyncExecutor<R> {
    fn clone(&self) -> Self {
        self.with_session(self.session.clone())
    }
}

impl<R: Runtime> Executor for AsyncExecutor<R> {
    type Run<'a, T: Send + 'a> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        &self.session
    }

    fn with_session(&self, session: Session) -> Self {
        Self { session, backend: Arc::clone(&self.backend), runtime: PhantomData }
    }

    fn now(&self) -> Now {
        self.backend.now()
    }

    fn stop_after(&self, time: Duration, stop: &StopHandle) {
        self.backend.stop_after(time, stop);
    }

    fn run<'a, F: Flow + 'a>(&'a self, flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        let Self { session, backend, .. } = self;
        // A box of its own, as glibc hands out two pieces of at most a kilobyte faster than a larger one.
        let mut flow = Box::new(flow);
        Box::pin(async move {
            let mut stop = session.stop_handle().cloned().map(StopWaker::new);
            let mut now = backend.now();
            loop {
                let (ticket, reply) = match flow.poll(now) {
                    Step::Send(ticket, exchange) => {
                        let reply = unless_stopped(&mut stop, Arc::clone(backend).send(exchange)).await;
                        (ticket, reply.unwrap_or_else(stopped_reply))
                    }
                    Step::File(ticket, task) => (ticket, Reply::File(Arc::clone(backend).file(task).await)),
                    Step::Sleep(until) => {
                        let _ = unless_stopped(&mut stop, Arc::clone(backend).sleep(until)).await;
                        now = backend.now();
                        continue;
                    }
                    Step::Event(never) => match never {},
                    Step::Done(result) => return result,
                };
                now = backend.now();
                flow.handle(now, ticket, reply);
            }
        })
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(feed, Arc::clone(&self.backend), self.session.feed_stop_handle())
    }
}

impl<R: Runtime> Portable for AsyncExecutor<R> {
    fn wait<'a, T: Send + 'a>(run: Self::Run<'a, T>) -> Operation<'a, T> {
        run
    }

    fn next<F: Feed + 'static>(events: &mut Events<F>) -> impl Future<Output = Option<Result<F::Event, Error>>> + Send {
        events.next()
    }

    fn next_within<'a, F: Feed + 'static>(
        events: &'a mut Events<F>,
        time: Option<Duration>,
        interrupt: &'a StopHandle,
    ) -> Operation<'a, Waited<F::Event>> {
        Box::pin(events.next_unless_interrupted(time, interrupt))
    }

    fn run_future<'a, T: Send + 'a>(future: impl Future<Output = Result<T, Error>> + Send + 'a) -> Self::Run<'a, T> {
        Box::pin(future)
    }

    fn unblock<'a, T: Send + 'static>(
        &'a self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Pin<Box<dyn Future<Output = T> + Send + 'a>> {
        Box::pin(async move {
            let (sender, receiver) = mpsc::channel();
            // The receiver is gone if the future has been dropped.
            let work = Box::new(move || _ = sender.send(work()));
            Arc::clone(&self.backend).unblock(work).await;
            receiver.try_recv().expect("the backend has done the work")
        })
    }
}

/// Returns the reply to an exchange that was stopped. The machine looks at the stop handle.
fn stopped_reply(Stopped { has_started }: Stopped) -> Reply {
    let error = TransportError::new(TransportErrorKind::Disconnected, "the exchange was stopped");
    Reply::Error(error.with_sent(has_started))
}

impl<R: Runtime> fmt::Debug for AsyncExecutor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncExecutor").field("session", &self.session).finish_non_exhaustive()
    }
}
