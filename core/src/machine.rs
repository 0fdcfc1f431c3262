//! The contract between the core, which decides, and an executor, which acts.
//!
//! A [`Machine`] is asked for its next [`Step`] by [`poll`](Machine::poll) and told what came of it by
//! [`handle`](Machine::handle). Four rules hold for every machine in this crate:
//!
//! - **Asking again is harmless.** Without a `handle` in between, `poll` answers with the same ticket, the same
//!   request and the same idempotency key, or with the same deadline. A cancelled future or an early wake loses nothing.
//! - **A reply names its ticket.** A reply that is repeated, late, or for another machine changes nothing.
//! - **The end is the end.** After [`Step::Done`], `poll` answers `Done` with [`Error::Finished`] for ever.
//! - **No input makes a machine panic.**

use alloc::boxed::Box;
use core::fmt;

use crate::{
    effect::{Exchange, FileError, FileOutcome, FileTask, Head, Moment, Now, Response, TransportError},
    error::Error,
};

/// Names one request of one machine, so that its reply cannot be taken for another's.
///
/// Tickets are unique within a [`Session`](crate::executor::Session).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// What a machine wants next.
#[derive(Debug)]
#[must_use = "a step that is not carried out is never answered"]
pub enum Step<E, T> {
    /// Perform this exchange and hand the [`Reply`] to [`Machine::handle`] with the ticket.
    Send(Ticket, Box<Exchange>),
    /// Do this with a file, likewise.
    File(Ticket, FileTask),
    /// Ask again at this moment, or later.
    Sleep(Moment),
    /// Something for the user. Ask again for what comes after it.
    Event(E),
    /// The end.
    Done(T),
}

/// What came of a [`Step::Send`] or a [`Step::File`].
#[derive(Clone)]
pub enum Reply {
    /// The server answered, with whatever status.
    Response(Response),
    /// What was asked for was done with the file, or could not be.
    File(Result<FileOutcome, FileError>),
    /// There was no answer, or not a whole one.
    Error(TransportError),
}

/// Shows status, length and the names of the usual headers of a response, and no more: the rest may be confidential.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(response) => {
                write!(f, "Response({:?}, {} bytes)", Head(response), response.body().len())
            }
            Self::File(done) => f.debug_tuple("File").field(done).finish(),
            Self::Error(fault) => f.debug_tuple("Fault").field(fault).finish(),
        }
    }
}

/// A state machine that performs no effect itself: see the [module](self) for its rules.
pub trait Machine: Send {
    /// What it delivers on its way; [`Infallible`](core::convert::Infallible) for an operation.
    type Event: Send;
    /// What it ends with.
    type Output: Send;

    /// The next step. Harmless to repeat.
    fn poll(&mut self, now: Now) -> Step<Self::Event, Result<Self::Output, Error>>;

    /// Takes the reply to the step with this ticket. A ticket that is not awaited is ignored.
    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply);
}

/// A subscription: a machine that delivers events until it is stopped, or cannot go on.
pub trait Feed: Machine {
    /// Lets it end: what had arrived is still delivered, the subscription is ended on the server, and nothing else is sent.
    /// A request under way is given up; its reply will be ignored.
    fn stop(&mut self, now: Now);
}

impl<F: Feed + ?Sized> Feed for Box<F> {
    fn stop(&mut self, now: Now) {
        (**self).stop(now);
    }
}

impl<M: Machine + ?Sized> Machine for Box<M> {
    type Event = M::Event;
    type Output = M::Output;

    fn poll(&mut self, now: Now) -> Step<Self::Event, Result<Self::Output, Error>> {
        (**self).poll(now)
    }

    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply) {
        (**self).handle(now, ticket, reply);
    }
}
