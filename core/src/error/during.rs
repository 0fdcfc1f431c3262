use core::fmt;

use super::{Cause, Error, Operation};
use crate::{ids::ThreadId, redaction::Redaction};

/// The operation that failed: see [`Error::during`](super::Error::during).
///
/// `Display` names the operation and the chat: `post in chat c1`.
#[derive(Clone)]
#[non_exhaustive]
pub struct During {
    /// The operation.
    pub operation: &'static Operation,
    /// The chat, for methods and feeds of one chat.
    pub chat: Option<ThreadId>,
    /// Number of times that the failing request was sent, such as one of several uploads; zero if it was not sent. For
    /// a feed, the number of consecutive failures.
    pub attempts: u32,
    /// The reason why the request was not repeated; `None` if it will be: in
    /// [`FeedEvent::Retrying`](crate::FeedEvent::Retrying).
    pub gave_up: Option<GaveUp>,
    pub(super) redaction: Redaction,
}

/// The reason why a failed request was not repeated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GaveUp {
    /// The attempts that the [policy](crate::config::RetryPolicy::max_retries) allows are used up.
    Attempts,
    /// The [time](crate::config::RetryPolicy::give_up_after) that the policy allows has passed, or would have passed
    /// before the next attempt.
    Budget,
    /// The [deadline](crate::Client::with_deadline) of the client has passed, or would have passed before the next
    /// attempt.
    Deadline,
    /// The server asked for a [longer wait](crate::config::RetryPolicy::max_retry_after) than the policy allows.
    RetryAfter,
    /// It would fail again: see [`Error::is_transient`](super::Error::is_transient).
    NotTransient,
    /// The server may have performed it, and has no idempotency keys.
    NotRepeatable,
    /// The client was [stopped](crate::Client::stopped_by).
    Cancelled,
}

/// The attempts of a request that has failed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attempts {
    pub(super) attempts: u32,
    pub(super) gave_up: GaveUp,
}

/// The attempts of an error that was found before anything was sent.
impl Default for Attempts {
    fn default() -> Self {
        Self { attempts: 0, gave_up: GaveUp::NotTransient }
    }
}

/// Redacts credentials, which the id of a chat may repeat.
impl fmt::Debug for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("During")
            .field("operation", &self.operation.name)
            .field("chat", &self.shown_chat())
            .field("attempts", &self.attempts)
            .field("gave_up", &self.gave_up)
            .finish_non_exhaustive()
    }
}

impl fmt::Display for During {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.operation.fmt(f)?;
        self.shown_chat().map_or(Ok(()), |chat| write!(f, " in chat {chat}"))
    }
}

impl During {
    /// Returns the id of the chat as it is to be shown.
    fn shown_chat(&self) -> Option<ThreadId> {
        self.chat.as_ref().map(|chat| self.redaction.shown(chat.as_str()).into())
    }
}

/// The number of attempts and the limit of their time, at the end of a statement; empty for a single attempt without a
/// limit.
pub(super) struct After<'a>(pub(super) Option<&'a During>);

impl fmt::Display for After<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(During { attempts, gave_up, .. }) = self.0 else { return Ok(()) };
        let limit = match gave_up {
            Some(GaveUp::Budget) => " within the time of the retry policy",
            Some(GaveUp::Deadline) => " before the deadline",
            _ => "",
        };
        match attempts {
            0 => Ok(()),
            1 if limit.is_empty() => Ok(()),
            1 => write!(f, " after 1 attempt{limit}"),
            many => write!(f, " after {many} attempts{limit}"),
        }
    }
}

impl Error {
    /// Sets the operation that failed.
    pub(crate) fn set_operation(
        &mut self,
        operation: &'static Operation,
        chat: Option<&ThreadId>,
        redaction: &Redaction,
    ) {
        let Attempts { attempts, gave_up } = self.attempts_made();
        let (chat, redaction) = (chat.cloned(), redaction.clone());
        self.0.during = Some(During { operation, chat, attempts, gave_up: Some(gave_up), redaction });
    }

    /// Sets the number of consecutive failures of the feed that failed, and `will_retry` if it continues.
    pub(crate) fn set_failures(&mut self, failures: u32, will_retry: bool) {
        if let Some(during) = &mut self.0.during {
            during.attempts = failures;
            during.gave_up = during.gave_up.filter(|_| !will_retry);
        }
    }

    /// Returns this error as that of a request that was sent this number of times. A failed login has its own.
    pub(crate) fn after(mut self, attempts: u32, gave_up: GaveUp) -> Self {
        if !matches!(self.cause(), Cause::Login { .. }) {
            self.0.attempts_made = Some(Attempts { attempts, gave_up });
        }
        self
    }

    fn attempts_made(&self) -> Attempts {
        match (self.0.attempts_made, self.cause()) {
            (None, Cause::Attachment { cause, .. } | Cause::Login { cause, .. }) => cause.attempts_made(),
            (attempts_made, _) => attempts_made.unwrap_or_default(),
        }
    }

    /// Returns the reason why the request was not repeated.
    pub(crate) fn gave_up(&self) -> GaveUp {
        self.attempts_made().gave_up
    }

    /// Returns the number of times that the request was sent.
    pub(crate) fn attempts(&self) -> u32 {
        self.attempts_made().attempts
    }
}
