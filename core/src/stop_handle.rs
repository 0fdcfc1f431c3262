//! The handle that stops operations and feeds.

use alloc::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    fmt, mem,
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use crate::shared::Shared;

/// Stops operations and feeds from another thread or task. Clones are the same handle.
///
/// A client that is [stopped by](crate::Client::stopped_by) a handle has operations that end with
/// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), and feeds that end as if they had been stopped one by one.
/// Each feed also has a handle of its own.
///
/// ```
/// use teamwire_core::{Client, ErrorKind, Script, StopHandle};
///
/// let stop = StopHandle::new();
/// let client = Client::new(Script::new()).stopped_by(&stop);
/// stop.stop();
/// let error = client.contacts().me().expect_err("nothing is sent any more");
/// assert_eq!(error.kind(), ErrorKind::Cancelled);
/// ```
#[derive(Clone, Default)]
pub struct StopHandle(Arc<Inner>);

#[derive(Default)]
struct Inner {
    is_stopped: AtomicBool,
    hooks: Shared<Hooks>,
    /// The handles with which this one is stopped.
    sources: Shared<Vec<(StopHandle, OnStop)>>,
    /// The time that is left to operations, until a client counts it.
    grace: Shared<Option<Duration>>,
    /// Set once operations are stopped, too.
    has_no_grace: AtomicBool,
    /// The handle of operations: see [`StopHandle::operations`].
    operations: Shared<Option<StopHandle>>,
}

type Hook = dyn Fn() + Send + Sync;

#[derive(Default)]
struct Hooks {
    next_id: u64,
    by_id: BTreeMap<u64, Weak<Hook>>,
}

impl StopHandle {
    /// Creates a handle that has not been stopped.
    pub fn new() -> Self {
        Self::default()
    }

