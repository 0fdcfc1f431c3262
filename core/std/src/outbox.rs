mod catch_up;
mod changes;
mod delivery;
mod due;
mod entry;
mod event;
mod follow;
mod messages;
mod retention;

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{Checkpoint, Client, Error, StopHandle, executor::Portable};

use self::changes::{Pending, State, Token};
pub use self::{delivery::OutboxDelivery, entry::OutboxEntry, event::OutboxEvent, messages::OutboxMessages};
use crate::StateFile;

/// Messages that are posted once each, also if the program is killed meanwhile, in a [`StateFile`].
///
/// Each has a key, and may have data of the program. A message is saved before it is posted, and its id afterwards. A
/// program that was killed in between posts it again, with the same idempotency key, by which the server recognises it
/// and returns the message that it has. So there is neither a second message nor a message of unknown id.
///
/// ```
/// use teamwire_core::{Draft, Error, Script, script::v1::{expect, respond, sample}};
/// use teamwire_std::Outbox;
///
/// # let client = teamwire_core::Client::new(
/// #     Script::new().then(expect::post("c1"), respond::message(sample::message("m1", "c1", ""))),
/// # );
/// # let folder = std::env::temp_dir().join(format!("teamwire-outbox-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("outbox.json");
/// let outbox: Outbox = Outbox::open(path)?;
/// outbox.change(|messages| messages.add("alarm-7", "c1", "The database is down"))?;
///
/// // With an asynchronous client, add `.await`.
/// let delivery = outbox.deliver(&client, |_, key, outcome| {
///     if let Err(error) = outcome {
///         eprintln!("{key} can never be posted: {error}");
///     }
/// })?;
/// if let Some(error) = delivery.failure {
///     eprintln!("messages wait for a later delivery: {error}");
/// }
/// assert_eq!(outbox.messages().entry("alarm-7").and_then(|alert| alert.mid), Some(&"m1".into()));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Clones are the same outbox, and any number of threads and tasks use it at once. It is never locked during a request.
///
/// [`follow`](Self::follow) is the whole loop of a bot: it delivers, reports reactions, and knows what is due.
///
/// Posted messages stay in the outbox, with their ids and the reactions to them, until they are
/// [removed](OutboxMessages::retain), or until they have not been used for a [time](Self::with_retention). The whole
/// file is written with each change, so it is for hundreds of messages rather than for all of a year. As with a
/// [`StateFile`], one process uses the file at a time.
///
/// It needs a protocol with idempotency keys: with any other, [`deliver`](Self::deliver) fails with
/// [`Unsupported`](teamwire_core::ErrorKind::Unsupported), and the messages wait.
///
/// With the default protocol, the server remembers keys for 24 hours. If the outcome of a post is unknown, and the
/// program is down for longer than that, the message may be posted twice.
pub struct Outbox<T = ()>(Arc<Shared<T>>);

struct Shared<T> {
    /// `None` in memory.
    file: Option<StateFile>,
    /// Never locked during a write.
    state: Mutex<State<T>>,
    /// Held during a write.
    writing: Mutex<()>,
    /// Stopped by the next change that is saved.
    next_change: Mutex<StopHandle>,
}

impl<T: Clone + Serialize + DeserializeOwned> Outbox<T> {
    /// Opens the outbox in this file; without a file, it is empty.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::load`].
    pub fn open(path: impl Into<PathBuf>) -> Result<Self, Error> {
        let file = StateFile::new(path);
        let saved: Option<entry::SavedOutbox<T>> = file.load()?;
        let entry::SavedOutbox { checkpoint, messages } =
            saved.unwrap_or(entry::SavedOutbox { checkpoint: None, messages: Vec::new() });
        Ok(Self::new(Some(file), messages, checkpoint))
    }

    /// Creates an outbox that is not saved, for tests: a test in virtual time would wait for the disk.
    pub fn in_memory() -> Self {
        Self::new(None, Vec::new(), None)
    }

    fn new(file: Option<StateFile>, list: Vec<entry::Saved<T>>, checkpoint: Option<Checkpoint>) -> Self {
        let list = list.into_iter().map(Arc::new).collect();
        let state = State::new(OutboxMessages { list, checkpoint, is_changed: false });
        let (writing, next_change) = (Mutex::default(), Mutex::default());
        Self(Arc::new(Shared { file, state: Mutex::new(state), writing, next_change }))
    }

