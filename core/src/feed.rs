//! Subscriptions as resumable pollers: what happens in chats, delivered event by event for as long as the user likes.
//!
//! One poller serves every feed: the live locations of a chat, the reactions to attention messages, and (ours) new
//! messages, of one chat or of all the bot's chats.
//!
//! ```text
//!           ┌───────────────────────────────────────────────────────────────┐
//!           │ lease expired: subscribe again, at the same cursor            │
//!           ▼                                                               │
//!  Begin ─► Subscribing ─────► Polling ───► deliver one by one ───► Polling ┤
//!  (feeds without a lease      │     ▲                                      │
//!   begin with Polling)        │     └─ cursor too old: `Missed`, on from now
//!           │                  │
//!           ├──────────────────┴─ trouble that may pass: `Retrying`, Backoff, and again
//!           │                     for as long as it lasts; `Retry-After` is obeyed, up to an hour
//!           ├──────────────────── poll cut by something in between: `Retrying`, and again at once; if that happens twice in a
//!           │                     row, with a shorter wait, which grows back while nothing is cut
//!           ├──────────────────── unsubscribed by somebody: the end
//!           └──────────────────── key revoked, chat gone, refused by the proxy, client certificate demanded: the end,
//!                                 with the error
//!
//!  stop(), from anywhere ─► what had arrived is delivered ─► Unsubscribing ─► the end
//! ```
//!
//! Every event comes with the [`Checkpoint`] to save once it is handled. A feed that begins [`after`](FeedOptions::after) one, in
//! another process perhaps, goes on exactly there: each event is seen at least once across a crash, and exactly once and in
//! order within a process. What cannot be understood is delivered as such; it neither ends nor stalls the feed.
//!
//! The position of a feed is the cursor of the last batch; where that cannot be used, or does not lead on, that of the last event
//! that has one. Events behind it are delivered once all the same: until there is a cursor behind them, each poll brings them
//! again, is reported as a failure, and is followed by a wait that grows. Their checkpoints are those of the position, so that a
//! feed that begins there delivers them again.
//!
//! Only a problem document of the contract, with the status that belongs to its code, says that a subscription or a cursor
//! has expired, and ends a feed. Whatever else is refused, by a gateway for instance, is a failure that is waited out, but for
//! a login that is refused (401 or 407).

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
