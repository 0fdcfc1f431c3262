use alloc::{borrow::Cow, format, sync::Arc};
use core::fmt;

use serde::{Deserialize, Serialize};

use crate::{
    config::Redaction,
    error::Error,
    model::ThreadId,
    protocol::{is_cursor, updates::Source},
};

/// What this version writes, and the newest it reads.
const VERSION: u32 = 1;

/// Where in a feed a bot is: small, and to be saved as JSON or whatever else serde writes. It holds no secret, unless the
/// server has written one into the cursor; `Debug` does not show that.
///
/// A feed can begin after it in any later process, in this version of the library or a newer one.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Checkpoint {
    version: u32,
    feed: Cow<'static, str>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    chat: Option<ThreadId>,
    /// Shared by the checkpoints of events that have the same.
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
    pub(super) fn new(source: &Source, cursor: Arc<str>, redaction: Redaction) -> Self {
        Self { version: VERSION, feed: source.name().into(), chat: source.chat().cloned(), cursor, redaction }
    }

    /// The cursor to go on at, if this is a checkpoint of that feed.
    pub(super) fn into_cursor(self, source: &Source) -> Result<Arc<str>, Error> {
        let refuse = |why| Err(Error::invalid("checkpoint", why));
        if self.version > VERSION {
            return refuse(format!("it has version {}; this library reads up to {VERSION}", self.version));
        }
        if self.feed != source.name() {
            return refuse(format!("it is of the feed {:?}, not of {:?}", self.feed, source.name()));
        }
        if self.chat.as_ref() != source.chat() {
            let name =
                |chat: Option<&ThreadId>| chat.map_or_else(|| "all chats".into(), |tid| format!("the chat {tid}"));
            return refuse(format!("it is of {}, not of {}", name(self.chat.as_ref()), name(source.chat())));
        }
        if !is_cursor(&self.cursor) {
            return refuse("it has no cursor".into());
        }
        Ok(self.cursor)
    }
}
