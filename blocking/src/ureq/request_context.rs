use std::{cell::RefCell, mem, time::Instant};

use super::limits::TimeLimits;

/// The exchange that this thread carries out: what its connection has to know of it, and what has become of it.
///
/// ureq tells a connection nothing of the request it is for, and an error nothing of its connection; but the whole of
/// an exchange happens in the thread that asked for it.
#[derive(Clone, Default)]
pub(super) struct RequestContext {
    /// Scheme and authority that go before the path in the request's first line: a proxy needs them.
    pub(super) origin: String,
    /// Lines that go in behind the first, each with its line break. ureq knows nothing of them, and logs none.
    pub(super) withheld: Vec<u8>,
    /// The head asks whether the body is wanted (`Expect: 100-continue`).
    pub(super) expects_continue: bool,
    /// No connection will do that has served another exchange.
    pub(super) fresh: bool,
    pub(super) limits: TimeLimits,
    /// A connection was made for it.
    pub(super) connected: bool,
    /// Since when it has had a connection that had served another exchange.
    pub(super) taken: Option<Instant>,
    /// A byte of the request may have left.
    pub(super) sent: bool,
    /// A byte of the response has arrived.
    pub(super) heard: bool,
    /// The response, or the end of the connection, has arrived before all was sent. Nothing more is sent.
    pub(super) stop_sending: bool,
}

thread_local! {
    static CURRENT: RefCell<RequestContext> = RefCell::default();
}

impl RequestContext {
    /// Begins this exchange, and returns the one under way: an observer of a transfer may begin another one meanwhile.
    pub(super) fn replace(context: Self) -> Self {
        CURRENT.replace(context)
    }

    /// Looks at the exchange under way, or changes it.
    pub(super) fn with<T>(act: impl FnOnce(&mut Self) -> T) -> T {
        CURRENT.with_borrow_mut(act)
    }

    /// Returns what goes into the head of the request: before the path, and behind the first line. Once.
    pub(super) fn take_additions() -> (String, Vec<u8>) {
        Self::with(|context| (mem::take(&mut context.origin), mem::take(&mut context.withheld)))
    }
}
