//! Messages: reading them and posting them.

use alloc::{string::String, vec::Vec};

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use super::{
    answer::Decode,
    attachments::{self, Attachments, NewAttachmentJson},
    chats::route,
    contacts::UserJson,
    endpoint::{Dated, Endpoint},
    lenient,
    names::Named,
    page::Page,
    text,
};
use crate::{
    error::Error,
    model::{AlertType, Asset, Draft, Id, LinkPreview, Message, MessageId, ThreadId},
};

/// The beginning of the year 0, and the end of the year 9999.
const FIRST_MOMENT: DateTime<Utc> = DateTime::from_timestamp_millis(-62_167_219_200_000).expect("it is in range");
const LAST_MOMENT: DateTime<Utc> = DateTime::from_timestamp_millis(253_402_300_799_999).expect("it is in range");

pub(crate) fn since(tid: &ThreadId, since: DateTime<Utc>) -> Result<Endpoint<Page<Message>>, Error> {
    // No message is outside of the years that the contract can write.
    let since = since.clamp(FIRST_MOMENT, LAST_MOMENT).to_rfc3339_opts(SecondsFormat::Millis, true);
    Ok(Endpoint::get(route(tid)?.then("messages").query("since", &since)).lists())
}

pub(crate) fn post(tid: &ThreadId, draft: &Draft, stored: &[Asset]) -> Result<Endpoint<Dated<Message>>, Error> {
    draft.check()?;
    let body = DraftJson {
        msg: text::message(draft.text.as_ref())?,
        attachments: attachments::all(&draft.attachments, stored)?,
        alert_type: draft.alert_type().map(Named),
        reply_to: draft.reply_to.as_ref().map(Id::check).transpose()?,
        sender_display_name: text::sender(draft.sender_display_name.as_ref())?,
    };
    let key = draft.idempotency_key.as_deref();
    Ok(Endpoint::post(route(tid)?.then("messages")).json(&body).keyed(key)?.answers_dated())
}

#[derive(Serialize)]
struct DraftJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<NewAttachmentJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_type: Option<Named<&'a AlertType>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_display_name: Option<&'a str>,
}

#[derive(Deserialize)]
pub(crate) struct MessageJson {
    mid: MessageId,
    tid: ThreadId,
    from_user: UserJson,
    #[serde(with = "chrono::serde::ts_milliseconds")]
    timestamp: DateTime<Utc>,
    is_alert: bool,
    #[serde(default)]
    alert_type: Option<Named<AlertType>>,
    #[serde(default)]
    reply_to: Option<MessageId>,
    #[serde(default)]
    msg: Option<String>,
    #[serde(default)]
    attachments: Option<Attachments>,
    deleted: bool,
    #[serde(default, deserialize_with = "lenient::optional")]
    sender_display_name: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional")]
    link_preview: Option<LinkPreviewJson>,
}

impl Decode for Message {
    type Json = MessageJson;
    const EXTRAS: &'static [&'static str] = &["attachments", "link_preview", "sender_display_name"];
}

impl From<MessageJson> for Message {
    fn from(json: MessageJson) -> Self {
        let alert_type = json.alert_type.map(|named| named.0);
        Self {
            mid: json.mid,
            tid: json.tid,
            from_user: json.from_user.into(),
            sent_at: json.timestamp,
            is_alert: json.is_alert,
            // An alert without a type is an alert.
            alert_type: alert_type.or(json.is_alert.then_some(AlertType::Alert)),
            reply_to: json.reply_to,
            text: json.msg,
            attachments: json.attachments.map(|attachments| attachments.0).unwrap_or_default(),
            deleted: json.deleted,
            sender_display_name: json.sender_display_name,
            link_preview: json.link_preview.map(Into::into),
        }
    }
}

#[derive(Deserialize)]
struct LinkPreviewJson {
    url: String,
    #[serde(default, deserialize_with = "lenient::optional")]
    title: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional")]
    description: Option<String>,
    #[serde(default, deserialize_with = "lenient::optional")]
    image: Option<String>,
    domain: String,
}

impl From<LinkPreviewJson> for LinkPreview {
    fn from(json: LinkPreviewJson) -> Self {
        let LinkPreviewJson { url, title, description, image, domain } = json;
        Self { url, title, description, image, domain }
    }
}
