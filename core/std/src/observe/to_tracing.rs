use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use teamwire_core::{
    effect::Now,
    observe::{ClaimState, FeedState, Observation, Observer, OperationId},
};
use tracing::{Span, debug, debug_span, trace, warn};

/// Observer that writes to the crate `tracing`, with the target `teamwire`.
///
/// Each operation is a span of the level *debug* with the fields `id`, `operation` and `chat`, and, at its end,
/// `requests` and `status`. Its parent is the span that is current when the operation starts. It ends with the
/// operation, also if its future is dropped. Spans are never entered, so that no other task runs in them.
///
/// Requests and retries are events of the span, and the states of feeds and of claims are events without one. Failures,
/// retries, gaps and lost claims have the level *warn*, requests *trace*, and everything else *debug*.
#[derive(Debug, Default)]
pub struct ToTracing {
    /// The spans of the operations in progress.
    spans: Mutex<HashMap<OperationId, Span>>,
}

impl ToTracing {
    /// Creates an observer without spans.
    pub fn new() -> Self {
        Self::default()
    }

    fn spans(&self) -> MutexGuard<'_, HashMap<OperationId, Span>> {
        self.spans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the span of an operation. Outside of the lock, because a subscriber may call an operation.
    fn span(&self, id: OperationId) -> Span {
        self.spans().get(&id).cloned().unwrap_or_else(Span::none)
    }

    fn take(&self, id: OperationId) -> Span {
        self.spans().remove(&id).unwrap_or_else(Span::none)
    }
}

fn write_claim(now: Now, feed: &str, state: &ClaimState<'_>) {
    match *state {
        ClaimState::Held { claim, fence, tries } => {
            debug!(target: "teamwire", feed, claim, fence, tries, "held");
        }
        ClaimState::Released { claim, is_unfinished } => {
            debug!(target: "teamwire", feed, claim, is_unfinished, "released");
        }
        ClaimState::Lost { claim } => warn!(target: "teamwire", feed, claim, "lost"),
        ClaimState::StoreUnavailable { attempt, error, retry_at } => {
            let (wait, error) = (retry_at.saturating_duration_since(now.moment), format_args!("{error:#}"));
            warn!(target: "teamwire", feed, attempt, error, ?wait, "the store is unavailable");
        }
        ClaimState::StoreAvailable => debug!(target: "teamwire", feed, "the store is available"),
        ClaimState::Failed { error } => {
            warn!(target: "teamwire", feed, error = format_args!("{error:#}"), "the feed cannot be claimed");
        }
        _ => {}
    }
}

impl Observer for ToTracing {
    fn observe(&self, now: Now, observation: &Observation<'_>) {
        match observation {
            Observation::Started { id, operation, chat } => {
                let span = debug_span!(
                    target: "teamwire",
                    "operation",
                    id = id.get(),
                    operation = operation.name,
                    chat = chat.map(tracing::field::display),
                    requests = tracing::field::Empty,
                    status = tracing::field::Empty,
                );
                self.spans().insert(*id, span);
            }
            Observation::Attempt { id, attempt, .. } => {
                trace!(target: "teamwire", parent: &self.span(*id), attempt, "request");
            }
            Observation::Retrying { id, attempt, error, retry_at, .. } => {
                let (span, wait) = (self.span(*id), retry_at.saturating_duration_since(now.moment));
                let error = format_args!("{error:#}");
                warn!(target: "teamwire", parent: &span, attempt, error, ?wait, "retrying");
            }
            Observation::Finished { id, attempts, status, error, .. } => {
                let span = self.take(*id);
                span.record("requests", attempts);
                if let Some(status) = status {
                    span.record("status", status);
                }
                if let Some(error) = error {
                    warn!(target: "teamwire", parent: &span, error = format_args!("{error:#}"), "failed");
                } else {
                    debug!(target: "teamwire", parent: &span, "finished");
                }
            }
            Observation::Abandoned { id, .. } => debug!(target: "teamwire", parent: &self.take(*id), "abandoned"),
            Observation::Feed { id, feed, chat, state } => {
                let (id, chat) = (id.get(), chat.map(tracing::field::display));
                match state {
                    FeedState::Subscribed => debug!(target: "teamwire", id, feed, chat, "subscribed"),
                    FeedState::Polling => debug!(target: "teamwire", id, feed, chat, "polling"),
                    FeedState::Retrying { attempt, error, retry_at } => {
                        let wait = retry_at.saturating_duration_since(now.moment);
                        let error = format_args!("{error:#}");
                        warn!(target: "teamwire", id, feed, chat, attempt, error, ?wait, "retrying");
                    }
                    FeedState::Gap => warn!(target: "teamwire", id, feed, chat, "events may have been missed"),
                    FeedState::Ended { error: Some(error) } => {
                        warn!(target: "teamwire", id, feed, chat, error = format_args!("{error:#}"), "failed");
                    }
                    FeedState::Ended { error: None } => debug!(target: "teamwire", id, feed, chat, "ended"),
                    _ => {}
                }
            }
            Observation::Claim { feed, state } => write_claim(now, feed, state),
            _ => {}
        }
    }
}
