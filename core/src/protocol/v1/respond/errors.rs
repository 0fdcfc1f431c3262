//! The errors of the contract.

use alloc::{format, string::String, vec::Vec};

use http::StatusCode;
use serde_json::{Value, json};

use crate::script::Respond;

/// The request id of all responses to tests.
const REQUEST_ID: &str = "script";

macro_rules! errors {
    ($($(#[$doc:meta])* $name:ident = $status:literal $code:literal, $detail:literal;)*) => { $(
        $(#[$doc])*
        pub fn $name() -> Respond {
            error($status, $code, $detail, json!({}))
        }
    )* };
}

errors! {
    /// 400 `invalid_request`: the server does not understand the request.
    #[doc(alias = "400")]
    invalid_request = 400 "invalid_request", "The request is malformed.";
    /// 403 `auth`: the bot lacks permission.
    #[doc(alias = "403")]
    forbidden = 403 "auth", "The bot lacks permission.";
    /// 403 `update_members_not_allowed`: the organisation's admin has disabled changes of members.
    #[doc(alias = "403")]
    update_members_not_allowed = 403 "update_members_not_allowed", "Changes of members are disabled.";
    /// 403 `leave_chat_not_allowed`: the organisation's admin has disabled leaving.
    #[doc(alias = "403")]
    leave_chat_not_allowed = 403 "leave_chat_not_allowed", "Leaving chats is disabled.";
    /// 403 `close_chat_not_allowed`: the organisation's admin has disabled closing.
    #[doc(alias = "403")]
    close_chat_not_allowed = 403 "close_chat_not_allowed", "Closing chats is disabled.";
    /// 403 `read_receipts_disabled`: the organisation's admin has disabled read receipts.
    #[doc(alias = "403")]
    read_receipts_disabled = 403 "read_receipts_disabled", "Read receipts are disabled.";
    /// 403 `image_remove`: the bot lacks the permission to remove the avatar.
    #[doc(alias = "403")]
    image_remove = 403 "image_remove", "The avatar cannot be removed.";
    /// 404 `not_found`: the chat, message, user, group or file does not exist for the bot.
    #[doc(alias = "404")]
    not_found = 404 "not_found", "There is nothing with this id.";
    /// 404 `image_load`: the chat has no avatar.
    #[doc(alias = "404")]
    image_missing = 404 "image_load", "The chat has no avatar.";
    /// 405 `method_not_allowed`.
    #[doc(alias = "405")]
    method_not_allowed = 405 "method_not_allowed", "The path does not have this method.";
    /// 409 `conflict`: the state of the chat forbids it.
    #[doc(alias = "409")]
    conflict = 409 "conflict", "The state of the chat forbids it.";
    /// 409 `conflict`: the chat is closed.
    #[doc(alias = "409")]
    closed_chat = 409 "conflict", "The chat is closed.";
    /// 409 `in_progress`: the first request with this idempotency key is still in progress. It is retried.
    #[doc(alias = "409")]
    in_progress = 409 "in_progress", "The first request with this key is still in progress.";
    /// 409 `lease_expired`: the subscription was not polled for too long. A feed subscribes again.
    #[doc(alias = "409")]
    lease_expired = 409 "lease_expired", "The subscription was not polled for too long.";
    /// 410 `cursor_expired`: a list restarts, and a feed reports a [gap](crate::FeedEvent::Gap).
    #[doc(alias = "410")]
    cursor_expired = 410 "cursor_expired", "The cursor is too old.";
    /// 410 `unsubscribed`: another process of the bot has ended the subscription. The feed ends.
    #[doc(alias = "410")]
    unsubscribed = 410 "unsubscribed", "The subscription was ended.";
    /// 413 `payload_too_large`.
    #[doc(alias = "413")]
    payload_too_large = 413 "payload_too_large", "The body is too large.";
    /// 415 `unsupported_media_type`.
    #[doc(alias = "415")]
    unsupported_media_type = 415 "unsupported_media_type", "The body has another media type.";
    /// 422 `invalid_request`: an argument is invalid.
    #[doc(alias = "422")]
    unprocessable = 422 "invalid_request", "The body violates its schema.";
    /// 422 `image_load`: the avatar is not a JPEG, or it is too large.
    #[doc(alias = "422")]
    image_invalid = 422 "image_load", "The image is not a JPEG, or it is too large.";
    /// 422 `idempotency_mismatch`: the idempotency key belongs to another request.
    #[doc(alias = "422")]
    idempotency_mismatch = 422 "idempotency_mismatch", "The key belongs to another request.";
    /// 500 `server`: an internal error of the server. It is retried.
    #[doc(alias = "500")]
    server_error = 500 "server", "An internal error.";
}

/// 401 `auth`: the App ID is unknown, the secret is wrong, or the key was revoked.
#[doc(alias = "401")]
pub fn unauthorised() -> Respond {
    error(401, "auth", "The credentials are not valid.", json!({}))
        .header("www-authenticate", "Basic realm=\"teamwire\"")
}

/// 416 `range_not_satisfiable`: a resumed download begins after the end of the file, which has this size in bytes.
#[doc(alias = "416")]
pub fn range_not_satisfiable(size: u64) -> Respond {
    let respond = error(416, "range_not_satisfiable", "The range begins after the end of the file.", json!({}));
    respond.header("content-range", format!("bytes */{size}"))
}

/// 422 `invalid_members`: these users and groups cannot become members.
#[doc(alias = "422")]
pub fn invalid_members<I: Into<String>>(ids: impl IntoIterator<Item = I>) -> Respond {
    let ids: Vec<String> = ids.into_iter().map(Into::into).collect();
    error(422, "invalid_members", "Some users or groups cannot become members.", json!({ "invalid_members": ids }))
}

/// 429 `rate_limited`: too many requests. The next one is accepted after this time, in seconds.
#[doc(alias = "429")]
pub fn rate_limited(seconds: u64) -> Respond {
    error(429, "rate_limited", "Too many requests.", json!({})).retry_after(seconds)
}

/// 503 `server`: the server is overloaded or in maintenance. The next request is accepted after this time, in seconds.
#[doc(alias = "503")]
pub fn unavailable(seconds: u64) -> Respond {
    error(503, "server", "The server is temporarily not available.", json!({})).retry_after(seconds)
}

#[track_caller]
fn error(status: u16, code: &str, detail: &str, more: Value) -> Respond {
    let title = match status {
        // The phrases of RFC 9110, which has renamed them.
        413 => "Content Too Large",
        422 => "Unprocessable Content",
        status => StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or(code),
    };
    let mut problem = json!({
        "type": "about:blank", "title": title, "status": status, "detail": detail, "code": code,
        "request_id": REQUEST_ID,
    });
    if let (Value::Object(problem), Value::Object(more)) = (&mut problem, more) {
        problem.extend(more);
    }
    identified(Respond::status(status).body("application/problem+json", format!("{problem}")))
}

impl Respond {
    /// Responds with a problem document of the [default protocol](crate::protocol::V1) with this code. Its documented
    /// errors are [functions](crate::script::v1::respond), too.
    ///
    /// # Panics
    /// If the status is not 100 to 999.
    #[track_caller]
    pub fn problem(status: u16, code: &str) -> Self {
        error(status, code, "scripted problem", json!({}))
    }
}

/// Adds the request id, which all responses of the contract have.
pub(super) fn identified(respond: Respond) -> Respond {
    respond.header("x-request-id", REQUEST_ID)
}
