//! Subscriptions as resumable pollers: chat events delivered one by one until the feed is stopped.
//!
//! One poller serves every feed: the live locations of a chat, the reactions to attention messages, and new messages of
//! one chat or of all chats of the bot (an addition of this SDK).
//!
//! ```text
//!           ┌───────────────────────────────────────────────────────────────┐
//!           │ lease expired: subscribe again, at the same cursor            │
//!           ▼                                                               │
//!  Start ─► Subscribing ─────► Polling ───► deliver one by one ───► Polling ┤
//!  (feeds without a lease      │     ▲                                      │
//!   start with Polling)        │     └─ cursor expired: `Gap`, continue from now
//!           │                  │
//!           ├──────────────────┴─ transient error: `Retrying`, then Backoff, until it recovers;
//!           │                     `Retry-After` is honoured, up to an hour
//!           ├──────────────────── poll cut off by an intermediary: `Retrying`, then an immediate retry; after two in
//!           │                     a row, with a shorter long poll, which grows back while polls succeed
//!           ├──────────────────── unsubscribed by another client: ends
//!           └──────────────────── key revoked, chat deleted, rejected by the proxy, client certificate required: ends
//!                                 with the error
//!
//!  stop(), in any state ─► deliver received events ─► Unsubscribing ─► ends
//! ```
//!
//! Each event carries the [`Checkpoint`] to save once it is handled. A feed started [`after`](FeedOptions::after) it,
//! even in another process, resumes exactly there: events are delivered at least once across a crash, and exactly once
//! and in order within a process. Undecodable events are delivered as such and never stop the feed.
//!
//! The position of a feed is the cursor of the last batch or, if that is unusable or does not advance, of the last
//! event that has one. Events after the position are still delivered, once: until a cursor passes them, each poll
//! returns them again, is reported as a failure, and is followed by a growing backoff. Their checkpoints are those of
//! the position, so a feed resumed there delivers them again.
//!
//! Only a problem document of the contract, with a status that belongs to its code, can expire a subscription or a
//! cursor, or end a feed. Any other rejection, by a gateway for instance, is retried, except for a failed login (401
//! or 407).

mod checkpoint;
mod event;
mod long_poll;
mod options;
mod pace;
mod poller;
mod position;
mod set;

pub use self::{
    checkpoint::Checkpoint,
    event::{FeedEnd, FeedEvent, FeedSetEvent, Retrying},
    options::FeedOptions,
    poller::Poller,
    set::{FeedSet, FeedSetStep},
};
