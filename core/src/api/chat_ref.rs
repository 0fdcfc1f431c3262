use alloc::{collections::BTreeSet, format, vec::Vec};
use core::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::{
    effect::Now,
    error::Error,
    executor::Executor,
    feed::{FeedOptions, Poller},
    flow::{
        Attached, Flow, Lazy,
        call::Call,
        paginator::{Collected, Paginator},
    },
    model::{
        Asset, Attachments, Draft, Listing, LiveLocationUpdate, Message, Messages, Reaction, ReactionType, ThreadId,
        User,
    },
    protocol::{
        Dated, Endpoint, assets, locations, members, messages, reactions,
        updates::{self, Source},
    },
    session::Session,
};

/// A chat known by its thread id: everything that needs no more than that.
///
/// Besides the kinds of errors that each method names, any request can end with `Connection`, `Server`, `Auth` (a revoked
/// key), `NotFound` (no such chat), `RateLimited` and `UnexpectedResponse`: see [`ErrorKind`](crate::ErrorKind).
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

    /// Posts a message, and answers with it as the server has it.
    ///
    /// A text is a message: `chat.post("hello")`. For all else that a message can have, see [`Draft`]. Requests that
    /// may have arrived are repeated with the same idempotency key, so the message is shown once.
    ///
    /// Returns `NotFound` if there is no such chat; `Auth` if the bot may not post here; `InvalidInput` if the draft has
    /// neither text nor attachments, or a text that is too long. A closed chat is an error of the kind `Server` with the
    /// [code](Error::code) `conflict`: the chat has to be [reopened](super::Chat::reopen).
    ///
    /// Files are stored one after the other before the message is posted; if one cannot be, nothing is posted, and
    /// the error says which: `File` if it cannot be read. A [`LiveLocation`](crate::model::LiveLocation) begins a share.
    pub fn post(&self, message: impl Into<Draft>) -> X::Run<'_, Message> {
        let (draft, tid) = (message.into(), self.tid.clone());
        let enclosed = Attached::new(&draft.attachments, draft.idempotency_key.as_deref());
        let may_be_repeated = draft.idempotency_key.is_some();
        let request = move |_: Option<&Asset>, files: &[Asset]| messages::post(&tid, &draft, files);
        let here = self.tid.clone();
        let posted = enclosed.into_flow(
            self.session(),
            request,
            move |now, posted: Result<&Dated<Message>, &Error>| match posted {
                Ok(posted) => Some((posted.value.tid.clone(), age(posted, may_be_repeated.then_some(now.utc)))),
                Err(error) => error.outcome_unknown().then(|| (here.clone(), Duration::ZERO)),
            },
        );
        self.executor.run(posted.map(|posted| posted.value))
    }

    /// Gathers attachments to be sent: no request.
    pub const fn new_attachments(&self) -> Attachments {
        Attachments::new()
    }

    /// The avatar of the chat: the bytes of a JPEG.
    ///
    /// Raises `ImageLoad` if none is set.
    pub fn load_avatar(&self) -> X::Run<'_, Vec<u8>> {
        self.call(assets::load_avatar(&self.tid))
    }

    /// The messages of the chat sent and received since a moment (inclusive; by default since one day before the request), oldest
    /// first, each once; and when the chat last got one.
    ///
    /// Messages that their sender deleted are left out, unless
    /// [`hide_deleted_messages`](crate::Config::with_hide_deleted_messages) is off.
    #[doc(alias = "get_messages")]
    pub fn messages(&self, since: impl Into<Option<DateTime<Utc>>>) -> X::Run<'_, Messages> {
        let (session, tid, since) = (self.session().clone(), self.tid.clone(), since.into());
        let hide_deleted = session.config().hide_deleted_messages;
        let pages = Lazy::new(move |now: Now| {
            let since = since.unwrap_or_else(|| a_day_before(now.utc));
            Paginator::new(&session, messages::since(&tid, since))
        });
        self.executor.run(pages.map(move |walked| deduplicated(walked, hide_deleted)))
    }

    /// As [`messages`](Self::messages).
    #[deprecated(note = "the Python SDK deprecated it in 1.0: use `messages`")]
    pub fn pull_chat_feed(&self, since: impl Into<Option<DateTime<Utc>>>) -> X::Run<'_, Messages> {
        self.messages(since)
    }

    /// The users who have read all messages of the chat.
    ///
    /// Raises `ReadReceiptsDisabled` if the organisation's admin has disabled read receipts.
    #[doc(alias = "get_readers")]
    pub fn readers(&self) -> X::Run<'_, Listing<User>> {
        self.executor.run(Paginator::new(self.session(), members::readers(&self.tid)).map(|walked| walked.items))
    }

    /// Marks the chat as read by the bot, and returns the users who have now read all messages of it: none where the
    /// organisation's admin has disabled read receipts.
    ///
    /// The response to marking has the first users, and lists the rest in pages: if one of these cannot be read, the chat is marked
    /// all the same.
    ///
    /// Returns `Auth` if the organisation's admin has forbidden it to bots.
    pub fn mark_as_read(&self) -> X::Run<'_, Listing<User>> {
        let readers =
            Paginator::starting_with(self.session(), members::mark_as_read(&self.tid), members::readers(&self.tid));
        self.executor.run(readers.map(|walked| walked.items))
    }

    /// Reacts to an attention message, and answers with the reaction as the server has it.
    ///
    /// Returns `Auth` if the organisation's admin has forbidden it to bots; `InvalidInput` if the message is in another chat, takes
    /// no reactions, or takes others: an alert takes [`Ok`](ReactionType::Ok) and [`Sos`](ReactionType::Sos), an
    /// announcement or a note the other ones.
    #[doc(alias = "send_am_reaction")]
    pub fn send_reaction(&self, message: &Message, reaction: ReactionType) -> X::Run<'_, Reaction> {
        let endpoint = self
            .is_here(&message.tid)
            .and_then(|()| reaction.check_answers(message))
            .and_then(|()| reactions::send(&self.tid, &message.mid, &reaction));
        self.call(endpoint)
    }

    /// All reactions to an attention message.
    ///
    /// Returns `Auth` if the organisation's admin has forbidden it to bots; `InvalidInput` if the message is in another chat or is
    /// an ordinary one.
    #[doc(alias = "get_am_reactions")]
    pub fn reactions(&self, message: &Message) -> X::Run<'_, Listing<Reaction>> {
        let list = self
            .is_here(&message.tid)
            .and_then(|()| match message.alert_type {
                Some(_) => Ok(()),
                None => Err(Error::invalid("message", "only attention messages take reactions")),
            })
            .and_then(|()| reactions::list(&self.tid, &message.mid));
        self.executor.run(Paginator::new(self.session(), list).map(|walked| walked.items))
    }

    /// Changes a reaction to an attention message, and answers with it as the server has it now.
    ///
    /// Returns `Auth` for somebody else's reaction, and if the organisation's admin has forbidden it to bots; `InvalidInput` if it
    /// is in another chat, or if the new reaction does not answer what the old one did.
    #[doc(alias = "update_am_reaction")]
    pub fn update_reaction(&self, previous: &Reaction, reaction: ReactionType) -> X::Run<'_, Reaction> {
        let endpoint = self
            .is_here(&previous.tid)
            .and_then(|()| reaction.check_replaces(&previous.reaction_type))
            .and_then(|()| reactions::update(previous, &reaction));
        self.call(endpoint)
    }

    /// How many locations are being shared in the chat, by everybody.
    #[doc(alias = "get_active_shared_locations")]
    pub fn active_shared_locations(&self) -> X::Run<'_, u64> {
        self.call(locations::count(&self.tid))
    }

    /// Stops sharing the bot's location in this chat. Without a share, it does nothing.
    pub fn stop_sharing_location(&self) -> X::Run<'_, ()> {
        self.executor.run(self.ending_share(locations::stop(&self.tid)))
    }

    /// Follows where people who share their location in this chat are.
    ///
    /// The feed ends with an error of the kind `NotFound` if there is no such chat, and `Auth` if the key is revoked; with
    /// `InvalidInput` at once if it is to begin after a checkpoint of another feed.
    #[doc(alias = "subscribe_live_location_updates")]
    pub fn live_locations(&self, follow: impl Into<FeedOptions>) -> X::Events<Poller<LiveLocationUpdate>> {
        let source = Source::LiveLocations(self.tid.clone());
        self.executor.events(Poller::new(self.session(), source, follow.into(), |_| false))
    }

    /// Ends all subscriptions of the bot to the live locations of this chat, in whatever process.
    pub fn unsubscribe_location_updates(&self) -> X::Run<'_, ()> {
        self.call(updates::unsubscribe_all(&Source::LiveLocations(self.tid.clone())))
    }

    /// Follows the messages of this chat, as they arrive: those of the bot, too.
    ///
    /// Messages that their sender deleted are left out, unless
    /// [`hide_deleted_messages`](crate::Config::with_hide_deleted_messages) is off: then they come again, with
    /// [`deleted`](Message::deleted) set. It ends as [`live_locations`](Self::live_locations) does.
    pub fn new_messages(&self, follow: impl Into<FeedOptions>) -> X::Events<Poller<Message>> {
        self.executor.events(Poller::messages(self.session(), Source::Messages(self.tid.clone()), follow.into()))
    }

    fn is_here(&self, tid: &ThreadId) -> Result<(), Error> {
        if *tid == self.tid {
            return Ok(());
        }
        Err(Error::invalid("message", format!("it is in the chat {tid}, not in {}", self.tid)))
    }

    fn call<T: Send>(&self, endpoint: Result<Endpoint<T>, Error>) -> X::Run<'_, T> {
        let call: Call<T> = self.session().call(endpoint);
        self.executor.run(call)
    }

    pub(super) fn session(&self) -> &Session {
        self.executor.session()
    }
}

/// Returns how old a message is, which may be one that was remembered under its key: by the date of the response, or else by the
/// time given, if there is one.
fn age(posted: &Dated<Message>, now: Option<DateTime<Utc>>) -> Duration {
    let began = posted.value.sent_at;
    let at = posted.sent_at.filter(|sent_at| *sent_at >= began).or(now);
    at.and_then(|at| (at - began).to_std().ok()).unwrap_or_default()
}

fn a_day_before(utc: DateTime<Utc>) -> DateTime<Utc> {
    utc.checked_sub_signed(TimeDelta::days(1)).unwrap_or(utc)
}

/// Pages may overlap where messages share a millisecond.
fn deduplicated(walked: Collected<Message>, hide_deleted: bool) -> Messages {
    let (mut messages, undecoded) = walked.items.into_parts();
    let mut seen = BTreeSet::new();
    messages.retain(|message| !(hide_deleted && message.deleted) && seen.insert(message.mid.clone()));
    Messages { messages, last_modified: walked.last_modified, undecoded }
}
