//! Subscriptions as resumable machines: events are delivered one by one until the feed is stopped.
//!
//! One machine, [`Poller`], serves every feed: the live locations of a chat, the reactions to attention messages, and
//! the new messages of one chat or of all chats of the bot, and everything that happens in them. The latter two are
//! additions of this SDK.
//!
//! ```text
//!           ┌───────────────────────────────────────────────────────────────┐
//!           │ lease expired: subscribe again, at the same cursor            │
//!           ▼                                                               │
//!  Start ─► Subscribing ─────► Polling ───► deliver one by one ───► Polling ┤
//!  (feeds without a lease      │     ▲                                      │
//!   start with Polling)        │     └─ cursor expired: `Gap`, continue from now
//!           │                  │
//!           ├──────────────────┴─ transient error: `Retrying`, then Backoff, until the server recovers;
//!           │                     `Retry-After` is honoured, up to an hour
//!           ├──────────────────── poll cut off by an intermediary: `Retrying`, then a retry after 250 ms; after two in
//!           │                     a row, with a shorter long poll, which grows back while polls succeed
//!           ├──────────────────── subscription ended by another client: the feed ends
//!           └──────────────────── key revoked, chat deleted, rejected by the proxy, client certificate required:
//!                                 the feed ends with the error
//!
//!  stop(), in any state ─► deliver received events ─► Unsubscribing ─► ends
//! ```
//!
//! Each event except [`Retrying`](FeedEvent::Retrying) carries the [`Checkpoint`] to save once it is handled. A feed
//! that is started [`after`](FeedOptions::after) it, even in another process, delivers every event that has not been
//! handled: across a restart, events are delivered at least once, and within a process in order and exactly once.
//! Usually a checkpoint is right behind its event. If several events of a batch have the same cursor, all but the last
//! of them carry the checkpoint of the event before them, so that a feed that resumes there delivers them again. Events
//! that cannot be decoded are delivered as [`Undecoded`](FeedEvent::Undecoded), and never stop the feed.
//!
//! The position of a feed is the cursor of the last batch. If that cursor is unusable or does not advance, it is the
//! cursor of the last event that has one. Events after the position are still delivered, once. Until a cursor passes
//! them, every poll returns them again, counts as a failure, and increases the backoff. They carry the checkpoint of
//! the position, so a feed that resumes there delivers them again. If a server returns to a recent position, it returns
//! the events in a circle: they are delivered again, but the feed polls more and more rarely, down to once a second.
//!
//! Of all error responses, only those that the [protocol](crate::protocol::Refusal) recognises can expire a
//! subscription or a cursor, or end a feed. Others, from a gateway for instance, are retried, except a 401. A proxy
//! that rejects the login or the tunnel, and a server that requires a client certificate, also end the feed. So does a
//! failed [login](crate::protocol::Wire::login), unless the failure is transient or that of an intermediary.
//!
//! The guarantees above are those of a server with cursors for each event. With another protocol than the default one,
//! they depend on the server: see [`protocol::Batch`](crate::protocol::Batch).

mod checkpoint;
mod delivery;
mod event;
mod failures;
mod in_chat;
mod item;
mod long_poll;
mod map_item;
mod options;
mod pace;
mod poller;
mod position;
mod report;
mod resume;
mod set;
mod timing;
mod tracker;

pub use self::{
    checkpoint::Checkpoint,
    event::{FeedEnd, FeedEvent, FeedSetEvent, Retrying, Waited},
    in_chat::InChat,
    map_item::MapItem,
    options::FeedOptions,
    poller::Poller,
    resume::Resume,
    set::{FeedSet, FeedSetStep},
    tracker::{Handling, Postponed, Tracker},
};
