//! Listing, creating, changing, closing and leaving chats.

use alloc::{string::String, vec::Vec};

use serde::Serialize;

use super::{
    V1,
    attachments::{self, NewAttachmentJson},
    endpoints::{change, chat, checked, list},
    idempotency_key,
    ids::ids,
    json::object,
    text,
};
use crate::{
    model::{ChatInfo, ChatType, NewChat, NewOneToOne, ThreadId},
    protocol::{Attached, Chats, Endpoint, EndpointResult, Page, PageRequest, Route},
};

impl Chats for V1 {
    /// `GET /v1/chats`.
    fn chats(&self, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>> {
        Ok(list(Route::new("v1/chats"), page).listing_timeout())
    }

    /// `GET /v1/chats?title={title}`.
    fn chats_by_title(&self, title: &str, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>> {
        Ok(list(Route::new("v1/chats").query("title", text::title(title)?), page).listing_timeout())
    }

    /// `GET /v1/chats/{tid}`.
    fn chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(Endpoint::get(chat(tid)?).returns_some().none_if_not_found())
    }

    /// `POST /v1/chats`, for a group chat.
    fn create_chat(&self, chat: &NewChat, avatar: Option<&Attached>, files: &[Attached]) -> EndpointResult<ChatInfo> {
        let body = NewChatJson::Group {
            title: text::title(&chat.title)?,
            users: ids(&chat.users)?,
            groups: ids(&chat.groups)?,
            admins: ids(&chat.admins)?,
            message: text::message(chat.message.as_ref())?,
            attachments: attachments::all(&chat.attachments, files)?,
            avatar: avatar.and_then(Attached::asset).map(|asset| asset.asset_id.as_str()),
            is_alert: chat.is_alert,
            allow_sending: chat.allow_sending,
            allow_mute_notifications: chat.allow_mute_notifications,
        };
        let key = idempotency_key::checked(chat.idempotency_key.as_ref())?;
        Ok(Endpoint::post(Route::new("v1/chats")).with(&body).keyed(key).returns())
    }

    /// `POST /v1/chats`, for a one-to-one chat.
    fn create_one_to_one_chat(&self, chat: &NewOneToOne, files: &[Attached]) -> EndpointResult<ChatInfo> {
        let body = NewChatJson::OneToOne {
            recipient: checked(&chat.recipient)?,
            message: text::message(chat.message.as_ref())?,
            attachments: attachments::all(&chat.attachments, files)?,
        };
        let key = idempotency_key::checked(chat.idempotency_key.as_ref())?;
        Ok(Endpoint::post(Route::new("v1/chats")).with(&body).keyed(key).returns())
    }

    /// `PATCH /v1/chats/{tid}` of the title.
    fn update_title(&self, tid: &ThreadId, title: &str) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChangeJson { title: Some(text::title(title)?), ..ChangeJson::default() })
    }

    /// `PATCH /v1/chats/{tid}` of the permission to send messages.
    fn set_allow_sending(&self, tid: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChangeJson { allow_sending: Some(allow), ..ChangeJson::default() })
    }

    /// `PATCH /v1/chats/{tid}` of the permission to mute notifications.
    fn set_allow_mute_notifications(&self, tid: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChangeJson { allow_mute_notifications: Some(allow), ..ChangeJson::default() })
    }

    /// `POST /v1/chats/{tid}/close`.
    fn close_chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(change(Endpoint::post(chat(tid)?.join("close"))).returns_some())
    }

    /// `POST /v1/chats/{tid}/reopen`.
    fn reopen_chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(change(Endpoint::post(chat(tid)?.join("reopen"))).returns_some())
    }

    /// `POST /v1/chats/{tid}/leave`.
    fn leave_chat(&self, tid: &ThreadId) -> EndpointResult<()> {
        Ok(change(Endpoint::post(chat(tid)?.join("leave"))))
    }
}

/// `PATCH /v1/chats/{tid}`.
fn patch(tid: &ThreadId, body: &ChangeJson<'_>) -> EndpointResult<Option<ChatInfo>> {
    Ok(change(Endpoint::patch(chat(tid)?)).with(body).returns_some())
}

object! {
    /// The id is essential. Unreadable flags have the value that they have in most chats.
    ChatInfo {
        // Twice its size and more, because a list of chats is converted to one of `Chat`s.
        const MEMORY: usize = 5 * size_of::<Self>() / 2;
        "tid" => tid: required,
        "title" => title: optional,
        "type" => chat_type: optional,
        "is_alert" => is_alert: optional,
        "allow_sending" => allow_sending: optional,
        "allow_mute_notifications" => allow_mute_notifications: optional,
        "is_closed" => is_closed: optional,
        "users" => users: extras,
        "groups" => groups: extras,
        "admins" => admins: extras,
    } Ok(Self {
        tid,
        title: title.unwrap_or_default(),
        chat_type: chat_type.unwrap_or_else(|| ChatType::Unknown(String::new())),
        is_alert: is_alert.unwrap_or(false),
        allow_sending: allow_sending.unwrap_or(true),
        allow_mute_notifications: allow_mute_notifications.unwrap_or(true),
        is_closed: is_closed.unwrap_or(false),
        users,
        groups,
        admins,
        is_outdated: false,
    })
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
