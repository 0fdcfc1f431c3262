//! Every feed that the core has, written once for all executors.

use teamwire_core::{
    Client, FeedOptions, Message, Reaction,
    model::{ChatEvent, LiveLocationUpdate},
};
use teamwire_sandbox::{Sandbox, org};

use super::Class;
use crate::{feed_probe::FeedProbe, harness::Harness};

/// An operation that continues until it is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the name says it")]
pub enum Subscription {
    LiveLocations,
    Reactions,
    NewMessages,
    AllNewMessages,
    Events,
}

impl Subscription {
    /// All of them.
    pub const ALL: &[Self] =
        &[Self::LiveLocations, Self::Reactions, Self::NewMessages, Self::AllNewMessages, Self::Events];

    /// The name in the Python SDK, or else in this project.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LiveLocations => "subscribe_live_location_updates",
            Self::Reactions => "subscribe_am_reaction_updates",
            Self::NewMessages | Self::AllNewMessages => "new_messages",
            Self::Events => "events",
        }
    }

    /// The object that has the operation.
    pub const fn class(self) -> Class {
        match self {
            Self::LiveLocations | Self::NewMessages => Class::Chat,
            Self::Reactions | Self::AllNewMessages | Self::Events => Class::Chats,
        }
    }

    /// True if it needs a subscription on the server.
    pub const fn is_leased(self) -> bool {
        matches!(self, Self::LiveLocations | Self::Reactions | Self::Events)
    }

    /// The route of the wire contract that it polls.
    pub const fn polls(self) -> &'static str {
        match self {
            Self::LiveLocations => "GET /v1/chats/{tid}/location/updates",
            Self::Reactions => "GET /v1/reactions/updates",
            Self::NewMessages => "GET /v1/chats/{tid}/messages/updates",
            Self::AllNewMessages => "GET /v1/messages/updates",
            Self::Events => "GET /v1/events/updates",
        }
    }

    /// Follows it, in the lobby if it is of one chat.
    pub fn follow<H: Harness>(self, client: &Client<H::X>, follow: impl Into<FeedOptions>) -> FeedProbe<H> {
        let (chats, lobby) = (client.chats(), client.chats().chat(org::LOBBY));
        match self {
            Self::LiveLocations => {
                FeedProbe::new(lobby.live_locations(follow), |it: LiveLocationUpdate| it.coordinates.lat().to_string())
            }
            Self::Reactions => {
                FeedProbe::new(chats.reaction_updates(follow), |it: Reaction| it.reaction_id.to_string())
            }
            Self::NewMessages => FeedProbe::new(lobby.new_messages(follow), |it: Message| it.mid.to_string()),
            Self::AllNewMessages => FeedProbe::new(chats.new_messages(follow), |it: Message| it.mid.to_string()),
            Self::Events => FeedProbe::new(chats.events(follow), |it: ChatEvent| match it {
                ChatEvent::Message(message) => message.mid.to_string(),
                other => format!("{other:?}"),
            }),
        }
    }

    /// Makes Anna act in the lobby, and returns the text of the update that follows. The texts of different
    /// numbers differ.
    pub fn happens(self, sandbox: &Sandbox, number: u8) -> String {
        let anna = sandbox.as_person(org::ANNA);
        match self {
            Self::LiveLocations if sandbox.with_world(|world, _| world.share_count()) == 0 => {
                anna.share_for(org::LOBBY, number.into(), 0.0, 1_000_000).expect("Anna is in the lobby");
                number.to_string()
            }
            Self::LiveLocations => {
                anna.move_to(number.into(), 0.0);
                number.to_string()
            }
            Self::Reactions => {
                let alert = anna.post_alert(org::LOBBY, "Pump 3 is down", "alert").expect("Anna is in the lobby");
                anna.react(org::LOBBY, &alert, "ok").expect("it is an alert")
            }
            Self::NewMessages | Self::AllNewMessages | Self::Events => {
                anna.post(org::LOBBY, &format!("message {number}")).expect("Anna is in the lobby")
            }
        }
    }
}
