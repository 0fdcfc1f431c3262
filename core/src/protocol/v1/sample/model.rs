//! The JSON of the model, the counterpart of the decoders.

use alloc::vec::Vec;
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::{
    attachment,
    render::{Render, millis, sealed, time},
};
use crate::{
    model::{
        Asset, ChatEvent, ChatInfo, DeletedMessage, Group, LinkPreview, LiveLocationUpdate, LocationShare, Message,
        Reaction, ReadReceipt, User,
    },
    protocol::v1::wire_enum::WireEnum,
};

macro_rules! rendered {
    ($(|$value:ident: &$type:ty| $json:expr;)*) => { $(
        impl sealed::Sealed for $type {}

        impl Render for $type {
            fn render(&self) -> Value {
                let $value = self;
                $json
            }
        }
    )* };
}

rendered! {
    |user: &User| json!({
        "uid": user.uid, "first_name": user.first_name, "last_name": user.last_name,
        "organisation": user.organisation, "is_bot": user.is_bot,
    });
    |group: &Group| json!({
        "gid": group.gid, "title": group.title, "members": all(&group.members), "owner": optional(group.owner.as_ref()),
        "is_circle": group.is_circle, "is_list": group.is_list, "is_public": group.is_public,
    });
    |chat: &ChatInfo| json!({
        "tid": chat.tid, "title": chat.title, "type": WireEnum(&chat.chat_type), "is_alert": chat.is_alert,
        "allow_sending": chat.allow_sending, "allow_mute_notifications": chat.allow_mute_notifications,
        "is_closed": chat.is_closed, "users": all(&chat.users), "groups": all(&chat.groups),
        "admins": all(&chat.admins),
    });
    |message: &Message| json!({
        "mid": message.mid, "tid": message.tid, "from_user": message.from_user.render(),
        "timestamp": message.timestamp(), "is_alert": message.is_alert,
        "alert_type": message.alert_type.as_ref().map(WireEnum), "reply_to": message.reply_to, "msg": message.text,
        // The contract has no empty list here.
        "attachments": Some(&message.attachments).filter(|list| !list.is_empty()).map(|list| attachment::all(list)),
        "deleted": message.deleted, "sender_display_name": message.sender_display_name,
        "link_preview": optional(message.link_preview.as_ref()),
    });
    |preview: &LinkPreview| json!({
        "url": preview.url, "title": preview.title, "description": preview.description, "image": preview.image,
        "domain": preview.domain,
    });
    |reaction: &Reaction| json!({
        "reaction_id": reaction.reaction_id, "mid": reaction.mid, "tid": reaction.tid,
        "reaction_type": WireEnum(&reaction.reaction_type), "from_user": reaction.from_user.render(),
    });
    |asset: &Asset| json!({
        "id": asset.asset_id, "file_name": asset.file_name, "media_type": asset.media_type, "size": asset.size,
    });
    |update: &LiveLocationUpdate| json!({
        "tid": update.tid, "user": update.user.render(), "lat": update.coordinates.lat(),
        "lon": update.coordinates.lon(), "time": time(update.time), "ended": update.ended,
    });
    |deleted: &DeletedMessage| json!({ "tid": deleted.tid, "mid": deleted.mid });
    |receipt: &ReadReceipt| json!({ "tid": receipt.tid, "user": receipt.user.render() });
    // With its kind.
    |event: &ChatEvent| {
        let (kind, data) = match event {
            ChatEvent::Message(message) => ("message", message.render()),
            ChatEvent::Deleted(deleted) => ("message_deleted", deleted.render()),
            ChatEvent::Read(receipt) => ("read", receipt.render()),
            ChatEvent::Reaction(reaction) => ("reaction", reaction.render()),
            ChatEvent::Location(update) => ("location", update.render()),
            ChatEvent::Joined(chat) => ("chat_joined", chat.render()),
            ChatEvent::Left(tid) => ("chat_left", json!({ "tid": tid })),
            ChatEvent::Closed(chat) => ("chat_closed", chat.render()),
            ChatEvent::Reopened(chat) => ("chat_reopened", chat.render()),
            ChatEvent::Renamed(chat) => ("chat_renamed", chat.render()),
            ChatEvent::Changed(chat) => ("chat_changed", chat.render()),
        };
        json!({ "kind": kind, "data": data })
    };
    // The contract has members that the model does not: a place, and the end by the clock of a script.
    |share: &LocationShare| json!({
        "tid": share.tid, "lat": 0.0, "lon": 0.0, "ends_at": time(after_new_year(share.remaining)),
        "remaining_ms": millis(share.remaining),
    });
}

fn all<T: Render>(items: &[T]) -> Vec<Value> {
    items.iter().map(Render::render).collect()
}

fn optional<T: Render>(value: Option<&T>) -> Option<Value> {
    value.map(Render::render)
}

/// Returns the time this long after the start of a script.
fn after_new_year(duration: Duration) -> DateTime<Utc> {
    const NEW_YEAR: i64 = 1_767_225_600;
    let start = DateTime::from_timestamp(NEW_YEAR, 0).expect("the year 2026 is in range");
    TimeDelta::from_std(duration).ok().and_then(|it| start.checked_add_signed(it)).unwrap_or(start)
}
