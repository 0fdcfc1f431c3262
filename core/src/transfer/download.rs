use alloc::{boxed::Box, format, string::String};
use core::{convert::Infallible, mem};

use super::Resume;
use crate::{
    call::Call,
    clock::Now,
    error::{Error, UnexpectedAnswer},
    file::{FileDone, FileTask},
    file_call::FileCall,
    machine::{Machine, Reply, Step, Ticket},
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
    /// Before anything was created.
    Refused(Error),
    /// Before anything is requested: a target that cannot be written to is no reason to transfer anything.
    Creating(FileCall, Box<Endpoint<()>>),
    Fetching(Box<Call<()>>),
    Measuring(FileCall),
    Renaming(FileCall),
    /// After the error that is then the answer.
    Discarding(FileCall, Error),
    Over,
}

impl Save {
    /// Of what has `size` bytes, to the file at `path`.
    pub(crate) fn new(session: &Session, endpoint: Result<Endpoint<()>, Error>, size: u64, path: String) -> Self {
        let at = match endpoint {
            Ok(endpoint) => At::Creating(FileCall::new(session, FileTask::Create { target: path }), Box::new(endpoint)),
            Err(error) => At::Refused(error),
        };
        Self { session: session.clone(), size, part: String::new(), target: String::new(), at }
    }

    fn file(&self, task: FileTask) -> FileCall {
        FileCall::new(&self.session, task)
    }

    fn fetch(&mut self, endpoint: Endpoint<()>, part: String, target: String) -> At {
        let call = self.session.call(Ok(endpoint)).resumable(Resume::new(part.clone(), self.size));
        (self.part, self.target) = (part, target);
        At::Fetching(Box::new(call))
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
            self.at = match mem::replace(&mut self.at, At::Over) {
                At::Over => return Step::Done(Err(Error::Finished)),
                At::Refused(error) => return Step::Done(Err(error)),
                At::Creating(mut call, endpoint) => match call.poll(now).answer() {
                    Ok(Ok(FileDone::Created { part, target })) => self.fetch(*endpoint, part, target),
                    Ok(Ok(_)) => At::Refused(confused("create")),
                    Ok(Err(error)) => At::Refused(error),
                    Err(step) => {
                        self.at = At::Creating(call, endpoint);
                        return step;
                    }
                },
                At::Fetching(mut call) => match call.poll(now).answer() {
                    Ok(Ok(())) => self.measure(),
                    Ok(Err(error)) => self.discard(error),
                    Err(step) => {
                        self.at = At::Fetching(call);
                        return step;
                    }
                },
                At::Measuring(mut call) => match call.poll(now).answer() {
                    Ok(Ok(FileDone::Length(length))) if length == self.size => self.rename(),
                    Ok(Ok(FileDone::Length(length))) => {
                        self.discard(UnexpectedAnswer::new(wire::wrong_size(self.size, length)).into())
                    }
                    Ok(Ok(_)) => self.discard(confused("measure")),
                    Ok(Err(error)) => self.discard(error),
                    Err(step) => {
                        self.at = At::Measuring(call);
                        return step;
                    }
                },
                At::Renaming(mut call) => match call.poll(now).answer() {
                    Ok(Ok(_)) => return Step::Done(Ok(())),
                    Ok(Err(error)) => self.discard(error),
                    Err(step) => {
                        self.at = At::Renaming(call);
                        return step;
                    }
                },
                At::Discarding(mut call, error) => match call.poll(now).answer() {
                    // That it could not be removed is the lesser trouble.
                    Ok(_) => return Step::Done(Err(error)),
                    Err(step) => {
                        self.at = At::Discarding(call, error);
                        return step;
                    }
                },
            }
        }
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        match &mut self.at {
            At::Fetching(call) => call.handle(now, ticket, reply),
            At::Creating(call, _) | At::Measuring(call) | At::Renaming(call) | At::Discarding(call, _) => {
                call.handle(now, ticket, reply);
            }
            At::Refused(_) | At::Over => {}
        }
    }
}
