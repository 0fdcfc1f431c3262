use crate::{
    model::{ChatEvent, LiveLocationUpdate, Message, Reaction},
    protocol::{Batch, FeedSource, Made, PollRequest, Protocol},
};

/// A kind of event, and its poll.
pub(crate) trait FeedItem: Sized + Send + 'static {
    /// Returns the poll for events of this kind.
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> Made<Batch<Self>>;

    /// Returns `true` for a deleted message, which the configuration may hide.
    fn is_deleted_message(&self) -> bool {
        false
    }
}

impl FeedItem for LiveLocationUpdate {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> Made<Batch<Self>> {
        protocol.location_updates(source, poll)
    }
}

impl FeedItem for Reaction {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> Made<Batch<Self>> {
        protocol.reaction_updates(source, poll)
    }
}

impl FeedItem for Message {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> Made<Batch<Self>> {
        protocol.message_updates(source, poll)
    }

    fn is_deleted_message(&self) -> bool {
        self.deleted
    }
}

impl FeedItem for ChatEvent {
    fn updates(protocol: &dyn Protocol, source: &FeedSource, poll: PollRequest<'_>) -> Made<Batch<Self>> {
        protocol.event_updates(source, poll)
    }

    fn is_deleted_message(&self) -> bool {
        matches!(self, Self::Message(message) if message.deleted)
    }
}
