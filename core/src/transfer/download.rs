use alloc::{boxed::Box, format, string::String};
use core::{convert::Infallible, mem};

use super::Resume;
use crate::{
    call::Call,
    clock::Now,
    error::{Error, UnexpectedAnswer},
    file::{FileDone, FileTask},
    file_call::FileCall,
    machine::{Machine, Reply, Step, Ticket, ready},
    session::Session,
    wire::{self, Endpoint},
};

/// An asset saved as a file: written to a new file, which is measured and renamed when it is complete, and discarded if it
/// never will be.
#[derive(Debug)]
pub(crate) struct Save {
    session: Session,
    size: u64,
    /// The new file, and the one that it becomes. Both are empty until it was created.
    part: String,
    target: String,
    at: At,
}

#[derive(Debug)]
enum At {
    /// Before anything is requested: a target that cannot be written to is no reason to transfer anything.
    Creating(FileCall, Box<Endpoint<()>>),
    Fetching(Box<Call<()>>),
    Measuring(FileCall),
    Renaming(FileCall),
    /// After the error that the download then ends with.
    Discarding(FileCall, Error),
    Failed(Error),
    Over,
}

impl Save {
    /// Of what has `size` bytes, to the file at `path`.
    pub(crate) fn new(session: &Session, endpoint: Result<Endpoint<()>, Error>, size: u64, path: String) -> Self {
        let at = match endpoint {
            Ok(endpoint) => At::Creating(FileCall::new(session, FileTask::Create { target: path }), Box::new(endpoint)),
            Err(error) => At::Failed(error),
        };
        Self { session: session.clone(), size, part: String::new(), target: String::new(), at }
    }

    fn file(&self, task: FileTask) -> FileCall {
        FileCall::new(&self.session, task)
    }

    fn fetch(&mut self, call: Call<()>, part: String, target: String) -> At {
        let resumable = call.resumable(Resume::new(part.clone(), self.size));
        (self.part, self.target) = (part, target);
        At::Fetching(Box::new(resumable))
    }

    fn measure(&self) -> At {
        At::Measuring(self.file(FileTask::Measure { path: self.part.clone() }))
    }

    fn rename(&self) -> At {
        At::Renaming(self.file(FileTask::Rename { from: self.part.clone(), to: self.target.clone() }))
    }

    fn discard(&self, error: Error) -> At {
        At::Discarding(self.file(FileTask::Discard { path: self.part.clone() }), error)
    }
}

/// An executor that answers a file task with something else.
fn confused(what: &str) -> Error {
    Error::invalid("executor", format!("it did not {what} the file"))
}

impl Machine for Save {
    type Event = Infallible;
    type Output = ();

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<(), Error>> {
        loop {
            self.at = match &mut self.at {
                At::Creating(call, endpoint) => match ready!(call.poll(now)) {
                    Ok(FileDone::Created { part, target }) => {
                        let call = self.session.call(Ok((**endpoint).clone()));
                        self.fetch(call, part, target)
                    }
                    Ok(_) => At::Failed(confused("create")),
                    Err(error) => At::Failed(error),
                },
                At::Fetching(call) => match ready!(call.poll(now)) {
                    Ok(()) => self.measure(),
                    Err(error) => self.discard(error),
                },
                At::Measuring(call) => match ready!(call.poll(now)) {
                    Ok(FileDone::Length(length)) if length == self.size => self.rename(),
                    Ok(FileDone::Length(length)) => {
                        self.discard(UnexpectedAnswer::new(wire::wrong_size(self.size, length)).into())
                    }
                    Ok(_) => self.discard(confused("measure")),
                    Err(error) => self.discard(error),
                },
                At::Renaming(call) => match ready!(call.poll(now)) {
                    Ok(_) => {
                        self.at = At::Over;
                        return Step::Done(Ok(()));
                    }
                    Err(error) => self.discard(error),
                },
                At::Discarding(call, error) => {
                    // The error of the download matters more than one of its removal.
                    let _ = ready!(call.poll(now));
                    At::Failed(mem::replace(error, Error::Finished))
                }
                // Every later poll finds `Finished` in its place.
                At::Failed(error) => return Step::Done(Err(mem::replace(error, Error::Finished))),
                At::Over => return Step::Done(Err(Error::Finished)),
            };
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.at {
            At::Fetching(call) => call.handle(now, ticket, reply),
            At::Creating(call, _) | At::Measuring(call) | At::Renaming(call) | At::Discarding(call, _) => {
                call.handle(now, ticket, reply);
            }
            At::Failed(_) | At::Over => {}
        }
    }
}
