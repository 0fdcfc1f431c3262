//! Finding and creating the chats of the bot, its location shares and downloads.

use alloc::{string::String, vec::Vec};

use super::run::run_observed;
use crate::{
    api::{Chat, ChatRef},
    error::{Error, Operation},
    executor::Executor,
    feed::{FeedOptions, Poller},
    flow::{
        DownloadToFile, Flow, Inspect, ListItems,
        paginator::{Collected, Paginator},
    },
    ledger::LocationShares,
    model::{ChatEvent, ChatInfo, Coordinates, Download, Listing, LocationShare, Message, Reaction, ThreadId},
    protocol::FeedSource,
    session::Session,
};

/// Operations on the bot's chats.
///
/// The operations return `X::Run<'_, T>`. In `teamwire_blocking`, that is a `Result<T, Error>`: `chats.list()?`.
/// In `teamwire_async_std`, it is a future of that: `chats.list().await?`. See [`Executor::Run`].
///
/// # Errors
///
/// Every operation can fail with the kinds that [any request](Error#kinds-of-any-request) can fail with. Each method
/// lists the kinds that it can fail with in addition.
#[derive(Clone, Debug)]
pub struct Chats<X> {
    executor: X,
}

impl<X: Executor> Chats<X> {
    pub(crate) const fn new(executor: X) -> Self {
        Self { executor }
    }

    pub(super) const fn executor(&self) -> &X {
        &self.executor
    }

    /// Returns a chat by its thread id. Sends no request; if the chat does not exist, its first operation fails with
    /// `NotFound`.
    pub fn chat(&self, tid: impl Into<ThreadId>) -> ChatRef<X> {
        ChatRef::new(self.executor.clone(), tid.into())
    }

