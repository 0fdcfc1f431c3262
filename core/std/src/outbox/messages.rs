//! The messages of an outbox, in memory.

use std::{collections::BTreeMap, fmt, sync::Arc};

use serde::Serialize;
use teamwire_core::{
    Checkpoint, Draft, Message, Reaction,
    model::{MessageId, ThreadId},
};

use super::entry::{OutboxEntry, Post, Saved, Serial, Waiting, later};

/// The messages of an [`Outbox`](super::Outbox): those of a moment, from [`Outbox::messages`](super::Outbox::messages),
/// or those that the closure of [`Outbox::change`](super::Outbox::change) changes.
#[derive(Clone)]
pub struct OutboxMessages<T> {
    /// Shared with the messages of other moments.
    pub(super) list: Vec<Arc<Saved<T>>>,
    /// That of the feed of reactions.
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) is_changed: bool,
}

impl<T> OutboxMessages<T> {
    /// Returns the message with this key; `None` if there is not one.
    pub fn entry(&self, key: &str) -> Option<OutboxEntry<'_, T>> {
        self.iter().find(|entry| entry.key == key)
    }

    /// Returns the message with this id, such as that of a reaction.
    pub fn entry_of(&self, mid: &MessageId) -> Option<OutboxEntry<'_, T>> {
        self.iter().find(|entry| entry.mid == Some(mid))
    }

    /// Returns all messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> {
        self.list.iter().map(|message| message.entry())
    }

    /// Returns the number of messages that are to be posted.
    pub fn waiting(&self) -> usize {
        self.list.iter().filter(|message| message.is_waiting()).count()
    }

    /// Returns the messages that are to be posted.
    pub(super) fn all_waiting(&self) -> impl Iterator<Item = Serial> {
        self.list.iter().filter(|message| message.is_waiting()).map(|message| message.serial)
    }

    /// Returns the chat and the id of a posted message.
    pub(super) fn posted_as(&self, serial: Serial) -> Option<(&ThreadId, &MessageId)> {
        let message = self.list.iter().find(|message| message.serial == serial)?.entry();
        Some((message.chat, message.mid?))
    }

    /// Returns the message that is to be posted next: the first that was added.
    pub(super) fn next_waiting(&self) -> Option<Waiting> {
        self.list.iter().find_map(|message| match &message.post {
            Post::Waiting(draft) => {
                Some(Waiting { serial: message.serial, chat: message.chat.clone(), draft: (**draft).clone() })
            }
            Post::Posted { .. } | Post::Rejected => None,
        })
    }
}

/// Changes.
impl<T: Clone> OutboxMessages<T> {
    /// Adds a message that is to be posted in this chat. The idempotency key of the draft is derived from the key,
    /// which may be [any text](Draft::idempotency_key_for). Returns `false`, and changes nothing, if there is a message
    /// with this key already: waiting, posted or rejected. Such a message [counts as
    /// used](super::Outbox::with_retention).
    pub fn add(&mut self, key: impl Into<String>, chat: impl Into<ThreadId>, draft: impl Into<Draft>) -> bool {
        self.insert(key.into(), chat.into(), draft.into(), None, None)
    }

    /// Adds a message as [`add`](Self::add) does, together with data of the program.
    pub fn add_with(
        &mut self,
        key: impl Into<String>,
        chat: impl Into<ThreadId>,
        draft: impl Into<Draft>,
        data: T,
    ) -> bool {
        self.insert(key.into(), chat.into(), draft.into(), None, Some(data))
    }

    /// Adds a message that replies to that with the key `to_key`, which may still wait. It is posted in the same chat,
    /// and after that message. Returns `false`, and changes nothing, if there is a message with the key already, or if
    /// the message to which it replies was rejected, or does not exist.
    ///
    /// If that message is rejected or removed before it is posted, the reply is rejected.
    pub fn add_reply(&mut self, key: impl Into<String>, to_key: &str, draft: impl Into<Draft>) -> bool {
        self.used(to_key);
        let Some(to) = self.entry(to_key).filter(|to| !to.is_rejected) else { return false };
        let (chat, mut draft) = (to.chat.clone(), draft.into());
        draft.reply_to = to.mid.cloned();
        let reply_to = to.mid.is_none().then(|| to_key.to_owned());
        self.insert(key.into(), chat, draft, reply_to, None)
    }

    /// Changes the data of a message. Without such a message, or if it has no data, it does nothing.
    pub fn update(&mut self, key: &str, change: impl FnOnce(&mut T))
    where
        T: Serialize,
    {
        let Some(data) = self.find(key).and_then(|message| message.data.as_mut()) else { return };
        let before = serde_json::to_vec(data).ok();
        change(data);
        // What makes no difference is not written to the disk.
        if before.is_none() || before != serde_json::to_vec(data).ok() {
            self.is_changed = true;
            self.used(key);
        }
    }

    /// Removes a message, posted or not. A message that is not posted yet never is, unless its post has begun; then its
    /// outcome is not reported. Returns `false` if there is not one.
    ///
    /// The replies to it that wait are rejected, and the replies to those. That is not reported: see
    /// [`OutboxEntry::is_rejected`].
    ///
    /// The key can be added again. With the default protocol, the server knows it for 24 hours: with the same content,
    /// the post returns the message that was posted, and with other content, it is rejected.
    pub fn remove(&mut self, key: &str) -> bool {
        self.keep(|message| message.key != key)
    }

