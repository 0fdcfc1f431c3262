use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::post::Post;
use crate::{
    effect::Now,
    error::Error,
    flow::{Flow, Inspect},
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
        let ledger = session.ledger().clone();
        Inspect::new(Post::new(session, request, avatar, uploads, key), move |now, outcome: Result<&T, &Error>| {
            if let Some((duration, (tid, age))) = share.zip(share_began(now, outcome)) {
                ledger.start(tid, now, age, duration);
            }
        })
    }
}
