//! Reactions to attention messages.

use serde::{Deserialize, Serialize};

use super::{answer::Decode, chats, contacts::UserJson, endpoint::Endpoint, names::Named, page::Page, route::Route};
use crate::{
    error::Error,
    model::{MessageId, Reaction, ReactionId, ReactionType, ThreadId},
};

fn route(tid: &ThreadId, mid: &MessageId) -> Result<Route, Error> {
    Ok(chats::route(tid)?.then("messages").id(mid)?.then("reactions"))
}

pub(crate) fn list(tid: &ThreadId, mid: &MessageId) -> Result<Endpoint<Page<Reaction>>, Error> {
    Ok(Endpoint::get(route(tid, mid)?).lists())
}

pub(crate) fn send(tid: &ThreadId, mid: &MessageId, reaction: &ReactionType) -> Result<Endpoint<Reaction>, Error> {
    Ok(Endpoint::post(route(tid, mid)?).json(&ReactJson { reaction_type: Named(reaction) }).answers())
}

pub(crate) fn update(previous: &Reaction, reaction: &ReactionType) -> Result<Endpoint<Reaction>, Error> {
    let route = route(&previous.tid, &previous.mid)?.id(&previous.reaction_id)?;
    Ok(Endpoint::patch(route).json(&ReactJson { reaction_type: Named(reaction) }).answers())
}

#[derive(Serialize)]
struct ReactJson<'a> {
    reaction_type: Named<&'a ReactionType>,
}

#[derive(Deserialize)]
pub(crate) struct ReactionJson {
    reaction_id: ReactionId,
    mid: MessageId,
    tid: ThreadId,
    reaction_type: Named<ReactionType>,
    from_user: UserJson,
}

impl Decode for Reaction {
    type Json = ReactionJson;
}

impl From<ReactionJson> for Reaction {
    fn from(json: ReactionJson) -> Self {
        let ReactionJson { reaction_id, mid, tid, reaction_type, from_user } = json;
        Self { reaction_id, mid, tid, reaction_type: reaction_type.0, from_user: from_user.into() }
    }
}
