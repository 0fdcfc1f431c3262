//! The operations of a protocol, by group. Every method corresponds to one request.
//!
//! A method is called when a bot starts the operation, and for lists once per page. It is not called again for a retry.
//! Its arguments come from the bot: ids and texts are not validated, apart from what each method says. The type of the
//! output states what the response has to contain.

use alloc::{sync::Arc, vec::Vec};

use chrono::{DateTime, Utc};

use super::{
    Attached, Batch, Dated, Endpoint, EndpointResult, FeedSource, FileKey, FilePart, Lease, Page, PageRequest,
    PollRequest,
};
use crate::{
    error::Error,
    model::{
        Asset, ChatEvent, ChatInfo, Coordinates, Draft, Group, GroupId, LiveLocationUpdate, LocationShare, Message,
        MessageId, NewChat, NewOneToOne, Reaction, ReactionType, ThreadId, User, UserId,
    },
};

fn unsupported<T>(operation: &'static str) -> Result<T, Error> {
    Err(Error::unsupported(operation))
}

/// Declares a group of operations that are unsupported by default.
macro_rules! group {
    (
        $(#[$doc:meta])* $group:ident {
            $($(#[$method_doc:meta])* fn $name:ident(&self $(, $argument:ident: $type:ty)* $(,)?) -> $output:ty;)*
            $({ $($more:tt)* })?
        }
    ) => {
        $(#[$doc])*
        pub trait $group {
            $(
                $(#[$method_doc])*
                ///
                /// # Errors
                ///
                /// `InvalidInput` if an argument is invalid; `Unsupported` by default.
                fn $name(&self $(, $argument: $type)*) -> $output {
                    let _ = ($($argument,)*);
                    unsupported(stringify!($name))
                }
            )*
            $($($more)*)?
        }
    };
}

group! {
    /// Reading and posting messages.
    Messages {
        /// Messages of a chat since a time (inclusive), oldest first. The time may have any value, including those
        /// before 1970. Messages that are in several pages are returned to the bot once.
        fn messages(
            &self,
            chat: &ThreadId,
            since: DateTime<Utc>,
            page: PageRequest<'_>,
        ) -> EndpointResult<Page<Message>>;
        /// The message with this id; `None` if the chat has no such message: see [`Endpoint::none_if_not_found`].
        fn message(&self, chat: &ThreadId, message: &MessageId) -> EndpointResult<Option<Message>>;
        /// Posting of a message. `files` are those of its attachments, in their order. The draft has text or an
        /// attachment, a known alert type, polls with a choice, and events that end after their start; all limits on
        /// lengths and numbers are those of the protocol.
        ///
        /// It is called once for a message without files. With files, it is called with
        /// [pending](Attached::Pending) ones first, and again once all are stored or measured. Every field of the draft
        /// has to be sent or rejected, including [`idempotency_key`](Draft::idempotency_key), on which a bot relies.
        fn post(&self, chat: &ThreadId, draft: &Draft, files: &[Attached]) -> EndpointResult<Dated<Message>>;
    }
}

group! {
    /// Listing, creating and changing chats.
    ///
    /// A change returns the changed chat, or `None` if the response does not contain it: then it is fetched by
    /// [`chat`](Self::chat). If that fails, the change stands, and the bot's snapshot
    /// [is outdated](crate::Chat::is_outdated). So `None` means that the change has been made: a server that makes it
    /// after its response, such as one with the status 202, may still return the old chat.
    Chats {
        /// All chats of the bot.
        fn chats(&self, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>>;
        /// The chats with exactly this title, in upper and lower case as given. Others in the response are returned to
        /// the bot as well, so the reader has to leave them out.
        fn chats_by_title(&self, title: &str, page: PageRequest<'_>) -> EndpointResult<Page<ChatInfo>>;
        /// The chat with this id; `None` if there is no such chat: see [`Endpoint::none_if_not_found`].
        fn chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>>;
        /// Creation of a group chat. `files` are those of its attachments, in their order. As for
        /// [`Messages::post`], it is called with pending files first.
        fn create_chat(
            &self,
            chat: &NewChat,
            avatar: Option<&Attached>,
            files: &[Attached],
        ) -> EndpointResult<ChatInfo>;
        /// Creation of a 1:1 chat. `files` are those of its attachments, in their order.
        fn create_one_to_one_chat(&self, chat: &NewOneToOne, files: &[Attached]) -> EndpointResult<ChatInfo>;
        /// Change of the title.
        fn update_title(&self, chat: &ThreadId, title: &str) -> EndpointResult<Option<ChatInfo>>;
        /// Change of the permission to send messages.
        fn set_allow_sending(&self, chat: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>>;
        /// Change of the permission to mute notifications.
        fn set_allow_mute_notifications(&self, chat: &ThreadId, allow: bool) -> EndpointResult<Option<ChatInfo>>;
        /// Closing of a chat.
        fn close_chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>>;
        /// Reopening of a closed chat.
        fn reopen_chat(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>>;
        /// Leaving of a chat. The content of the response does not matter.
        fn leave_chat(&self, chat: &ThreadId) -> EndpointResult<()>;
    }
}

group! {
    /// Members, administrators and readers of a chat.
    ///
    /// A change returns the changed chat, or `None` if the response does not contain it: then it is fetched by
    /// [`Chats::chat`].
    Members {
        /// Addition of members. Either list may be empty.
        fn add_members(
            &self,
            chat: &ThreadId,
            users: &[UserId],
            groups: &[GroupId],
        ) -> EndpointResult<Option<ChatInfo>>;
        /// Removal of members. Either list may be empty.
        fn remove_members(
            &self,
            chat: &ThreadId,
            users: &[UserId],
            groups: &[GroupId],
        ) -> EndpointResult<Option<ChatInfo>>;
        /// Addition of an administrator.
        fn add_admin(&self, chat: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>>;
        /// Removal of an administrator.
        fn remove_admin(&self, chat: &ThreadId, admin: &UserId) -> EndpointResult<Option<ChatInfo>>;
        /// The users who have read all messages.
        fn readers(&self, chat: &ThreadId, page: PageRequest<'_>) -> EndpointResult<Page<User>>;
        /// Marking of a chat as read. Returns the first page of the readers, or `None` if the response does not contain
        /// them: then they are fetched. Requires [`readers`](Self::readers), whose first request is built before.
        fn mark_as_read(&self, chat: &ThreadId) -> EndpointResult<Option<Page<User>>>;
    }
}

group! {
    /// Reactions to attention messages.
    Reactions {
        /// The reactions to a message.
        fn reactions(
            &self,
            chat: &ThreadId,
            message: &MessageId,
            page: PageRequest<'_>,
        ) -> EndpointResult<Page<Reaction>>;
        /// Sending of a reaction.
        fn send_reaction(
            &self,
            chat: &ThreadId,
            message: &MessageId,
            reaction: &ReactionType,
        ) -> EndpointResult<Reaction>;
        /// Change of a reaction of the bot.
        fn update_reaction(&self, previous: &Reaction, reaction: &ReactionType) -> EndpointResult<Reaction>;
    }
}

group! {
    /// Live locations.
    Locations {
        /// The number of locations shared in a chat.
        fn location_count(&self, chat: &ThreadId) -> EndpointResult<u64>;
        /// End of the bot's share in a chat.
        fn stop_sharing_location(&self, chat: &ThreadId) -> EndpointResult<()>;
        /// The bot's own shares.
        fn location_shares(&self, page: PageRequest<'_>) -> EndpointResult<Page<LocationShare>>;
        /// Move of all shares of the bot. Returns the chats of its active shares, or `None` if the response does not
        /// contain them.
        fn move_location(&self, coordinates: Coordinates) -> EndpointResult<Option<Vec<ThreadId>>>;
    }
}

group! {
    /// Users and groups.
    Contacts {
        /// The bot itself.
        fn me(&self) -> EndpointResult<User>;
        /// All users that the bot can see.
        fn users(&self, page: PageRequest<'_>) -> EndpointResult<Page<User>>;
        /// The user with this id; `None` if there is no such user: see [`Endpoint::none_if_not_found`].
        fn user(&self, user: &UserId) -> EndpointResult<Option<User>>;
        /// All groups that the bot can see.
        fn groups(&self, page: PageRequest<'_>) -> EndpointResult<Page<Group>>;
        /// The group with this id; `None` if there is no such group: see [`Endpoint::none_if_not_found`].
        fn group(&self, group: &GroupId) -> EndpointResult<Option<Group>>;
    }
}

group! {
    /// Avatars and stored files.
    ///
    /// A change returns the changed chat, or `None` if the response does not contain it: then it is fetched by
    /// [`Chats::chat`].
    Assets {
        /// The avatar of a chat.
        fn avatar(&self, chat: &ThreadId) -> EndpointResult<Vec<u8>>;
        /// Change of the avatar to this JPEG, which is complete and within the [limits](Self::image_limits).
        fn set_avatar(&self, chat: &ThreadId, image: Arc<Vec<u8>>) -> EndpointResult<Option<ChatInfo>>;
        /// Removal of the avatar.
        fn remove_avatar(&self, chat: &ThreadId) -> EndpointResult<Option<ChatInfo>>;
        /// The content of an asset: see [`Endpoint::returns_content`]. It is read into memory or streamed to a file.
        fn download(&self, asset: &Asset) -> EndpointResult<Vec<u8>>;
        {
            /// The limits of an avatar, for [`set_avatar`](Self::set_avatar) and new chats. An image beyond them is an
            /// error of the kind `ImageLoad`, and nothing is sent.
            fn image_limits(&self) -> ImageLimits {
                ImageLimits::default()
            }

            /// Validates name and media type of a file, before any file of the post is read. The media type has a slash
            /// and can be in a header; the name may have any characters.
            ///
            /// # Errors
            ///
            /// `InvalidInput` if the protocol cannot transmit them.
            fn check_file(&self, name: &str, media_type: &str) -> Result<(), Error> {
                let _ = (name, media_type);
                Ok(())
            }

            /// Storing of a file before the post that it belongs to; `None` if files are sent with the post itself, as
            /// [`Attached::Enclosed`]. `key` is given if the caller chose the idempotency key of the post: storing the
            /// same file again must then return the same asset.
            ///
            /// It is called once for each file, in order, after the previous one has been stored. If one fails, the
            /// post fails, and the files that are stored remain on the server.
            ///
            /// # Errors
            ///
            /// `InvalidInput` if the file cannot be transmitted.
            fn upload(&self, file: &FilePart, key: Option<FileKey<'_>>) -> Result<Option<Endpoint<Asset>>, Error> {
                let _ = (file, key);
                Ok(None)
            }
        }
    }
}

group! {
    /// Subscriptions, and polls for the events of feeds.
    ///
    /// A feed [subscribes](Self::subscribe), if the protocol has subscriptions, and polls. A poll returns a [`Batch`]:
    /// events, and the cursor after them, from which the next poll continues. All else is the same for all protocols:
    /// retries, gaps, checkpoints, and the recognition of events that are returned again. [`Batch`] lists what a feed
    /// can and cannot promise, depending on the server.
    Feeds {
        /// End of a subscription, when a bot stops its feed. Its failure does not matter: see
        /// [`Endpoint::best_effort`]. It starts no login: without a token, it is not sent.
        fn unsubscribe(&self, source: &FeedSource, lease: &str) -> EndpointResult<()>;
        /// End of all subscriptions of the bot to this source, including those of other processes.
        fn unsubscribe_all(&self, source: &FeedSource) -> EndpointResult<()>;
        /// Poll for the new messages of one chat or all chats. As all polls, it is sent once: the feed itself repeats
        /// it, with a backoff.
        fn message_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Message>>;
        /// Poll for the new reactions in all chats.
        fn reaction_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<Reaction>>;
        /// Poll for the live locations of a chat.
        fn location_updates(
            &self,
            source: &FeedSource,
            poll: PollRequest<'_>,
        ) -> EndpointResult<Batch<LiveLocationUpdate>>;
        /// Poll for everything that happens in all chats.
        fn event_updates(&self, source: &FeedSource, poll: PollRequest<'_>) -> EndpointResult<Batch<ChatEvent>>;
        {
            /// The subscription to a source; `None` if it is polled without one. It is called before the first poll,
            /// and again after the [subscription](Lease) is gone. The request is sent once for each call.
            ///
            /// # Errors
            ///
            /// `InvalidInput` if the chat's id is invalid.
            fn subscribe(&self, source: &FeedSource) -> Result<Option<Endpoint<Lease>>, Error> {
                let _ = source;
                Ok(None)
            }
        }
    }
}

/// The limits of an avatar.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageLimits {
    /// Maximum size, in bytes.
    pub max_bytes: u64,
    /// Maximum width and height, in pixels.
    pub max_side: u16,
}

impl ImageLimits {
    /// Creates limits.
    pub const fn new(max_bytes: u64, max_side: u16) -> Self {
        Self { max_bytes, max_side }
    }
}

/// 16 MiB, and any width and height.
impl Default for ImageLimits {
    fn default() -> Self {
        Self::new(16 << 20, u16::MAX)
    }
}
