use alloc::{boxed::Box, string::String, vec::Vec};
use core::{convert::Infallible, mem};

use crate::{
    effect::{Body, FileOutcome, FileTask, Now},
    error::Error,
    flow::{call::Call, file_call::FileCall, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::{Asset, FileSource, Upload},
    protocol::{
        self,
        assets::{self, UploadHeaders},
    },
    session::Session,
};

/// Stores files one after the other. The output is their assets, in the same order.
///
/// All names are validated before the first byte is sent. A stored file is not sent again when a later one is retried.
#[derive(Debug)]
pub(crate) struct Uploads {
    session: Session,
    /// The caller's idempotency key of the message or chat. The keys of the files are derived from it, so that storing
    /// them again returns the same assets.
    key: Option<String>,
    files: Vec<(Upload, UploadHeaders)>,
    /// The assets of the files stored so far.
    stored: Vec<Asset>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    Measuring(FileCall),
    Sending(Box<Call<Asset>>),
    /// [`Error::Finished`] after the end.
    Failed(Error),
}

impl Uploads {
    pub(crate) fn new<'a>(session: &Session, key: Option<&str>, uploads: impl IntoIterator<Item = &'a Upload>) -> Self {
        let files = uploads.into_iter().map(|upload| {
            let headers = UploadHeaders::new(&upload.file_name, upload.media_type.as_deref());
            headers.map(|headers| (upload.clone(), headers)).map_err(|cause| attachment_error(upload, cause))
        });
        let (files, state) = match files.collect() {
            Ok(files) => (files, State::Ready),
            Err(error) => (Vec::new(), State::Failed(error)),
        };
        Self { session: session.clone(), key: key.map(Into::into), files, stored: Vec::new(), state }
    }

    fn send(&self, upload: &Upload, headers: &UploadHeaders, body: Body) -> State {
        let key = self.key.as_ref().map(|key| protocol::key_of_file(key, self.stored.len() + 1));
        let endpoint = assets::upload(headers, body, upload.progress.clone(), key);
        State::Sending(Box::new(self.session.call(Ok(endpoint))))
    }

    fn start(&self, upload: &Upload, headers: &UploadHeaders) -> State {
        match &upload.source {
            FileSource::Bytes(bytes) => self.send(upload, headers, Body::Bytes(bytes.clone())),
            FileSource::Path(path) => {
                State::Measuring(FileCall::new(&self.session, FileTask::Len { path: path.clone() }))
            }
        }
    }

    fn on_measured(&self, upload: &Upload, headers: &UploadHeaders, length: Result<FileOutcome, Error>) -> State {
        match (&upload.source, length) {
            (FileSource::Path(path), Ok(FileOutcome::Len(length))) => {
                self.send(upload, headers, Body::File { path: path.clone(), length, may_grow: upload.may_grow })
            }
            (_, Ok(_)) => {
                State::Failed(attachment_error(upload, Error::invalid("executor", "it did not measure the file")))
            }
            (_, Err(cause)) => State::Failed(attachment_error(upload, cause)),
        }
    }
}

fn attachment_error(upload: &Upload, cause: Error) -> Error {
    Error::Attachment { file: upload.file_name.clone(), cause: Box::new(cause) }
}

impl Machine for Uploads {
    type Event = Infallible;
    type Output = Vec<Asset>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Vec<Asset>, Error>> {
        loop {
            let Some((upload, headers)) = self.files.get(self.stored.len()) else {
                return match mem::replace(&mut self.state, State::Failed(Error::Finished)) {
                    State::Failed(error) => Step::Done(Err(error)),
                    _ => Step::Done(Ok(mem::take(&mut self.stored))),
                };
            };
            self.state = match &mut self.state {
                State::Ready => self.start(upload, headers),
                State::Measuring(call) => {
                    let length = ready!(call.poll(now));
                    self.on_measured(upload, headers, length)
                }
                State::Sending(call) => match ready!(call.poll(now)) {
                    Ok(asset) => {
                        self.stored.push(asset);
                        State::Ready
                    }
                    Err(cause) => State::Failed(attachment_error(upload, cause)),
                },
                State::Failed(error) => return Step::Done(Err(mem::replace(error, Error::Finished))),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Measuring(call) => call.handle(now, ticket, reply),
            State::Sending(call) => call.handle(now, ticket, reply),
            State::Ready | State::Failed(_) => {}
        }
    }
}
