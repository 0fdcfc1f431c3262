//! Posting the messages of an outbox.

use std::time::Duration;

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{Client, Error, ErrorKind, Message, effect::FileErrorKind, error::Cause, executor::Portable};

use super::{
    Outbox,
    entry::{Serial, Waiting},
    messages::OutboxMessages,
};

/// Times until the next delivery: after the first failure, and at most.
const MIN_BACKOFF: Duration = Duration::from_secs(1);
const MAX_BACKOFF: Duration = Duration::from_secs(60);

/// The outcome of [`Outbox::deliver`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct OutboxDelivery {
    /// Number of messages that were posted.
    pub posted: usize,
    /// Number of messages that can never be posted.
    pub rejected: usize,
    /// The error of the message that still waits, with those behind it; `None` if there was no such error, and if
    /// another delivery runs.
    pub failure: Option<Error>,
    /// Time after which the next delivery should be tried, for instance as the limit of a wait for the next event:
    /// 1 s after the first failure, twice that after the next one, and so on up to 60 s, or longer if the server asks
    /// for it. 1 s if another delivery runs and has not posted all messages yet. Otherwise `None`.
    pub retry_after: Option<Duration>,
}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Outbox<T> {
    /// Posts the messages that wait, in the order in which they were added, and saves the outcome of each. Messages
    /// that are added meanwhile are posted as well. With an asynchronous client, the result is a future.
    ///
    /// `settled` is called with each message that was posted, and with each that can never be posted, because the error
    /// [is permanent](Error::is_permanent), because the file of an attachment does not exist any more, or because it
    /// replies to such a message. It receives the messages, its key and the outcome. What it changes is saved together
    /// with the outcome, so that a follow-up is neither lost nor made twice. As in [`change`](Self::change), it must
    /// not use the outbox itself.
    ///
    /// - After an error that [is transient](Error::is_transient), such as that of an outage or of a
    ///   [deadline](Client::with_deadline), the message and those behind it still wait, so that their order is kept:
    ///   see [`OutboxDelivery::failure`] and [`OutboxDelivery::retry_after`].
    /// - A rejected message does not block the others. It stays in the outbox, so that a repetition of its
    ///   [`add`](OutboxMessages::add) does nothing.
    /// - If the client is stopped, or the future dropped, a post that has begun may have taken effect. The message
    ///   still waits; the next delivery posts it again with its key, and so learns the id.
    /// - One delivery runs at a time, which posts also what other threads add. Another call returns at once, with
    ///   nothing posted, and a time in [`OutboxDelivery::retry_after`] if messages wait: the one that runs may fail or
    ///   be dropped. So every thread may call it after a change.
    ///
    /// # Errors
    ///
    /// `Unsupported` if the protocol has no idempotency keys, without which no message can be posted once, or not an
    /// option of the message. It still waits, with those behind it: [remove](OutboxMessages::remove) one that cannot be
    /// posted by this protocol.
    ///
    /// Another error of a post, which ends a bot, such as `Auth` for a revoked key, `Cancelled` if the client was
    /// stopped, and `File` for an attachment that exists but cannot be read: the message still waits. Those of
    /// [`StateFile::save`](crate::StateFile::save): the next delivery posts the message again, with its key. What was
    /// posted or rejected before is saved, and `settled` has been called with it. It has also been called with the
    /// message whose outcome could not be saved, and is called with it again: its changes were not made.
    pub fn deliver<'a, X: Portable>(
        &'a self,
        client: &'a Client<X>,
        settled: impl FnMut(&mut OutboxMessages<T>, &str, Result<&Message, &Error>) + Send + 'a,
    ) -> X::Run<'a, OutboxDelivery> {
        X::run_future(async move {
            let is_followed = self.0.state().followers > 0;
            if is_followed { Ok(self.busy()) } else { self.deliver_all(client, settled).await }
        })
    }

    /// The outcome while another delivery runs.
    fn busy(&self) -> OutboxDelivery {
        let retry_after = (self.0.state().newest().waiting() > 0).then_some(MIN_BACKOFF);
        OutboxDelivery { retry_after, ..OutboxDelivery::default() }
    }

    /// Same as [`deliver`](Self::deliver), also while [`follow`](Self::follow) runs.
    pub(super) async fn deliver_all<X: Portable>(
        &self,
        client: &Client<X>,
        mut settled: impl FnMut(&mut OutboxMessages<T>, &str, Result<&Message, &Error>) + Send,
    ) -> Result<OutboxDelivery, Error> {
        let mut delivery = OutboxDelivery::default();
        let Some(mut running) = Running::start(self) else { return Ok(self.busy()) };
        while let Some(Waiting { serial, chat, draft }) = running.next() {
            let outcome = X::wait(client.chats().chat(chat).post(draft)).await;
            match &outcome {
                Ok(_) => running.succeed(),
                // It may concern all messages: each has a key, which not every protocol can send.
                Err(error) if error.kind() == ErrorKind::Unsupported => return outcome.map(|_| delivery),
                Err(error) if error.is_permanent() => running.succeed(),
                Err(error) if is_file_missing(error) => {}
                Err(error) if error.may_recover() => {
                    delivery.retry_after = Some(running.fail(error));
                    delivery.failure = Some(error.clone());
                    break;
                }
                Err(_) => return outcome.map(|_| delivery),
            }
            let count = self.apply_on(client, |messages| settle(messages, serial, &outcome, &mut settled)).await?;
            match outcome {
                Ok(_) => delivery.posted += count,
                Err(_) => delivery.rejected += count,
            }
        }
        Ok(delivery)
    }
}

