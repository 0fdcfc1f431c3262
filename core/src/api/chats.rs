//! The chats of the bot: finding them, and making new ones.

use alloc::{string::String, vec::Vec};
use core::time::Duration;

use crate::{
    api::{Chat, ChatRef},
    error::Error,
    executor::Executor,
    feed::{FeedOptions, Poller},
    flow::{
        Attached, DownloadToFile, Flow, Inspect, Regardless,
        paginator::{Collected, Paginator},
    },
    ledger::LocationShares,
    model::{Asset, ChatInfo, Coordinates, Download, Listing, Message, NewChat, NewOneToOne, Reaction, ThreadId},
    protocol::{
        Endpoint, assets, chats,
        locations::{self, OwnShare},
        updates::{self, Source},
    },
    session::Session,
};

/// The chats that involve the bot.
///
/// Besides the kinds of errors that each method names, any request can end with `Connection`, `Server`, `Auth` (a revoked
/// key), `RateLimited` and `UnexpectedResponse`: see [`ErrorKind`](crate::ErrorKind).
#[derive(Clone, Debug)]
pub struct Chats<X> {
    executor: X,
}

impl<X: Executor> Chats<X> {
    pub(crate) const fn new(executor: X) -> Self {
        Self { executor }
    }

    /// A chat known by its thread id alone. No request: whether there is such a chat shows when it is used.
    pub fn chat(&self, tid: impl Into<ThreadId>) -> ChatRef<X> {
        ChatRef::new(self.executor.clone(), tid.into())
    }

