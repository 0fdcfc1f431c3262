use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
    ops::Deref,
};

use teamwire_core::{
    FeedEvent,
    claim::{Claim, EventHandle, EventNumber, HandedEvent, Save},
    feed::InChat,
};

use super::link::Link;

/// An event of a feed that is followed by claim. It dereferences to the [`FeedEvent`].
///
/// In a loop of your own, call [`handled`](Self::handled) once it is handled. If it is dropped before, it comes again
/// after a backoff, and the later events of its chat wait for it. With `for_each`, the result of the handler decides.
#[must_use = "an event that is dropped comes again"]
pub struct FleetEvent<T: InChat> {
    /// `None` only while it is dropped.
    event: Option<FeedEvent<T>>,
    /// `None` if there is nothing to handle, or if the result of a handler decides.
    handed: Option<EventHandle>,
    number: Option<EventNumber>,
    claims: u32,
    tries: u32,
    claim: Option<Claim>,
    link: Link<T>,
}

impl<T: InChat> FleetEvent<T> {
    pub(super) fn new(handed_out: HandedEvent<T>, link: Link<T>) -> Self {
        let HandedEvent { event, handed, claim } = handed_out;
        let number = handed.as_ref().map(EventHandle::number);
        let [claims, tries] = handed.as_ref().map_or([1; 2], |handed| [handed.claims(), handed.tries()]);
        Self { event: Some(event), handed, number, claims, tries, claim, link }
    }

    pub(super) fn take_handed(&mut self) -> Option<EventHandle> {
        self.handed.take()
    }

    pub(super) const fn link(&self) -> &Link<T> {
        &self.link
    }

    /// Returns the number of failures of the store in a row, if this is one.
    pub(super) fn failures_of_store(&self) -> Option<u32> {
        match &**self {
            FeedEvent::Retrying(retrying) if self.number.is_none() => Some(retrying.attempt),
            _ => None,
        }
    }

    /// Records that the event is handled. Its checkpoint is saved soon, together with others, once all events before it
    /// are handled.
    ///
    /// It cannot fail: if the claim is lost by then, another member handles the event again.
    pub fn handled(mut self) {
        if let Some(handed) = self.handed.take() {
            self.link.finish(handed);
        }
    }

    /// Returns what is to be saved with the bot's own rows, in one transaction of a store that this process shares with
    /// its bot: then each event changes the rows exactly once.
    ///
    /// The transaction has to do what [`ClaimStore::save`](crate::claims::ClaimStore::save) does: if that is
    /// [`Lost`](teamwire_core::claim::Saved::Lost), it is rolled back. After it was committed, call
    /// [`saved_by_me`](Self::saved_by_me).
    ///
    /// If the outcome of the transaction is unknown, let the event come again. The save then has the same number. If
    /// the store has that number already (see [`FeedRecord::has_saved`](teamwire_core::claim::FeedRecord::has_saved)),
    /// the transaction was committed: roll the new one back, and call [`saved_by_me`](Self::saved_by_me).
    ///
    /// Returns `None` if the claim is lost, and if an event before this one is not handled: handle one event at a time.
    pub fn to_save(&self) -> Option<Save> {
        let claim = self.claim.clone()?;
        let checkpoint = self.checkpoint()?.clone();
        let mut following = self.link.following();
        following.to_save(&mut self.link.shared.lock().replica, self.number?, claim, checkpoint)
    }

    /// Records that the event is handled, and that its checkpoint was saved by the bot itself: see
    /// [`to_save`](Self::to_save).
    pub fn saved_by_me(self) {
        if let (Some(claim), Some(checkpoint)) = (&self.claim, self.checkpoint()) {
            self.link.shared.lock().replica.saved(&claim.feed, &claim.id, checkpoint.clone());
        }
        self.handled();
    }

    /// Returns the number of replicas that may have handled the event, with this one: the claims of its feed since the
    /// checkpoint moved. An event with many may be the reason why replicas die: skip it, and report it. Failures of
    /// handlers do not count.
    ///
    /// After a crash, all events that were being handled count.
    pub const fn claims(&self) -> u32 {
        self.claims
    }

    /// Returns the number of times that the event has been handed out, with this one, as far as is known: the
    /// [`claims`](Self::claims), and the failures of its handler under the present one.
    pub const fn tries(&self) -> u32 {
        self.tries
    }

    /// Returns an idempotency key for a change that is made because of this event. It is the same in every process to
    /// which the event is delivered: see [`Checkpoint::event_key`](teamwire_core::Checkpoint::event_key).
    ///
    /// [`Retrying`](FeedEvent::Retrying) is not an event of the server: its keys are only different from others.
    pub fn key(&self, purpose: &str) -> String {
        (**self).key(purpose).unwrap_or_else(|| {
            let mut hasher = DefaultHasher::new();
            (&self.claim, format!("{:?}", self.number), purpose).hash(&mut hasher);
            format!("retrying-{:016x}", hasher.finish())
        })
    }

    /// Returns the claim under which the event was handed out; `None` for a failure of the store while there is none.
    pub const fn claim(&self) -> Option<&Claim> {
        self.claim.as_ref()
    }
}

impl<T: InChat> Deref for FleetEvent<T> {
    type Target = FeedEvent<T>;

    fn deref(&self) -> &FeedEvent<T> {
        self.event.as_ref().expect("it is there until it is dropped")
    }
}

impl<T: InChat> Drop for FleetEvent<T> {
    fn drop(&mut self) {
        if let (Some(handed), Some(event)) = (self.handed.take(), self.event.take()) {
            // A failure of a request needs no handling.
            if matches!(event, FeedEvent::Retrying(_)) {
                self.link.finish(handed);
            } else {
                self.link.fail(handed, event);
            }
        }
    }
}

impl<T: InChat + fmt::Debug> fmt::Debug for FleetEvent<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FleetEvent")
            .field("event", &self.event)
            .field("tries", &self.tries)
            .field("claim", &self.claim)
            .finish_non_exhaustive()
    }
}
