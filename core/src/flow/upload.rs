use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::{convert::Infallible, mem};

use http::HeaderValue;

use crate::{
    effect::{FileOutcome, FileTask, Now, Part, PartContent},
    error::{Cause, Error},
    flow::{call::Call, file_call::FileCall, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::{Asset, FileSource, Upload},
    protocol::{Attached, FileKey, FilePart},
    session::Session,
};

/// Prepares the files of a request, one after the other: stores them on the server or, if the protocol sends files with
/// the request, measures them. The output has one entry for each file, in the same order.
///
/// All names are validated before the first byte is sent. A stored file is not sent again when a later one is retried.
#[derive(Debug)]
pub(crate) struct Uploads {
    session: Session,
    /// The caller's idempotency key of the message or chat. The keys of the files are derived from it, so that storing
    /// them again returns the same assets.
    key: Option<String>,
    files: Vec<(Upload, String)>,
    /// The files prepared so far.
    prepared: Vec<Attached>,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    Measuring(FileCall),
    Sending(Box<Call<Asset>>),
    Prepared(Attached),
    Failed(Error),
    Finished,
}

impl Uploads {
    pub(crate) fn new<'a>(session: &Session, key: Option<&str>, uploads: impl IntoIterator<Item = &'a Upload>) -> Self {
        let files = uploads.into_iter().map(|upload| {
            let media_type = media_type(upload).and_then(|media_type| {
                session.protocol().check_file(&upload.file_name, &media_type).map(|()| media_type)
            });
            media_type.map(|media_type| (upload.clone(), media_type)).map_err(|cause| attachment_error(upload, cause))
        });
        let (files, state) = match files.collect() {
            Ok(files) => (files, State::Ready),
            Err(error) => (Vec::new(), State::Failed(error)),
        };
        Self { session: session.clone(), key: key.map(Into::into), files, prepared: Vec::new(), state }
    }

    fn start(&self, upload: &Upload, media_type: &str) -> State {
        match &upload.source {
            FileSource::Bytes(bytes) => self.send(upload, media_type, PartContent::Bytes(bytes.clone())),
            FileSource::Path(path) => {
                State::Measuring(FileCall::new(&self.session, FileTask::Len { path: path.clone() }))
            }
        }
    }

    fn on_measured(&self, upload: &Upload, media_type: &str, length: Result<FileOutcome, Error>) -> State {
        match (&upload.source, length) {
            (FileSource::Path(path), Ok(FileOutcome::Len(length))) => {
                let content = PartContent::File { path: path.clone(), length, may_grow: upload.may_grow };
                self.send(upload, media_type, content)
            }
            (_, Ok(_)) => {
                State::Failed(attachment_error(upload, Error::invalid("executor", "it did not measure the file")))
            }
            (_, Err(cause)) => State::Failed(attachment_error(upload, cause)),
        }
    }

    fn send(&self, upload: &Upload, media_type: &str, content: PartContent) -> State {
        let file = FilePart {
            name: upload.file_name.clone(),
            media_type: media_type.to_string(),
            content: Part::new(content).with_progress(upload.progress.clone()),
        };
        let key = self.key.as_deref().map(|key| FileKey::new(key, self.prepared.len() + 1));
        match self.session.protocol().upload(&file, key) {
            Ok(Some(endpoint)) => State::Sending(Box::new(self.session.call(Ok(endpoint)))),
            Ok(None) => State::Prepared(Attached::Enclosed(file)),
            Err(cause) => State::Failed(attachment_error(upload, cause)),
        }
    }
}

/// Returns the media type of an upload: the given one, or one derived from the file name.
fn media_type(upload: &Upload) -> Result<String, Error> {
    let Some(given) = &upload.media_type else {
        let guess = mime_guess::from_path(&upload.file_name).first_raw();
        return Ok(guess.unwrap_or("application/octet-stream").to_string());
    };
    if !given.contains('/') || HeaderValue::try_from(given).is_err() {
        return Err(Error::invalid("media type", format!("{given:?} is not a media type")));
    }
    Ok(given.clone())
}

fn attachment_error(upload: &Upload, cause: Error) -> Error {
    Cause::Attachment { file: upload.file_name.clone(), cause }.into()
}

impl Machine for Uploads {
    type Event = Infallible;
    type Output = Vec<Attached>;

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<Vec<Attached>, Error>> {
        loop {
            let Some((upload, media_type)) = self.files.get(self.prepared.len()) else {
                return match mem::replace(&mut self.state, State::Finished) {
                    State::Failed(error) => Step::Done(Err(error)),
                    State::Finished => Step::Done(Err(Error::finished())),
                    _ => Step::Done(Ok(mem::take(&mut self.prepared))),
                };
            };
            self.state = match &mut self.state {
                State::Ready => self.start(upload, media_type),
                State::Measuring(call) => {
                    let length = ready!(call.poll(now));
                    self.on_measured(upload, media_type, length)
                }
                State::Sending(call) => match ready!(call.poll(now)) {
                    Ok(asset) => State::Prepared(Attached::Stored(asset)),
                    Err(cause) => State::Failed(attachment_error(upload, cause)),
                },
                State::Prepared(_) => {
                    if let State::Prepared(file) = mem::replace(&mut self.state, State::Ready) {
                        self.prepared.push(file);
                    }
                    continue;
                }
                State::Failed(error) => return Step::Done(Err(mem::replace(error, Error::finished()))),
                State::Finished => return Step::Done(Err(Error::finished())),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Measuring(call) => call.handle(now, ticket, reply),
            State::Sending(call) => call.handle(now, ticket, reply),
            State::Ready | State::Prepared(_) | State::Failed(_) | State::Finished => {}
        }
    }
}
