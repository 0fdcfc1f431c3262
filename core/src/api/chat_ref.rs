use alloc::{collections::BTreeSet, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::{naming::naming, run::run_observed};
use crate::{
    effect::Now,
    error::{Error, Operation},
    executor::Executor,
    feed::{FeedOptions, Poller},
    flow::{
        Attachments as AttachedFiles, Flow, Lazy, ListItems, RecentIds,
        paginator::{Collected, Paginator},
    },
    model::{Attachments, Draft, Listing, LiveLocationUpdate, Message, Messages, ThreadId, User},
    protocol::{Dated, EndpointResult, FeedSource, Protocol, fingerprint},
    session::Session,
};

/// A chat known by its thread id, with all operations that need only the id.
///
/// The operations return `X::Run<'_, T>`. In `teamwire_blocking`, that is a `Result<T, Error>`: `chat.post("hello")?`.
/// In `teamwire_async_std`, it is a future of that: `chat.post("hello").await?`. See [`Executor::Run`].
///
/// # Errors
///
/// Every operation can fail with the kinds that [any request](Error#kinds-of-any-request) can fail with, with
/// `NotFound` if the bot is not a member of such a chat, and with `InvalidInput` if the thread id is malformed. Each
/// method lists the kinds that it can fail with in addition.
#[derive(Clone, Debug)]
pub struct ChatRef<X> {
    executor: X,
    tid: ThreadId,
}

impl<X: Executor> ChatRef<X> {
    pub(crate) const fn new(executor: X, tid: ThreadId) -> Self {
        Self { executor, tid }
    }

    pub(crate) const fn executor(&self) -> &X {
        &self.executor
    }

    /// The thread id.
    pub const fn tid(&self) -> &ThreadId {
        &self.tid
    }

    /// Posts a message, and returns it as the server stored it.
    ///
    /// A string is accepted as a message: `chat.post("hello")`. For everything else see [`Draft`]. Retries have the
    /// same idempotency key, so the message is posted once.
    ///
    /// Files are uploaded one after the other before the message is posted. If an upload fails, nothing is posted and
    /// the error names the file. A [`LiveLocation`](crate::model::LiveLocation) starts to share the bot's location.
    ///
    /// # Errors
    ///
    /// - `Auth` if the bot lacks permission to post in the chat
    /// - `InvalidInput` if the draft has neither text nor attachments, has a text that is too long, or is invalid
    ///   otherwise
    /// - `File` if an attachment cannot be read
    /// - `NotFound` also if the message that it replies to is not in the chat
    /// - `Conflict` if the chat is closed: it has to be [reopened](ChatRef::reopen) first
    /// - `IdempotencyMismatch` if the draft has the idempotency key of another message
    /// - `InvalidRequest` if a file is larger than the server accepts
    pub fn post(&self, message: impl Into<Draft>) -> X::Run<'_, Message> {
        let draft = message.into();
        let (may_be_repeated, reply_to) = (draft.idempotency_key.is_some(), draft.reply_to.clone());
        let posted = AttachedFiles::of(&draft).into_flow(
            self.session(),
            move |protocol, _, files| protocol.post(&self.tid, &draft, files),
            move |now, posted: Result<&Dated<Message>, &Error>| match posted {
                Ok(posted) => Some((posted.value.tid.clone(), age(posted, may_be_repeated.then_some(now.utc)))),
                Err(error) => error.outcome_unknown().then(|| (self.tid.clone(), Duration::ZERO)),
            },
        );
        self.run(&Operation::POST, naming(posted, reply_to).map(|posted| posted.value))
    }

    /// Creates an empty list of attachments. Sends no request.
    pub const fn new_attachments(&self) -> Attachments {
        Attachments::new()
    }

    /// Returns the avatar of the chat: the bytes of a JPEG.
    ///
    /// # Errors
    ///
    /// `ImageLoad` if no avatar is set.
    pub fn load_avatar(&self) -> X::Run<'_, Vec<u8>> {
        self.call(&Operation::LOAD_AVATAR, self.protocol().avatar(&self.tid))
    }

    /// Returns all messages since the given time (inclusive; default: 24 hours before the request), oldest first and
    /// each once, and the time of the chat's last message.
    ///
    /// Messages that were deleted by their sender are left out unless
    /// [`hide_deleted_messages`](crate::Config::with_hide_deleted_messages) is off.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](ChatRef#errors) can fail with.
    #[doc(alias = "get_messages")]
    pub fn messages(&self, since: impl Into<Option<DateTime<Utc>>>) -> X::Run<'_, Messages> {
        self.messages_since(&Operation::MESSAGES, since.into())
    }

    /// Returns the messages since the given time (inclusive; default: 24 hours before the first request) one by one,
    /// oldest first, without all of them in memory: see [`ListItems`].
    ///
    /// A message that the server returns again within 256 messages is left out. Otherwise, the items are those of
    /// [`messages`](Self::messages). [`ListEnd`](crate::flow::ListEnd) has the time of the chat's last message.
    ///
    /// # Errors
    ///
    /// The list ends with the kinds that [every operation](ChatRef#errors) can fail with. To continue after an error,
    /// pass the time of the last message: the messages of that millisecond are returned again.
    #[doc(alias = "messages_stream")]
    pub fn messages_iter(&self, since: impl Into<Option<DateTime<Utc>>>) -> X::Events<ListItems<Message>> {
        let hide_deleted = self.session().config().hide_deleted_messages;
        let (since, tid, mut recent) = (since.into(), self.tid.clone(), RecentIds::default());
        self.executor.events(ListItems::new(
            self.session(),
            (&Operation::MESSAGES_ITER, Some(&self.tid)),
            move |protocol, page, begun_at| {
                protocol.messages(&tid, since.unwrap_or_else(|| a_day_before(begun_at.utc)), page)
            },
            move |message: Message| {
                let is_left_out = (hide_deleted && message.deleted) || !recent.insert(message.mid.as_str());
                (!is_left_out).then_some(message)
            },
        ))
    }

    /// Same as [`messages`](Self::messages).
    ///
    /// # Errors
    ///
    /// Those of [`messages`](Self::messages).
    #[deprecated(note = "the Python SDK deprecated it in 1.0: use `messages`")]
    pub fn pull_chat_feed(&self, since: impl Into<Option<DateTime<Utc>>>) -> X::Run<'_, Messages> {
        self.messages_since(&Operation::PULL_CHAT_FEED, since.into())
    }

    /// Returns the users who have read all messages of the chat.
    ///
    /// # Errors
    ///
    /// `ReadReceiptsDisabled` if the organisation's admin has disabled read receipts.
    #[doc(alias = "get_readers")]
    pub fn readers(&self) -> X::Run<'_, Listing<User>> {
        self.run(&Operation::READERS, self.session().list(|protocol, page| protocol.readers(&self.tid, page)))
    }

    /// Marks the chat as read by the bot, and returns the users who have now read all of its messages; none if the
    /// organisation's admin has disabled read receipts.
    ///
    /// If the list of users cannot be read completely, the operation fails although the chat has been marked:
    /// [`outcome_unknown`](Error::outcome_unknown) is `true` then.
    ///
    /// # Errors
    ///
    /// `Auth` if the organisation's admin has forbidden bots to mark chats as read.
    pub fn mark_as_read(&self) -> X::Run<'_, Listing<User>> {
        let marked = self.protocol().mark_as_read(&self.tid);
        self.run(
            &Operation::MARK_AS_READ,
            self.session().list_after(marked, |protocol, page| protocol.readers(&self.tid, page)),
        )
    }

    /// Returns the number of active location shares in the chat, of all its members.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](ChatRef#errors) can fail with.
    #[doc(alias = "get_active_shared_locations")]
    pub fn active_shared_locations(&self) -> X::Run<'_, u64> {
        self.call(&Operation::ACTIVE_SHARED_LOCATIONS, self.protocol().location_count(&self.tid))
    }

    /// Stops sharing the bot's location in this chat. Does nothing if it is not shared.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](ChatRef#errors) can fail with.
    pub fn stop_sharing_location(&self) -> X::Run<'_, ()> {
        self.run(
            &Operation::STOP_SHARING_LOCATION,
            self.share_ending_flow(self.protocol().stop_sharing_location(&self.tid)),
        )
    }

    /// Follows the live locations that are shared in this chat.
    ///
    /// # Errors
    ///
    /// The feed ends with `NotFound` if the bot is not a member of such a chat, with `Auth` if the key is revoked, and
    /// at once with `InvalidInput` if the checkpoint belongs to another feed.
    #[doc(alias = "subscribe_live_location_updates")]
    pub fn live_locations(&self, options: impl Into<FeedOptions>) -> X::Events<Poller<LiveLocationUpdate>> {
        let source = FeedSource::LiveLocations(self.tid.clone());
        self.executor.events(Poller::new(self.session(), source, options.into()))
    }

    /// Ends all subscriptions of the bot to the live locations of this chat, including those of other processes.
    ///
    /// # Errors
    ///
    /// Only the kinds that [every operation](ChatRef#errors) can fail with.
    pub fn unsubscribe_location_updates(&self) -> X::Run<'_, ()> {
        self.call(
            &Operation::UNSUBSCRIBE_LOCATION_UPDATES,
            self.protocol().unsubscribe_all(&FeedSource::LiveLocations(self.tid.clone())),
        )
    }

    /// Follows the new messages of this chat, including those of the bot, unless the options
    /// [leave them out](FeedOptions::without_messages_of).
    ///
    /// Messages that were deleted by their sender are left out unless
    /// [`hide_deleted_messages`](crate::Config::with_hide_deleted_messages) is off. In that case a deleted message is
    /// delivered again, with [`deleted`](Message::deleted) set.
    ///
    /// # Errors
    ///
    /// The feed ends as that of [`live_locations`](Self::live_locations) does.
    pub fn new_messages(&self, options: impl Into<FeedOptions>) -> X::Events<Poller<Message>> {
        self.executor.events(Poller::new(self.session(), FeedSource::Messages(self.tid.clone()), options.into()))
    }

    fn messages_since(&self, operation: &'static Operation, since: Option<DateTime<Utc>>) -> X::Run<'_, Messages> {
        let hide_deleted = self.session().config().hide_deleted_messages;
        let pages = Lazy::new(move |now: Now| {
            let since = since.unwrap_or_else(|| a_day_before(now.utc));
            Paginator::new(self.session(), move |protocol, page| protocol.messages(&self.tid, since, page))
        });
        self.run(operation, pages.map(move |list| deduplicated(list, hide_deleted)))
    }

    pub(super) fn call<T: Send>(&self, operation: &'static Operation, endpoint: EndpointResult<T>) -> X::Run<'_, T> {
        self.run(operation, self.session().call(endpoint))
    }

    /// Runs an operation with this name.
    pub(super) fn run<'a, F: Flow + 'a>(&'a self, operation: &'static Operation, flow: F) -> X::Run<'a, F::Output>
    where
        F::Output: 'a,
    {
        run_observed(&self.executor, operation, Some(&self.tid), flow)
    }

    pub(super) fn session(&self) -> &Session {
        self.executor.session()
    }

    pub(super) fn protocol(&self) -> &dyn Protocol {
        self.session().protocol()
    }
}

/// Returns the age of a posted message. It is not new if the server recognised its idempotency key: then its age is
/// measured by the date of the response or, if there is no such date, by `now` if given.
fn age(posted: &Dated<Message>, now: Option<DateTime<Utc>>) -> Duration {
    let message_sent_at = posted.value.sent_at;
    let responded_at = posted.sent_at.filter(|date| *date >= message_sent_at).or(now);
    responded_at.and_then(|date| (date - message_sent_at).to_std().ok()).unwrap_or_default()
}

fn a_day_before(utc: DateTime<Utc>) -> DateTime<Utc> {
    utc.checked_sub_signed(TimeDelta::days(1)).unwrap_or(utc)
}

/// Removes duplicates: pages may overlap where messages share a millisecond.
fn deduplicated(list: Collected<Message>, hide_deleted: bool) -> Messages {
    let (mut messages, undecoded) = list.items.into_parts();
    let mut seen = BTreeSet::new();
    // Hashes are compared first, because ids may have long prefixes in common.
    let kept = messages.iter().map(|message| {
        let mid = message.mid.as_str();
        !(hide_deleted && message.deleted) && seen.insert((fingerprint(mid.as_bytes()), mid))
    });
    let mut kept = kept.collect::<Vec<_>>().into_iter();
    messages.retain(|_| kept.next() == Some(true));
    Messages { messages, last_modified: list.last_modified, undecoded }
}
