//! Reactions to attention messages.

use serde::{Deserialize, Serialize};
use teamwire_core::{
    Error, Reaction, ReactionType,
    model::{MessageId, ReactionId, ThreadId},
    protocol::{Endpoint, EndpointResult, Page, PageRequest, Reactions, Route},
};

use crate::{
    Second,
    contacts::UserJson,
    json::{Json, chat, list, one},
};

impl Reactions for Second {
    /// `GET api/chats/{id}/messages/{id}/reactions/`.
    fn reactions(&self, tid: &ThreadId, message: &MessageId, page: PageRequest<'_>) -> EndpointResult<Page<Reaction>> {
        list::<ReactionJson>(route(tid, message)?.join(""), page)
    }

    /// `POST api/chats/{id}/messages/{id}/reactions/`.
    fn send_reaction(&self, tid: &ThreadId, message: &MessageId, reaction: &ReactionType) -> EndpointResult<Reaction> {
        send(Endpoint::post(route(tid, message)?.join("")), reaction)
    }

    /// `PUT api/chats/{id}/messages/{id}/reactions/{id}/`.
    fn update_reaction(&self, previous: &Reaction, reaction: &ReactionType) -> EndpointResult<Reaction> {
        send(Endpoint::put(route(&previous.tid, &previous.mid)?.id(&previous.reaction_id)?.join("")), reaction)
    }
}

fn route(tid: &ThreadId, message: &MessageId) -> Result<Route, Error> {
    Ok(chat(tid)?.join("messages").id(message)?.join("reactions"))
}

/// Sends a reaction. The response contains it.
fn send(endpoint: Endpoint<()>, reaction: &ReactionType) -> EndpointResult<Reaction> {
    Ok(one::<ReactionJson>(endpoint.once().json(&ReactionDraft { symbol: reaction.as_str() })?))
}

#[derive(Serialize)]
struct ReactionDraft<'a> {
    symbol: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ReactionJson {
    reaction_id: ReactionId,
    message_id: MessageId,
    chat_id: ThreadId,
    symbol: String,
    user: UserJson,
}

impl Json for ReactionJson {
    type Model = Reaction;

    fn into_model(self) -> Reaction {
        // The names of this protocol are those of the model.
        let reaction = self.symbol.parse().unwrap_or_else(|never| match never {});
        Reaction::new(self.reaction_id, self.message_id, self.chat_id, reaction, self.user.into_model())
    }
}
