use std::{cell::RefCell, mem, time::Instant};

use super::Limits;

/// The exchange that this thread carries out: what its connection has to know of it, and what has become of it.
///
/// ureq tells a connection nothing of the request it is for, and an error nothing of its connection; but the whole of
/// an exchange happens in the thread that asked for it.
#[derive(Clone, Default)]
pub(crate) struct Trip {
    /// Scheme and authority that go before the path in the request's first line: a proxy needs them.
    pub(crate) origin: String,
    /// Lines that go in behind the first, each with its line break. ureq knows nothing of them, and logs none.
    pub(crate) withheld: Vec<u8>,
    /// The head asks whether the body is wanted (`Expect: 100-continue`).
    pub(crate) expects: bool,
    /// No connection will do that has served another exchange.
    pub(crate) fresh: bool,
    pub(crate) limits: Limits,
    /// A connection was made for it.
    pub(crate) connected: bool,
    /// Since when it has had a connection that had served another exchange.
    pub(crate) taken: Option<Instant>,
    /// A byte of the request may have left.
    pub(crate) sent: bool,
    /// A byte of the response has arrived.
    pub(crate) heard: bool,
    /// The response, or the end of the connection, has arrived before all was sent. Nothing more is sent.
    pub(crate) is_over: bool,
}

thread_local! {
    static TRIP: RefCell<Trip> = RefCell::default();
}

impl Trip {
    /// Begins this exchange, and returns the one under way: an observer of a transfer may begin another one meanwhile.
    pub(crate) fn replace(trip: Self) -> Self {
        TRIP.replace(trip)
    }

    /// Looks at the exchange under way, or changes it.
    pub(crate) fn with<T>(act: impl FnOnce(&mut Self) -> T) -> T {
        TRIP.with_borrow_mut(act)
    }

    /// Returns what goes into the head of the request: before the path, and behind the first line. Once.
    pub(super) fn take_additions() -> (String, Vec<u8>) {
        Self::with(|trip| (mem::take(&mut trip.origin), mem::take(&mut trip.withheld)))
    }
}
