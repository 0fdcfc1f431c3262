use alloc::{string::String, vec::Vec};
use core::{convert::Infallible, time::Duration};

use super::post::Post;
use crate::{
    effect::Now,
    error::Error,
    flow::Flow,
    ledger::Ledger,
    machine::{Machine, Reply, Step, Ticket},
    model::{Draft, Image, NewAttachment, ThreadId, Upload},
    protocol::{Attached, EndpointResult, Protocol},
    session::Session,
};

/// The uploads and the live-location share that belong to a request: files are prepared before the request is sent, and
/// the share starts with it.
#[derive(Debug)]
pub(crate) struct Attachments {
    avatar: Option<Image>,
    uploads: Vec<Upload>,
    share: Option<Duration>,
    key: Option<String>,
    /// An error that is known before anything is sent.
    checked: Result<(), Error>,
}

impl Attachments {
    /// Collects the uploads and the share of these attachments, for a request with this idempotency key.
    pub(crate) fn new(attachments: &[NewAttachment], key: Option<&str>) -> Self {
        Self {
            avatar: None,
            uploads: attachments.iter().flat_map(NewAttachment::uploads).cloned().collect(),
            share: NewAttachment::share_in(attachments),
            key: key.map(Into::into),
            checked: NewAttachment::check_all(attachments),
        }
    }

    /// Collects those of a draft.
    pub(crate) fn of(draft: &Draft) -> Self {
        Self { checked: draft.check(), ..Self::new(&draft.attachments, draft.idempotency_key.as_deref()) }
    }

    /// Returns `true` if there is a share and the request may have been sent before, as the caller chose its key.
    pub(crate) const fn may_repeat_a_share(&self) -> bool {
        self.share.is_some() && self.key.is_some()
    }

    pub(crate) fn with_avatar(mut self, avatar: Option<Image>) -> Self {
        self.avatar = avatar;
        self
    }

    /// Returns the complete operation. `request` builds the request from the avatar and the other files.
    /// `share_began` returns, for the outcome, the chat in which the share may have started and the time since then.
    pub(crate) fn into_flow<T: Send>(
        self,
        session: &Session,
        request: impl Fn(&dyn Protocol, Option<&Attached>, &[Attached]) -> EndpointResult<T> + Send,
        share_began: impl Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)> + Send,
    ) -> impl Flow<Output = T> {
        let Self { avatar, uploads, share, key, checked } = self;
        let request = move |protocol: &dyn Protocol, avatar: Option<&Attached>, files: &[Attached]| {
            checked.clone()?;
            request(protocol, avatar, files)
        };
        let post = Post::new(session, request, avatar, uploads, key);
        Sharing { post, ledger: session.ledger().clone(), share, share_began, last: None }
    }
}

/// A post that may start a share. If it is dropped before its end, a share that may have started counts as well, from
/// the last time on that the machine was called.
struct Sharing<T, R, B: Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)>> {
    post: Post<T, R>,
    ledger: Ledger,
    share: Option<Duration>,
    share_began: B,
    last: Option<Now>,
}

impl<T, R, B: Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)>> Sharing<T, R, B> {
    fn note(&self, now: Now, outcome: Result<&T, &Error>) {
        let Some(duration) = self.share else { return };
        if let Some((tid, age)) = (self.share_began)(now, outcome) {
            self.ledger.start(tid, now, age, duration);
        }
    }
}

impl<T, R, B> Machine for Sharing<T, R, B>
where
    T: Send,
    R: Fn(&dyn Protocol, Option<&Attached>, &[Attached]) -> EndpointResult<T> + Send,
    B: Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)> + Send,
{
    type Event = Infallible;
    type Output = T;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<T, Error>> {
        self.last = Some(now);
        let step = self.post.poll(now);
        if let Step::Done(outcome) = &step {
            self.note(now, outcome.as_ref());
        }
        step
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        self.last = Some(now);
        self.post.handle(now, ticket, reply);
    }
}

impl<T, R, B: Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)>> Drop for Sharing<T, R, B> {
    fn drop(&mut self) {
        if let (Some(last), Some(outcome)) = (self.last, self.post.abandon()) {
            self.note(last, outcome.as_ref());
        }
    }
}
