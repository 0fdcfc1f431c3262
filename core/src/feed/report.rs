use super::FeedEvent;
use crate::{
    effect::Now,
    error::Error,
    observe::{FeedState, Observation, OperationId},
    protocol::FeedSource,
    session::Session,
};

/// Reports the states of a feed to the observer of its session.
#[derive(Debug)]
pub(super) struct FeedReport {
    /// Zero without an observer.
    id: u64,
    is_polling: bool,
}

impl FeedReport {
    pub(super) fn new(session: &Session) -> Self {
        Self { id: session.observer().map_or(0, |_| session.operation_id().get()), is_polling: false }
    }

    pub(super) fn on_subscribed(&self, session: &Session, source: &FeedSource, now: Now) {
        self.report(session, source, now, FeedState::Subscribed);
    }

    /// Reports the first poll after the start or a failure.
    pub(super) fn on_poll(&mut self, session: &Session, source: &FeedSource, now: Now) {
        if !core::mem::replace(&mut self.is_polling, true) {
            self.report(session, source, now, FeedState::Polling);
        }
    }

    /// Reports a failure or a gap, when it is delivered.
    pub(super) fn on_event<T>(&mut self, session: &Session, source: &FeedSource, now: Now, event: &FeedEvent<T>) {
        let state = match event {
            FeedEvent::Retrying(failure) => {
                self.is_polling = false;
                FeedState::Retrying { attempt: failure.attempt, error: &failure.error, retry_at: failure.retry_at }
            }
            FeedEvent::Gap(_) => FeedState::Gap,
            _ => return,
        };
        self.report(session, source, now, state);
    }

    pub(super) fn on_end(&self, session: &Session, source: &FeedSource, now: Now, error: Option<&Error>) {
        self.report(session, source, now, FeedState::Ended { error });
    }

    fn report(&self, session: &Session, source: &FeedSource, now: Now, state: FeedState<'_>) {
        let Some(observer) = session.observer() else { return };
        observer.observe(
            now,
            &Observation::Feed { id: OperationId(self.id), feed: source.name(), chat: source.chat(), state },
        );
    }
}
