//! Replicas of a bot: several processes that share its feeds through a store, and replace each other.
//!
//! See [`Fleet`], and the chapter on replicas of the guide (`docs/guide` in the repository).
//!
//! ```
//! use teamwire_blocking::{
//!     Client, Draft, Error, Message, Script,
//!     fleet::{Fleet, FleetEvent, MemoryStore},
//!     script::v1::{expect, respond, sample},
//!     scripted,
//! };
//!
//! fn pong(client: &Client, event: &FleetEvent<Message>) -> Result<(), Error> {
//!     let Some(message) = event.item() else { return Ok(()) };
//!     // Another process to which the event is delivered has the same key, so that there is one reply.
//!     let reply = Draft::text("pong").idempotency_key(event.key("pong"));
//!     client.chats().chat(&message.tid).post(reply).map(drop)
//! }
//!
//! fn serve(client: &Client, fleet: &Fleet) -> Result<(), Error> {
//!     fleet.follow_or_begin(client.chats().new_messages(None)).for_each(|event| pong(client, &event))
//! }
//!
//! let script = Script::new()
//!     .on(
//!         expect::all_message_updates(),
//!         [respond::no_updates("k0"), respond::message_updates([sample::message("m1", "c1", "ping")], "k1")],
//!     )
//!     .on(expect::post("c1"), [respond::message(sample::message("m2", "c1", "pong"))]);
//! let fleet = Fleet::join("ops-bot", MemoryStore::new())?;
//! serve(&scripted(&script), &fleet)?;
//! script.assert_done();
//! # Ok::<(), Error>(())
//! ```

#[doc(inline)]
pub use teamwire_core::claim::{
    Claim, ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, StoreErrorKind, View,
};
#[doc(inline)]
pub use teamwire_std::{
    claims::{ClaimStore, FeedRecord, FileStore, MemberRecord, MemoryStore, conformance},
    fleet::{FeedsHandle, Fleet, FleetBuilder, FleetEvent, Follow},
};

pub use crate::feeds::{Followed, FollowedSet};
