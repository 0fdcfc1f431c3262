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

mod attempt;
mod class;
mod content;
mod dated;
mod endpoint;
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
    feeds::{Batch, BatchItem, FeedSource, Lease, PollRequest},
    file_part::{Attached, FileKey, FilePart},
    groups::{Assets, Chats, Contacts, Feeds, ImageLimits, Locations, Members, Messages, Reactions},
    page::{Page, PageRequest},
    refusal::Refusal,
    response::ResponseReader,
    route::Route,
    token::Token,
    v1::V1,
    wire::{Made, Protocol, Wire},
};
pub(crate) use self::{
    class::{Range, TimeoutClass},
    content::{IDENTITY, size_mismatch},
    feeds::fingerprint,
    page::is_cursor,
};
pub use crate::error::Signal;
