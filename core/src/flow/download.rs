use alloc::{boxed::Box, format, string::String};
use core::{convert::Infallible, mem};

use super::Resume;
use crate::{
    effect::{FileOutcome, FileTask, Now},
    error::{Error, GaveUp, UnexpectedResponse},
    flow::{call::Call, file_call::FileCall, ready},
    machine::{Machine, Reply, Step, Ticket},
    model::Download,
    protocol::{self, Endpoint},
    session::Session,
};

/// Downloads an asset to a file: the content is written to a new file, whose length is verified before it is renamed.
/// On failure, the new file is removed.
#[derive(Debug)]
pub(crate) struct DownloadToFile {
    session: Session,
    size: u64,
    /// Paths of the new file and of its final name; empty until the file is created.
    part: String,
    target: String,
    /// Number of times that the content was requested.
    attempts: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    /// Comes first: nothing is transferred if the target cannot be written.
    Creating(FileCall, Option<Box<Endpoint<()>>>),
    Fetching(Box<Call<()>>),
    Measuring(FileCall),
    Renaming(FileCall),
    /// The download then ends with this error.
    Discarding(FileCall, Error),
    Failed(Error),
    Finished,
}

impl DownloadToFile {
    /// Creates the download to the file at `path`.
    pub(crate) fn new(session: &Session, download: &Download, path: String) -> Self {
        let state = match session.download(download).map(Endpoint::into_file_transfer) {
            Ok(endpoint) => {
                State::Creating(FileCall::new(session, FileTask::Create { target: path }), Some(Box::new(endpoint)))
            }
            Err(error) => State::Failed(error),
        };
        let size = download.asset.size;
        Self { session: session.clone(), size, part: String::new(), target: String::new(), attempts: 0, state }
    }

    fn file(&self, task: FileTask) -> FileCall {
        FileCall::new(&self.session, task)
    }

    fn fetch(&mut self, call: Call<()>, part: String, target: String) -> State {
        let resumable = call.resumable(Resume::new(part.clone(), self.size));
        (self.part, self.target) = (part, target);
        State::Fetching(Box::new(resumable))
    }

    fn measure(&self) -> State {
        State::Measuring(self.file(FileTask::Len { path: self.part.clone() }))
    }

    fn rename(&self) -> State {
        State::Renaming(self.file(FileTask::Rename { from: self.part.clone(), to: self.target.clone() }))
    }

    fn discard(&self, error: Error) -> State {
        State::Discarding(self.file(FileTask::Remove { path: self.part.clone() }), error)
    }
}

/// Returns the error for an executor that returns the wrong outcome of a file task.
fn unexpected_outcome(action: &str) -> Error {
    Error::invalid("executor", format!("it did not {action} the file"))
}

impl Machine for DownloadToFile {
    type Event = Infallible;
    type Output = ();

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<(), Error>> {
        loop {
            self.state = match &mut self.state {
                State::Creating(call, endpoint) => match ready!(call.poll(now)) {
                    Ok(FileOutcome::Created { part, target }) => {
                        let endpoint = endpoint.take().map(|endpoint| *endpoint).ok_or_else(Error::finished);
                        let call = self.session.call(endpoint);
                        self.fetch(call, part, target)
                    }
                    Ok(_) => State::Failed(unexpected_outcome("create")),
                    Err(error) => State::Failed(error),
                },
                State::Fetching(call) => match ready!(call.poll(now)) {
                    Ok(()) => {
                        self.attempts = call.attempts();
                        self.measure()
                    }
                    Err(error) => self.discard(error),
                },
                State::Measuring(call) => match ready!(call.poll(now)) {
                    Ok(FileOutcome::Len(length)) if length == self.size => self.rename(),
                    Ok(FileOutcome::Len(length)) => {
                        let error = Error::from(UnexpectedResponse::new(protocol::size_mismatch(self.size, length)));
                        self.discard(error.after(self.attempts, GaveUp::NotTransient))
                    }
                    Ok(_) => self.discard(unexpected_outcome("measure")),
                    Err(error) => self.discard(error),
                },
                State::Renaming(call) => match ready!(call.poll(now)) {
                    Ok(_) => {
                        self.state = State::Finished;
                        return Step::Done(Ok(()));
                    }
                    Err(error) => self.discard(error),
                },
                State::Discarding(call, error) => {
                    // The error of the download matters more than a failed removal.
                    let _ = ready!(call.poll(now));
                    State::Failed(mem::replace(error, Error::finished()))
                }
                // Later polls return `Finished`.
                State::Failed(error) => return Step::Done(Err(mem::replace(error, Error::finished()))),
                State::Finished => return Step::Done(Err(Error::finished())),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.state {
            State::Fetching(call) => call.handle(now, ticket, reply),
            State::Creating(call, _) | State::Measuring(call) | State::Renaming(call) | State::Discarding(call, _) => {
                call.handle(now, ticket, reply);
            }
            State::Failed(_) | State::Finished => {}
        }
    }
}