    /// Creates a handle that is stopped with any of these. Stopping it does not stop them.
    pub fn any<'a>(handles: impl IntoIterator<Item = &'a Self>) -> Self {
        let any = Self::new();
        for handle in handles {
            // Weak, because the handle owns the registration.
            let (inner, source) = (Arc::downgrade(&any.0), handle.clone());
            let on_stop = handle.on_stop(move || match inner.upgrade() {
                Some(inner) if source.0.has_no_grace.load(Ordering::SeqCst) => Self(inner).stop(),
                Some(inner) => Self(inner).stop_feeds(),
                None => {}
            });
            any.0.sources.with(|sources| sources.push((handle.clone(), on_stop)));
        }
        any
    }

    /// Stops the operations and feeds within a second, even during a connection attempt, a long poll, a transfer or a
    /// wait. Idempotent.
    ///
    /// Events that a feed has received are still delivered. Its subscription is ended on the server if that responds
    /// in time; otherwise, it expires within minutes.
    pub fn stop(&self) {
        // Before the handle of operations is looked for, so that one that is created later sees it.
        self.0.has_no_grace.store(true, Ordering::SeqCst);
        let operations = self.0.operations.with(|operations| operations.clone());
        self.stop_feeds();
        if let Some(operations) = operations {
            operations.stop();
        }
    }

    /// Stops the feeds as [`stop`](Self::stop) does, and the operations only after this time, the grace: for a program
    /// that ends, but finishes first what it handles. The first call counts; `stop` ends the grace.
    ///
    /// Operations can be started within the grace. A [`sleep`](crate::Client::sleep) is one, too.
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::{Client, Error, FeedOptions, Script, StopHandle};
    /// # use teamwire_core::script::v1::{expect, respond, sample};
    ///
    /// /// Feeds and operations have the same client.
    /// fn respond(client: &Client<Script>) -> Result<(), Error> {
    ///     for event in client.chats().new_messages(FeedOptions::from_now()) {
    ///         if let Some(message) = event?.into_item() {
    ///             client.chats().chat(message.tid).post("Seen.")?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    ///
    /// # let messages = ["m1", "m2"].map(|mid| sample::message(mid, "c1", "hello"));
    /// # let script = Script::new()
    /// #     .on(expect::all_message_updates(), [respond::no_updates("k0"), respond::message_updates(messages, "k1")])
    /// #     .on(expect::post("c1"), [respond::message(sample::message("m3", "c1", "")).times(2)]);
    /// # let client = Client::new(script.clone());
    /// let stop = StopHandle::new();
    /// let client = client.stopped_by(&stop);
    /// // In a handler of a signal: see `signal_handler`.
    /// # let handler = || {
    /// stop.stop_within(Duration::from_secs(20));
    /// # };
    /// # respond(&client)?;
    /// # handler();
    /// # script.assert_done();
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// The time is that of the clock of a [client](crate::Client::stopped_by) with this handle. Without an adapter, an
    /// executor may grant no grace: see [`Executor::stop_after`](crate::executor::Executor::stop_after).
    #[doc(alias = "shutdown")]
    #[doc(alias = "graceful")]
    pub fn stop_within(&self, grace: Duration) {
        if !self.is_stopped() {
            self.0.grace.with(|current| *current = Some(grace));
            self.stop_feeds();
        }
    }

    /// Returns a function for a handler of signals such as Ctrl-C and SIGTERM: its first call is
    /// [`stop_within`](Self::stop_within) with this grace, and a later one is [`stop`](Self::stop).
    ///
    /// The library handles no signals itself, as they are those of the whole program. With the crate `ctrlc`:
    ///
    /// ```
    /// use core::time::Duration;
    /// use teamwire_core::StopHandle;
    /// # mod ctrlc {
    /// #     pub fn set_handler(mut handler: impl FnMut() + Send + 'static) -> Result<(), teamwire_core::Error> {
    /// #         handler();
    /// #         Ok(())
    /// #     }
    /// # }
    ///
    /// let stop = StopHandle::new();
    /// ctrlc::set_handler(stop.signal_handler(Duration::from_secs(20)))?;
    /// # assert!(stop.is_stopped());
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// The function takes locks. So it is for crates that call it in a thread or a task, and not for one that calls it
    /// in the context of the signal.
    #[doc(alias = "ctrlc")]
    #[doc(alias = "SIGTERM")]
    pub fn signal_handler(&self, grace: Duration) -> impl Fn() + Send + Sync + 'static {
        let stop = self.clone();
        move || if stop.is_stopped() { stop.stop() } else { stop.stop_within(grace) }
    }

    /// Calls the hooks, once.
    fn stop_feeds(&self) {
        if self.0.is_stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        let hooks = self.0.hooks.with(|hooks| mem::take(&mut hooks.by_id));
        // Outside of the lock, because a hook may register another or drop its own registration.
        for hook in hooks.values().filter_map(Weak::upgrade) {
            hook();
        }
    }

    /// Returns `true` once [`stop`](Self::stop) or [`stop_within`](Self::stop_within) has been called.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::SeqCst)
    }

    /// Returns the handle of operations, which is stopped at the end of the grace of
    /// [`stop_within`](Self::stop_within).
    pub(crate) fn operations(&self) -> Self {
        let current = self.0.operations.with(|operations| operations.clone());
        let operations = current.unwrap_or_else(|| {
            let sources: Vec<_> = self.0.sources.with(|sources| sources.iter().map(|(it, _)| it.clone()).collect());
            let new = Self::any(&sources.iter().map(Self::operations).collect::<Vec<_>>());
            self.0.operations.with(|operations| operations.get_or_insert(new).clone())
        });
        if self.0.has_no_grace.load(Ordering::SeqCst) {
            operations.stop();
        }
        operations
    }

    /// Returns the grace of this handle, or of one that it is combined from, with the handle to stop at its end. Once:
    /// it is counted by the client that takes it.
    pub(crate) fn take_grace(&self) -> Option<(Self, Duration)> {
        if let Some(grace) = self.0.grace.with(Option::take) {
            return Some((self.clone(), grace));
        }
        let sources: Vec<_> = self.0.sources.with(|sources| sources.iter().map(|(it, _)| it.clone()).collect());
        sources.iter().find_map(Self::take_grace)
    }

    /// Calls `hook` once when the handle is stopped, in the thread that stops it, or immediately if it has been
    /// stopped. Dropping the result removes the hook; a call in progress continues.
    ///
    /// The hook must not block: it delays [`stop`](Self::stop) and the hooks after it.
    pub fn on_stop(&self, hook: impl Fn() + Send + Sync + 'static) -> OnStop {
        let hook: Arc<Hook> = Arc::new(hook);
        let id = self.0.hooks.with(|hooks| {
            hooks.next_id += 1;
            hooks.by_id.insert(hooks.next_id, Arc::downgrade(&hook));
            hooks.next_id
        });
        let registered = OnStop { id, hook, handle: Arc::downgrade(&self.0) };
        // Only once: the call belongs to the thread that takes the hook, and `stop` does so after it has set the flag.
        if self.is_stopped() && registered.remove() {
            (registered.hook)();
        }
        registered
    }
}

/// The registration of a hook: see [`StopHandle::on_stop`].
#[must_use = "dropping it removes the hook"]
pub struct OnStop {
    id: u64,
    hook: Arc<Hook>,
    handle: Weak<Inner>,
}

impl OnStop {
    /// Removes the hook. Returns `false` if it has been called or is about to be.
    fn remove(&self) -> bool {
        let handle = self.handle.upgrade();
        handle.is_some_and(|handle| handle.hooks.with(|hooks| hooks.by_id.remove(&self.id)).is_some())
    }
}

impl Drop for OnStop {
    fn drop(&mut self) {
        self.remove();
    }
}

impl fmt::Debug for StopHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopHandle").field("is_stopped", &self.is_stopped()).finish_non_exhaustive()
    }
}

impl fmt::Debug for OnStop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OnStop")
    }
}

#[cfg(test)]
mod tests;
