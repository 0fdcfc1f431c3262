//! Reading and posting messages.

use alloc::vec::Vec;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{
    attachments::{self, NewAttachmentJson},
    endpoint::{Dated, Endpoint},
    json::{Decode, DecodeError, Json},
    page::Page,
    route::Route,
    text,
    wire_enum::WireEnum,
};
use crate::{
    error::Error,
    model::{AlertType, Asset, Draft, Id, LinkPreview, Message, ThreadId},
};

/// The start of the year 0.
const MIN_TIMESTAMP: DateTime<Utc> =
    DateTime::from_timestamp_millis(-62_167_219_200_000).expect("the year 0 is in range");
/// The end of the year 9999.
const MAX_TIMESTAMP: DateTime<Utc> =
    DateTime::from_timestamp_millis(253_402_300_799_999).expect("the year 9999 is in range");

/// `GET /v1/chats/{tid}/messages?since={time}`.
pub(crate) fn since(tid: &ThreadId, since: DateTime<Utc>) -> Result<Endpoint<Page<Message>>, Error> {
    // The contract's date format covers these years only, and so do all messages.
    let since = since.clamp(MIN_TIMESTAMP, MAX_TIMESTAMP).to_rfc3339_opts(SecondsFormat::Millis, true);
    Ok(Endpoint::get(Route::chat(tid)?.join("messages").query("since", &since)).returns_page())
}

/// `POST /v1/chats/{tid}/messages`.
pub(crate) fn post(tid: &ThreadId, draft: &Draft, stored: &[Asset]) -> Result<Endpoint<Dated<Message>>, Error> {
    draft.check()?;
    let body = DraftJson {
        msg: text::message(draft.text.as_ref())?,
        attachments: attachments::all(&draft.attachments, stored)?,
        alert_type: draft.alert_type().map(WireEnum),
        reply_to: draft.reply_to.as_ref().map(Id::check).transpose()?,
        sender_display_name: text::sender(draft.sender_display_name.as_ref())?,
    };
    let key = draft.idempotency_key.as_deref();
    Ok(Endpoint::post(Route::chat(tid)?.join("messages")).json(&body).with_idempotency_key(key)?.returns_dated_json())
}

#[derive(Serialize)]
struct DraftJson<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    msg: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    attachments: Vec<NewAttachmentJson<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    alert_type: Option<WireEnum<&'a AlertType>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sender_display_name: Option<&'a str>,
}

/// The ids of the message, the chat and the sender, and the time are essential.
impl Decode for Message {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [mid, tid, from_user, timestamp, deleted] =
            json.members(["mid", "tid", "from_user", "timestamp", "deleted"])?;
        let (mid, tid, from_user) = (mid.required()?, tid.required()?, from_user.required()?);
        let millis = timestamp.required()?;
        let sent_at = DateTime::from_timestamp_millis(millis)
            .ok_or_else(|| DecodeError::new("timestamp out of range").at("timestamp"))?;
        let names = ["is_alert", "alert_type", "reply_to", "msg", "attachments", "sender_display_name", "link_preview"];
        let [is_alert, alert_type, reply_to, msg, attachments, sender_display_name, link_preview] =
            json.members(names)?;
        let alert_type: Option<AlertType> = alert_type.optional();
        let is_alert = is_alert.optional().unwrap_or(alert_type.is_some());
        Ok(Self {
            mid,
            tid,
            from_user,
            sent_at,
            is_alert,
            // An attention message without a type is an alert.
            alert_type: alert_type.or(is_alert.then_some(AlertType::Alert)),
            reply_to: reply_to.optional(),
            text: msg.optional(),
            attachments: attachments::received(attachments),
            deleted: deleted.optional().unwrap_or(false),
            sender_display_name: sender_display_name.optional(),
            link_preview: link_preview.optional(),
        })
    }
}

/// The link and its domain are essential.
impl Decode for LinkPreview {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [url, title, description, image, domain] =
            json.members(["url", "title", "description", "image", "domain"])?;
        Ok(Self {
            url: url.required()?,
            title: title.optional(),
            description: description.optional(),
            image: image.optional(),
            domain: domain.required()?,
        })
    }
}
