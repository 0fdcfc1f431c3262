//! Chats, messages, users, attachments: plain data.
//!
//! All of it can be built and read outside of this crate, in the tests of a bot or in a protocol. Values that
//! operations return have a constructor for their essential fields; the other fields are public and can be set. The
//! fields of values that operations take are public, too.
//!
//! # Saving
//!
//! All values can be saved with serde, as JSON or in another self-describing format:
//!
//! - Fields have their own names, and enums their `as_str()`: an unknown value stays as it was received. Times are
//!   those of RFC 3339, durations are numbers of milliseconds.
//! - A later version of this library reads what an earlier one has saved: fields are only added, with a default.
//!   Unknown fields are ignored, so that an earlier version can read what a later one has saved. A [`Draft`] has a
//!   version, which changes if that is not possible: a newer one is then an error, and is never misread.
//! - What is read is validated only where a value would not be possible otherwise, as for [`Coordinates`]. Operations
//!   validate everything else when they are called.
//! - A [`Draft`], [`NewChat`] or [`NewOneToOne`] needs an idempotency key, such as that of
//!   [`Client::new_idempotency_key`](crate::Client::new_idempotency_key): otherwise it would be performed again if it
//!   is loaded after a crash.
//! - An [`Upload`] is saved with its bytes, or with its path, not with the content of the file. Observers of a transfer
//!   are not saved.
//!
//! ```
//! use teamwire_core::{Client, Draft, Script, script::v1::{expect, respond, sample}};
//!
//! let script = Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", "hello")));
//! let client = Client::new(script);
//! let outbox = vec![Draft::text("hello").idempotency_key(client.new_idempotency_key())];
//! let saved = serde_json::to_string(&outbox)?;
//! // After a restart:
//! for draft in serde_json::from_str::<Vec<Draft>>(&saved)? {
//!     client.chats().chat("c1").post(draft)?;
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A state of the program that contains such values derives the traits of serde, which is re-exported:
//!
//! ```
//! use teamwire_core::{Checkpoint, model::MessageId, serde::{Deserialize, Serialize}};
//!
//! #[derive(Default, Serialize, Deserialize)]
//! #[serde(crate = "teamwire_core::serde")] // Not needed if the program depends on serde itself.
//! struct State {
//!     checkpoint: Option<Checkpoint>,
//!     open_alerts: Vec<MessageId>,
//! }
//! ```

mod attachment;
mod chat;
mod chat_event;
mod download;
mod draft;
mod group;
mod id;
mod id_of;
mod listing;
mod location;
mod message;
mod message_ref;
mod names;
mod new_attachment;
mod new_chat;
mod reaction;
mod saved;
mod upload;
mod user;

pub use self::{
    attachment::{Asset, Attachment, CalendarEvent, LiveLocation, Location, Poll, ShareDuration},
    chat::{ChatInfo, ChatType},
    chat_event::{ChatEvent, DeletedMessage, ReadReceipt},
    download::Download,
    draft::Draft,
    group::Group,
    id::Id,
    listing::{Listing, Undecoded},
    location::{Coordinates, LiveLocationUpdate, LocationShare},
    message::{AlertType, LinkPreview, Message, Messages},
    message_ref::MessageRef,
    new_attachment::{AttachmentKind, Attachments, NewAttachment},
    new_chat::{NewChat, NewOneToOne},
    reaction::{Reaction, ReactionType},
    upload::{FileSource, Image, Upload},
    user::User,
};
pub(crate) use self::{id::checked_id, saved::Version};
pub use crate::ids::{AssetId, GroupId, MessageId, ReactionId, ThreadId, UserId};
