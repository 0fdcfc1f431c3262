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
    wire::Endpoint,
};

/// An answer saved to a file: written beside it, renamed when it is whole, removed if it never will be.
#[derive(Debug)]
pub(crate) struct Save {
    session: Session,
    path: String,
    part: String,
    size: u64,
    at: At,
}

#[derive(Debug)]
enum At {
    Fetching(Box<Call<bool>>),
    /// Where the answer did not say whether it is whole.
    Measuring(FileCall),
    Renaming(FileCall),
    /// After the error that is then the answer.
    Discarding(FileCall, Error),
    Over,
}

impl Save {
    /// Of what has `size` bytes, to the file at `path`.
    pub(crate) fn new(session: &Session, endpoint: Result<Endpoint<bool>, Error>, size: u64, path: String) -> Self {
        // A name of its own, so that two downloads to one path do not write into each other.
        let separators = if cfg!(windows) { ['/', '\\'] } else { ['/', '/'] };
        let folder = path.rfind(separators).map_or("", |end| &path[..=end]);
        let part = format!("{folder}.{}.part", session.idempotency_key());
        let call = session.call(endpoint).resumable(Resume::new(part.clone()));
        Self { session: session.clone(), path, part, size, at: At::Fetching(Box::new(call)) }
    }

    fn file(&self, task: FileTask) -> FileCall {
        FileCall::new(&self.session, task)
    }

    fn rename(&self) -> At {
        At::Renaming(self.file(FileTask::Rename { from: self.part.clone(), to: self.path.clone() }))
    }

    fn discard(&self, error: Error) -> At {
        At::Discarding(self.file(FileTask::Discard { path: self.part.clone() }), error)
    }
}

/// What came is not what the asset is.
pub(crate) fn wrong_size(size: u64) -> Error {
    UnexpectedAnswer::new(format!("the asset has {size} bytes, and what came has not")).into()
}

impl Machine for Save {
    type Event = Infallible;
    type Output = ();

    fn poll(&mut self, now: Now) -> Step<Infallible, Result<(), Error>> {
        loop {
            self.at = match mem::replace(&mut self.at, At::Over) {
                At::Over => return Step::Done(Err(Error::Finished)),
                At::Fetching(mut call) => match call.poll(now).answer() {
                    Ok(Ok(true)) => self.rename(),
                    Ok(Ok(false)) => At::Measuring(self.file(FileTask::Measure { path: self.part.clone() })),
                    // Nothing was written, so there is nothing to discard.
                    Ok(Err(error @ Error::InvalidInput(_))) => return Step::Done(Err(error)),
                    Ok(Err(error)) => self.discard(error),
                    Err(step) => {
                        self.at = At::Fetching(call);
                        return step;
                    }
                },
                At::Measuring(mut call) => match call.poll(now).answer() {
                    Ok(Ok(FileDone::Length(length))) if length == self.size => self.rename(),
                    Ok(Ok(_)) => self.discard(wrong_size(self.size)),
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
            At::Measuring(call) | At::Renaming(call) | At::Discarding(call, _) => call.handle(now, ticket, reply),
            At::Over => {}
        }
    }
}
