//! Classes of requests: their timeouts and their repetition.

use alloc::string::String;
use core::time::Duration;

/// The part of the content that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    All,
    /// The rest of a partially downloaded file.
    Rest,
}

/// The repetition of a request whose response was lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// It only reads, or has the same effect however often it is sent.
    Safe,
    /// The server recognises repetitions by the idempotency key: the caller's, or a new one.
    Keyed(Option<String>),
    /// It is sent once.
    Never,
}

/// The timeout that applies to an endpoint.
#[derive(Clone, Copy, Debug)]
pub(crate) enum TimeoutClass {
    Default,
    Listing,
    Transfer,
    /// The server waits this long for an event.
    LongPoll(Duration),
    Short,
}
