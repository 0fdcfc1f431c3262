//! Reactions to attention messages.

use serde::Serialize;

use super::{
    endpoint::Endpoint,
    json::{Decode, DecodeError, Json},
    page::Page,
    route::Route,
    wire_enum::WireEnum,
};
use crate::{
    error::Error,
    model::{MessageId, Reaction, ReactionType, ThreadId},
};

/// Returns the route of the reactions to a message.
fn route(tid: &ThreadId, mid: &MessageId) -> Result<Route, Error> {
    Ok(Route::chat(tid)?.join("messages").id(mid)?.join("reactions"))
}

/// `GET /v1/chats/{tid}/messages/{mid}/reactions`.
pub(crate) fn list(tid: &ThreadId, mid: &MessageId) -> Result<Endpoint<Page<Reaction>>, Error> {
    Ok(Endpoint::get(route(tid, mid)?).returns_page())
}

/// `POST /v1/chats/{tid}/messages/{mid}/reactions`.
pub(crate) fn send(tid: &ThreadId, mid: &MessageId, reaction: &ReactionType) -> Result<Endpoint<Reaction>, Error> {
    Ok(Endpoint::post(route(tid, mid)?).json(&ReactJson { reaction_type: WireEnum(reaction) }).returns_json())
}

/// `PATCH /v1/chats/{tid}/messages/{mid}/reactions/{reaction_id}`.
pub(crate) fn update(previous: &Reaction, reaction: &ReactionType) -> Result<Endpoint<Reaction>, Error> {
    let route = route(&previous.tid, &previous.mid)?.id(&previous.reaction_id)?;
    Ok(Endpoint::patch(route).json(&ReactJson { reaction_type: WireEnum(reaction) }).returns_json())
}

#[derive(Serialize)]
struct ReactJson<'a> {
    reaction_type: WireEnum<&'a ReactionType>,
}

/// All members are essential, except the details of the user.
impl Decode for Reaction {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [reaction_id, mid, tid, reaction_type, from_user] =
            json.members(["reaction_id", "mid", "tid", "reaction_type", "from_user"])?;
        Ok(Self {
            reaction_id: reaction_id.required()?,
            mid: mid.required()?,
            tid: tid.required()?,
            reaction_type: reaction_type.required()?,
            from_user: from_user.required()?,
        })
    }
}