    /// Changes the messages, and saves all changes together. If that fails, none is made; if only the flush of the
    /// folder has failed, the file has them until the next save. Returns the result of the closure.
    ///
    /// ```
    /// # let outbox: teamwire_std::Outbox = teamwire_std::Outbox::in_memory();
    /// outbox.change(|messages| {
    ///     for (alarm, text) in [("alarm-7", "The database is down"), ("alarm-8", "The disk is full")] {
    ///         messages.add(alarm, "c1", text);
    ///     }
    /// })?;
    /// assert_eq!(outbox.messages().waiting(), 2);
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// The closure changes a copy, and must not use the outbox itself, which is locked. Changes of several threads that
    /// wait for the disk are written together. The call blocks for as long as the disk takes, often a few milliseconds:
    /// in an asynchronous program, use [`change_on`](Self::change_on).
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`].
    pub fn change<R>(&self, change: impl FnOnce(&mut OutboxMessages<T>) -> R) -> Result<R, Error> {
        let (result, token) = self.0.apply(change);
        self.0.save(token)?;
        Ok(result)
    }

    /// Makes changes as [`change`](Self::change) does, for asynchronous programs: the file is written by a thread for
    /// blocking work, of the runtime of the client. In a virtual world, it is written at once.
    ///
    /// If the future is dropped, the changes may be saved or not.
    ///
    /// # Errors
    ///
    /// Those of [`StateFile::save`].
    pub fn change_on<'a, X: Portable, R: Send + 'a>(
        &'a self,
        client: &'a Client<X>,
        change: impl FnOnce(&mut OutboxMessages<T>) -> R + Send + 'a,
    ) -> X::Run<'a, R>
    where
        T: Send + Sync + 'static,
    {
        X::run_future(self.apply_on(client, change))
    }

    async fn apply_on<X: Portable, R>(
        &self,
        client: &Client<X>,
        change: impl FnOnce(&mut OutboxMessages<T>) -> R,
    ) -> Result<R, Error>
    where
        T: Send + Sync + 'static,
    {
        let (result, token) = self.0.apply(change);
        if token.is_some() {
            let shared = Arc::clone(&self.0);
            client.executor().unblock(move || shared.save(token)).await?;
        }
        Ok(result)
    }
}

impl<T> Outbox<T> {
    /// Returns the messages of this moment, as they are saved. Later changes do not change them.
    pub fn messages(&self) -> Arc<OutboxMessages<T>> {
        Arc::clone(&self.0.state().saved)
    }
}

impl<T> Shared<T> {
    /// No panic leaves the state inconsistent: a change is made to a copy.
    fn state(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns a handle that is stopped by the next change that is saved.
    fn next_change(&self) -> StopHandle {
        let mut next = self.next_change.lock().unwrap_or_else(PoisonError::into_inner);
        if next.is_stopped() {
            *next = StopHandle::new();
        }
        next.clone()
    }
}

impl<T: Clone + Serialize> Shared<T> {
    /// Changes a copy of the newest messages. Returns the token of the changes that the result depends on; `None` if
    /// all of them are saved.
    fn apply<R>(&self, change: impl FnOnce(&mut OutboxMessages<T>) -> R) -> (R, Option<Token>) {
        let mut state = self.state();
        let mut messages = OutboxMessages { is_changed: false, ..state.newest().clone() };
        let result = change(&mut messages);
        if messages.is_changed {
            state.push(messages);
        }
        (result, state.last_token())
    }

    /// Writes all changes that wait, unless those of the token have been written.
    fn save(&self, token: Option<Token>) -> Result<(), Error> {
        let Some(token) = token else { return Ok(()) };
        let _writing = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(result) = token.get() {
            return result.clone();
        }
        let pending = self.state().pending.as_ref().map(Pending::messages);
        let Some((messages, count)) = pending else { return Ok(()) };
        let list = messages.list.iter().map(|message| &**message).collect();
        let saved = entry::SavedOutboxRef { checkpoint: &messages.checkpoint, messages: list };
        let result = self.file.as_ref().map_or(Ok(()), |file| file.save(&saved));
        self.state().written(messages, count, &result);
        if result.is_ok() {
            // Without the lock, as it wakes others.
            let changed = self.next_change();
            changed.stop();
        }
        result
    }
}

impl<T> Clone for Outbox<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

/// Shows no texts.
impl<T> fmt::Debug for Outbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Outbox")
            .field("path", &self.0.file.as_ref().map(StateFile::path))
            .field("messages", &self.messages())
            .finish_non_exhaustive()
    }
}
