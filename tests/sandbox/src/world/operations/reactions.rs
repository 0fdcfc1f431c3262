//! Reactions to attention messages, and their feed.

use http::StatusCode;
use serde_json::{Value, json};

use super::{feed::check_poll, paging, subscriptions::subscription_of};
use crate::world::{
    call::Call,
    contract::{json_object, problem::Problem},
    now::Now,
    outcome::{OperationResult, Outcome, ok},
    state::{
        World,
        chat::Chat,
        directory::Directory,
        feed_log::{Feed, Update},
        message::{AlertType, Message, Reaction},
        subscriptions::Topic,
    },
};

const REACTION_TYPES: [&str; 7] = ["ok", "sos", "thumbs_up", "applause", "smile", "laugh", "love"];

fn to_json(directory: &Directory, chat: &Chat, message: &Message, reaction: &Reaction) -> Value {
    json!({
        "reaction_id": reaction.id,
        "mid": message.mid,
        "tid": chat.tid,
        "reaction_type": reaction.kind,
        "from_user": directory.user_json(&reaction.from),
    })
}

fn reaction_type(call: &Call) -> Result<&'static str, Problem> {
    json_object::read(&call.json, |object| {
        object.require(&["reaction_type"]);
        object.one_of("reaction_type", &REACTION_TYPES)
    })
}

/// The type of an attention message; 422 for any other message.
fn alert_type_of(message: &Message) -> Result<AlertType, Problem> {
    message.alert_type.ok_or_else(|| Problem::unprocessable("The message is not an attention message."))
}

fn require_matching_type(message: &Message, reaction: &str) -> Result<(), Problem> {
    let alert_type = alert_type_of(message)?;
    if alert_type.accepts(reaction) {
        return Ok(());
    }
    Err(Problem::unprocessable(format!("A message of type {} does not accept {reaction}.", alert_type.name())))
}

pub(crate) fn list(world: &mut World, call: &Call) -> OperationResult {
    paging::check(call)?;
    let chat = world.chat(&call.actor, call.id(0))?;
    let message = chat.message(call.id(1))?;
    world.require_reactions_allowed(&call.actor)?;
    world.list_cursors().position::<u64>(call, &call.cursor_scope(""))?;
    alert_type_of(message)?;
    let rows = message.reactions.iter().map(|reaction| (reaction.number, reaction));
    world
        .list_cursors()
        .page(call, &call.cursor_scope(""), rows, |reaction| to_json(&world.directory, chat, message, reaction))
}

pub(crate) fn send(world: &mut World, call: &Call) -> OperationResult {
    let reaction_type = reaction_type(call)?;
    let (id, is_new) = world.react(call.now, &call.actor, call.id(0), call.id(1), reaction_type)?;
    let status = if is_new { StatusCode::CREATED } else { StatusCode::OK };
    Ok(Outcome::Json(status, world.reaction_json(&call.actor, call.id(0), call.id(1), &id)?))
}

pub(crate) fn update(world: &mut World, call: &Call) -> OperationResult {
    let reaction_type = reaction_type(call)?;
    let (tid, mid, id) = (call.id(0), call.id(1), call.id(2));
    world.change_reaction(call.now, &call.actor, tid, mid, id, reaction_type)?;
    ok(world.reaction_json(&call.actor, tid, mid, id)?)
}

pub(crate) fn poll(world: &mut World, call: &Call) -> OperationResult {
    let subscription = subscription_of(call)?;
    check_poll(call)?;
    world.poll_leased(call, &subscription, &Topic::Reactions, &Feed::Reactions)
}

impl World {
    /// 403 for a bot if the organisation's settings do not allow its reactions.
    fn require_reactions_allowed(&self, actor: &str) -> Result<(), Problem> {
        if self.org_settings.bot_reactions || !self.directory.is_bot(actor) {
            return Ok(());
        }
        Err(Problem::forbidden("The organisation does not allow bots to react or to read reactions."))
    }

    fn reaction_json(&self, actor: &str, tid: &str, mid: &str, id: &str) -> Result<Value, Problem> {
        let chat = self.chat(actor, tid)?;
        let message = chat.message(mid)?;
        let reaction = message.reactions.iter().find(|it| it.id == id);
        reaction
            .map(|reaction| to_json(&self.directory, chat, message, reaction))
            .ok_or_else(|| Problem::not_found("reaction"))
    }

    /// Reacts, or changes the user's reaction. Returns its id and whether it is new.
    pub(crate) fn react(
        &mut self,
        now: Now,
        actor: &str,
        tid: &str,
        mid: &str,
        reaction_type: &str,
    ) -> Result<(String, bool), Problem> {
        let chat = self.chat(actor, tid)?;
        let message = chat.message(mid)?;
        self.require_reactions_allowed(actor)?;
        chat.require_open()?;
        require_matching_type(message, reaction_type)?;
        if let Some(reaction) = message.reactions.iter().find(|it| it.from == actor) {
            let id = reaction.id.clone();
            self.change_reaction(now, actor, tid, mid, &id, reaction_type)?;
            return Ok((id, false));
        }
        self.reactions_made += 1;
        let (number, id) = (self.reactions_made, self.ids.next_with_prefix("r", 15));
        let reaction = Reaction { number, id: id.clone(), from: actor.to_owned(), kind: reaction_type.to_owned() };
        self.chat_mut(actor, tid)?.message_mut(mid)?.reactions.push(reaction);
        self.publish_reaction(now, actor, tid, mid, &id)?;
        Ok((id, true))
    }

    /// Changes a reaction of this user.
    pub(crate) fn change_reaction(
        &mut self,
        now: Now,
        actor: &str,
        tid: &str,
        mid: &str,
        id: &str,
        reaction_type: &str,
    ) -> Result<(), Problem> {
        let chat = self.chat(actor, tid)?;
        let message = chat.message(mid)?;
        let reaction = message.reactions.iter().find(|it| it.id == id).ok_or_else(|| Problem::not_found("reaction"))?;
        self.require_reactions_allowed(actor)?;
        if reaction.from != actor {
            return Err(Problem::forbidden("Only its author can change a reaction."));
        }
        chat.require_open()?;
        require_matching_type(message, reaction_type)?;
        if reaction.kind == reaction_type {
            return Ok(());
        }
        let message = self.chat_mut(actor, tid)?.message_mut(mid)?;
        if let Some(reaction) = message.reactions.iter_mut().find(|it| it.id == id) {
            reaction_type.clone_into(&mut reaction.kind);
        }
        self.publish_reaction(now, actor, tid, mid, id)
    }

    fn publish_reaction(&mut self, now: Now, actor: &str, tid: &str, mid: &str, id: &str) -> Result<(), Problem> {
        let json = self.reaction_json(actor, tid, mid, id)?;
        self.publish(now, tid, Update::Reaction(json));
        Ok(())
    }
}