/// Returns the time until the next attempt after this error, which follows this number of failures.
pub(super) fn backoff(failures: u32, error: &Error) -> Duration {
    let backoff = MIN_BACKOFF.saturating_mul(1 << failures.min(6)).min(MAX_BACKOFF);
    backoff.max(error.retry_after().unwrap_or_default())
}

/// Returns `true` for a file that is missing, or a folder in its place. Other errors of a file, such as that of its
/// permissions, may concern all files of the program.
fn is_file_missing(error: &Error) -> bool {
    match error.cause() {
        Cause::File(error) => matches!(error.kind, FileErrorKind::NotFound | FileErrorKind::IsDirectory),
        Cause::Attachment { cause, .. } => is_file_missing(cause),
        _ => false,
    }
}

/// Records the outcome of a post. Returns the number of messages that are posted or rejected.
fn settle<T: Clone>(
    messages: &mut OutboxMessages<T>,
    serial: Serial,
    outcome: &Result<Message, Error>,
    settled: &mut impl FnMut(&mut OutboxMessages<T>, &str, Result<&Message, &Error>),
) -> usize {
    match outcome {
        Ok(message) => {
            let Some(key) = messages.posted(serial, message) else { return 0 };
            settled(messages, &key, Ok(message));
            1
        }
        Err(error) => {
            let rejected = messages.rejected(serial);
            for key in &rejected {
                settled(messages, key, Err(error));
            }
            rejected.len()
        }
    }
}

/// The only delivery of an outbox, until it is dropped.
struct Running<'outbox, T> {
    outbox: &'outbox Outbox<T>,
    has_ended: bool,
}

impl<'outbox, T> Running<'outbox, T> {
    /// `None` if another one runs.
    fn start(outbox: &'outbox Outbox<T>) -> Option<Self> {
        let mut state = outbox.0.state();
        if std::mem::replace(&mut state.is_delivering, true) {
            return None;
        }
        Some(Self { outbox, has_ended: false })
    }

    /// Returns the next message. Without one, the delivery ends at the same moment: a message that is added later is
    /// not left to it.
    fn next(&mut self) -> Option<Waiting> {
        let mut state = self.outbox.0.state();
        let next = state.saved.next_waiting();
        if next.is_none() {
            (state.is_delivering, self.has_ended) = (false, true);
        }
        next
    }

    /// The server has responded.
    fn succeed(&self) {
        self.outbox.0.state().failures = 0;
    }

    /// Returns the time until the next delivery after this error.
    fn fail(&self, error: &Error) -> Duration {
        let mut state = self.outbox.0.state();
        let backoff = backoff(state.failures, error);
        state.failures += 1;
        backoff
    }
}

impl<T> Drop for Running<'_, T> {
    fn drop(&mut self) {
        if !self.has_ended {
            self.outbox.0.state().is_delivering = false;
        }
    }
}
