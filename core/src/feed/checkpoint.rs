use alloc::{borrow::Cow, format, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    error::Error,
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
/// It holds no secret unless the server puts one into the cursor, and `Debug` redacts that.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    feed: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<ThreadId>,
    /// Shared by all checkpoints with the same cursor.
    cursor: Arc<str>,
    #[serde(skip)]
    redaction: Redaction,
}

impl fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Checkpoint")
            .field("version", &self.version)
            .field("feed", &self.feed)
            .field("chat", &self.chat)
            .field("cursor", &self.redaction.shown(&self.cursor))
            .finish()
    }
}

impl Checkpoint {
    pub(super) fn new(source: &FeedSource, cursor: Arc<str>, redaction: Redaction) -> Self {
        Self { version: VERSION, feed: source.name().into(), chat: source.chat().cloned(), cursor, redaction }
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
            let name =
                |chat: Option<&ThreadId>| chat.map_or_else(|| "all chats".into(), |tid| format!("the chat {tid}"));
            return invalid(format!("it belongs to {}, not to {}", name(self.chat.as_ref()), name(source.chat())));
        }
        if !is_cursor(&self.cursor) {
            return invalid("its cursor is invalid".into());
        }
        Ok(self.cursor)
    }
}
