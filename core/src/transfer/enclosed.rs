use alloc::{boxed::Box, string::String, vec::Vec};
use core::time::Duration;

use crate::{
    error::Error,
    flow::{Either, Given, Noted, Perhaps},
    machine::Flow,
    model::{Asset, Image, NewAttachment, ThreadId, Upload},
    session::Session,
    wire::Endpoint,
};

use super::{ReadImage, Uploads};

/// What a request to a chat takes along: files, which are stored before it is made, and the share of a location, which
/// begins with it.
#[derive(Debug)]
pub(crate) struct Enclosed {
    avatar: Option<Image>,
    uploads: Vec<Upload>,
    share: Option<Duration>,
    key: Option<String>,
}

impl Enclosed {
    /// What these attachments bring, of a request with this key.
    pub(crate) fn new(attachments: &[NewAttachment], key: Option<&str>) -> Self {
        Self {
            avatar: None,
            uploads: attachments.iter().flat_map(NewAttachment::uploads).cloned().collect(),
            share: NewAttachment::share_in(attachments),
            key: key.map(Into::into),
        }
    }

    pub(crate) fn with_avatar(mut self, avatar: Option<Image>) -> Self {
        self.avatar = avatar;
        self
    }

    /// The whole request. `request` makes it of what was stored: the avatar, and all other files in their order. It is made
    /// without any of that at first, so that what can be refused is refused before a file is read. `begun` says of an outcome in
    /// which chat a share that was enclosed may have begun, and how long ago.
    pub(crate) fn sent<T: Send>(
        self,
        session: &Session,
        request: impl Fn(Option<&Asset>, &[Asset]) -> Result<Endpoint<T>, Error> + Send,
        begun: impl Fn(Result<&T, &Error>) -> Option<(ThreadId, Duration)> + Send,
    ) -> impl Flow<Output = T> {
        let Self { avatar, uploads, share, key } = self;
        let (ledger, bare) = (session.ledger().clone(), request(None, &[]));
        let sent = if avatar.is_none() && uploads.is_empty() {
            Either::Plain(session.call(bare))
        } else {
            let session = session.clone();
            Either::Boxed(Box::new(Given::new(bare).then(move |_| {
                let image = avatar.map(|image| ReadImage::new(&session, image));
                Perhaps::new(image).then(move |image| {
                    let avatar = image.map(|bytes| Upload::jpeg("avatar.jpg", bytes));
                    let files = Uploads::new(&session, key.as_deref(), avatar.iter().chain(&uploads));
                    files.then(move |stored| {
                        let (avatar, files) = stored.split_at(usize::from(avatar.is_some()));
                        session.call(request(avatar.first(), files))
                    })
                })
            })))
        };
        Noted::new(sent, move |now, outcome: Result<&T, &Error>| {
            if let Some((lasts, (tid, age))) = share.zip(begun(outcome)) {
                ledger.begin(tid, now, age, lasts);
            }
        })
    }
}
