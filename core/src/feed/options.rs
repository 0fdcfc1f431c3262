use core::time::Duration;

use super::Checkpoint;
use crate::model::UserId;

/// Start position and polling options of a feed.
///
/// A [`Checkpoint`] converts into it, and so does an `Option` of one: `None` starts from now.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use = "options do nothing until a feed is followed"]
pub struct FeedOptions {
    pub(super) after: Option<Checkpoint>,
    pub(super) long_poll: Duration,
    pub(super) hidden_author: Option<UserId>,
}

/// Maximum duration of a long poll, whatever the protocol: many proxies end a request without a response after 30
/// seconds.
const MAX_LONG_POLL: Duration = Duration::from_secs(25);

impl FeedOptions {
    /// Starts with the next event.
    pub const fn from_now() -> Self {
        Self { after: None, long_poll: MAX_LONG_POLL, hidden_author: None }
    }

    /// Starts with the first event after the checkpoint.
    pub const fn after(checkpoint: Checkpoint) -> Self {
        Self { after: Some(checkpoint), long_poll: MAX_LONG_POLL, hidden_author: None }
    }

    /// Sets the duration of each long poll, in whole seconds from 1 to 25 (the default). It is shortened while an
    /// intermediary cuts off requests of that duration.
    pub fn long_poll(mut self, wait: Duration) -> Self {
        self.long_poll = Duration::from_secs(wait.as_secs().clamp(1, MAX_LONG_POLL.as_secs()));
        self
    }

    /// Leaves out the messages of this user: usually the bot itself, so that it does not respond to its own messages.
    /// The user is an id or a [`User`](crate::User); a later call replaces it. Reactions, locations and all other
    /// events are delivered, also those of this user.
    ///
    /// ```
    /// use teamwire_core::{Checkpoint, Client, Error, FeedOptions, Script};
    ///
    /// fn echo(client: &Client<Script>, saved: Option<Checkpoint>) -> Result<(), Error> {
    ///     let me = client.check()?;
    ///     for event in client.chats().new_messages(FeedOptions::from(saved).without_messages_of(&me)) {
    ///         if let Some(message) = event?.into_item() {
    ///             client.chats().chat(&message.tid).post(message.text.unwrap_or_default())?;
    ///         }
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn without_messages_of(mut self, user: impl Into<UserId>) -> Self {
        self.hidden_author = Some(user.into());
        self
    }
}

impl Default for FeedOptions {
    fn default() -> Self {
        Self::from_now()
    }
}

impl From<Checkpoint> for FeedOptions {
    fn from(checkpoint: Checkpoint) -> Self {
        Self::after(checkpoint)
    }
}

impl From<Option<Checkpoint>> for FeedOptions {
    fn from(checkpoint: Option<Checkpoint>) -> Self {
        Self { after: checkpoint, long_poll: MAX_LONG_POLL, hidden_author: None }
    }
}
