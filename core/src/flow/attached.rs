use alloc::{string::String, vec::Vec};
use core::time::Duration;

use super::post::Post;
use crate::{
    effect::Now,
    error::Error,
    flow::{Flow, Inspect},
    model::{Asset, Image, NewAttachment, ThreadId, Upload},
    protocol::Endpoint,
    session::Session,
};

/// What a request to a chat takes along: files, which are stored before it is made, and the share of a location, which
/// begins with it.
#[derive(Debug)]
pub(crate) struct Attached {
    avatar: Option<Image>,
    uploads: Vec<Upload>,
    share: Option<Duration>,
    key: Option<String>,
}

impl Attached {
    /// What these attachments bring, of a request with this key.
    pub(crate) fn new(attachments: &[NewAttachment], key: Option<&str>) -> Self {
        Self {
            avatar: None,
            uploads: attachments.iter().flat_map(NewAttachment::uploads).cloned().collect(),
            share: NewAttachment::share_in(attachments),
            key: key.map(Into::into),
        }
    }

    /// Returns `true` if a share is enclosed, and the request may be one that was sent before: the user chose its key.
    pub(crate) const fn may_repeat_a_share(&self) -> bool {
        self.share.is_some() && self.key.is_some()
    }

    pub(crate) fn with_avatar(mut self, avatar: Option<Image>) -> Self {
        self.avatar = avatar;
        self
    }

    /// Returns the whole request. `request` makes it of the stored avatar and the other stored files. `share_began` returns the
    /// chat in which an enclosed share of a location may have begun, and how long before that moment, by the outcome.
    pub(crate) fn into_flow<T: Send>(
        self,
        session: &Session,
        request: impl Fn(Option<&Asset>, &[Asset]) -> Result<Endpoint<T>, Error> + Send,
        share_began: impl Fn(Now, Result<&T, &Error>) -> Option<(ThreadId, Duration)> + Send,
    ) -> impl Flow<Output = T> {
        let Self { avatar, uploads, share, key } = self;
        let ledger = session.ledger().clone();
        Inspect::new(Post::new(session, request, avatar, uploads, key), move |now, outcome: Result<&T, &Error>| {
            if let Some((duration, (tid, age))) = share.zip(share_began(now, outcome)) {
                ledger.start(tid, now, age, duration);
            }
        })
    }
}