    /// Removes the posted and rejected messages for which `keep` returns `false`, such as those of last week.
    /// Their keys can be added again, as after [`remove`](Self::remove). For a program that runs,
    /// [`Outbox::with_retention`](super::Outbox::with_retention) does it.
    pub fn retain(&mut self, mut keep: impl FnMut(OutboxEntry<'_, T>) -> bool) {
        self.keep(|message| message.is_waiting() || keep(message.entry()));
    }

    pub(super) fn keep(&mut self, mut keep: impl FnMut(&Saved<T>) -> bool) -> bool {
        let before = self.list.len();
        self.list.retain(|message| keep(message));
        let is_shorter = self.list.len() < before;
        if is_shorter {
            self.reject_replies();
            self.is_changed = true;
        }
        is_shorter
    }

    fn insert(&mut self, key: String, chat: ThreadId, draft: Draft, reply_to: Option<String>, data: Option<T>) -> bool {
        if self.entry(&key).is_some() {
            self.used(&key);
            return false;
        }
        let post = Post::Waiting(Box::new(draft.idempotency_key_for(&key)));
        let (reactions, reaction_count) = (BTreeMap::new(), 0);
        let serial = Serial::default();
        let (due_at, due_after, unused) = (None, None, 0);
        self.list.push(Arc::new(Saved {
            serial,
            key,
            chat,
            post,
            due_at,
            due_after,
            reply_to,
            reactions,
            reaction_count,
            unused,
            data,
        }));
        self.is_changed = true;
        true
    }

    /// The message is in use. Without a retention, that changes nothing.
    pub(super) fn used(&mut self, key: &str) {
        if self.list.iter().any(|message| message.key == key && message.unused > 0) {
            self.is_changed = true;
            self.find(key).into_iter().for_each(|message| message.unused = 0);
        }
    }

    pub(super) fn find(&mut self, key: &str) -> Option<&mut Saved<T>> {
        self.list.iter_mut().find(|message| message.key == key).map(Arc::make_mut)
    }
}

/// Outcomes of posts.
impl<T: Clone> OutboxMessages<T> {
    /// Keeps the id and time of a message that was posted. Returns its key; `None` if it does not wait any more: an
    /// earlier delivery has kept them, or it was removed.
    pub(super) fn posted(&mut self, serial: Serial, message: &Message) -> Option<String> {
        let posted = self.find_waiting(serial)?;
        let key = posted.key.clone();
        if let Some(after) = posted.due_after.take() {
            posted.due_at = later(message.sent_at, after);
        }
        posted.post = Post::Posted {
            mid: message.mid.clone(),
            sent_at: message.sent_at,
            is_attention: message.alert_type.is_some(),
        };
        // Only now, and in the file: the content of a message does not change once its post may have begun.
        for reply in self.list.iter_mut().filter(|reply| reply.reply_to.as_ref() == Some(&key)) {
            let reply = Arc::make_mut(reply);
            if let Post::Waiting(draft) = &mut reply.post {
                draft.reply_to = Some(message.mid.clone());
            }
            reply.reply_to = None;
        }
        self.is_changed = true;
        Some(key)
    }

    /// Keeps that a message can never be posted, and the replies to it neither. Returns their keys.
    pub(super) fn rejected(&mut self, serial: Serial) -> Vec<String> {
        let Some(message) = self.find_waiting(serial) else { return Vec::new() };
        (message.post, message.due_at, message.due_after) = (Post::Rejected, None, None);
        let key = message.key.clone();
        self.is_changed = true;
        let replies = self.reject_replies();
        [vec![key], replies].concat()
    }

    fn find_waiting(&mut self, serial: Serial) -> Option<&mut Saved<T>> {
        let message = self.list.iter_mut().find(|message| message.serial == serial)?;
        message.is_waiting().then(|| Arc::make_mut(message))
    }

    /// Rejects the replies to messages that do not wait any more, and the replies to those. Returns their keys.
    fn reject_replies(&mut self) -> Vec<String> {
        let mut rejected = Vec::new();
        // A reply is always behind its message.
        for index in 0..self.list.len() {
            let (before, rest) = self.list.split_at_mut(index);
            let Some(to) = &rest[0].reply_to else { continue };
            if !before.iter().any(|message| message.key == *to && message.is_waiting()) {
                let reply = Arc::make_mut(&mut rest[0]);
                (reply.post, reply.due_at, reply.due_after, reply.reply_to) = (Post::Rejected, None, None, None);
                rejected.push(reply.key.clone());
            }
        }
        rejected
    }
}

/// Records of [`Outbox::follow`](super::Outbox::follow).
impl<T: Clone> OutboxMessages<T> {
    /// Records a reaction.
    pub(super) fn record(&mut self, reaction: &Reaction) -> Recorded {
        let Some(message) = self.list.iter_mut().find(|message| message.entry().mid == Some(&reaction.mid)) else {
            return Recorded::Unknown;
        };
        if message.reactions.get(&reaction.from_user.uid) == Some(&reaction.reaction_type) {
            return Recorded::Known;
        }
        let message = Arc::make_mut(message);
        message.reactions.insert(reaction.from_user.uid.clone(), reaction.reaction_type.clone());
        message.reaction_count += 1;
        message.unused = 0;
        self.is_changed = true;
        Recorded::News { key: message.key.clone(), number: message.reaction_count }
    }

    /// Everything up to this checkpoint is recorded.
    pub(super) fn reach(&mut self, checkpoint: Option<&Checkpoint>) {
        if checkpoint.is_some() && self.checkpoint.as_ref() != checkpoint {
            self.checkpoint = checkpoint.cloned();
            self.is_changed = true;
        }
    }
}

/// The outcome of [`OutboxMessages::record`].
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Recorded {
    /// The number is that of this reaction among those to the message, from 1.
    News { key: String, number: u64 },
    /// It is the recorded reaction of the user already.
    Known,
    /// No message of the outbox has this id.
    Unknown,
}

/// Shows no texts.
impl<T> fmt::Debug for OutboxMessages<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OutboxMessages")
            .field("messages", &self.list.len())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
