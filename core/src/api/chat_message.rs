use super::{ChatRef, naming::naming};
use crate::{
    error::{Error, Operation},
    executor::Executor,
    flow::Flow,
    model::{Listing, Message, MessageRef, Reaction, ReactionType, ThreadId},
};

/// A single message of the chat, and the reactions to it.
impl<X: Executor> ChatRef<X> {
    /// Returns the message with this id; `None` if the chat has no such message, or if the bot is not a member of such
    /// a chat.
    ///
    /// A message that was deleted by its sender is `None` unless
    /// [`hide_deleted_messages`](crate::Config::with_hide_deleted_messages) is off.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed (see [`MessageId`](crate::model::MessageId); with the default protocol,
    /// `updates` is not an id), or if an earlier version of the message is given, and it is in another chat.
    pub fn message<'m>(&self, message: impl Into<MessageRef<'m>>) -> X::Run<'_, Option<Message>> {
        let (session, message) = (self.session(), message.into());
        let hide_deleted = session.config().hide_deleted_messages;
        let checked = self.check_message_chat(&message);
        let found = session.call(checked.and_then(|()| self.protocol().message(self.tid(), message.mid())));
        self.run(
            &Operation::MESSAGE,
            found.map(move |message| message.filter(|message| !(hide_deleted && message.deleted))),
        )
    }

    /// Reacts to an attention message, and returns the reaction as the server stored it.
    ///
    /// # Errors
    ///
    /// - `Auth` if the organisation's admin has forbidden bots to react
    /// - `Conflict` if the chat is closed
    /// - `InvalidInput` if the message is in another chat, is not an attention message, or does not accept this
    ///   reaction: an alert accepts [`Ok`](ReactionType::Ok) and [`Sos`](ReactionType::Sos), an announcement or a note
    ///   all others. If only the id of the message is given, the server checks this: a message of another chat is
    ///   `NotFound`, and the others are `InvalidRequest` with the default protocol
    /// - `NotFound` also if the message has been deleted
    #[doc(alias = "send_am_reaction")]
    pub fn send_reaction<'m>(
        &self,
        message: impl Into<MessageRef<'m>>,
        reaction: ReactionType,
    ) -> X::Run<'_, Reaction> {
        let message = message.into();
        let endpoint = self
            .check_message_chat(&message)
            .and_then(|()| reaction.check_allowed_for(message.message()))
            .and_then(|()| self.protocol().send_reaction(self.tid(), message.mid(), &reaction));
        let sent = naming(self.session().call(endpoint), Some(message.mid().clone()));
        self.run(&Operation::SEND_REACTION, sent)
    }

    /// Returns all reactions to an attention message.
    ///
    /// # Errors
    ///
    /// - `Auth` if the organisation's admin has forbidden bots to read reactions
    /// - `InvalidInput` if the message is in another chat or is not an attention message. If only the id of the message
    ///   is given, the server checks this: see [`send_reaction`](Self::send_reaction)
    /// - `NotFound` also if the message has been deleted
    #[doc(alias = "get_am_reactions")]
    pub fn reactions<'m>(&self, message: impl Into<MessageRef<'m>>) -> X::Run<'_, Listing<Reaction>> {
        let message = message.into();
        let checked = self.check_message_chat(&message).and_then(|()| match message.message() {
            Some(Message { alert_type: None, .. }) => {
                Err(Error::invalid("message", "only attention messages take reactions"))
            }
            _ => Ok(message.mid().clone()),
        });
        let reactions = self
            .session()
            .list(move |protocol, page| checked.clone().and_then(|mid| protocol.reactions(self.tid(), &mid, page)));
        self.run(&Operation::REACTIONS, naming(reactions, Some(message.mid().clone())))
    }

    /// Changes a reaction of the bot, and returns the new one as the server stored it.
    ///
    /// # Errors
    ///
    /// - `Auth` if it is the reaction of another user, or if the organisation's admin has forbidden bots to react
    /// - `Conflict` if the chat is closed
    /// - `InvalidInput` if the reaction is in another chat, or if its message does not accept the new one
    /// - `NotFound` also if the message has been deleted
    #[doc(alias = "update_am_reaction")]
    pub fn update_reaction(&self, previous: &Reaction, reaction: ReactionType) -> X::Run<'_, Reaction> {
        let endpoint = self
            .check_chat("previous", &previous.tid)
            .and_then(|()| reaction.check_replaces(&previous.reaction_type))
            .and_then(|()| self.protocol().update_reaction(previous, &reaction));
        let updated = naming(self.session().call(endpoint), Some(previous.mid.clone()));
        self.run(&Operation::UPDATE_REACTION, updated)
    }

    /// Returns an error if the message is known to be in another chat.
    fn check_message_chat(&self, message: &MessageRef<'_>) -> Result<(), Error> {
        message.message().map_or(Ok(()), |message| self.check_chat("message", &message.tid))
    }

    /// Returns an error if the chat of an argument, `tid`, is another one.
    fn check_chat(&self, parameter: &str, tid: &ThreadId) -> Result<(), Error> {
        if tid == self.tid() {
            return Ok(());
        }
        // Without the ids, which may contain a secret.
        Err(Error::invalid(parameter, "belongs to another chat"))
    }
}
