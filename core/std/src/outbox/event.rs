//! Events of the messages of an outbox.

use teamwire_core::{Error, Message, Reaction, model::Undecoded};

#[cfg(doc)]
use super::{Outbox, OutboxMessages};

/// An event of a message of an outbox: see [`Outbox::follow`].
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum OutboxEvent<'a> {
    /// The message was posted.
    Posted {
        /// The key of the message.
        key: &'a str,
        /// The message of the server.
        message: &'a Message,
    },
    /// The message can never be posted, or replies to such a message. It stays in the outbox, so that a repetition of
    /// its [`add`](OutboxMessages::add) does nothing. A reply whose message is [removed](OutboxMessages::remove) is
    /// rejected without this event.
    Rejected {
        /// The key of the message.
        key: &'a str,
        /// The error, which [is permanent](Error::is_permanent) or names a file that does not exist; that of the
        /// message to which it replies.
        error: &'a Error,
    },
    /// A user has reacted to the message, or has changed the reaction.
    Reacted {
        /// The key of the message.
        key: &'a str,
        /// The number of this event among those of the message, from 1, for the key of a message about it. A user who
        /// changes a reaction and changes it back has made three, with one reaction id.
        number: u64,
        /// The reaction.
        reaction: &'a Reaction,
    },
    /// A reaction that this version cannot decode, to a message of this outbox or of another program. It is not
    /// recorded. The event may come again when the reactions to its message are fetched.
    Undecoded {
        /// The raw reaction.
        item: &'a Undecoded,
    },
    /// The time that was [set](OutboxMessages::set_due) for the message has come. The reactions to it that the server
    /// had then are recorded, or were reported as [`Undecoded`](Self::Undecoded).
    Due {
        /// The key of the message.
        key: &'a str,
    },
    /// The reactions to the message cannot be fetched, because it was deleted, for instance. It is not due any more.
    /// The event comes again after the next start or gap, until the message is [removed](OutboxMessages::retain).
    Unavailable {
        /// The key of the message.
        key: &'a str,
        /// The error, which [is permanent](Error::is_permanent).
        error: &'a Error,
    },
    /// A request has failed, and is repeated later. Nothing is lost.
    Retrying {
        /// The error, which [may recover](Error::may_recover). It names the operation and the chat.
        error: &'a Error,
    },
}
