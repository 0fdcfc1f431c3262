//! The same operations with `serde_json` and the crate http alone.
//!
//! Its structs own the same values as those of the core, without what the core does beside: unknown and malformed
//! values, retries, limits, checks of heads, idempotency keys from entropy, and checkpoints.

use std::{hint::black_box, sync::Arc};

use chrono::{DateTime, Utc, serde::ts_milliseconds};
use http::{HeaderValue, Request, Response, header};
use serde::{Deserialize, Serialize};
use teamwire_core::model::{AssetId, MessageId, ThreadId, UserId};

use crate::{
    json::{CHAT, TEXT},
    operation::Operation,
};

/// Performs an operation once per response body.
pub(crate) fn run(operation: Operation, bodies: Vec<Vec<u8>>) {
    for body in bodies {
        match operation {
            Operation::Me => {
                request("/v1/me", Vec::new());
                response::<User>(body);
            }
            Operation::Post => {
                let json = serde_json::to_vec(&Draft { msg: TEXT }).expect("the draft is valid JSON");
                request(&format!("/v1/chats/{CHAT}/messages"), json);
                response::<Message>(body);
            }
            Operation::Page => {
                request(&format!("/v1/chats/{CHAT}/messages?since=1970-01-01T00:00:00.000Z&limit=100"), Vec::new());
                response::<Page>(body);
            }
            Operation::Batch => {
                request("/v1/messages/updates?cursor=bWVzc2FnZXMtY3Vyc29y&wait=25", Vec::new());
                response::<Batch>(body);
            }
        }
    }
}

fn request(path: &str, body: Vec<u8>) {
    let request = Request::builder()
        .method(if body.is_empty() { "GET" } else { "POST" })
        .uri(format!("https://teamwire.example{path}"))
        .header(header::ACCEPT, HeaderValue::from_static("application/json"))
        .header(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))
        .header(header::USER_AGENT, HeaderValue::from_static("teamwire/0.1.0"))
        .header(header::AUTHORIZATION, HeaderValue::from_static("Basic YXBwLW9mLXRoZS1ib3Q6c2VjcmV0LW9mLXRoZS1ib3Q="));
    let request = if body.is_empty() {
        request
    } else {
        request.header(header::CONTENT_TYPE, "application/json").header("idempotency-key", "7MQKchz6wsSzmWTVnppGAc")
    };
    black_box(request.body(body).expect("the head is valid"));
}

fn response<T: for<'a> Deserialize<'a>>(body: Vec<u8>) {
    let response = Response::builder().header(header::CONTENT_TYPE, "application/json").body(body);
    let response = response.expect("the head is valid");
    black_box(serde_json::from_slice::<T>(response.body()).expect("the body is valid"));
}

#[derive(Serialize)]
struct Draft<'a> {
    msg: &'a str,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct User {
    uid: UserId,
    first_name: String,
    last_name: String,
    organisation: String,
    is_bot: bool,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct Message {
    mid: MessageId,
    tid: ThreadId,
    from_user: User,
    #[serde(with = "ts_milliseconds")]
    timestamp: DateTime<Utc>,
    is_alert: bool,
    alert_type: Option<AlertType>,
    reply_to: Option<MessageId>,
    msg: Option<String>,
    attachments: Option<Vec<Attachment>>,
    deleted: bool,
    sender_display_name: Option<String>,
    link_preview: Option<LinkPreview>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum AlertType {
    Alert,
    Announcement,
    Note,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Attachment {
    File { asset: Asset },
    Gallery { images: Vec<Asset> },
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct Asset {
    id: AssetId,
    file_name: String,
    media_type: String,
    size: u64,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct LinkPreview {
    url: String,
    title: Option<String>,
    description: Option<String>,
    image: Option<String>,
    domain: String,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct Page {
    items: Vec<Message>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct Batch {
    items: Vec<Event>,
    cursor: Arc<str>,
}

#[derive(Deserialize)]
#[expect(dead_code, reason = "only the cost of creating it is of interest")]
struct Event {
    cursor: Arc<str>,
    kind: String,
    data: Message,
}
