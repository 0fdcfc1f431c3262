//! Listing, creating, changing, closing and leaving chats.

use serde::{Deserialize, Serialize};
use teamwire_core::{
    Error, NewChat,
    model::{ChatInfo, ChatType, Id, NewOneToOne, ThreadId},
    protocol::{Attached, Chats, Endpoint, EndpointResult, Page, PageRequest, Route},
};

use crate::{
    Second,
    attachments::{AttachmentDraft, drafts, enclose, form, post},
    contacts::{GroupJson, UserJson, models},
    json::{Json, changed, chat, done, find, list, one, without_key},
};

impl Chats for Second {
    /// `GET api/chats/`.
    fn chats(&self, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>> {
        Ok(list::<ChatJson>(Route::new("api/chats/"), page)?.listing_timeout())
    }

    /// `GET api/chats/{id}/`.
    fn chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(find::<ChatJson>(chat(tid)?.join("")))
    }

    /// `POST api/chats/`: a form of `chat`, `avatar` and the files of the first message.
    fn create_chat(&self, chat: &NewChat, avatar: Option<&Attached>, files: &[Attached]) -> EndpointResult<ChatInfo> {
        without_key(chat.idempotency_key.as_ref())?;
        let draft = ChatDraft {
            title: &chat.title,
            users: ids(&chat.users)?,
            groups: ids(&chat.groups)?,
            admins: ids(&chat.admins)?,
            is_alert: chat.is_alert,
            allow_sending: chat.allow_sending,
            allow_mute_notifications: chat.allow_mute_notifications,
            text: chat.message.as_deref(),
            attachments: drafts(&chat.attachments)?,
        };
        let mut form = form("chat", &draft, files)?;
        if let Some(avatar) = avatar {
            form = enclose(form, "avatar", avatar)?;
        }
        Ok(one::<ChatJson>(post(Route::new("api/chats/"), form)))
    }

    /// `POST api/direct/`: a form of `chat` and the files of the first message.
    fn create_one_to_one_chat(&self, chat: &NewOneToOne, files: &[Attached]) -> EndpointResult<ChatInfo> {
        without_key(chat.idempotency_key.as_ref())?;
        let attachments = drafts(&chat.attachments)?;
        let draft = DirectDraft { user: chat.recipient.check()?, text: chat.message.as_deref(), attachments };
        Ok(one::<ChatJson>(post(Route::new("api/direct/"), form("chat", &draft, files)?)))
    }

    /// `PATCH api/chats/{id}/` of the title.
    fn update_title(&self, tid: &ThreadId, title: &str) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChatChange { title: Some(title), ..ChatChange::default() })
    }

    /// `PATCH api/chats/{id}/` of the permission to send messages.
    fn set_allow_sending(&self, tid: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChatChange { allow_sending: Some(allow), ..ChatChange::default() })
    }

    /// `PATCH api/chats/{id}/` of the permission to mute notifications.
    fn set_allow_mute_notifications(&self, tid: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>> {
        patch(tid, &ChatChange { allow_mute_notifications: Some(allow), ..ChatChange::default() })
    }

    /// `POST api/chats/{id}/close/`.
    fn close_chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::post(chat(tid)?.join("close/"))))
    }

    /// `POST api/chats/{id}/reopen/`.
    fn reopen_chat(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(changed(Endpoint::post(chat(tid)?.join("reopen/"))))
    }

    /// `POST api/chats/{id}/leave/`.
    fn leave_chat(&self, tid: &ThreadId) -> EndpointResult<()> {
        Ok(Endpoint::post(chat(tid)?.join("leave/")).once().reads(|response| done(response)))
    }
}

fn patch(tid: &ThreadId, change: &ChatChange<'_>) -> EndpointResult<Option<ChatInfo>> {
    Ok(changed(Endpoint::patch(chat(tid)?.join("")).json(change)?))
}

/// Returns the ids of users or groups, which must be valid.
pub(crate) fn ids<I: Id>(ids: &[I]) -> Result<Vec<&str>, Error> {
    ids.iter().map(Id::check).collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ChatJson {
    chat_id: ThreadId,
    title: String,
    kind: String,
    is_alert: bool,
    allow_sending: bool,
    allow_mute_notifications: bool,
    is_closed: bool,
    users: Vec<UserJson>,
    groups: Vec<GroupJson>,
    admins: Vec<UserJson>,
}

impl Json for ChatJson {
    type Model = ChatInfo;

    fn into_model(self) -> ChatInfo {
        let kind = match self.kind.as_str() {
            "group" => ChatType::Group,
            "direct" => ChatType::OneToOne,
            _ => ChatType::Unknown(self.kind),
        };
        let mut chat = ChatInfo::new(self.chat_id, kind);
        chat.title = self.title;
        chat.is_alert = self.is_alert;
        chat.allow_sending = self.allow_sending;
        chat.allow_mute_notifications = self.allow_mute_notifications;
        chat.is_closed = self.is_closed;
        chat.users = models(self.users);
        chat.groups = models(self.groups);
        chat.admins = models(self.admins);
        chat
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatDraft<'a> {
    title: &'a str,
    users: Vec<&'a str>,
    groups: Vec<&'a str>,
    admins: Vec<&'a str>,
    is_alert: bool,
    allow_sending: bool,
    allow_mute_notifications: bool,
    text: Option<&'a str>,
    attachments: Vec<AttachmentDraft<'a>>,
}

#[derive(Serialize)]
struct DirectDraft<'a> {
    user: &'a str,
    text: Option<&'a str>,
    attachments: Vec<AttachmentDraft<'a>>,
}

/// Only the members that change are sent.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ChatChange<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_sending: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_mute_notifications: Option<bool>,
}
