use std::{fmt, path::PathBuf};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use teamwire_core::{
    Draft, Error, Message,
    model::{MessageId, ThreadId},
};

use crate::StateFile;

/// Messages that are posted once each, also if the program is killed meanwhile, in a [`StateFile`].
///
/// Each has a key, and data of the program. A message is saved before it is posted, and its id afterwards. A program
/// that was killed in between posts it again, with the same idempotency key, by which the server recognises it and
/// returns the message that it has. So there is neither a second message nor a message of unknown id.
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
/// outbox.add("alarm-7", "c1", "The database is down", ())?;
///
/// // With an asynchronous client, add `.await`. After an error, the message is still in the outbox.
/// while let Some(Waiting { key, chat, draft }) = outbox.next_waiting() {
///     let message = client.chats().chat(chat).post(draft)?;
///     outbox.posted(&key, &message)?;
/// }
/// assert_eq!(outbox.mid("alarm-7").map(|mid| mid.as_str()), Some("m1"));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// The first error of that loop keeps the messages in order: call it again later. A message that can never be posted
/// ([`Error::is_permanent`]) has to be [removed](Self::remove), or it blocks the others.
///
/// Posted messages stay in the outbox, with their ids, until they are [removed](Self::retain). The whole file is
/// written with each change, so it is for hundreds of messages rather than for all of a year.
///
/// With the default protocol, the server remembers keys for 24 hours. If the outcome of a post is unknown, and the
/// program is down for longer than that, the message may be posted twice.
///
/// As with a [`StateFile`], one process uses the file at a time, and each change blocks the calling thread for as long
/// as the disk takes.
pub struct Outbox<T = ()> {
    file: StateFile,
    entries: Vec<Entry<T>>,
}

/// A message of an [`Outbox`] that is to be posted: see [`Outbox::next_waiting`].
#[derive(Clone, Debug, PartialEq)]
pub struct Waiting {
    /// The key in the outbox.
    pub key: String,
    /// The chat.
    pub chat: ThreadId,
    /// The message, with its idempotency key.
    pub draft: Draft,
}

#[derive(Serialize, Deserialize)]
struct Entry<T> {
    key: String,
    chat: ThreadId,
    post: Post,
    data: T,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Post {
    Waiting(Box<Draft>),
    Posted(MessageId),
}

impl<T: Serialize + DeserializeOwned> Outbox<T> {
    /// Opens the outbox in this file; without a file, it is empty.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::load`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = StateFile::new(path);
        let entries = file.load()?.unwrap_or_default();
        Ok(Self { file, entries })
    }

    /// Saves a message that is to be posted in this chat. The key becomes the idempotency key of the draft. Returns
    /// `false`, and changes nothing, if the outbox has a message with this key already, waiting or posted.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The message is then not in the outbox.
    pub fn add(
        &mut self,
        key: impl Into<String>,
        chat: impl Into<ThreadId>,
        draft: impl Into<Draft>,
        data: T,
    ) -> Result<bool, Error> {
        let key = key.into();
        if self.entry(&key).is_some() {
            return Ok(false);
        }
        let draft = draft.into().idempotency_key(&key);
        self.entries.push(Entry { key, chat: chat.into(), post: Post::Waiting(Box::new(draft)), data });
        self.save().inspect_err(|_| drop(self.entries.pop()))?;
        Ok(true)
    }

    /// Saves that a message was posted, and its id.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The outbox knows the id all the same, but a later process may post the message
    /// again, with its key.
    pub fn posted(&mut self, key: &str, message: &Message) -> Result<(), Error> {
        match self.entry_mut(key) {
            Some(entry) => entry.post = Post::Posted(message.mid.clone()),
            None => return Ok(()),
        }
        self.save()
    }

    /// Changes the data of a message, and saves it. Without such a message, it does nothing.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The data is changed all the same.
    pub fn update(&mut self, key: &str, change: impl FnOnce(&mut T)) -> Result<(), Error> {
        match self.entry_mut(key) {
            Some(entry) => change(&mut entry.data),
            None => return Ok(()),
        }
        self.save()
    }

    /// Removes a message, posted or not, and returns its data. A message that is not posted yet never is, unless its
    /// post has begun.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The message is then still in the outbox.
    pub fn remove(&mut self, key: &str) -> Result<Option<T>, Error> {
        let Some(index) = self.entries.iter().position(|entry| entry.key == key) else { return Ok(None) };
        let entry = self.entries.remove(index);
        if let Err(error) = self.save() {
            self.entries.insert(index, entry);
            return Err(error);
        }
        Ok(Some(entry.data))
    }

    /// Removes the posted messages for which `keep` returns `false`, such as those of last week.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`]. The messages are removed all the same.
    pub fn retain(&mut self, mut keep: impl FnMut(&str, &T) -> bool) -> Result<(), Error> {
        let before = self.entries.len();
        self.entries.retain(|entry| matches!(entry.post, Post::Waiting(_)) || keep(&entry.key, &entry.data));
        if self.entries.len() == before { Ok(()) } else { self.save() }
    }

    fn save(&self) -> Result<(), Error> {
        self.file.save(&self.entries)
    }
}

impl<T> Outbox<T> {
    /// Returns the message that is to be posted next: the first that was added. `None` if all have been posted.
    pub fn next_waiting(&self) -> Option<Waiting> {
        self.entries.iter().find_map(|Entry { key, chat, post, .. }| match post {
            Post::Waiting(draft) => Some(Waiting { key: key.clone(), chat: chat.clone(), draft: (**draft).clone() }),
            Post::Posted(_) => None,
        })
    }

    /// Returns the number of messages that have not been posted.
    pub fn waiting(&self) -> usize {
        self.entries.iter().filter(|entry| matches!(entry.post, Post::Waiting(_))).count()
    }

    /// Returns the data of a message; `None` if the outbox does not have it.
    pub fn get(&self, key: &str) -> Option<&T> {
        self.entry(key).map(|entry| &entry.data)
    }

    /// Returns the id of a message; `None` if it has not been posted.
    pub fn mid(&self, key: &str) -> Option<&MessageId> {
        match &self.entry(key)?.post {
            Post::Posted(mid) => Some(mid),
            Post::Waiting(_) => None,
        }
    }

    /// Returns the key of the message with this id, such as that of a reaction.
    pub fn key_of(&self, mid: &MessageId) -> Option<&str> {
        let is_it = |entry: &&Entry<T>| matches!(&entry.post, Post::Posted(posted) if posted == mid);
        self.entries.iter().find(is_it).map(|entry| entry.key.as_str())
    }

    /// Returns the keys and the data of all messages, in the order in which they were added.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.entries.iter().map(|entry| (entry.key.as_str(), &entry.data))
    }

    fn entry(&self, key: &str) -> Option<&Entry<T>> {
        self.entries.iter().find(|entry| entry.key == key)
    }

    fn entry_mut(&mut self, key: &str) -> Option<&mut Entry<T>> {
        self.entries.iter_mut().find(|entry| entry.key == key)
    }
}

/// Shows no texts.
impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("path", &self.file.path())
            .field("messages", &self.entries.len())
            .field("waiting", &self.waiting())
            .finish()
    }
}
