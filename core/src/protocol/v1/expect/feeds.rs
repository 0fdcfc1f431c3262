//! Expected subscriptions and polls of feeds.

use core::time::Duration;

use super::{Poll, V1};
use crate::{
    model::ThreadId,
    protocol::{EndpointResult, FeedSource, Feeds as _, PollRequest},
    script::Expect,
};

/// Expects the subscription to the live locations of a chat.
#[track_caller]
pub fn subscribe_live_locations(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.subscribe(&FeedSource::LiveLocations(tid.into())))
}

/// Expects the end of a subscription to the live locations of a chat.
#[track_caller]
pub fn unsubscribe_live_locations(tid: impl Into<ThreadId>, subscription: &str) -> Expect {
    Expect::of(V1.unsubscribe(&FeedSource::LiveLocations(tid.into()), subscription))
}

/// Expects the end of all subscriptions to the live locations of a chat.
#[track_caller]
pub fn unsubscribe_all_live_locations(tid: impl Into<ThreadId>) -> Expect {
    Expect::of(V1.unsubscribe_all(&FeedSource::LiveLocations(tid.into())))
}

/// Expects a poll for the live locations of a chat.
#[track_caller]
pub fn live_location_updates(tid: impl Into<ThreadId>) -> Poll {
    poll(V1.location_updates(&FeedSource::LiveLocations(tid.into()), POLL))
}

/// Expects the subscription to reactions.
pub fn subscribe_reactions() -> Expect {
    Expect::of(V1.subscribe(&FeedSource::Reactions))
}

/// Expects the end of a subscription to reactions.
#[track_caller]
pub fn unsubscribe_reactions(subscription: &str) -> Expect {
    Expect::of(V1.unsubscribe(&FeedSource::Reactions, subscription))
}

/// Expects the end of all subscriptions to reactions.
pub fn unsubscribe_all_reactions() -> Expect {
    Expect::of(V1.unsubscribe_all(&FeedSource::Reactions))
}

/// Expects a poll for reactions.
pub fn reaction_updates() -> Poll {
    poll(V1.reaction_updates(&FeedSource::Reactions, POLL))
}

/// Expects a poll for the new messages of a chat.
#[track_caller]
pub fn message_updates(tid: impl Into<ThreadId>) -> Poll {
    poll(V1.message_updates(&FeedSource::Messages(tid.into()), POLL))
}

/// Expects a poll for the new messages of all chats.
pub fn all_message_updates() -> Poll {
    poll(V1.message_updates(&FeedSource::AllMessages, POLL))
}

/// Expects the subscription to everything that happens in all chats.
pub fn subscribe_events() -> Expect {
    Expect::of(V1.subscribe(&FeedSource::Events))
}

/// Expects the end of a subscription to everything that happens in all chats.
#[track_caller]
pub fn unsubscribe_events(subscription: &str) -> Expect {
    Expect::of(V1.unsubscribe(&FeedSource::Events, subscription))
}

/// Expects the end of all subscriptions to everything that happens in all chats.
pub fn unsubscribe_all_events() -> Expect {
    Expect::of(V1.unsubscribe_all(&FeedSource::Events))
}

/// Expects a poll for everything that happens in all chats.
pub fn event_updates() -> Poll {
    poll(V1.event_updates(&FeedSource::Events, POLL))
}

const POLL: PollRequest<'_> = PollRequest::new(None, None, Duration::ZERO);

/// Expects a poll with any subscription and cursor.
#[track_caller]
fn poll<T>(poll: EndpointResult<T>) -> Poll {
    Poll(Expect::of(poll).any_query("subscription").any_query("cursor").any_query("wait"))
}
