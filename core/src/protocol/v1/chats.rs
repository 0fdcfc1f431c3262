//! Listing, creating, changing, closing and leaving chats.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::{
    attachments::{self, NewAttachmentJson},
    endpoint::Endpoint,
    ids::ids,
    json::{Decode, DecodeError, Json},
    page::Page,
    route::Route,
    text,
};
use crate::{
    error::Error,
    model::{Asset, ChatInfo, ChatType, Id, NewChat, NewOneToOne, ThreadId},
};

/// `GET /v1/chats`.
pub(crate) fn subscriptions() -> Endpoint<Page<ChatInfo>> {
    Endpoint::get(Route::new("chats")).listing_timeout().returns_page()
}

/// `GET /v1/chats?title={title}`.
pub(crate) fn by_title(title: &str) -> Result<Endpoint<Page<ChatInfo>>, Error> {
    Ok(Endpoint::get(Route::new("chats").query("title", text::title(title)?)).listing_timeout().returns_page())
}

/// `GET /v1/chats/{tid}`.
pub(crate) fn by_thread_id(tid: &ThreadId) -> Result<Endpoint<Option<ChatInfo>>, Error> {
    Ok(Endpoint::get(Route::chat(tid)?).returns_optional())
}

/// `POST /v1/chats`, for a group chat.
pub(crate) fn create(chat: &NewChat, avatar: Option<&Asset>, stored: &[Asset]) -> Result<Endpoint<ChatInfo>, Error> {
    let body = NewChatJson::Group {
        title: text::title(&chat.title)?,
        users: ids(&chat.users)?,
        groups: ids(&chat.groups)?,
        admins: ids(&chat.admins)?,
        message: text::message(chat.message.as_ref())?,
        attachments: attachments::all(&chat.attachments, stored)?,
        avatar: avatar.map(|asset| asset.asset_id.as_str()),
        is_alert: chat.is_alert,
        allow_sending: chat.allow_sending,
        allow_mute_notifications: chat.allow_mute_notifications,
    };
    Ok(Endpoint::post(Route::new("chats"))
        .json(&body)
        .with_idempotency_key(chat.idempotency_key.as_deref())?
        .returns_json())
}

/// `POST /v1/chats`, for a one-to-one chat.
pub(crate) fn create_one_to_one(chat: &NewOneToOne, stored: &[Asset]) -> Result<Endpoint<ChatInfo>, Error> {
    let body = NewChatJson::OneToOne {
        recipient: chat.recipient.check()?,
        message: text::message(chat.message.as_ref())?,
        attachments: attachments::all(&chat.attachments, stored)?,
    };
    Ok(Endpoint::post(Route::new("chats"))
        .json(&body)
        .with_idempotency_key(chat.idempotency_key.as_deref())?
        .returns_json())
}

/// `PATCH /v1/chats/{tid}` of the title.
pub(crate) fn update_title(tid: &ThreadId, title: &str) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { title: Some(text::title(title)?), ..ChangeJson::default() })
}

/// `PATCH /v1/chats/{tid}` of the permission to send messages.
pub(crate) fn set_allow_sending(tid: &ThreadId, allow: bool) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { allow_sending: Some(allow), ..ChangeJson::default() })
}

/// `PATCH /v1/chats/{tid}` of the permission to mute notifications.
pub(crate) fn set_allow_mute_notifications(tid: &ThreadId, allow: bool) -> Result<Endpoint<ChatInfo>, Error> {
    change(tid, &ChangeJson { allow_mute_notifications: Some(allow), ..ChangeJson::default() })
}

/// `POST /v1/chats/{tid}/close`.
pub(crate) fn close(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::post(Route::chat(tid)?.join("close")).returns_json())
}

/// `POST /v1/chats/{tid}/reopen`.
pub(crate) fn reopen(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::post(Route::chat(tid)?.join("reopen")).returns_json())
}

/// `POST /v1/chats/{tid}/leave`.
pub(crate) fn leave(tid: &ThreadId) -> Result<Endpoint<()>, Error> {
    Ok(Endpoint::post(Route::chat(tid)?.join("leave")))
}

/// `PATCH /v1/chats/{tid}`.
fn change(tid: &ThreadId, change: &ChangeJson<'_>) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::patch(Route::chat(tid)?).json(change).returns_json())
}

/// The id is essential. Unreadable flags have the value that they have in most chats.
impl Decode for ChatInfo {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let names = [
            "tid",
            "title",
            "type",
            "is_alert",
            "allow_sending",
            "allow_mute_notifications",
            "is_closed",
            "users",
            "groups",
            "admins",
        ];
        let [tid, title, chat_type, is_alert, allow_sending, allow_mute, is_closed, users, groups, admins] =
            json.members(names)?;
        Ok(Self {
            tid: tid.required()?,
            title: title.optional().unwrap_or_default(),
            chat_type: chat_type.optional().unwrap_or_else(|| ChatType::Unknown(String::new())),
            is_alert: is_alert.optional().unwrap_or(false),
            allow_sending: allow_sending.optional().unwrap_or(true),
            allow_mute_notifications: allow_mute.optional().unwrap_or(true),
            is_closed: is_closed.optional().unwrap_or(false),
            users: users.optional_items(),
            groups: groups.optional_items(),
            admins: admins.optional_items(),
        })
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
