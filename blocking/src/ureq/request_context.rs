use std::cell::RefCell;

use teamwire_std::Opening;

use super::{
    head_additions::HeadAdditions, hidden_response::HiddenResponse, interrupter::Interrupter, limits::TimeLimits,
};

/// State of the exchange that this thread performs, shared with its connection.
///
/// ureq does not pass information from a request to its connection, nor from a connection to its errors, but performs
/// the whole exchange in the calling thread.
#[derive(Default)]
pub(super) struct RequestContext {
    /// Parts of the head that ureq does not know of, until they are inserted.
    pub(super) additions: HeadAdditions,
    /// Length of the buffer for the parts of the request that ureq writes.
    pub(super) output_length: usize,
    /// The head has `Expect: 100-continue`.
    pub(super) expects_continue: bool,
    /// The exchange needs a connection that has served no other.
    pub(super) requires_new_connection: bool,
    /// A loss of a reused connection costs the exchange nothing.
    pub(super) replaces_stale_connection: bool,
    pub(super) limits: TimeLimits,
    /// Phase of the exchange, if its error names that.
    pub(super) phase: Option<&'static str>,
    /// `None` if the exchange cannot be stopped.
    pub(super) interrupter: Option<Interrupter>,
    /// The exchange took a connection that had served another one.
    pub(super) reused: bool,
    /// The opening of its connection, until the server has sent something.
    pub(super) opening: Option<Opening>,
    /// A byte of the request may have left.
    pub(super) sent: bool,
    /// A byte of the response has arrived.
    pub(super) response_started: bool,
    /// Parts of the response that ureq does not see.
    pub(super) hidden_response: HiddenResponse,
    /// The response, or the end of the connection, has arrived before the request was sent, so that nothing more is
    /// sent.
    pub(super) stop_sending: bool,
}

thread_local! {
    /// Boxed, so that it is moved without copies on the stack of a thread that waits for a response.
    static CURRENT: RefCell<Option<Box<RequestContext>>> = RefCell::default();
}

impl RequestContext {
    /// Makes this the context of the thread, and returns the one before: an observer of a transfer may perform another
    /// exchange.
    pub(super) fn replace(context: Option<Box<Self>>) -> Option<Box<Self>> {
        CURRENT.replace(context)
    }

    /// Returns the context of another attempt of an exchange that has not been started.
    pub(super) fn for_another_attempt(&self) -> Self {
        Self {
            additions: self.additions.clone(),
            interrupter: self.interrupter.clone(),
            requires_new_connection: self.requires_new_connection,
            replaces_stale_connection: self.replaces_stale_connection,
            limits: self.limits,
            ..Self::default()
        }
    }

    /// Reads or changes the context of the exchange that this thread performs.
    pub(super) fn with<T>(act: impl FnOnce(&mut Self) -> T) -> T {
        CURRENT.with_borrow_mut(|current| act(current.get_or_insert_default()))
    }
}
