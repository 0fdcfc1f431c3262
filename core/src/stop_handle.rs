//! The handle that stops operations and feeds.

use alloc::{
    collections::BTreeMap,
    sync::{Arc, Weak},
    vec::Vec,
};
use core::{
    fmt, mem,
    sync::atomic::{AtomicBool, Ordering},
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
    /// Stop this handle with others.
    sources: Shared<Vec<OnStop>>,
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
            let inner = Arc::downgrade(&any.0);
            let on_stop = handle.on_stop(move || {
                if let Some(inner) = inner.upgrade() {
                    Self(inner).stop();
                }
            });
            any.0.sources.with(|sources| sources.push(on_stop));
        }
        any
    }

    /// Stops the operations and feeds within a second, even during a connection attempt, a long poll, a transfer or a
    /// wait. Idempotent.
    ///
    /// Events that a feed has received are still delivered. Its subscription is ended on the server if that responds
    /// in time; otherwise, it expires within minutes.
    pub fn stop(&self) {
        if self.0.is_stopped.swap(true, Ordering::SeqCst) {
            return;
        }
        let hooks = self.0.hooks.with(|hooks| mem::take(&mut hooks.by_id));
        // Outside of the lock, because a hook may register another or drop its own registration.
        for hook in hooks.values().filter_map(Weak::upgrade) {
            hook();
        }
    }

    /// Returns `true` once [`stop`](Self::stop) has been called.
    pub fn is_stopped(&self) -> bool {
        self.0.is_stopped.load(Ordering::SeqCst)
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
mod tests {
    use core::sync::atomic::AtomicUsize;

    use super::*;

    /// Returns a counter, and a hook that increments it.
    fn counter() -> (Arc<AtomicUsize>, impl Fn() + Send + Sync + Clone) {
        let count = Arc::<AtomicUsize>::default();
        let counted = count.clone();
        (count, move || {
            counted.fetch_add(1, Ordering::SeqCst);
        })
    }

    #[test]
    fn hooks_are_called_once_and_not_after_they_were_dropped() {
        let (stop, (count, hook)) = (StopHandle::new(), counter());
        let _kept = stop.on_stop(hook.clone());
        drop(stop.on_stop(hook.clone()));
        assert!(!stop.is_stopped());
        stop.clone().stop();
        stop.stop();
        assert_eq!((stop.is_stopped(), count.load(Ordering::SeqCst)), (true, 1));
        let _late = stop.on_stop(hook);
        assert_eq!(count.load(Ordering::SeqCst), 2, "it is called immediately");
    }

    #[test]
    fn hook_may_use_the_handle() {
        let (stop, (count, hook)) = (StopHandle::new(), counter());
        let own = Arc::new(Shared::<Option<OnStop>>::default());
        let (handle, slot) = (stop.clone(), own.clone());
        let on_stop = stop.on_stop(move || {
            drop(slot.with(Option::take));
            drop(handle.on_stop(hook.clone()));
            handle.stop();
        });
        own.with(|slot| *slot = Some(on_stop));
        stop.stop();
        assert_eq!(count.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn combined_handle_is_stopped_with_each_of_its_sources_but_does_not_stop_them() {
        let sources = [StopHandle::new(), StopHandle::new()];
        for source in &sources {
            let (first, second) = (StopHandle::any(&sources), StopHandle::any(&sources));
            assert!(!first.is_stopped() || sources[0].is_stopped());
            first.stop();
            assert_eq!(second.is_stopped(), sources[0].is_stopped());
            source.stop();
            assert!(second.is_stopped() && StopHandle::any(&sources).is_stopped());
        }
        assert!(!StopHandle::any([]).is_stopped());
    }

    #[test]
    fn dropped_combination_leaves_nothing_behind() {
        let stop = StopHandle::new();
        drop(StopHandle::any([&stop]));
        assert_eq!(stop.0.hooks.with(|hooks| hooks.by_id.len()), 0);
    }
}
