use alloc::{boxed::Box, string::String, vec::Vec};
use core::{convert::Infallible, mem};

use crate::{
    call::Call,
    clock::Now,
    error::Error,
    exchange::Body,
    file::{FileDone, FileTask},
    file_call::FileCall,
    machine::{Machine, Reply, Step, Ticket, ready},
    model::{Asset, Source, Upload},
    session::Session,
    wire::{
        self,
        assets::{self, FileHead},
    },
};

/// Files, stored one after the other. Answers with what they are called from then on, in their order.
///
/// All names are looked at before the first byte is sent. A file that is stored is not sent again, whatever
/// happens to those after it.
#[derive(Debug)]
pub(crate) struct Uploads {
    session: Session,
    /// The key of what they are for, if it was given one: theirs are made from it, so that the same files again are the
    /// same assets.
    key: Option<String>,
    files: Vec<(Upload, FileHead)>,
    /// The assets of the first files, in their order.
    stored: Vec<Asset>,
    at: At,
}

#[derive(Debug)]
enum At {
    Ready,
    Measuring(FileCall),
    Sending(Box<Call<Asset>>),
    /// With [`Error::Finished`] after the end.
    Failed(Error),
}

impl Uploads {
    pub(crate) fn new<'a>(session: &Session, key: Option<&str>, uploads: impl IntoIterator<Item = &'a Upload>) -> Self {
        let heads = uploads.into_iter().map(|upload| {
            let head = FileHead::new(&upload.name, upload.media_type.as_deref());
            head.map(|head| (upload.clone(), head)).map_err(|cause| about(upload, cause))
        });
        let (files, at) = match heads.collect() {
            Ok(files) => (files, At::Ready),
            Err(error) => (Vec::new(), At::Failed(error)),
        };
        Self { session: session.clone(), key: key.map(Into::into), files, stored: Vec::new(), at }
    }

    fn send(&self, upload: &Upload, head: &FileHead, body: Body) -> At {
        let key = self.key.as_ref().map(|key| wire::key_of_file(key, self.stored.len() + 1));
        let endpoint = assets::upload(head, body, upload.progress.clone(), key);
        At::Sending(Box::new(self.session.call(Ok(endpoint))))
    }

    fn begin(&self, upload: &Upload, head: &FileHead) -> At {
        match &upload.source {
            Source::Bytes(bytes) => self.send(upload, head, Body::Bytes(bytes.clone())),
            Source::Path(path) => At::Measuring(FileCall::new(&self.session, FileTask::Measure { path: path.clone() })),
        }
    }

    fn measured(&self, upload: &Upload, head: &FileHead, length: Result<FileDone, Error>) -> At {
        match (&upload.source, length) {
            (Source::Path(path), Ok(FileDone::Length(length))) => {
                self.send(upload, head, Body::File { path: path.clone(), length, may_grow: upload.may_grow })
            }
            (_, Ok(_)) => At::Failed(about(upload, Error::invalid("executor", "it did not measure the file"))),
            (_, Err(cause)) => At::Failed(about(upload, cause)),
        }
    }
}

fn about(upload: &Upload, cause: Error) -> Error {
    Error::Attachment { file: upload.name.clone(), cause: Box::new(cause) }
}

impl Machine for Uploads {
    type Event = Infallible;
    type Output = Vec<Asset>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Vec<Asset>, Error>> {
        loop {
            let Some((upload, head)) = self.files.get(self.stored.len()) else {
                return match mem::replace(&mut self.at, At::Failed(Error::Finished)) {
                    At::Failed(error) => Step::Done(Err(error)),
                    _ => Step::Done(Ok(mem::take(&mut self.stored))),
                };
            };
            self.at = match &mut self.at {
                At::Ready => self.begin(upload, head),
                At::Measuring(call) => {
                    let length = ready!(call.poll(now));
                    self.measured(upload, head, length)
                }
                At::Sending(call) => match ready!(call.poll(now)) {
                    Ok(asset) => {
                        self.stored.push(asset);
                        At::Ready
                    }
                    Err(cause) => At::Failed(about(upload, cause)),
                },
                At::Failed(error) => return Step::Done(Err(mem::replace(error, Error::Finished))),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.at {
            At::Measuring(call) => call.handle(now, ticket, reply),
            At::Sending(call) => call.handle(now, ticket, reply),
            At::Ready | At::Failed(_) => {}
        }
    }
}
