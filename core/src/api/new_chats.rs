//! Creating chats.

use alloc::{format, vec::Vec};
use core::time::Duration;

use super::{Chat, Chats, chats::refresh_shares};
use crate::{
    error::{Error, GaveUp, Operation, UnexpectedResponse},
    executor::Executor,
    flow::{Attachments, Flow, IgnoreResult, MapError, MaybeReady},
    model::{ChatInfo, ChatType, Listing, NewAttachment, NewChat, NewOneToOne},
    protocol::{Attached, EndpointResult, Protocol},
    session::Session,
};

/// New chats.
impl<X: Executor> Chats<X> {
    /// Creates a group chat, with its first message if one is given, and returns it. The bot is a member and an
    /// administrator of the chat.
    ///
    /// The avatar and the attachments are uploaded first. A single request then creates the chat, so that an error
    /// never leaves an incomplete one.
    ///
    /// # Errors
    ///
    /// - `InvalidMembers` if a user or group does not exist or cannot be a member
    /// - `InvalidInput` if the title or the message is too long or has a NUL, if a list has more than 1,000 ids, or if
    ///   an id, an attachment or the idempotency key is invalid
    /// - `ImageLoad` if the avatar cannot be read, is not a JPEG, or is larger than the protocol allows
    /// - `File` if an attachment cannot be read
    /// - `IdempotencyMismatch` if the idempotency key is that of another chat
    /// - `InvalidRequest` if a file is larger than the server accepts
    pub fn create_chat(&self, chat: NewChat) -> X::Run<'_, Chat<X>> {
        self.run_to_chat(&Operation::CREATE_CHAT, create_group(self.executor().session(), chat))
    }

    /// Returns the open group chat with exactly this title, or creates it: so a bot that starts again finds the chat
    /// that it created the first time. Chats that are closed, or that the bot has left, are not found. Of several chats
    /// with the title, the oldest is returned.
    ///
    /// A chat that is found is returned as it is: its members and settings may differ from those of `chat`, and the
    /// message of `chat` is not posted in it. [`user_members`](Chat::user_members) shows who is in it, and
    /// [`add_users`](Chat::add_users) adds others.
    ///
    /// The search and the creation are two requests. If two processes or tasks call this at the same time, each may
    /// create a chat; all later calls return the older one. To prevent that, give `chat` an
    /// [idempotency key](NewChat::idempotency_key) that both have in common: with the default protocol, the second then
    /// receives the chat of the first, for 24 hours, even if it was closed in the meantime.
    ///
    /// ```
    /// use teamwire_core::{
    ///     Client, NewChat, Script,
    ///     script::v1::{expect, respond, sample},
    /// };
    ///
    /// let script = Script::new()
    ///     .then(expect::chats_by_title("Operations"), respond::chats([sample::chat("c1", "Operations")]));
    /// let chat = Client::new(script).chats().get_or_create(NewChat::titled("Operations").user("u-anna"))?;
    /// assert_eq!(chat.tid(), "c1");
    /// # Ok::<(), teamwire_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - Those of [`create_chat`](Self::create_chat). `chat` is validated, except its files, even if it is found
    /// - `InvalidInput` also if the title is empty, as many chats have no title
    /// - `UnexpectedResponse` if no chat is found, but one of the search cannot be decoded: it may be the one
    pub fn get_or_create(&self, chat: NewChat) -> X::Run<'_, Chat<X>> {
        let (session, title) = (self.executor().session(), chat.title.clone());
        let checked = check_new(session, &chat);
        let search =
            session.list(move |protocol, page| checked.clone().and_then(|()| protocol.chats_by_title(&title, page)));
        // Nothing is created before the search has ended.
        let search = MapError::new(search, Error::set_without_effect);
        let chat = search.then(move |found| match oldest_open(found, &chat.title).transpose() {
            Some(result) => MaybeReady::result(result),
            None => MaybeReady::unknown(create_group(session, chat)),
        });
        self.run_to_chat(&Operation::GET_OR_CREATE, chat)
    }

    /// Creates the 1:1 chat with a user, or finds the existing one, and returns it. A message is posted in either case.
    ///
    /// Members cannot be added to such a chat, and it cannot be left. Where that matters, use
    /// [`create_chat`](Self::create_chat).
    ///
    /// # Errors
    ///
    /// - `InvalidMembers` if the user does not exist or cannot be a member
    /// - `InvalidInput` if the message is too long or has a NUL, or if the id, an attachment or the idempotency key is
    ///   invalid
    /// - `File` if an attachment cannot be read
    /// - `IdempotencyMismatch` if the idempotency key is that of another chat
    /// - `InvalidRequest` if a file is larger than the server accepts
    #[doc(alias = "create_one2one_chat")]
    pub fn create_one_to_one_chat(&self, chat: impl Into<NewOneToOne>) -> X::Run<'_, Chat<X>> {
        let chat = chat.into();
        let attached = Attachments::new(&chat.attachments, chat.idempotency_key.as_deref());
        let created = create(self.executor().session(), attached, move |protocol, _, files| {
            protocol.create_one_to_one_chat(&chat, files)
        });
        self.run_to_chat(&Operation::CREATE_ONE_TO_ONE_CHAT, created)
    }

    fn run_to_chat<'a>(
        &'a self,
        operation: &'static Operation,
        flow: impl Flow<Output = ChatInfo> + 'a,
    ) -> X::Run<'a, Chat<X>> {
        self.run(operation, flow.map(|info| Chat::new(self.executor().clone(), info)))
    }
}

