//! Chats themselves: listing, creating, changing, closing, leaving.

use alloc::{string::String, vec::Vec};

use serde::{Deserialize, Serialize};

use super::{
    answer::Decode,
    attachments::{self, NewAttachmentJson},
    contacts::{GroupJson, UserJson, all},
    endpoint::Endpoint,
    lenient, members,
    names::Named,
    page::Page,
    route::Route,
    text,
};
use crate::{
    error::Error,
    model::{Asset, ChatInfo, ChatType, Id, NewChat, NewOneToOne, ThreadId},
};

pub(super) fn route(tid: &ThreadId) -> Result<Route, Error> {
    Route::to("chats").id(tid)
}

pub(crate) fn subscriptions() -> Endpoint<Page<ChatInfo>> {
    Endpoint::get(Route::to("chats")).long().lists()
}

pub(crate) fn by_title(title: &str) -> Result<Endpoint<Page<ChatInfo>>, Error> {
    Ok(Endpoint::get(Route::to("chats").query("title", text::title(title)?)).long().lists())
}

pub(crate) fn by_thread_id(tid: &ThreadId) -> Result<Endpoint<Option<ChatInfo>>, Error> {
    Ok(Endpoint::get(route(tid)?).finds())
}

pub(crate) fn create(chat: &NewChat, avatar: Option<&Asset>, stored: &[Asset]) -> Result<Endpoint<ChatInfo>, Error> {
    let body = NewChatJson::Group {
        title: text::title(&chat.title)?,
        users: members::ids(&chat.users)?,
        groups: members::ids(&chat.groups)?,
        admins: members::ids(&chat.admins)?,
        message: text::message(chat.message.as_ref())?,
        attachments: attachments::all(&chat.attachments, stored)?,
        avatar: avatar.map(|asset| asset.asset_id.as_str()),
        is_alert: chat.is_alert,
        allow_sending: chat.allow_sending,
        allow_mute_notifications: chat.allow_mute_notifications,
    };
    Ok(Endpoint::post(Route::to("chats")).json(&body).keyed(chat.idempotency_key.as_deref())?.answers())
}

pub(crate) fn create_one_to_one(chat: &NewOneToOne, stored: &[Asset]) -> Result<Endpoint<ChatInfo>, Error> {
    let body = NewChatJson::OneToOne {
        recipient: chat.recipient.check()?,
        message: text::message(chat.message.as_ref())?,
        attachments: attachments::all(&chat.attachments, stored)?,
    };
    Ok(Endpoint::post(Route::to("chats")).json(&body).keyed(chat.idempotency_key.as_deref())?.answers())
}

pub(crate) fn update_title(tid: &ThreadId, title: &str) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { title: Some(text::title(title)?), ..ChangeJson::default() })
}

pub(crate) fn set_allow_sending(tid: &ThreadId, allow: bool) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { allow_sending: Some(allow), ..ChangeJson::default() })
}

pub(crate) fn set_allow_mute_notifications(tid: &ThreadId, allow: bool) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { allow_mute_notifications: Some(allow), ..ChangeJson::default() })
}

pub(crate) fn close(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::post(route(tid)?.then("close")).answers())
}

pub(crate) fn reopen(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::post(route(tid)?.then("reopen")).answers())
}

pub(crate) fn leave(tid: &ThreadId) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::post(route(tid)?.then("leave")))
}

fn change(tid: &ThreadId, change: &ChangeJson<'_>) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::patch(route(tid)?).json(change).answers())
}

#[derive(Deserialize)]
pub(crate) struct ChatJson {
    tid: ThreadId,
    #[serde(deserialize_with = "lenient::nullable")]
    title: String,
    #[serde(rename = "type")]
    chat_type: Named<ChatType>,
    is_alert: bool,
    allow_sending: bool,
    allow_mute_notifications: bool,
    is_closed: bool,
    #[serde(deserialize_with = "lenient::nullable")]
    users: Vec<UserJson>,
    #[serde(deserialize_with = "lenient::nullable")]
    groups: Vec<GroupJson>,
    #[serde(deserialize_with = "lenient::nullable")]
    admins: Vec<UserJson>,
}

impl Decode for ChatInfo {
    type Json = ChatJson;
}

impl From<ChatJson> for ChatInfo {
    fn from(json: ChatJson) -> Self {
        Self {
            tid: json.tid,
            title: json.title,
            chat_type: json.chat_type.0,
            is_alert: json.is_alert,
            allow_sending: json.allow_sending,
            allow_mute_notifications: json.allow_mute_notifications,
            is_closed: json.is_closed,
            users: all(json.users),
            groups: all(json.groups),
            admins: all(json.admins),
        }
    }
}

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum NewChatJson<'a> {
    Group {
        title: &'a str,
        users: Vec<&'a str>,
        groups: Vec<&'a str>,
        admins: Vec<&'a str>,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<NewAttachmentJson<'a>>,
        #[serde(skip_serializing_if = "Option::is_none")]
        avatar: Option<&'a str>,
        is_alert: bool,
        allow_sending: bool,
        allow_mute_notifications: bool,
    },
    OneToOne {
        recipient: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        message: Option<&'a str>,
        #[serde(skip_serializing_if = "Vec::is_empty")]
        attachments: Vec<NewAttachmentJson<'a>>,
    },
}

#[derive(Default, Serialize)]
struct ChangeJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_sending: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_mute_notifications: Option<bool>,
}