    /// Returns all chats of which the bot is a member. The request has the timeout for
    /// [listings](crate::config::Timeouts::listing) (15 s by default).
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Chats#errors) can fail with.
    #[doc(alias = "get_subscriptions")]
    pub fn list(&self) -> X::Run<'_, Listing<Chat<X>>> {
        self.list_chats(&Operation::LIST, None)
    }

    /// Returns the chats of which the bot is a member one by one, without all of them in memory: see [`ListItems`].
    ///
    /// # Errors
    ///
    /// The list ends with the kinds that [every operation](Chats#errors) can fail with.
    #[doc(alias = "list_stream")]
    pub fn list_iter(&self) -> X::Events<ListItems<Chat<X>, ChatInfo>> {
        let (executor, subject) = (self.executor.clone(), (&Operation::LIST_ITER, None));
        let to_chat = move |info| Some(Chat::new(executor.clone(), info));
        self.executor.events(ListItems::new(self.executor.session(), subject, |it, page, _| it.chats(page), to_chat))
    }

    /// Returns the chat with this thread id; `None` if the bot is not a member of such a chat.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the id is malformed: see [`ThreadId`].
    #[doc(alias = "get_by_thread_id")]
    pub fn by_thread_id(&self, tid: impl Into<ThreadId>) -> X::Run<'_, Option<Chat<X>>> {
        let found = self.executor.session().request(|protocol| protocol.chat(&tid.into()));
        self.run(&Operation::BY_THREAD_ID, found.map(|chat| chat.map(|info| Chat::new(self.executor.clone(), info))))
    }

    /// Returns all chats of the bot with exactly this title. The request has the timeout for
    /// [listings](crate::config::Timeouts::listing) (15 s by default).
    ///
    /// # Errors
    ///
    /// `InvalidInput` if the title has a NUL or, with the default protocol, more than 256 characters.
    #[doc(alias = "get_by_title")]
    pub fn by_title(&self, title: impl Into<String>) -> X::Run<'_, Listing<Chat<X>>> {
        self.list_chats(&Operation::BY_TITLE, Some(title.into()))
    }

    /// Downloads an asset, such as a received attachment, into memory: up to
    /// [`Limits::max_download_size`](crate::config::Limits::max_download_size) (64 MiB by default).
    ///
    /// # Errors
    ///
    /// `NotFound` if the bot cannot see such an asset; `UnexpectedResponse` if the asset is larger than the limit or
    /// the response is not the asset: it has another size, is an HTML page, or is incomplete.
    pub fn download(&self, asset: impl Into<Download>) -> X::Run<'_, Vec<u8>> {
        let session = self.executor.session();
        self.run(&Operation::DOWNLOAD, session.call(session.download(&asset.into())))
    }

    /// Downloads an asset of any size into a file, which replaces `path` once it is complete.
    ///
    /// The bytes are first written to a new file in the same folder, with a random name that ends in `.part`. It is
    /// removed if the download fails, but remains if the program ends before that or the future is dropped. A later
    /// download into that folder by an adapter removes it, when it is more than a day old. An interrupted download is
    /// resumed as long as it makes progress; if the server has another version by then, it starts again.
    ///
    /// A replaced file keeps its permissions. If `path` is a symbolic link, its target is replaced. A folder, pipe or
    /// device is never replaced. At most [`Asset::size`](crate::model::Asset::size) bytes are written.
    ///
    /// # Errors
    ///
    /// `File` if the file cannot be created, which is checked before any request, or cannot be written; `NotFound` if
    /// the bot cannot see such an asset; `UnexpectedResponse` if the response is not the asset.
    pub fn download_to(&self, asset: impl Into<Download>, path: impl Into<String>) -> X::Run<'_, ()> {
        let download = asset.into();
        self.run(&Operation::DOWNLOAD_TO, DownloadToFile::new(self.executor.session(), &download, path.into()))
    }

    /// Updates the bot's location in all chats in which it is shared. Does nothing if it is not shared.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Chats#errors) can fail with.
    pub fn update_shared_location(&self, coordinates: Coordinates) -> X::Run<'_, ()> {
        let session = self.executor.session();
        let (known, update) =
            (session.ledger().snapshot(), session.request(|protocol| protocol.move_location(coordinates)));
        self.run(
            &Operation::UPDATE_SHARED_LOCATION,
            update.map(move |active| {
                if let Some(active) = active {
                    session.ledger().reconcile(&known, &active);
                }
            }),
        )
    }

    /// Returns the chats in which this session started to share the bot's location, without the shares that have
    /// expired or been stopped. Sends no request; all clones of a client return the same.
    ///
    /// A share is counted from the response on, or from an error whose [outcome is unknown](Error::outcome_unknown),
    /// or from the request on if the post is dropped while its outcome is unknown, until the server reports otherwise:
    /// see [`refresh_location_shares`](Self::refresh_location_shares). With an idempotency key of your own, the share
    /// of a post lasts from the time of the message, as the post may be a repetition; after the creation of a chat with
    /// such a key, the server is asked. If the outcome of the creation of a chat is unknown, so is its id, and a share
    /// in it is missing here: refresh.
    ///
    /// A share has expired once its end has passed on either clock: the monotonic clock may stop while the machine is
    /// suspended, and the wall clock may be set back. If the wall clock was set forward, an active share is missing
    /// here. When in doubt, refresh.
    #[doc(alias = "get_location_sharing_active_chats")]
    pub fn location_sharing_active_chats(&self) -> Vec<ChatRef<X>> {
        let active = self.executor.session().ledger().active(self.executor.now());
        active.into_iter().map(|tid| self.chat(tid)).collect()
    }

    /// Returns `true` if [`location_sharing_active_chats`](Self::location_sharing_active_chats) has any. Sends no
    /// request.
    pub fn has_location_sharing_active_chats(&self) -> bool {
        !self.executor.session().ledger().active(self.executor.now()).is_empty()
    }

    /// Updates [`location_sharing_active_chats`](Self::location_sharing_active_chats) from the server: after a restart
    /// without saved shares, or to include the shares of the bot's other processes.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Chats#errors) can fail with.
    pub fn refresh_location_shares(&self) -> X::Run<'_, ()> {
        self.run(&Operation::REFRESH_LOCATION_SHARES, refresh_shares(self.executor.session()))
    }

    /// Returns the active shares, to be saved when the program ends. Sends no request.
    pub fn export_location_shares(&self) -> LocationShares {
        self.executor.session().ledger().export(self.executor.now())
    }

    /// Restores the shares saved by an earlier process, skipping expired ones. Even if the wall clock has been set back
    /// since, no share lasts longer than the time that remained when it was saved. Sends no request.
    pub fn import_location_shares(&self, saved: LocationShares) {
        self.executor.session().ledger().import(self.executor.now(), saved);
    }

    /// Follows the reactions to attention messages in all chats of the bot.
    ///
    /// # Errors
    ///
    /// The feed ends with `Auth` if the key is revoked, and at once with `InvalidInput` if the checkpoint belongs to
    /// another feed.
    #[doc(alias = "subscribe_am_reaction_updates")]
    pub fn reaction_updates(&self, options: impl Into<FeedOptions>) -> X::Events<Poller<Reaction>> {
        self.executor.events(Poller::new(self.executor.session(), FeedSource::Reactions, options.into()))
    }

    /// Ends all reaction subscriptions of the bot, including those of other processes.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Chats#errors) can fail with.
    #[doc(alias = "unsubscribe_am_reaction_updates")]
    pub fn unsubscribe_reaction_updates(&self) -> X::Run<'_, ()> {
        self.run(
            &Operation::UNSUBSCRIBE_REACTION_UPDATES,
            self.executor.session().request(|protocol| protocol.unsubscribe_all(&FeedSource::Reactions)),
        )
    }

    /// Follows the new messages in all chats of the bot: see [`ChatRef::new_messages`].
    ///
    /// # Errors
    ///
    /// The feed ends as that of [`reaction_updates`](Self::reaction_updates) does.
    pub fn new_messages(&self, options: impl Into<FeedOptions>) -> X::Events<Poller<Message>> {
        self.executor.events(Poller::new(self.executor.session(), FeedSource::AllMessages, options.into()))
    }

    /// Follows everything that happens in all chats of the bot, in one order: messages, deletions, reads, reactions,
    /// live locations, and changes of the chats themselves.
    ///
    /// Events of a kind that this version does not know are delivered as [`Undecoded`](crate::FeedEvent::Undecoded),
    /// with their JSON. With a protocol that has no such feed, it ends with `Unsupported`.
    ///
    /// ```
    /// use teamwire_core::{
    ///     Client, Error, Script,
    ///     model::ChatEvent,
    ///     script::v1::{expect, respond, sample},
    /// };
    ///
    /// let message = sample::event("message", sample::message("m1", "c1", "hello"));
    /// let script = Script::new()
    ///     .on(expect::subscribe_events(), [respond::subscription("s1", "k0")])
    ///     .on(expect::event_updates(), [respond::event_updates([message, sample::chat_left("c1")], "k1")]);
    /// let mut happened = Vec::new();
    /// for event in Client::new(script).chats().events(None) {
    ///     match event?.into_item() {
    ///         Some(ChatEvent::Message(message)) => happened.push(message.text.unwrap_or_default()),
    ///         Some(ChatEvent::Left(tid)) => happened.push(format!("left {tid}")),
    ///         _ => {}
    ///     }
    /// }
    /// assert_eq!(happened, ["hello", "left c1"]);
    /// # Ok::<(), Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The feed ends as that of [`reaction_updates`](Self::reaction_updates) does.
    pub fn events(&self, options: impl Into<FeedOptions>) -> X::Events<Poller<ChatEvent>> {
        self.executor.events(Poller::new(self.executor.session(), FeedSource::Events, options.into()))
    }

    /// Ends all subscriptions of the bot to [`events`](Self::events), including those of other processes.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](Chats#errors) can fail with.
    pub fn unsubscribe_events(&self) -> X::Run<'_, ()> {
        let ended = self.executor.session().request(|protocol| protocol.unsubscribe_all(&FeedSource::Events));
        self.run(&Operation::UNSUBSCRIBE_EVENTS, ended)
    }

    /// Runs an operation with this name.
    pub(super) fn run<'a, F: Flow + 'a>(&'a self, operation: &'static Operation, flow: F) -> X::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        run_observed(&self.executor, operation, None, flow)
    }

    fn list_chats(&self, operation: &'static Operation, title: Option<String>) -> X::Run<'_, Listing<Chat<X>>> {
        let chats = self.executor.session().list(move |protocol, page| match &title {
            Some(title) => protocol.chats_by_title(title, page),
            None => protocol.chats(page),
        });
        self.run(operation, chats.map(|list| list.map(|info| Chat::new(self.executor.clone(), info))))
    }
}

/// Updates the ledger with the shares that the server reports.
pub(super) fn refresh_shares(session: &Session) -> impl Flow<Output = ()> + use<> {
    let (ledger, known) = (session.ledger().clone(), session.ledger().snapshot());
    let shares = Paginator::new(session, |protocol, page| protocol.location_shares(page));
    let update = Inspect::new(shares, move |now, outcome: Result<&Collected<LocationShare>, &Error>| {
        if let Ok(list) = outcome {
            let active = list.items.iter().map(|share| (share.tid.clone(), share.remaining));
            // An undecoded share may be any of the known ones.
            let is_complete = list.items.undecoded().is_empty();
            ledger.replace(&known, now, active.collect(), is_complete);
        }
    });
    update.map(drop)
}
