use alloc::boxed::Box;

use super::login::Login;
use crate::{effect::Moment, error::Error, machine::Ticket};

/// The state of a call.
pub(super) enum State<T> {
    Ready,
    /// Behind other requests of the session; checked again at this time.
    Queued(Moment),
    /// Until another operation has logged in; checked again at this time.
    AwaitingLogin(Moment),
    LoggingIn(Box<Login>),
    Waiting(Ticket),
    Backoff(Moment),
    Done(Result<T, Error>),
    /// The result has been taken.
    Finished,
}

impl<T> State<T> {
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Queued(_) => "Queued",
            Self::AwaitingLogin(_) => "AwaitingLogin",
            Self::LoggingIn(_) => "LoggingIn",
            Self::Waiting(_) => "Waiting",
            Self::Backoff(_) => "Backoff",
            Self::Done(_) => "Done",
            Self::Finished => "Finished",
        }
    }
}
