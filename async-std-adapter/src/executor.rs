//! The executor: operations as futures, feeds as streams.

use std::{fmt, future::Future, marker::PhantomData, pin::Pin, sync::Arc};

use teamwire_core::{Config, Error, Executor, Feed, FeedSet, Flow, Now, Script, Session};

use crate::{
    backend::Backend,
    feeds::{Events, FeedDriver},
    network::Network,
    runtime::Runtime,
};

/// Performs requests on an asynchronous [`Runtime`], while the future that stands for the operation is polled.
///
/// Made by [`client`](crate::client), [`client_on`](crate::client_on) or [`scripted`](crate::scripted). Clones
/// are the same executor: they share its session and its connections.
///
/// A future may be dropped at any time. The request it stands for may then have reached the server or not; its
/// connection is closed, and all others go on.
#[derive(Clone)]
pub struct AsyncExecutor<R: Runtime>(Means<R>);

#[derive(Clone)]
enum Means<R: Runtime> {
    Network(Arc<Network<R>>),
    Script(Script, PhantomData<fn() -> R>),
}

impl<R: Runtime> AsyncExecutor<R> {
    pub(crate) fn new(runtime: R, config: Config) -> Result<Self, Error> {
        Ok(Self(Means::Network(Arc::new(Network::new(runtime, config)?))))
    }

    pub(crate) const fn scripted(script: Script) -> Self {
        Self(Means::Script(script, PhantomData))
    }

    /// Drives many feeds, thousands if need be, in the one task that asks for what they deliver: see [`FeedDriver`].
    ///
    /// ```
    /// use teamwire_async_std::{Client, Delivery, FeedSet, Follow, ThreadId};
    ///
    /// async fn watch(client: &Client, chats: &[ThreadId]) {
    ///     let mut set = FeedSet::new();
    ///     for tid in chats {
    ///         let chat = client.chats().chat(tid.clone());
    ///         set.insert(tid.clone(), chat.new_messages(Follow::from_now()).into_feed());
    ///     }
    ///     let mut drive = client.executor().drive(set);
    ///     while let Some((tid, delivery)) = drive.next().await {
    ///         match delivery {
    ///             Delivery::Event(event) => println!("{tid}: {event:?}"),
    ///             Delivery::Ended(result) => println!("{tid} has ended: {result:?}"),
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
        FeedDriver::new(set, self.backend())
    }

    fn backend(&self) -> Arc<dyn Backend> {
        match &self.0 {
            Means::Network(network) => network.clone(),
            Means::Script(script, _) => Arc::new(script.clone()),
        }
    }
}

impl<R: Runtime> Executor for AsyncExecutor<R> {
    type Run<'a, T: Send + 'a> = Pin<Box<dyn Future<Output = Result<T, Error>> + Send + 'a>>;

    type Events<F: Feed + 'static> = Events<F>;

    fn session(&self) -> &Session {
        match &self.0 {
            Means::Network(network) => &network.session,
            Means::Script(script, _) => script.session(),
        }
    }

    fn now(&self) -> Now {
        match &self.0 {
            Means::Network(network) => network.now(),
            Means::Script(script, _) => Executor::now(script),
        }
    }

    fn run<'a, F: Flow + 'a>(&'a self, mut flow: F) -> Self::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        match &self.0 {
            // By reference: a future has room for an argument of its own and for what becomes of it.
            Means::Network(network) => Box::pin(async move { network.run(&mut flow).await }),
            // Like any other operation, it does nothing before it is awaited.
            Means::Script(script, _) => Box::pin(async move { script.run(flow) }),
        }
    }

    fn events<F: Feed + 'static>(&self, feed: F) -> Events<F> {
        Events::new(feed, self.backend())
    }
}

impl<R: Runtime> fmt::Debug for AsyncExecutor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncExecutor").field("session", self.session()).finish_non_exhaustive()
    }
}
