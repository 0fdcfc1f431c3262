//! Chats, messages, users, attachments: plain data.
//!
//! All of it can be built and read outside of this crate, in the tests of a bot or in a protocol. Values that
//! operations return have a constructor for their essential fields; the other fields are public and can be set. The
//! fields of values that operations take are public, too.

mod attachment;
mod chat;
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
mod upload;
mod user;

pub(crate) use self::id::checked_id;
pub use self::{
    attachment::{Asset, Attachment, CalendarEvent, LiveLocation, Location, Poll, ShareDuration},
    chat::{ChatInfo, ChatType},
    download::Download,
    draft::Draft,
    group::Group,
    id::{AssetId, GroupId, Id, MessageId, ReactionId, ThreadId, UserId},
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
