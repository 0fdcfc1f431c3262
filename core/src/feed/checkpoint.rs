use alloc::{borrow::Cow, format, string::String, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
    hash::Fnv128,
    model::ThreadId,
    protocol::{FeedSource, is_cursor},
    redaction::Redaction,
};

/// The version that is written, and the newest that can be read.
const VERSION: u32 = 1;

/// A position in a feed, small enough to save after every event, as JSON or in any other format of serde.
///
/// A later process can resume the feed after it, with this version of the library or a newer one. Every event that was
/// delivered after the event of the checkpoint is then delivered again. That event itself, and some before it, may be
/// as well, if the server gave them no cursor of their own. So handle an event first, save its checkpoint then, and
/// make handling an event twice harmless.
///
/// It holds no secret unless the server puts one into the cursor, and `Debug` redacts that. Of a checkpoint that was
/// loaded, `Debug` shows only the length of the cursor.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    feed: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<ThreadId>,
    /// Shared by all checkpoints with the same cursor.
    cursor: Arc<str>,
    /// Identity of the event, unless the cursor is its own.
    #[serde(skip)]
    identity: Identity,
    #[serde(skip)]
    redaction: Redaction,
}

/// The hash of an event's identity. All are equal, as a checkpoint is a position.
#[derive(Clone, Copy, Default)]
struct Identity(Option<u64>);

impl PartialEq for Identity {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for Identity {}

#[expect(clippy::missing_fields_in_debug, reason = "a checkpoint is a position, whatever its event")]
impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("version", &self.version)
            .field("feed", &self.feed)
            .field("chat", &self.shown_chat())
            .field("cursor", &self.shown_cursor())
            .finish()
    }
}

impl Checkpoint {
    pub(super) fn new(source: &FeedSource, cursor: Arc<str>, redaction: Redaction) -> Self {
        let (feed, chat) = (source.name().into(), source.chat().cloned());
        Self { version: VERSION, feed, chat, cursor, identity: Identity(None), redaction }
    }

    /// Sets the identity of an event that has no cursor of its own.
    pub(super) fn of_event(mut self, identity: u64) -> Self {
        self.identity = Identity(Some(identity));
        self
    }

    /// Returns an idempotency key for a change that is made because of the event of this checkpoint. `purpose`
    /// distinguishes the changes that are made because of the same event.
    ///
    /// Another process, to which the event is delivered again, gets the same key: the server then performs the change
    /// once, if both requests arrive within the time for which it keeps keys (24 hours with the default protocol). The
    /// key depends on the feed, the event's cursor and the purpose. If the server gave the event no cursor of its own,
    /// the identity that the [protocol](crate::protocol::BatchItem::new) gives it takes the place of the cursor. So it
    /// does if the protocol makes the cursors, because the server has none.
    pub fn event_key(&self, purpose: &str) -> String {
        let chat = self.chat.as_ref().map(ThreadId::as_str).unwrap_or_default();
        let identity = self.identity.0.map(u64::to_le_bytes);
        let position = identity.as_ref().map_or(self.cursor.as_bytes(), |identity| identity);
        let mut hash = Fnv128::new();
        for part in [self.feed.as_bytes(), chat.as_bytes(), &[u8::from(identity.is_some())], position] {
            hash.write_part(part);
        }
        hash.write_part(purpose.as_bytes());
        format!("event-{:032x}", hash.value())
    }

    /// Returns the id of the chat as it is to be shown.
    fn shown_chat(&self) -> Option<ThreadId> {
        self.chat.as_ref().map(|chat| self.redaction.shown(chat.as_str()).into())
    }

    /// Returns the cursor as it is to be shown. Only its length, if the secrets are not known.
    fn shown_cursor(&self) -> String {
        if self.redaction.is_known() {
            self.redaction.shown(&self.cursor)
        } else {
            format!("[{} bytes]", self.cursor.len())
        }
    }

    /// Returns the cursor if this is a checkpoint of that feed.
    pub(super) fn into_cursor(self, source: &FeedSource) -> Result<Arc<str>, Error> {
        let invalid = |reason| Err(Error::invalid("checkpoint", reason));
        if self.version > VERSION {
            return invalid(format!("it has version {}; this library reads up to {VERSION}", self.version));
        }
        if self.feed != source.name() {
            return invalid(format!("it belongs to the feed {:?}, not to {:?}", self.feed, source.name()));
        }
        if self.chat.as_ref() != source.chat() {
            // Without the ids, which may contain a secret.
            return invalid("it belongs to another chat".into());
        }
        if !is_cursor(&self.cursor) {
            return invalid("its cursor is invalid".into());
        }
        Ok(self.cursor)
    }
}
