//! Reading and posting messages.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use teamwire_core::{
    Draft, Message,
    model::{Id, LinkPreview, MessageId, ThreadId},
    protocol::{Attached, Dated, EndpointResult, Messages, Page, PageRequest},
};

use crate::{
    Second,
    attachments::{AttachmentDraft, AttachmentJson, drafts, form, post},
    contacts::UserJson,
    json::{Json, chat, data, find, invalid, list, without_key},
};
/// Not the id of a message: as one, it would lead to the newest messages.
const LATEST: &str = "latest";

impl Messages for Second {
    /// `GET api/chats/{id}/messages/?since={milliseconds}`.
    fn messages(&self, tid: &ThreadId, since: DateTime<Utc>, page: PageRequest<'_>) -> EndpointResult<Page<Message>> {
        let since = since.timestamp_millis().to_string();
        list::<MessageJson>(chat(tid)?.join("messages/").query("since", &since), page)
    }

    /// `GET api/chats/{id}/messages/{id}/`.
    fn message(&self, tid: &ThreadId, message: &MessageId) -> EndpointResult<Option<Message>> {
        if message.as_str() == LATEST {
            return Err(invalid(MessageId::NAME, format!("must not be `{LATEST}`")));
        }
        Ok(find::<MessageJson>(chat(tid)?.join("messages").id(message)?.join("")))
    }

    /// `POST api/chats/{id}/messages/`: a form of `message` and its files.
    fn post(&self, tid: &ThreadId, draft: &Draft, files: &[Attached]) -> EndpointResult<Dated<Message>> {
        without_key(draft.idempotency_key.as_ref())?;
        let message = MessageDraft {
            text: draft.text.as_deref(),
            alert: draft.alert_type().map(|alert| alert.as_str()),
            reply_to: draft.reply_to.as_ref().map(Id::check).transpose()?,
            sender: draft.sender_display_name.as_deref(),
            attachments: drafts(&draft.attachments)?,
        };
        let endpoint = post(chat(tid)?.join("messages/"), form("message", &message, files)?);
        Ok(endpoint.reads(|response| Ok(response.dated(data::<MessageJson>(response)?))))
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct MessageDraft<'a> {
    text: Option<&'a str>,
    alert: Option<&'a str>,
    reply_to: Option<&'a str>,
    sender: Option<&'a str>,
    attachments: Vec<AttachmentDraft<'a>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct MessageJson {
    message_id: MessageId,
    chat_id: ThreadId,
    user: UserJson,
    /// With milliseconds.
    sent_at: DateTime<Utc>,
    alert: Option<String>,
    reply_to: Option<MessageId>,
    text: Option<String>,
    attachments: Vec<AttachmentJson>,
    is_deleted: bool,
    sender: Option<String>,
    link: Option<LinkJson>,
}

impl Json for MessageJson {
    type Model = Message;

    fn into_model(self) -> Message {
        let mut message = Message::new(self.message_id, self.chat_id, self.user.into_model(), self.sent_at);
        if let Some(alert) = self.alert {
            message = message.with_alert_type(alert.parse().unwrap_or_else(|never| match never {}));
        }
        message.reply_to = self.reply_to;
        message.text = self.text;
        message.attachments = self.attachments.into_iter().map(AttachmentJson::into_model).collect();
        message.deleted = self.is_deleted;
        message.sender_display_name = self.sender;
        message.link_preview = self.link.map(LinkJson::into_model);
        message
    }
}

#[derive(Deserialize)]
struct LinkJson {
    url: String,
    domain: String,
    title: Option<String>,
    description: Option<String>,
    image: Option<String>,
}

impl LinkJson {
    fn into_model(self) -> LinkPreview {
        let mut link = LinkPreview::new(self.url, self.domain);
        (link.title, link.description, link.image) = (self.title, self.description, self.image);
        link
    }
}
