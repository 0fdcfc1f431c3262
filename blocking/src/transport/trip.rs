use std::cell::RefCell;

/// What the exchange that this thread carries out has come to.
///
/// ureq tells a connection nothing of the request it is for, and an error nothing of its connection; but the whole of
/// an exchange happens in the thread that asked for it.
#[derive(Default)]
pub(crate) struct Trip {
    /// Lines of the head that go in after its first, unseen by ureq.
    pub(super) withheld: Vec<u8>,
    /// Whether a connection was made for it.
    pub(crate) connected: bool,
    /// Whether any byte of the request may have left.
    pub(crate) sent: bool,
}

thread_local! {
    pub(super) static TRIP: RefCell<Trip> = RefCell::default();
}

impl Trip {
    /// Begins an exchange with these lines in its head, each with its line break. Answers with the one under way: whoever
    /// watches a transfer may do something else in the meantime.
    pub(crate) fn begin(withheld: Vec<u8>) -> Self {
        TRIP.replace(Self { withheld, ..Self::default() })
    }

    /// Ends the exchange, and goes on with the one that was under way.
    pub(crate) fn end(outer: Self) -> Self {
        TRIP.replace(outer)
    }
}
