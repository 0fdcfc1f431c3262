use serde::{Deserialize, Serialize};

use super::{ChatInfo, LiveLocationUpdate, Message, MessageId, Reaction, ThreadId, User};

/// Something that happened in a chat of the bot: an item of [`Chats::events`](crate::Chats::events).
///
/// It includes the actions of the bot itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "snake_case")]
#[non_exhaustive]
#[expect(clippy::large_enum_variant, reason = "most events are messages, the largest variant")]
pub enum ChatEvent {
    /// A message was posted. If it has been deleted since, it has no content.
    Message(Message),
    /// A message was deleted.
    Deleted(DeletedMessage),
    /// A user has read all messages. Posting does not count, and nothing is reported if read receipts are disabled.
    Read(ReadReceipt),
    /// A reaction was added or changed.
    Reaction(Reaction),
    /// A live location was started, moved or ended.
    Location(LiveLocationUpdate),
    /// The bot has become a member of the chat: it was created, or the bot was added, directly or in a group.
    Joined(ChatInfo),
    /// The bot is no longer a member of the chat.
    Left(ThreadId),
    /// The chat was closed.
    Closed(ChatInfo),
    /// The chat was reopened.
    Reopened(ChatInfo),
    /// The title was changed.
    Renamed(ChatInfo),
    /// The settings, members, administrators or avatar were changed.
    Changed(ChatInfo),
}

impl ChatEvent {
    /// Returns the id of the chat.
    pub const fn tid(&self) -> &ThreadId {
        match self {
            Self::Message(message) => &message.tid,
            Self::Deleted(deleted) => &deleted.tid,
            Self::Read(receipt) => &receipt.tid,
            Self::Reaction(reaction) => &reaction.tid,
            Self::Location(update) => &update.tid,
            Self::Joined(chat)
            | Self::Closed(chat)
            | Self::Reopened(chat)
            | Self::Renamed(chat)
            | Self::Changed(chat) => &chat.tid,
            Self::Left(tid) => tid,
        }
    }
}

/// A message that was deleted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeletedMessage {
    /// The chat.
    pub tid: ThreadId,
    /// The message.
    pub mid: MessageId,
}

impl DeletedMessage {
    /// Creates the event.
    pub fn new(tid: impl Into<ThreadId>, mid: impl Into<MessageId>) -> Self {
        Self { tid: tid.into(), mid: mid.into() }
    }
}

/// The fact that a user has read all messages of a chat.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReadReceipt {
    /// The chat.
    pub tid: ThreadId,
    /// The user.
    pub user: User,
}

impl ReadReceipt {
    /// Creates the event.
    pub fn new(tid: impl Into<ThreadId>, user: User) -> Self {
        Self { tid: tid.into(), user }
    }
}