/// Returns an error for a chat that cannot be created, whatever its files.
fn check_new(session: &Session, chat: &NewChat) -> Result<(), Error> {
    if chat.title.is_empty() {
        return Err(Error::invalid("title", "must not be empty"));
    }
    NewAttachment::check_all(&chat.attachments)?;
    let files = chat.attachments.iter().flat_map(NewAttachment::uploads).map(|_| Attached::Pending);
    let avatar = chat.avatar.as_ref().map(|_| Attached::Pending);
    session.protocol().create_chat(chat, avatar.as_ref(), &files.collect::<Vec<_>>()).map(drop)
}

/// Returns the first of the chats that is an open group chat with this title.
fn oldest_open(found: Listing<ChatInfo>, title: &str) -> Result<Option<ChatInfo>, Error> {
    let (chats, undecoded) = found.into_parts();
    let is_it = |chat: &ChatInfo| chat.title == title && !chat.is_closed && chat.chat_type != ChatType::OneToOne;
    match (chats.into_iter().find(is_it), undecoded.first()) {
        (None, Some(item)) => {
            let reason = format!("a chat with the title {title:?} cannot be decoded: {}", item.reason);
            let mut error = Error::from(UnexpectedResponse::new(reason)).after(1, GaveUp::NotTransient);
            error.set_without_effect();
            Err(error)
        }
        (found, _) => Ok(found),
    }
}

fn create_group(session: &Session, chat: NewChat) -> impl Flow<Output = ChatInfo> {
    let attached = Attachments::new(&chat.attachments, chat.idempotency_key.as_deref());
    let attached = attached.with_avatar(chat.avatar.clone());
    create(session, attached, move |protocol, avatar, files| protocol.create_chat(&chat, avatar, files))
}

/// Creates a chat with this request, after uploading the attachments.
fn create(
    session: &Session,
    attached: Attachments,
    request: impl Fn(&dyn Protocol, Option<&Attached>, &[Attached]) -> EndpointResult<ChatInfo> + Send,
) -> impl Flow<Output = ChatInfo> {
    // The response to a repeated request does not contain the time of creation, so the remaining time is unknown.
    let needs_refresh = attached.may_repeat_a_share();
    let created = attached.into_flow(session, request, move |_, created: Result<&ChatInfo, &Error>| {
        created.ok().filter(|_| !needs_refresh).map(|info| (info.tid.clone(), Duration::ZERO))
    });
    created.then(move |info| IgnoreResult::new(needs_refresh.then(|| refresh_shares(session)), info))
}