    /// All chats the bot is subscribed to. Has the long timeout (15 s by default).
    #[doc(alias = "get_subscriptions")]
    pub fn list(&self) -> X::Run<'_, Listing<Chat<X>>> {
        self.listed(Paginator::new(self.executor.session(), Ok(chats::subscriptions())))
    }

    /// The chat with this thread id; `None` if there is none that the bot is in.
    ///
    /// `InvalidInput` for what cannot be an id: it is empty, `.` or `..`, has more than 128 characters, or a NUL.
    #[doc(alias = "get_by_thread_id")]
    pub fn by_thread_id(&self, tid: impl Into<ThreadId>) -> X::Run<'_, Option<Chat<X>>> {
        let executor = self.executor.clone();
        let found = self.executor.session().call(chats::by_thread_id(&tid.into()));
        self.executor.run(found.map(|chat| chat.map(|info| Chat::new(executor, info))))
    }

    /// All chats of the bot with exactly this title. Has the long timeout (15 s by default).
    ///
    /// `InvalidInput` for a title that no chat can have: more than 256 characters, or a NUL.
    #[doc(alias = "get_by_title")]
    pub fn by_title(&self, title: impl Into<String>) -> X::Run<'_, Listing<Chat<X>>> {
        self.listed(Paginator::new(self.executor.session(), chats::by_title(&title.into())))
    }

    /// Creates a group chat, with its first message if one is given, and answers with it. The bot is a member of it and
    /// can administer it.
    ///
    /// Raises `InvalidMembers` if a user or group named does not exist or cannot be a member; `InvalidInput` for a
    /// title or a message that is too long or has a NUL; `ImageLoad` if the avatar cannot be read or is not a JPEG of at most
    /// 600x600 pixels; `File` if an attachment cannot be read. Avatar and attachments are stored first and the chat is
    /// created by one request after that, so that nothing is half-created.
    pub fn create_chat(&self, chat: NewChat) -> X::Run<'_, Chat<X>> {
        let enclosed = Attached::new(&chat.attachments, chat.idempotency_key.as_deref());
        let enclosed = enclosed.with_avatar(chat.avatar.clone());
        self.created(enclosed, move |avatar, files| chats::create(&chat, avatar, files))
    }

    /// Creates the 1:1 chat with a user, or finds the one there is, and answers with it. A message given is posted in
    /// either case.
    ///
    /// Nobody can be added to such a chat, and it cannot be left. Where that matters, prefer
    /// [`create_chat`](Self::create_chat).
    ///
    /// Raises `InvalidMembers` if the user does not exist or cannot be a member; `InvalidInput` for a message that is
    /// too long or has a NUL; `File` if an attachment cannot be read.
    #[doc(alias = "create_one2one_chat")]
    pub fn create_one_to_one_chat(&self, chat: impl Into<NewOneToOne>) -> X::Run<'_, Chat<X>> {
        let chat = chat.into();
        let enclosed = Attached::new(&chat.attachments, chat.idempotency_key.as_deref());
        self.created(enclosed, move |_, files| chats::create_one_to_one(&chat, files))
    }

    /// The bytes of an asset: of a received attachment. Up to [`Limits::max_download`](crate::config::Limits) (64 MiB by default).
    ///
    /// Fails with `NotFound` if there is no such asset that the bot can see; `UnexpectedResponse` for a larger one, and for a
    /// response that is not the asset: of another size, an HTML page, a part.
    pub fn download(&self, asset: impl Into<Download>) -> X::Run<'_, Vec<u8>> {
        let download = asset.into();
        self.executor.run(self.executor.session().call(assets::download(&download)))
    }

    /// Saves the bytes of an asset, of any size, as a file.
    ///
    /// They are written to a new file in the same folder, with a random name that ends in `.part`, which is renamed to `path`
    /// when it is complete, and removed if it never will be. If the program ends before that, or the future is dropped, it
    /// stays behind. After a cut, the download is resumed at that point, as often as bytes still arrive; if the server has
    /// another version by then, it begins anew.
    ///
    /// The new file has the permissions of the file that it replaces, if there is one. If `path` is a symbolic link, the file
    /// that it leads to is replaced, and the link stays. A folder, a pipe or a device is not replaced. No more bytes are
    /// written than the asset has.
    ///
    /// Fails with `NotFound` if there is no such asset that the bot can see; `File` if the file cannot be written, before
    /// anything is requested; `UnexpectedResponse` for a response that is not the asset.
    pub fn download_to(&self, asset: impl Into<Download>, path: impl Into<String>) -> X::Run<'_, ()> {
        let download = asset.into();
        let endpoint = assets::download_to_file(&download);
        self.executor.run(DownloadToFile::new(self.executor.session(), endpoint, download.asset.size, path.into()))
    }

    /// Moves the bot's location, in all chats where it is being shared. Where it is not, nothing happens.
    pub fn update_shared_location(&self, coordinates: Coordinates) -> X::Run<'_, ()> {
        let ledger = self.executor.session().ledger().clone();
        let moved = self.executor.session().call(Ok(locations::move_to(coordinates)));
        let known = ledger.snapshot();
        self.executor.run(moved.map(move |active| {
            if let Some(active) = active {
                ledger.reconcile(&known, &active);
            }
        }))
    }

    /// The chats in which this session began to share the bot's location, and in which the share has neither expired nor
    /// been stopped. No request; all clones of a client see the same.
    ///
    /// A share counts from the response on, also after an error that [may have arrived](crate::Error::outcome_unknown), until
    /// the server says otherwise: see [`refresh_location_shares`](Self::refresh_location_shares). Of a message that is posted
    /// again by an idempotency key of your own it counts from the time of the message, and after a chat was created with a share
    /// by such a key, the server is asked.
    ///
    /// A share has ended as soon as the monotonic clock or the clock of the day says so: the former may stand still while the
    /// machine is suspended. If the latter was set forward, a share is missing here though it still lasts; then, as in any
    /// doubt, ask the server.
    #[doc(alias = "get_location_sharing_active_chats")]
    pub fn location_sharing_active_chats(&self) -> Vec<ChatRef<X>> {
        let active = self.executor.session().ledger().active(self.executor.now());
        active.into_iter().map(|tid| self.chat(tid)).collect()
    }

    /// Whether there is any of [`location_sharing_active_chats`](Self::location_sharing_active_chats). No request.
    pub fn has_location_sharing_active_chats(&self) -> bool {
        !self.executor.session().ledger().active(self.executor.now()).is_empty()
    }

    /// Asks the server where the bot shares its location, for [`location_sharing_active_chats`](Self::location_sharing_active_chats):
    /// after a restart without saved shares, and also what other processes of the bot share.
    pub fn refresh_location_shares(&self) -> X::Run<'_, ()> {
        self.executor.run(refreshed_shares(self.executor.session()))
    }

    /// The shares to be saved when the program ends.
    pub fn export_location_shares(&self) -> LocationShares {
        self.executor.session().ledger().export(self.executor.now())
    }

    /// Takes up the shares of an earlier process, as far as they have not ended since, by the clock of the day. Should that have
    /// been set back, none lasts longer than was left when they were saved.
    pub fn import_location_shares(&self, saved: LocationShares) {
        self.executor.session().ledger().import(self.executor.now(), saved);
    }

    /// Follows the reactions to attention messages, in all chats of the bot.
    ///
    /// The feed ends with an error of the kind `Auth` if the key is revoked; with `InvalidInput` at once if it is to begin
    /// after a checkpoint of another feed.
    #[doc(alias = "subscribe_am_reaction_updates")]
    pub fn reaction_updates(&self, follow: impl Into<FeedOptions>) -> X::Events<Poller<Reaction>> {
        self.executor.events(Poller::new(self.executor.session(), Source::Reactions, follow.into(), |_| false))
    }

    /// Ends all subscriptions of the bot to reactions, in whatever process.
    #[doc(alias = "unsubscribe_am_reaction_updates")]
    pub fn unsubscribe_reaction_updates(&self) -> X::Run<'_, ()> {
        self.executor.run(self.executor.session().call(updates::unsubscribe_all(&Source::Reactions)))
    }

    /// Follows the messages of all chats of the bot, as they arrive: see [`ChatRef::new_messages`].
    pub fn new_messages(&self, follow: impl Into<FeedOptions>) -> X::Events<Poller<Message>> {
        self.executor.events(Poller::messages(self.executor.session(), Source::AllMessages, follow.into()))
    }

    /// A new chat, by this request.
    fn created<'a>(
        &'a self,
        enclosed: Attached,
        request: impl Fn(Option<&Asset>, &[Asset]) -> Result<Endpoint<ChatInfo>, Error> + Send + 'a,
    ) -> X::Run<'a, Chat<X>> {
        let (executor, session) = (self.executor.clone(), self.executor.session().clone());
        // Nothing in the response says when the chat was created. Only the server knows whether its share still lasts.
        let asks = enclosed.may_repeat_a_share();
        let created =
            enclosed.into_flow(self.executor.session(), request, move |_, created: Result<&ChatInfo, &Error>| {
                created.ok().filter(|_| !asks).map(|info| (info.tid.clone(), Duration::ZERO))
            });
        let created = created.then(move |info| Regardless::new(asks.then(|| refreshed_shares(&session)), info));
        self.executor.run(created.map(|info| Chat::new(executor, info)))
    }

    fn listed(&self, pages: Paginator<ChatInfo>) -> X::Run<'_, Listing<Chat<X>>> {
        let executor = self.executor.clone();
        self.executor.run(pages.map(move |walked| walked.items.map(|info| Chat::new(executor.clone(), info))))
    }
}

/// Takes over into the ledger what the server says of the shares.
fn refreshed_shares(session: &Session) -> impl Flow<Output = ()> + use<> {
    let (ledger, known) = (session.ledger().clone(), session.ledger().snapshot());
    let shares = Paginator::new(session, Ok(locations::shares()));
    let noted = Inspect::new(shares, move |now, walked: Result<&Collected<OwnShare>, &Error>| {
        if let Ok(walked) = walked {
            let active = walked.items.iter().map(|share| (share.tid.clone(), share.left));
            // One that is undecoded may be any of those that are known.
            let is_complete = walked.items.undecoded().is_empty();
            ledger.replace(&known, now, active.collect(), is_complete);
        }
    });
    noted.map(drop)
}
