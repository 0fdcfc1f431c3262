mod delivery;
mod entry;

use std::{fmt, path::PathBuf};

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{
    Draft, Error,
    model::{MessageId, ThreadId},
};

pub use self::entry::{OutboxEntry, Waiting};
use self::entry::{Post, Saved};
use crate::StateFile;

/// Messages that are posted once each, also if the program is killed meanwhile, in a [`StateFile`].
///
/// Each has a key, and may have data of the program. A message is saved before it is posted, and its id afterwards. A
/// program that was killed in between posts it again, with the same idempotency key, by which the server recognises it
/// and returns the message that it has. So there is neither a second message nor a message of unknown id.
///
/// ```
/// use teamwire_core::{Draft, Error, Script, script::v1::{expect, respond, sample}};
/// use teamwire_std::{Outbox, Waiting};
///
/// # let client = teamwire_core::Client::new(
/// #     Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", ""))),
/// # );
/// # let folder = std::env::temp_dir().join(format!("teamwire-outbox-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("outbox.json");
/// let mut outbox: Outbox = Outbox::open(path)?;
/// outbox.add("alarm-7", "c1", "The database is down")?;
///
/// // With an asynchronous client, add `.await`. After an error, the message is still in the outbox.
/// while let Some(Waiting { key, chat, draft }) = outbox.next_waiting() {
///     let outcome = client.chats().chat(chat).post(draft);
///     if let Err(rejection) = outbox.settle(&key, outcome)? {
///         eprintln!("{key} can never be posted: {rejection}");
///     }
/// }
/// assert_eq!(outbox.entry("alarm-7").and_then(|alert| alert.mid), Some(&"m1".into()));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The first error of that loop keeps the messages in order: call it again later. A message that can never be posted
/// ([`Error::is_permanent`]) does not block the others.
///
/// Posted messages stay in the outbox, with their ids, until they are [removed](Self::retain). The whole file is
/// written with each change, so it is for hundreds of messages rather than for all of a year. Each write waits for the
/// disk: make several changes in one [`change`](Self::change).
///
/// With the default protocol, the server remembers keys for 24 hours. If the outcome of a post is unknown, and the
/// program is down for longer than that, the message may be posted twice.
///
/// As with a [`StateFile`], one process uses the file at a time, and each change blocks the calling thread for as long
/// as the disk takes.
///
/// # Threads
///
/// Threads share an outbox in a `Mutex`. Release it before a request, and so take the message in a statement of its
/// own: `let next = lock().next_waiting();`. In `while let Some(..) = lock().next_waiting()`, the guard lives until the
/// end of the body, so that the next `lock` is a deadlock.
pub struct Outbox<T = ()> {
    /// `None` in memory.
    file: Option<StateFile>,
    messages: Vec<Saved<T>>,
    /// The file may have an earlier state, as the last attempt to save it has failed. Always `true` in memory once
    /// something has changed.
    is_unsaved: bool,
}

