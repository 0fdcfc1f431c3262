use crate::{
    model::{ChatEvent, LiveLocationUpdate, Message, Reaction, UserId},
    protocol::{Batch, EndpointResult, FeedSource, PollRequest, Protocol},
};

/// A kind of event, and its poll.
pub(crate) trait FeedItem: Sized + Send + 'static {
    /// Returns the poll for events of this kind.
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Self>>;

    /// Returns the message, if it is one.
    fn message(&self) -> Option<&Message> {
        None
    }
}

/// The messages that a feed leaves out.
#[derive(Debug)]
pub(super) struct Hidden {
    /// Set if deleted messages are left out.
    pub(super) deleted: bool,
    /// The user whose messages are left out.
    pub(super) author: Option<UserId>,
}

impl Hidden {
    /// Returns `true` if the item is left out.
    pub(super) fn includes(&self, item: &impl FeedItem) -> bool {
        item.message().is_some_and(|message| {
            self.deleted && message.deleted || self.author.as_ref() == Some(&message.from_user.uid)
        })
    }
}

impl FeedItem for LiveLocationUpdate {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Self>> {
        protocol.location_updates(source, poll)
    }
}

impl FeedItem for Reaction {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Self>> {
        protocol.reaction_updates(source, poll)
    }
}

impl FeedItem for Message {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Self>> {
        protocol.message_updates(source, poll)
    }

    fn message(&self) -> Option<&Message> {
        Some(self)
    }
}

impl FeedItem for ChatEvent {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Self>> {
        protocol.event_updates(source, poll)
    }

    fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) => Some(message),
            _ => None,
        }
    }
}
