//! Replicas of a bot: several processes that share its feeds through a store, and replace each other.
//!
//! See [`Fleet`], and the chapter on replicas of the guide (`docs/guide` in the repository).
//!
//! ```
//! use teamwire_async_std::{
//!     Client, Draft, Error, Message, Script,
//!     fleet::{Fleet, FleetEvent, MemoryStore},
//!     script::v1::{expect, respond, sample},
//!     scripted,
//! };
//!
//! async fn pong(client: &Client, event: FleetEvent<Message>) -> Result<(), Error> {
//!     let Some(message) = event.item() else { return Ok(()) };
//!     // Another process to which the event is delivered has the same key, so that there is one reply.
//!     let reply = Draft::text("pong").idempotency_key(event.key("pong"));
//!     client.chats().chat(&message.tid).post(reply).await.map(drop)
//! }
//!
//! async fn serve(client: &Client, fleet: &Fleet) -> Result<(), Error> {
//!     let messages = fleet.follow_or_begin(client.chats().new_messages(None));
//!     messages.for_each_concurrent(16, async |event| pong(client, event).await).await
//! }
//!
//! let script = Script::new()
//!     .on(
//!         expect::all_message_updates(),
//!         [respond::no_updates("k0"), respond::message_updates([sample::message("m1", "c1", "ping")], "k1")],
//!     )
//!     .on(expect::post("c1"), [respond::message(sample::message("m2", "c1", "pong"))]);
//! let fleet = Fleet::join("ops-bot", MemoryStore::new())?;
//! async_std::task::block_on(serve(&scripted(&script), &fleet))?;
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