impl<T: Serialize + DeserializeOwned> Outbox<T> {
    /// Opens the outbox in this file; without a file, it is empty.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::load`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = StateFile::new(path);
        let messages = file.load()?.unwrap_or_default();
        Ok(Self { file: Some(file), messages, is_unsaved: false })
    }

    /// Creates an outbox that is not saved, for tests: a test in virtual time would wait for the disk.
    pub fn in_memory() -> Self {
        Self { file: None, messages: Vec::new(), is_unsaved: false }
    }

    /// Saves a message that is to be posted in this chat. The idempotency key of the draft is derived from the key,
    /// which may be [any text](Draft::idempotency_key_for). Returns `false`, and changes nothing, if the outbox has a
    /// message with this key already: waiting, posted or rejected.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The message is then not in the outbox.
    pub fn add(
        &mut self,
        key: impl Into<String>,
        chat: impl Into<ThreadId>,
        draft: impl Into<Draft>,
    ) -> Result<bool, Error> {
        self.insert(key.into(), chat.into(), draft.into(), None, None)
    }

    /// Saves a message as [`add`](Self::add) does, together with data of the program.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The message is then not in the outbox.
    pub fn add_with(
        &mut self,
        key: impl Into<String>,
        chat: impl Into<ThreadId>,
        draft: impl Into<Draft>,
        data: T,
    ) -> Result<bool, Error> {
        self.insert(key.into(), chat.into(), draft.into(), None, Some(data))
    }

    /// Saves a message that replies to that with the key `to_key`, which may still wait. It is posted in the same chat,
    /// and after that message. Returns `false`, and changes nothing, if the outbox has a message with the key already,
    /// or if the message to which it replies was rejected, or is not in the outbox.
    ///
    /// If that message is rejected or removed before it is posted, the reply is rejected.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The reply is then not in the outbox.
    pub fn add_reply(&mut self, key: impl Into<String>, to_key: &str, draft: impl Into<Draft>) -> Result<bool, Error> {
        let Some(to) = self.entry(to_key).filter(|to| !to.is_rejected) else {
            return self.save_rest().map(|()| false);
        };
        let (chat, mut draft) = (to.chat.clone(), draft.into());
        draft.reply_to = to.mid.cloned();
        let reply_to = to.mid.is_none().then(|| to_key.to_owned());
        self.insert(key.into(), chat, draft, reply_to, None)
    }

    /// Changes the data of a message, and saves it if the change makes a difference in the file. Without such a
    /// message, or if it has no data, it does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The data is changed all the same.
    pub fn update(&mut self, key: &str, change: impl FnOnce(&mut T)) -> Result<(), Error> {
        let Some(data) = self.find(key).and_then(|message| message.data.as_mut()) else { return self.save_rest() };
        let before = serde_json::to_vec(data).ok();
        change(data);
        let is_same = before.is_some() && before == serde_json::to_vec(data).ok();
        if is_same { self.save_rest() } else { self.save() }
    }

    /// Removes a message, posted or not. A message that is not posted yet never is, unless its post has begun. Returns
    /// `false` if the outbox does not have it.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The message is then still in the outbox.
    pub fn remove(&mut self, key: &str) -> Result<bool, Error>
    where
        T: Clone,
    {
        self.change(|outbox| {
            let before = outbox.messages.len();
            outbox.messages.retain(|message| message.key != key);
            if outbox.messages.len() == before {
                return Ok(false);
            }
            outbox.reject_replies();
            outbox.save().map(|()| true)
        })
    }

    /// Removes the posted and rejected messages for which `keep` returns `false`, such as those of last week.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The messages are removed all the same.
    pub fn retain(&mut self, mut keep: impl FnMut(OutboxEntry<'_, T>) -> bool) -> Result<(), Error> {
        let before = self.messages.len();
        self.messages.retain(|message| message.is_waiting() || keep(message.entry()));
        if self.messages.len() == before { self.save_rest() } else { self.save() }
    }

    /// Makes several changes, and saves them together: all or, if the closure or the disk fails, none. Returns the
    /// result of the closure.
    ///
    /// ```
    /// # let mut outbox: teamwire_std::Outbox = teamwire_std::Outbox::in_memory();
    /// outbox.change(|outbox| {
    ///     for (alarm, text) in [("alarm-7", "The database is down"), ("alarm-8", "The disk is full")] {
    ///         outbox.add(alarm, "c1", text)?;
    ///     }
    ///     Ok::<(), teamwire_core::Error>(())
    /// })?;
    /// # assert_eq!(outbox.waiting(), 2);
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// Do not post in the closure: nothing is saved before its end. It changes a copy, and so the data is `Clone`.
    ///
    /// # Errors
    ///
    /// That of the closure, or those of [`StateFile::save`].
    pub fn change<R, E: From<Error>>(&mut self, change: impl FnOnce(&mut Self) -> Result<R, E>) -> Result<R, E>
    where
        T: Clone,
    {
        let mut changed = Self { file: None, messages: self.messages.clone(), is_unsaved: self.is_unsaved };
        let result = change(&mut changed)?;
        if let Some(file) = self.file.as_ref().filter(|_| changed.is_unsaved) {
            self.is_unsaved = true;
            file.save(&changed.messages)?;
            changed.is_unsaved = false;
        }
        (self.messages, self.is_unsaved) = (changed.messages, changed.is_unsaved);
        Ok(result)
    }

    fn insert(
        &mut self,
        key: String,
        chat: ThreadId,
        draft: Draft,
        reply_to: Option<String>,
        data: Option<T>,
    ) -> Result<bool, Error> {
        if self.find(&key).is_some() {
            return self.save_rest().map(|()| false);
        }
        let post = Post::Waiting(Box::new(draft.idempotency_key_for(&key)));
        self.messages.push(Saved { key, chat, post, reply_to, data });
        self.save().inspect_err(|_| drop(self.messages.pop()))?;
        Ok(true)
    }

    fn save(&mut self) -> Result<(), Error> {
        self.is_unsaved = true;
        self.save_rest()
    }

    /// Saves what an earlier call could not save, so that a repeated call does not succeed without being saved.
    fn save_rest(&mut self) -> Result<(), Error> {
        if let Some(file) = self.file.as_ref().filter(|_| self.is_unsaved) {
            file.save(&self.messages)?;
            self.is_unsaved = false;
        }
        Ok(())
    }
}

impl<T> Outbox<T> {
    /// Returns the message with this key; `None` if the outbox does not have it.
    pub fn entry(&self, key: &str) -> Option<OutboxEntry<'_, T>> {
        self.iter().find(|entry| entry.key == key)
    }

    /// Returns the message with this id, such as that of a reaction.
    pub fn entry_of(&self, mid: &MessageId) -> Option<OutboxEntry<'_, T>> {
        self.iter().find(|entry| entry.mid == Some(mid))
    }

    /// Returns all messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = OutboxEntry<'_, T>> {
        self.messages.iter().map(Saved::entry)
    }

    fn find(&mut self, key: &str) -> Option<&mut Saved<T>> {
        self.messages.iter_mut().find(|message| message.key == key)
    }
}

/// Shows no texts.
impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("path", &self.file.as_ref().map(StateFile::path))
            .field("messages", &self.messages.len())
            .field("waiting", &self.waiting())
            .finish_non_exhaustive()
    }
}
