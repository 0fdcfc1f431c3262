//! The interface between the state machines of this crate and the executors that drive them.
//!
//! A [`Machine`] returns its next [`Step`] from [`poll`](Machine::poll). The executor performs the step and passes the
//! result to [`handle`](Machine::handle). Four rules hold for every machine:
//!
//! - **Polling is idempotent.** Until `handle` is called, the time of a `Sleep` has come, or the client is stopped,
//!   `poll` returns the same step, with the same ticket, request and idempotency key, so a cancelled future or an early
//!   wake-up loses nothing. The exception is an event, which is returned once: a feed that
//!   [has events](Feed::has_events) may return a request, then pending events, and then the same request again while
//!   that has no reply.
//! - **A reply names its ticket.** Duplicate and late replies, and those for another machine, are ignored.
//! - **`Done` is final.** After [`Step::Done`], `poll` always returns `Done` with an error of the kind
//!   [`Finished`](crate::ErrorKind::Finished).
//! - **Machines never panic,** whatever their input.

mod boxed;

use alloc::boxed::Box;
use core::fmt;

use crate::{
    effect::{Exchange, FileError, FileOutcome, FileTask, Head, Moment, Now, Response, TransportError},
    error::Error,
};

/// Identifies one request or file task of one machine, so that its reply cannot be mistaken for another's.
///
/// Tickets are unique within a [`Session`](crate::executor::Session).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub(crate) u64);

/// The next action that a machine requests.
#[derive(Debug)]
#[must_use = "a machine makes no progress until its step is performed"]
pub enum Step<E, T> {
    /// Perform this exchange and pass the [`Reply`] to [`Machine::handle`] with the ticket.
    Send(Ticket, Box<Exchange>),
    /// Perform this file task and pass its [`Reply`] in the same way.
    File(Ticket, FileTask),
    /// Poll again at this time or later.
    Sleep(Moment),
    /// An event for the caller. It is returned once; poll again for the next step.
    Event(E),
    /// The machine has finished with this result.
    Done(T),
}

/// The outcome of a [`Step::Send`] or a [`Step::File`].
#[derive(Clone)]
pub enum Reply {
    /// A complete response, with any status.
    Response(Response),
    /// The result of a file task.
    File(Result<FileOutcome, FileError>),
    /// No complete response was received.
    Error(TransportError),
}

/// Shows only the status, the length and the names of well-known headers of a response: the rest may be confidential.
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(response) => {
                write!(f, "Response({:?}, {} bytes)", Head(response), response.body().len())
            }
            Self::File(result) => f.debug_tuple("File").field(result).finish(),
            Self::Error(error) => f.debug_tuple("Error").field(error).finish(),
        }
    }
}

/// A state machine that performs no effects itself. See the [module](self) for the rules it follows.
pub trait Machine: Send {
    /// The events it delivers; [`Infallible`](core::convert::Infallible) for an operation.
    type Event: Send;
    /// Its final output.
    type Output: Send;

    /// Returns the next step: the same one until `handle` is called, the time of a `Sleep` has come, or the client is
    /// stopped. Events are returned once.
    fn poll(&mut self, now: Now) -> Step<Self::Event, Result<Self::Output, Error>>;

    /// Handles the reply to the step with this ticket. Unknown tickets are ignored.
    fn handle(&mut self, now: Now, ticket: Ticket, reply: Reply);
}

/// A machine that delivers events until it is stopped or fails, or, for a list, until the last one.
pub trait Feed: Machine {
    /// Stops the feed: events already received are still delivered, the subscription is ended on the server, and
    /// nothing else is sent. A request in flight is abandoned, and its reply ignored.
    fn stop(&mut self, now: Now);

    /// Returns `true` once the feed is stopped, by [`stop`](Self::stop) or, in a poll, by the stop handle or the
    /// deadline of its session. From then on, its request in flight is the one that ends the subscription: an executor
    /// must not abandon or cancel it.
    fn is_stopped(&self) -> bool;

    /// Returns `true` once the feed has a position: it misses nothing that happens later. A feed that resumes at a
    /// checkpoint has one from its creation.
    fn has_started(&self) -> bool;

    /// Returns `true` if events can be delivered while a request is in flight. After the poll that returns the request,
    /// the next polls return these events, so an executor can begin the request and poll again before its reply
    /// arrives. Default: `false`.
    fn has_events(&self) -> bool {
        false
    }

    /// Returns `true` for a [list](crate::flow::ListItems), which ends with its last item. A script without responses
    /// left ends other feeds, but fails the test for a list. Default: `false`.
    fn is_list(&self) -> bool {
        false
    }
}
