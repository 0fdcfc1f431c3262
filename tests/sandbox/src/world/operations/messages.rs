//! Posting, listing and deleting messages, and the feeds of new ones.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{draft::Draft, feed::check_poll, paging};
use crate::world::{
    call::Call,
    contract::problem::Problem,
    now::{Now, parse_rfc3339, rfc3339},
    outcome::{OperationResult, created, ok},
    state::{
        World,
        feed_log::{Feed, Update},
        message::Message,
    },
};

/// The position in a list of messages. All its pages show the messages that existed at its start.
#[derive(Clone, Copy)]
struct ListPosition {
    /// Timestamp and index of the last message returned.
    after: Option<(i64, usize)>,
    /// The number of messages at the start.
    count: usize,
}

impl fmt::Display for ListPosition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (timestamp, at) = self.after.unwrap_or_default();
        write!(f, "{timestamp} {at} {}", self.count)
    }
}

impl FromStr for ListPosition {
    type Err = ();

    fn from_str(position: &str) -> Result<Self, ()> {
        let parse = || {
            let mut parts = position.split(' ');
            let after = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
            Some(Self { after: Some(after), count: parts.next()?.parse().ok()? })
        };
        parse().ok_or(())
    }
}

pub(crate) fn list(world: &mut World, call: &Call) -> OperationResult {
    let since = since(call)?;
    paging::check(call)?;
    let name = call.cursor_scope(&since.map(|time| format!("since {}", rfc3339(time))).unwrap_or_default());
    let chat = world.chat(&call.actor, call.id(0))?;
    let position = world.list_cursors().position::<ListPosition>(call, &name)?;
    let position = position.unwrap_or(ListPosition { after: None, count: chat.messages.len() });
    let since = since.map_or(i64::MIN, |time| time.timestamp_millis());

    let visible = &chat.messages[..position.count.min(chat.messages.len())];
    let mut rows: Vec<_> = visible.iter().enumerate().map(|(at, message)| ((message.timestamp, at), message)).collect();
    rows.retain(|(at, _)| at.0 >= since && position.after.is_none_or(|after| *at > after));
    // By timestamp, then by arrival, because the clock may have been set back in between.
    rows.sort_by_key(|(at, _)| *at);
    let rows =
        paging::collect_page(paging::limit(call)?, rows, |(_, it)| Some(it.to_json(&world.directory, &chat.tid)));

    let last_modified = visible.iter().map(|message| message.timestamp).max();
    let mut page = json!({
        "items": rows.items,
        "last_modified": last_modified.and_then(DateTime::<Utc>::from_timestamp_millis).map(rfc3339),
    });
    if let Some((at, _)) = rows.more_after {
        let position = ListPosition { after: Some(at), ..position };
        page["next_cursor"] = json!(world.list_cursors().seal(&name, &position.to_string()));
    }
    ok(page)
}

pub(crate) fn get(world: &mut World, call: &Call) -> OperationResult {
    let chat = world.chat(&call.actor, call.id(0))?;
    ok(chat.message_json(&world.directory, call.id(1)).ok_or_else(|| Problem::not_found("message"))?)
}

fn since(call: &Call) -> Result<Option<DateTime<Utc>>, Problem> {
    let Some(text) = call.query.get("since")? else { return Ok(None) };
    match parse_rfc3339(text) {
        Some(time) => Ok(Some(time)),
        None => Err(Problem::malformed("Query parameter since must be a time in UTC with milliseconds.")),
    }
}

pub(crate) fn post(world: &mut World, call: &Call) -> OperationResult {
    let draft = Draft::read(&call.json)?;
    let mid = world.post(call.now, &call.actor, call.id(0), draft)?;
    let chat = world.chat(&call.actor, call.id(0))?;
    created(chat.message(&mid)?.to_json(&world.directory, &chat.tid))
}

pub(crate) fn poll_chat(world: &mut World, call: &Call) -> OperationResult {
    check_poll(call)?;
    world.chat(&call.actor, call.id(0))?;
    world.poll(call, &Feed::MessagesOf(call.id(0).to_owned()))
}

pub(crate) fn poll_all(world: &mut World, call: &Call) -> OperationResult {
    check_poll(call)?;
    world.poll(call, &Feed::Messages)
}

impl World {
    /// Posts a message and returns its id.
    pub(crate) fn post(&mut self, now: Now, actor: &str, tid: &str, draft: Draft) -> Result<String, Problem> {
        let chat = self.chat(actor, tid)?;
        if let Some(reply_to) = &draft.reply_to
            && !chat.messages.iter().any(|message| message.mid == *reply_to)
        {
            return Err(Problem::not_found("message to reply to"));
        }
        let attachments = self.resolve_attachments(actor, &draft.attachments)?;
        if !chat.allow_sending && !chat.is_admin(actor) {
            return Err(Problem::forbidden("Only admins of the chat may post in it."));
        }
        chat.require_open()?;
        self.append_message(now, actor, tid, draft, attachments)
    }

    /// Appends a message that has passed all checks.
    pub(crate) fn append_message(
        &mut self,
        now: Now,
        actor: &str,
        tid: &str,
        draft: Draft,
        attachments: Vec<Value>,
    ) -> Result<String, Problem> {
        let mid = self.ids.next_with_prefix("m", 15);
        let live = draft.live_location();
        let assets: Vec<String> = draft.attachments.iter().flat_map(|it| it.assets()).cloned().collect();
        let number = self.posted.len();
        let chat = self.chat_mut(actor, tid)?;
        chat.messages.push(Message {
            number,
            mid: mid.clone(),
            from: actor.to_owned(),
            timestamp: now.millis(),
            alert_type: draft.alert_type,
            reply_to: draft.reply_to,
            msg: draft.msg,
            attachments,
            assets,
            sender_display_name: draft.sender_display_name,
            deleted: false,
            reactions: Vec::new(),
        });
        // Posting marks all earlier messages as read.
        chat.read.insert(actor.to_owned(), chat.messages.len());
        let index = chat.messages.len() - 1;
        self.posted.push((tid.to_owned(), index));
        self.publish(now, tid, Update::Message(mid.clone()));
        if let Some(live) = live {
            self.share_location(now, actor, tid, live);
        }
        Ok(mid)
    }

    /// Deletes a message of this user.
    pub(crate) fn delete_message(&mut self, now: Now, actor: &str, tid: &str, mid: &str) -> Result<(), Problem> {
        let message = self.chat_mut(actor, tid)?.message_mut(mid)?;
        if message.from != actor {
            return Err(Problem::forbidden("Only its sender can delete a message."));
        }
        message.deleted = true;
        message.msg = None;
        message.attachments.clear();
        message.assets.clear();
        message.reactions.clear();
        self.publish(now, tid, Update::Deletion(mid.to_owned()));
        Ok(())
    }
}
