use alloc::{boxed::Box, collections::VecDeque, string::String, vec::Vec};
use core::{convert::Infallible, mem};

use crate::{
    call::Call,
    clock::Now,
    error::Error,
    exchange::Body,
    file::{FileDone, FileTask},
    file_call::FileCall,
    machine::{Machine, Reply, Step, Ticket},
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
    waiting: VecDeque<(Upload, FileHead)>,
    stored: Vec<Asset>,
    at: At,
}

#[derive(Debug)]
enum At {
    Next,
    Measuring(Upload, FileHead, FileCall),
    Sending(Upload, Box<Call<Asset>>),
    Refused(Error),
    Over,
}

impl Uploads {
    pub(crate) fn new<'a>(session: &Session, key: Option<&str>, uploads: impl IntoIterator<Item = &'a Upload>) -> Self {
        let heads = uploads.into_iter().map(|upload| {
            let head = FileHead::new(&upload.name, upload.media_type.as_deref());
            head.map(|head| (upload.clone(), head)).map_err(|cause| about(upload, cause))
        });
        let (waiting, at) = match heads.collect() {
            Ok(waiting) => (waiting, At::Next),
            Err(error) => (VecDeque::new(), At::Refused(error)),
        };
        Self { session: session.clone(), key: key.map(Into::into), waiting, stored: Vec::new(), at }
    }

    fn send(&self, upload: Upload, head: &FileHead, body: Body) -> At {
        let key = self.key.as_ref().map(|key| wire::key_of_file(key, self.stored.len() + 1));
        let endpoint = assets::upload(head, body, upload.progress.clone(), key);
        At::Sending(upload, Box::new(self.session.call(Ok(endpoint))))
    }

    fn begin(&self, upload: Upload, head: FileHead) -> At {
        match upload.source.clone() {
            Source::Bytes(bytes) => self.send(upload, &head, Body::Bytes(bytes)),
            Source::Path(path) => At::Measuring(upload, head, FileCall::new(&self.session, FileTask::Measure { path })),
        }
    }

    fn measured(&self, upload: Upload, head: &FileHead, length: Result<FileDone, Error>) -> At {
        match (upload.source.clone(), length) {
            (Source::Path(path), Ok(FileDone::Length(length))) => {
                let may_grow = upload.may_grow;
                self.send(upload, head, Body::File { path, length, may_grow })
            }
            (_, Ok(_)) => At::Refused(about(&upload, Error::invalid("executor", "it did not measure the file"))),
            (_, Err(cause)) => At::Refused(about(&upload, cause)),
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
            self.at = match mem::replace(&mut self.at, At::Over) {
                At::Over => return Step::Done(Err(Error::Finished)),
                At::Refused(error) => return Step::Done(Err(error)),
                At::Next => match self.waiting.pop_front() {
                    Some((upload, head)) => self.begin(upload, head),
                    None => return Step::Done(Ok(mem::take(&mut self.stored))),
                },
                At::Measuring(upload, head, mut call) => match call.poll(now).answer() {
                    Ok(length) => self.measured(upload, &head, length),
                    Err(step) => {
                        self.at = At::Measuring(upload, head, call);
                        return step;
                    }
                },
                At::Sending(upload, mut call) => match call.poll(now).answer() {
                    Ok(Ok(asset)) => {
                        self.stored.push(asset);
                        At::Next
                    }
                    Ok(Err(cause)) => At::Refused(about(&upload, cause)),
                    Err(step) => {
                        self.at = At::Sending(upload, call);
                        return step;
                    }
                },
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.at {
            At::Measuring(_, _, call) => call.handle(now, ticket, reply),
            At::Sending(_, call) => call.handle(now, ticket, reply),
            At::Next | At::Refused(_) | At::Over => {}
        }
    }
}
