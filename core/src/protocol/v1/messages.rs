//! Reading and posting messages.

use alloc::{format, vec::Vec};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    V1,
    attachments::{self, NewAttachmentJson},
    endpoints::{chat, checked, list, with_id},
    idempotency_key,
    json::{DecodeError, object},
    text,
    wire_enum::WireEnum,
};
use crate::{
    error::Error,
    model::{AlertType, Draft, Id, LinkPreview, Message, MessageId, ThreadId},
    protocol::{Attached, Dated, Endpoint, EndpointResult, Messages, Page, PageRequest},
};

/// The start of the year 0.
const MIN_TIMESTAMP: DateTime<Utc> =
    DateTime::from_timestamp_millis(-62_167_219_200_000).expect("the year 0 is in range");
/// The end of the year 9999.
const MAX_TIMESTAMP: DateTime<Utc> =
    DateTime::from_timestamp_millis(253_402_300_799_999).expect("the year 9999 is in range");
/// Not the id of a message: as one, it would lead to the feed of new messages.
const UPDATES: &str = "updates";

impl Messages for V1 {
    /// `GET /v1/chats/{tid}/messages?since={time}`.
    fn messages(&self, tid: &ThreadId, since: DateTime<Utc>, page: PageRequest<'_>) -> EndpointResult<Page<Message>> {
        // The contract's date format covers these years only, and so do all messages.
        let since = since.clamp(MIN_TIMESTAMP, MAX_TIMESTAMP).to_rfc3339_opts(SecondsFormat::Millis, true);
        Ok(list(chat(tid)?.join("messages").query("since", &since), page))
    }

    /// `GET /v1/chats/{tid}/messages/{mid}`.
    fn message(&self, tid: &ThreadId, mid: &MessageId) -> EndpointResult<Option<Message>> {
        if mid.as_str() == UPDATES {
            return Err(Error::invalid(MessageId::NAME, format!("must not be `{UPDATES}`")));
        }
        Ok(Endpoint::get(with_id(chat(tid)?.join("messages"), mid)?).returns_some().none_if_not_found())
    }

    /// `POST /v1/chats/{tid}/messages`.
    fn post(&self, tid: &ThreadId, draft: &Draft, files: &[Attached]) -> EndpointResult<Dated<Message>> {
        let text = text::message(draft.text.as_ref())?;
        let rest = DraftJson {
            attachments: attachments::all(&draft.attachments, files)?,
            alert_type: draft.alert_type().map(WireEnum),
            reply_to: draft.reply_to.as_ref().map(checked).transpose()?,
            sender_display_name: text::sender(draft.sender_display_name.as_ref())?,
        };
        let key = idempotency_key::checked(draft.idempotency_key.as_ref())?;
        let post = Endpoint::post(chat(tid)?.join("messages")).with_text("msg", text, &rest).keyed(key);
        Ok(post.reads(|response| Ok(response.dated(response.json()?))))
    }
}

/// A draft without its text.
#[derive(Serialize)]
struct DraftJson<'a> {
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<NewAttachmentJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_type: Option<WireEnum<&'a AlertType>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_display_name: Option<&'a str>,
}

object! {
    /// The ids of the message, the chat and the sender, and the time are essential.
    Message {
        "mid" => mid: required,
        "tid" => tid: required,
        "from_user" => from_user: required,
        "timestamp" => timestamp: required,
        "msg" => text: optional,
        "attachments" => attachments: with(attachments::received),
        "is_alert" => is_alert: optional,
        "alert_type" => alert_type: optional,
        "deleted" => deleted: optional,
        "reply_to" => reply_to: optional,
        "sender_display_name" => sender_display_name: optional,
        "link_preview" => link_preview: optional,
    } {
        let sent_at = DateTime::from_timestamp_millis(timestamp)
            .ok_or_else(|| DecodeError::new("timestamp out of range").at("timestamp"))?;
        let is_alert = is_alert.unwrap_or(alert_type.is_some());
        Ok(Self {
            mid,
            tid,
            from_user,
            sent_at,
            is_alert,
            // An attention message without a type is an alert.
            alert_type: alert_type.or(is_alert.then_some(AlertType::Alert)),
            reply_to,
            text,
            attachments,
            deleted: deleted.unwrap_or(false),
            sender_display_name,
            link_preview,
        })
    }
}

object! {
    /// The link and its domain are essential.
    LinkPreview {
        "url" => url: required,
        "title" => title: optional,
        "description" => description: optional,
        "image" => image: optional,
        "domain" => domain: required,
    } Ok(Self { url, title, description, image, domain })
}
