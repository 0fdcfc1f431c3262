//! Posting the messages of an outbox.

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{Error, Message};

use super::{
    Outbox,
    entry::{Post, Saved, Waiting},
};

impl<T> Outbox<T> {
    /// Returns the message that is to be posted next: the first that was added. `None` if none is waiting.
    pub fn next_waiting(&self) -> Option<Waiting> {
        self.messages.iter().find_map(|Saved { key, chat, post, .. }| match post {
            Post::Waiting(draft) => Some(Waiting { key: key.clone(), chat: chat.clone(), draft: (**draft).clone() }),
            Post::Posted { .. } | Post::Rejected => None,
        })
    }

    /// Returns the number of messages that are to be posted.
    pub fn waiting(&self) -> usize {
        self.messages.iter().filter(|message| message.is_waiting()).count()
    }
}

impl<T: Serialize + DeserializeOwned> Outbox<T> {
    /// Saves the outcome of a post: that the message was [posted](Self::posted) or, if the error is
    /// [permanent](Error::is_permanent), that it was [rejected](Self::rejected). Returns the message, or that error.
    ///
    /// # Errors
    ///
    /// Another error of the post: the message still waits. Or those of [`StateFile::save`](crate::StateFile::save), as
    /// in `posted` and `rejected`.
    pub fn settle(&mut self, key: &str, outcome: Result<Message, Error>) -> Result<Result<Message, Error>, Error> {
        match &outcome {
            Ok(message) => self.posted(key, message)?,
            Err(error) if error.is_permanent() => self.rejected(key)?,
            Err(_) => return outcome.map(Ok),
        }
        Ok(outcome)
    }

    /// Saves that a message was posted, with its id and time.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`](crate::StateFile::save). The outbox knows the id all the same, but a later process
    /// may post the message again, with its key.
    pub fn posted(&mut self, key: &str, message: &Message) -> Result<(), Error> {
        let Some(posted) = self.find(key) else { return self.save_rest() };
        posted.post = Post::Posted { mid: message.mid.clone(), sent_at: message.sent_at };
        // Only now, and in the file: the content of a message does not change once its post may have begun.
        for reply in self.replies_to(key) {
            if let Post::Waiting(draft) = &mut reply.post {
                draft.reply_to = Some(message.mid.clone());
            }
            reply.reply_to = None;
        }
        self.save()
    }

    /// Saves that a message can never be posted, after an error that is [permanent](Error::is_permanent). It does not
    /// block the others any more, and stays in the outbox, so that an [`add`](Self::add) with its key does nothing.
    /// Without such a message that waits, it does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`](crate::StateFile::save). The message is rejected all the same.
    pub fn rejected(&mut self, key: &str) -> Result<(), Error> {
        let Some(message) = self.find(key).filter(|message| message.is_waiting()) else { return self.save_rest() };
        message.post = Post::Rejected;
        self.reject_replies();
        self.save()
    }
}

impl<T> Outbox<T> {
    fn replies_to<'outbox>(&'outbox mut self, key: &'outbox str) -> impl Iterator<Item = &'outbox mut Saved<T>> {
        self.messages.iter_mut().filter(move |message| message.reply_to.as_deref() == Some(key))
    }

    /// Rejects the replies to messages that do not wait any more, and the replies to those.
    pub(super) fn reject_replies(&mut self) {
        // A reply is always behind its message.
        for index in 0..self.messages.len() {
            let (before, rest) = self.messages.split_at_mut(index);
            let Some(to) = &rest[0].reply_to else { continue };
            if !before.iter().any(|message| message.key == *to && message.is_waiting()) {
                (rest[0].post, rest[0].reply_to) = (Post::Rejected, None);
            }
        }
    }
}
