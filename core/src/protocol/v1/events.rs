//! The feed of all events.

use alloc::{format, string::String};

use super::{
    feeds::{Data, Event},
    json::object,
    read::describe,
};
use crate::model::{ChatEvent, DeletedMessage, ReadReceipt, ThreadId};

impl Event for ChatEvent {
    fn decode<'a>(kind: &str, data: impl Data<'a>) -> Result<Self, String> {
        let event = match kind {
            "message" => data.required().map(Self::Message),
            "message_deleted" => data.required().map(Self::Deleted),
            "read" => data.required().map(Self::Read),
            "reaction" => data.required().map(Self::Reaction),
            "location" => data.required().map(Self::Location),
            "chat_joined" => data.required().map(Self::Joined),
            "chat_left" => data.required().map(|LeftChat(tid)| Self::Left(tid)),
            "chat_closed" => data.required().map(Self::Closed),
            "chat_reopened" => data.required().map(Self::Reopened),
            "chat_renamed" => data.required().map(Self::Renamed),
            "chat_changed" => data.required().map(Self::Changed),
            _ => return Err(format!("unknown event kind {kind:?}")),
        };
        event.map_err(|error| describe(&error))
    }

    fn update(json: serde_json::Value) -> serde_json::Value {
        json
    }
}

object! {
    /// Both members are essential.
    DeletedMessage {
        "tid" => tid: required,
        "mid" => mid: required,
    } Ok(Self { tid, mid })
}

object! {
    /// Both members are essential, but not the details of the user.
    ReadReceipt {
        "tid" => tid: required,
        "user" => user: required,
    } Ok(Self { tid, user })
}

/// A chat that the bot has left.
struct LeftChat(ThreadId);

object! {
    LeftChat {
        "tid" => tid: required,
    } Ok(Self(tid))
}
