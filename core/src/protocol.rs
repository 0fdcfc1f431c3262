//! The port to the backend's HTTP protocol.
//!
//! A [`Protocol`] describes the request of each operation as an [`Endpoint`] and reads its response. It performs no
//! I/O and keeps no state: retries, pacing, logins, pages, polls and uploads are the same for all protocols.
//!
//! [`V1`] is the contract of this project, and the default. The vendor does not publish the protocol of its backend.
//! Those who have it can implement it in a crate of their own, and set it by
//! [`Config::with_protocol`](crate::Config::with_protocol).
//!
//! - [`Wire`] concerns all requests: credentials, login and error responses.
//! - [`Messages`], [`Chats`], [`Members`], [`Reactions`], [`Locations`], [`Contacts`], [`Assets`] and [`Feeds`]: one
//!   method for each operation.
//! - [`Endpoint`], [`Route`] and [`Attempt`] are a request as data.
//! - [`ResponseReader`], [`Refusal`], [`Page`], [`Batch`] and [`Lease`] are the content of a response.
//!
//! A method that a protocol does not implement makes its operation fail with
//! [`Unsupported`](crate::ErrorKind::Unsupported). New methods have a default, so that a protocol compiles against
//! later versions.
//!
//! The guide "Speak your installation's protocol" (`docs/guide/protocol.md` in the repository) builds a protocol step
//! by step, and `tests/protocols` is a complete one.
//!
//! # Limits
//!
//! Each operation is one request below the base URL, which depends only on its arguments, the credentials and the token
//! of the login. So a protocol cannot describe polls by `ETag` without a cursor, a token that changes with each
//! response, a login of several requests (Digest, NTLM) or one whose refresh token is replaced, a signature over the
//! time, a nonce or a file, an upload to another host, a post of two requests, a change that is made after the
//! response, files of unknown size, or avatars other than JPEG. If a server does not distinguish an expired session
//! from what is forbidden, each forbidden operation costs a login.
//!
//! # A protocol that posts a message
//!
//! ```
//! use chrono::DateTime;
//! use http::{Request, header};
//! use serde::{Deserialize, Serialize};
//! use teamwire_core::{
//!     Client, Config, Credentials, Draft, ErrorKind, Message, Script, User,
//!     effect::Body,
//!     model::{MessageId, ThreadId},
//!     protocol::{self, Attached, Attempt, Dated, Endpoint, EndpointResult, Refusal, ResponseReader, Route},
//!     script::{Expect, Respond},
//! };
//!
//! #[derive(Debug)]
//! struct Ours;
//!
//! impl protocol::Wire for Ours {
//!     fn prepare(&self, request: &mut Request<Body>, attempt: &Attempt<'_>) {
//!         if let Ok(key) = attempt.secret(|credentials| format!("Bearer {}", credentials.secret())) {
//!             request.headers_mut().insert(header::AUTHORIZATION, key);
//!         }
//!     }
//!
//!     fn refusal(&self, response: &ResponseReader<'_>) -> Option<Refusal> {
//!         let code: String = response.deserialize().ok()?;
//!         let kind = if code == "not-found" { ErrorKind::NotFound } else { ErrorKind::Server };
//!         Some(Refusal::new(kind).unknown_code(code))
//!     }
//! }
//!
//! #[derive(Serialize)]
//! struct NewMessageJson<'a> {
//!     text: &'a str,
//! }
//!
//! #[derive(Deserialize)]
//! struct MessageJson {
//!     id: MessageId,
//!     millis: i64,
//!     text: String,
//! }
//!
//! impl protocol::Messages for Ours {
//!     /// `POST chats/{id}/messages`.
//!     fn post(&self, chat: &ThreadId, draft: &Draft, _files: &[Attached]) -> EndpointResult<Dated<Message>> {
//!         // A complete protocol also sends or rejects the other fields of the draft.
//!         let body = NewMessageJson { text: draft.text.as_deref().unwrap_or_default() };
//!         let (post, tid) = (Endpoint::post(Route::new("chats").id(chat)?.join("messages")).once(), chat.clone());
//!         Ok(post.json(&body)?.reads(move |response| {
//!             let MessageJson { id, millis, text } = response.deserialize()?;
//!             let sent_at = DateTime::from_timestamp_millis(millis).unwrap_or_default();
//!             let mut message = Message::new(id, tid.clone(), User::new("u-bot", "Our", "Bot"), sent_at);
//!             message.text = Some(text);
//!             Ok(response.dated(message))
//!         }))
//!     }
//! }
//!
//! impl protocol::Assets for Ours {}
//! impl protocol::Chats for Ours {}
//! impl protocol::Contacts for Ours {}
//! impl protocol::Feeds for Ours {}
//! impl protocol::Locations for Ours {}
//! impl protocol::Members for Ours {}
//! impl protocol::Reactions for Ours {}
//!
//! let config = Config::new("https://chat.example/api", Credentials::new("bot", "f3a9c17e5b")?)?.with_protocol(Ours);
//! let script = Script::with_config(config).then(
//!     Expect::post("/api/chats/c7/messages").header("authorization", "Bearer f3a9c17e5b"),
//!     Respond::status(201).body("application/json", r#"{ "id": "m1", "millis": 0, "text": "hello" }"#),
//! );
//! let client = Client::new(script.clone());
//! assert_eq!(client.chats().chat("c7").post("hello")?.text.as_deref(), Some("hello"));
//! assert!(client.chats().list().is_err_and(|error| error.kind() == ErrorKind::Unsupported));
//! script.assert_done();
//! # Ok::<(), teamwire_core::Error>(())
//! ```

mod attempt;
mod class;
mod content;
mod dated;
mod endpoint;
mod endpoint_result;
mod feeds;
mod file_part;
mod gateway;
mod groups;
mod headers;
mod page;
mod refusal;
mod response;
mod route;
mod token;
pub mod v1;
mod wire;

pub use self::{
    attempt::Attempt,
    content::ExpectedContent,
    dated::Dated,
    endpoint::Endpoint,
    endpoint_result::EndpointResult,
    feeds::{Batch, BatchItem, FeedSource, Lease, PollRequest},
    file_part::{Attached, FileKey, FilePart},
    groups::{Assets, Chats, Contacts, Feeds, ImageLimits, Locations, Members, Messages, Reactions},
    page::{Page, PageRequest},
    refusal::Refusal,
    response::ResponseReader,
    route::Route,
    token::Token,
    v1::V1,
    wire::{Protocol, Wire},
};
pub(crate) use self::{
    class::{Range, TimeoutClass},
    content::{IDENTITY, size_mismatch},
    feeds::fingerprint,
    page::is_cursor,
};
pub use crate::error::Signal;
