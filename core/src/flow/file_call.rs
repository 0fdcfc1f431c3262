//! One file task as a machine.

use core::{convert::Infallible, mem};

use crate::{
    effect::{FileOutcome, FileTask, Now},
    error::Error,
    machine::{Machine, Reply, Step, Ticket},
    session::Session,
};

/// Performs a file task once. A failure is final: retries help with networks, not with local files.
#[derive(Debug)]
pub(crate) struct FileCall {
    session: Session,
    task: FileTask,
    state: State,
}

#[derive(Debug)]
enum State {
    Ready,
    Waiting(Ticket),
    Done(Result<FileOutcome, Error>),
    Finished,
}

impl FileCall {
    pub(crate) fn new(session: &Session, task: FileTask) -> Self {
        Self { session: session.clone(), task, state: State::Ready }
    }
}

impl Machine for FileCall {
    type Event = Infallible;
    type Output = FileOutcome;

    fn poll(&mut self, _: Now) -> Step<Infallible, Result<FileOutcome, Error>> {
        if let State::Ready = self.state {
            self.state = State::Waiting(self.session.ticket());
        }
        if let State::Waiting(ticket) = self.state {
            return Step::File(ticket, self.task.clone());
        }
        match mem::replace(&mut self.state, State::Finished) {
            State::Done(result) => Step::Done(result),
            _ => Step::Done(Err(Error::finished())),
        }
    }

    fn handle(&mut self, _: Now, ticket: Ticket, reply: Reply) {
        let State::Waiting(expected) = self.state else { return };
        if expected != ticket {
            return;
        }
        self.state = State::Done(match reply {
            Reply::File(result) => result.map_err(Into::into),
            Reply::Error(error) => Err(error.into()),
            // An executor bug.
            Reply::Response(_) => Err(Error::invalid("executor", "it returned a response for a file task")),
        });
    }
}
