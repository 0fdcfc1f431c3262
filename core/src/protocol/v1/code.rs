//! The error codes of the contract, as [`Error::code`](crate::Error::code) returns them.
//!
//! Most have a [kind](crate::ErrorKind) of their own, which is the same with every protocol. The code is more precise.
//!
//! ```
//! use teamwire_core::{Client, ErrorKind, Script, protocol::v1::code, script::v1::{expect, respond}};
//!
//! let script = Script::new().then(expect::post("c1"), respond::closed_chat());
//! let error = Client::new(script).chats().chat("c1").post("hello").expect_err("the chat is closed");
//! assert_eq!((error.kind(), error.code()), (ErrorKind::Conflict, Some(code::CONFLICT)));
//! ```

/// The bot lacks permission, or its credentials are unknown or have been revoked.
pub const AUTH: &str = "auth";
/// The organisation's admin has disallowed closing chats.
pub const CLOSE_CHAT_NOT_ALLOWED: &str = "close_chat_not_allowed";
/// The state of the chat does not allow the operation: it is closed, or would lose its last administrator.
pub const CONFLICT: &str = "conflict";
/// The server no longer has the events or items after the cursor.
pub const CURSOR_EXPIRED: &str = "cursor_expired";
/// The idempotency key belongs to another request.
pub const IDEMPOTENCY_MISMATCH: &str = "idempotency_mismatch";
/// An image cannot be loaded.
pub const IMAGE_LOAD: &str = "image_load";
/// An image cannot be removed.
pub const IMAGE_REMOVE: &str = "image_remove";
/// The server is still processing an earlier request with the same idempotency key.
pub const IN_PROGRESS: &str = "in_progress";
/// Users or groups do not exist or cannot be members.
pub const INVALID_MEMBERS: &str = "invalid_members";
/// The request is malformed, or an argument is invalid.
pub const INVALID_REQUEST: &str = "invalid_request";
/// The subscription of a feed has expired.
pub const LEASE_EXPIRED: &str = "lease_expired";
/// The organisation's admin has disallowed leaving chats.
pub const LEAVE_CHAT_NOT_ALLOWED: &str = "leave_chat_not_allowed";
/// The route does not have this method.
pub const METHOD_NOT_ALLOWED: &str = "method_not_allowed";
/// The chat, message, user or asset does not exist, or the bot cannot see it.
pub const NOT_FOUND: &str = "not_found";
/// The request is larger than the server accepts.
pub const PAYLOAD_TOO_LARGE: &str = "payload_too_large";
/// The asset does not have the requested range.
pub const RANGE_NOT_SATISFIABLE: &str = "range_not_satisfiable";
/// Too many requests.
pub const RATE_LIMITED: &str = "rate_limited";
/// The organisation's admin has disabled read receipts.
pub const READ_RECEIPTS_DISABLED: &str = "read_receipts_disabled";
/// The backend failed.
pub const SERVER: &str = "server";
/// Another client ended the subscription of a feed.
pub const UNSUBSCRIBED: &str = "unsubscribed";
/// The server does not accept this media type.
pub const UNSUPPORTED_MEDIA_TYPE: &str = "unsupported_media_type";
/// The organisation's admin has disallowed changing members.
pub const UPDATE_MEMBERS_NOT_ALLOWED: &str = "update_members_not_allowed";
