use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use teamwire_core::{
    FeedEvent,
    claim::{EventHandle, Following},
    feed::InChat,
};

use super::{Shared, Wake};

/// The state of a followed feed, shared with its events.
pub(super) struct Link<T> {
    pub(super) shared: Arc<Shared>,
    pub(super) feed: Arc<str>,
    /// Locked before the state of the member.
    pub(super) following: Arc<Mutex<Following<T>>>,
    pub(super) wake: Wake,
}

impl<T> Clone for Link<T> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
            feed: Arc::clone(&self.feed),
            following: Arc::clone(&self.following),
            wake: Wake::clone(&self.wake),
        }
    }
}

impl<T> Link<T> {
    pub(super) fn following(&self) -> MutexGuard<'_, Following<T>> {
        self.following.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: InChat> Link<T> {
    pub(super) fn finish(&self, handed: EventHandle) {
        self.following().finish(&mut self.shared.lock().replica, handed);
        self.notify();
    }

    pub(super) fn fail(&self, handed: EventHandle, event: FeedEvent<T>) {
        let now = self.shared.clock.now().moment;
        self.following().fail(&mut self.shared.lock().replica, handed, event, now);
        self.notify();
    }

    /// Notifies the keeper and the follower of the end of a handler.
    fn notify(&self) {
        self.shared.changed.notify_all();
        (self.wake)();
    }
}
