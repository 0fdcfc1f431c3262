use std::{
    collections::BTreeMap,
    fmt,
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use serde::{Deserialize, Deserializer, Serialize};
use teamwire_core::{
    Checkpoint, Draft, ReactionType,
    chrono::{DateTime, TimeDelta, Utc},
    model::{MessageId, ThreadId, UserId},
};

/// A message of an [`Outbox`](super::Outbox): see [`OutboxMessages::entry`](super::OutboxMessages::entry).
#[derive(PartialEq)]
#[non_exhaustive]
pub struct OutboxEntry<'outbox, T> {
    /// The key.
    pub key: &'outbox str,
    /// The chat.
    pub chat: &'outbox ThreadId,
    /// The id of the message; `None` if it has not been posted.
    pub mid: Option<&'outbox MessageId>,
    /// The time at which the server received it, by its clock; `None` if it has not been posted.
    pub sent_at: Option<DateTime<Utc>>,
    /// The message can never be posted: see [`Outbox::deliver`](super::Outbox::deliver).
    pub is_rejected: bool,
    /// The message that is to be posted, with its idempotency key; `None` once it has been posted or rejected.
    pub draft: Option<&'outbox Draft>,
    /// The time at which it is due: see [`OutboxMessages::set_due`](super::OutboxMessages::set_due). That of
    /// [`set_due_after`](super::OutboxMessages::set_due_after) is known once the message has been posted.
    pub due_at: Option<DateTime<Utc>>,
    /// The newest reaction of each user that was reported by [`Outbox::follow`](super::Outbox::follow).
    pub reactions: &'outbox BTreeMap<UserId, ReactionType>,
    /// The data of the program; `None` if it was added without.
    pub data: Option<&'outbox T>,
}

/// Shows no texts, except for those of the data.
impl<T: fmt::Debug> fmt::Debug for OutboxEntry<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxEntry")
            .field("key", &self.key)
            .field("chat", &self.chat)
            .field("posted", &self.mid.zip(self.sent_at))
            .field("is_rejected", &self.is_rejected)
            .field("due_at", &self.due_at)
            .field("reactions", &self.reactions)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}

/// A message that is to be posted.
pub(super) struct Waiting {
    pub(super) serial: Serial,
    pub(super) chat: ThreadId,
    /// The message, with its idempotency key.
    pub(super) draft: Draft,
}

/// Number of a message in this process. A message that is removed and added again, with the same key, has another one,
/// so that the outcome of a post that began before belongs to the removed message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Serial(u64);

impl Default for Serial {
    fn default() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// The outbox in the form in which it is read.
#[derive(Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct SavedOutbox<T> {
    #[serde(default)]
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) messages: Vec<Saved<T>>,
}

/// The outbox in the form in which it is saved.
#[derive(Serialize)]
pub(super) struct SavedOutboxRef<'a, T> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) checkpoint: &'a Option<Checkpoint>,
    pub(super) messages: Vec<&'a Saved<T>>,
}

/// A message in the form in which it is saved.
#[derive(Clone, Serialize, Deserialize)]
#[serde(bound(deserialize = "T: Deserialize<'de>"))]
pub(super) struct Saved<T> {
    #[serde(skip)]
    pub(super) serial: Serial,
    pub(super) key: String,
    pub(super) chat: ThreadId,
    pub(super) post: Post,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due_at: Option<DateTime<Utc>>,
    /// The time after its post at which it is due, in milliseconds. Only of one that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) due_after: Option<u64>,
    /// The key of the message to which it replies, as long as that waits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) reply_to: Option<String>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) reactions: BTreeMap<UserId, ReactionType>,
    /// Number of reactions that were recorded, with those that users have changed since.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) reaction_count: u64,
    /// The time that it has not been used, in milliseconds: see [`with_retention`](super::Outbox::with_retention).
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) unused: u64,
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    pub(super) data: Option<T>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Returns data that was saved, which may be `null` itself.
fn present<'de, D: Deserializer<'de>, T: Deserialize<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    T::deserialize(deserializer).map(Some)
}

#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Post {
    Waiting(Box<Draft>),
    Posted {
        mid: MessageId,
        sent_at: DateTime<Utc>,
        /// It accepts reactions.
        is_attention: bool,
    },
    Rejected,
}

impl<T> Saved<T> {
    pub(super) fn entry(&self) -> OutboxEntry<'_, T> {
        let (mid, sent_at) = match &self.post {
            Post::Posted { mid, sent_at, .. } => (Some(mid), Some(*sent_at)),
            Post::Waiting(_) | Post::Rejected => (None, None),
        };
        let draft = match &self.post {
            Post::Waiting(draft) => Some(&**draft),
            Post::Posted { .. } | Post::Rejected => None,
        };
        let Self { key, chat, due_at, reactions, data, .. } = self;
        let is_rejected = matches!(self.post, Post::Rejected);
        OutboxEntry { key, chat, mid, sent_at, is_rejected, draft, due_at: *due_at, reactions, data: data.as_ref() }
    }

    pub(super) fn is_waiting(&self) -> bool {
        matches!(self.post, Post::Waiting(_))
    }
}

/// Returns the time that is this number of milliseconds later; `None` if a calendar does not have it.
pub(super) fn later(sent_at: DateTime<Utc>, after: u64) -> Option<DateTime<Utc>> {
    sent_at.checked_add_signed(TimeDelta::from_std(Duration::from_millis(after)).ok()?)
}
