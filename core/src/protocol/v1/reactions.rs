//! Reactions to attention messages.

use serde::Serialize;

use super::{
    V1,
    endpoints::{change, chat, list, with_id},
    json::object,
    wire_enum::WireEnum,
};
use crate::{
    error::Error,
    model::{MessageId, Reaction, ReactionType, ThreadId},
    protocol::{Endpoint, EndpointResult, Page, PageRequest, Reactions, Route},
};

impl Reactions for V1 {
    /// `GET /v1/chats/{tid}/messages/{mid}/reactions`.
    fn reactions(&self, tid: &ThreadId, mid: &MessageId, page: PageRequest<'_>) -> EndpointResult<Page<Reaction>> {
        Ok(list(route(tid, mid)?, page))
    }

    /// `POST /v1/chats/{tid}/messages/{mid}/reactions`.
    fn send_reaction(&self, tid: &ThreadId, mid: &MessageId, reaction: &ReactionType) -> EndpointResult<Reaction> {
        let body = ReactJson { reaction_type: WireEnum(reaction) };
        Ok(change(Endpoint::post(route(tid, mid)?)).with(&body).returns())
    }

    /// `PATCH /v1/chats/{tid}/messages/{mid}/reactions/{reaction_id}`.
    fn update_reaction(&self, previous: &Reaction, reaction: &ReactionType) -> EndpointResult<Reaction> {
        let route = with_id(route(&previous.tid, &previous.mid)?, &previous.reaction_id)?;
        let body = ReactJson { reaction_type: WireEnum(reaction) };
        Ok(change(Endpoint::patch(route)).with(&body).returns())
    }
}

/// Returns the route of the reactions to a message.
fn route(tid: &ThreadId, mid: &MessageId) -> Result<Route, Error> {
    Ok(with_id(chat(tid)?.join("messages"), mid)?.join("reactions"))
}

#[derive(Serialize)]
struct ReactJson<'a> {
    reaction_type: WireEnum<&'a ReactionType>,
}

object! {
    /// All members are essential, except the details of the user.
    Reaction {
        "reaction_id" => reaction_id: required,
        "mid" => mid: required,
        "tid" => tid: required,
        "reaction_type" => reaction_type: required,
        "from_user" => from_user: required,
    } Ok(Self { reaction_id, mid, tid, reaction_type, from_user })
}
