//! Replicas of a bot: several processes share its feeds through a store, and one that dies is replaced.
//!
//! The store keeps two kinds of records. A [`Member`] has a lease, which it renews with a *renewal*. A feed has its
//! current [`Claim`], the member that holds it, and its checkpoint.
//!
//! ```text
//!   replica A ─renew──►┌───────────────────────────────┐◄──renew─ replica B
//!             ──claim─►│ members:  A, B                │◄─claim──
//!             ◄─held───│ feed:     claim A.1, fence 17,│──taken─►
//!             ──save──►│           checkpoint, seq 41  │
//!                      └───────────────────────────────┘
//! ```
//!
//! [`Replica`] is the state machine of one process. It returns the next [`Call`] to the store, and decides when events
//! may be handed out. [`Following`] is that of one of its feeds: it decides which ones are. The trait of stores, and
//! the thread that performs the calls, are in `teamwire-std`; programs use the `Fleet` of their adapter. The rules of a
//! store are those of [`FeedRecord`] and [`MemberRecord`].
//!
//! # Promises
//!
//! 1. From the first saved checkpoint on, every event is handled at least once while the server keeps it, and in order
//!    per chat after repeats are removed. This holds even if fencing fails or the store goes back to an earlier state.
//! 2. While the store loses no acknowledged write, its checkpoint never goes back. Once a newer claim was granted, no
//!    older one saves.
//! 3. After an asynchronous failover of the store, the checkpoint may go back. Events are then repeated.
//! 4. The effects of a replica that was paused while it handled an event cannot be prevented. A change with an
//!    idempotency key is performed once, for as long as the server keeps keys: see [`Checkpoint::event_key`].
//! 5. Exactly once is possible for rows that are written in the transaction that saves the checkpoint.
//!
//! [`Checkpoint::event_key`]: crate::Checkpoint::event_key

mod call;
mod following;
mod lease;
mod record;
mod replica;
mod share;
mod stored;
mod tenure;
mod window;

pub use self::{
    call::{Call, Outcome, ReplicaStep},
    following::{FollowStep, Following, HandedEvent},
    record::{Claim, ClaimRequest, Claimed, Member, Release, Save, Saved, View},
    replica::{ClaimStatus, Replica, Work},
    stored::{FeedRecord, MemberRecord},
    tenure::Grant,
    window::{EventHandle, EventNumber, Window},
};
pub use crate::error::{StoreError, StoreErrorKind};
