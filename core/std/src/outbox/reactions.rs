//! Reactions that a feed may have missed.

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{Client, Error, Reaction, executor::Portable};

use super::{Outbox, entry::OutboxEntry};

/// A reaction that [`OutboxMessages::record`](super::OutboxMessages::record) has recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedReaction {
    /// The key of the message.
    pub key: String,
    /// The number of this reaction among those to the message that were recorded, from 1. A user who changes a reaction
    /// and changes it back has made three, with one reaction id: use the number in the key of a message about it.
    pub number: u64,
}

/// The outcome of [`Outbox::missed_reactions`].
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct MissedReactions {
    /// The reactions that are not recorded yet.
    pub reactions: Vec<Reaction>,
    /// The keys of the messages whose reactions cannot be fetched, because they were deleted, for instance, with errors
    /// that [are permanent](Error::is_permanent).
    pub unavailable: Vec<(String, Error)>,
}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Outbox<T> {
    /// Fetches the reactions to the posted messages for which `concerns` returns `true`, one request for each. Returns
    /// those that are not [recorded](super::OutboxMessages::record) yet. With an asynchronous client, the result is a
    /// future.
    ///
    /// A bot that follows reactions calls it when it starts, and after [`Gap`](teamwire_core::FeedEvent::Gap): also if
    /// its feed resumes at a checkpoint, which may be behind a reaction to a message whose id was not known yet. For
    /// the same reason, it calls it once a message is posted after a delivery [has failed](super::Delivery::failure):
    /// the message may have been in the chat since then. It handles them as those of the feed, by the same function,
    /// which records each:
    ///
    /// ```
    /// use teamwire_core::{Client, Error, Reaction, Script};
    /// use teamwire_std::Outbox;
    ///
    /// fn catch_up(outbox: &Outbox, client: &Client<Script>) -> Result<(), Error> {
    ///     let missed = outbox.missed_reactions(client, |alert| alert.reactions.is_empty())?;
    ///     missed.reactions.iter().try_for_each(|reaction| report(outbox, reaction))
    /// }
    ///
    /// /// Posts who has reacted, as a reply.
    /// fn report(outbox: &Outbox, reaction: &Reaction) -> Result<(), Error> {
    ///     outbox.change(|messages| {
    ///         if let Some(recorded) = messages.record(reaction) {
    ///             let text = format!("{}: {}", reaction.from_user, reaction.reaction_type);
    ///             messages.add_reply(format!("{}/reaction-{}", recorded.key, recorded.number), &recorded.key, text);
    ///         }
    ///     })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// Those of [`ChatRef::reactions`](teamwire_core::ChatRef::reactions) that are not permanent: the reactions that
    /// were fetched before are not returned, and the next call fetches them again.
    pub fn missed_reactions<'a, X: Portable>(
        &'a self,
        client: &'a Client<X>,
        mut concerns: impl FnMut(&OutboxEntry<'_, T>) -> bool,
    ) -> X::Run<'a, MissedReactions> {
        let messages = self.messages();
        let posted = messages.iter().filter(|entry| entry.mid.is_some() && concerns(entry));
        let posted: Vec<_> =
            posted.filter_map(|it| Some((it.key.to_owned(), it.chat.clone(), it.mid?.clone()))).collect();
        X::run_future(async move {
            let mut missed = MissedReactions::default();
            for (key, chat, mid) in posted {
                match X::wait(client.chats().chat(chat).reactions(&mid)).await {
                    Ok(list) => missed.reactions.extend(list),
                    Err(error) if error.is_permanent() => missed.unavailable.push((key, error)),
                    Err(error) => return Err(error),
                }
            }
            let messages = self.messages();
            missed.reactions.retain(|reaction| messages.is_news(reaction));
            Ok(missed)
        })
    }
}
