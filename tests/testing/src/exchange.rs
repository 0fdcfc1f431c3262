//! Exchanges of clients with the world: their bodies, and the replies at their ends.

use std::{io::Read, task::Waker, time::Duration};

use http::{Request, Response, StatusCode};
use teamwire_blocking::transport::{RequestBody, downcast_transport_error, read_response, timed_out};
use teamwire_core::{
    effect::{BodyPolicy, Exchange, Timeout, TransportError, TransportErrorKind},
    machine::Reply,
};

use crate::{agenda::Key, outcome::Outcome, sent_request::SentRequest};

/// An exchange that has begun.
pub(crate) struct Pending {
    /// `None` once it has arrived at the server.
    pub(crate) request: Option<Request<Vec<u8>>>,
    pub(crate) timeout: Timeout,
    pub(crate) policy: BodyPolicy,
    /// Its entry in the list of requests.
    pub(crate) index: usize,
    /// Its entries in the agenda.
    pub(crate) timers: Vec<Key>,
    /// Time at which the client stops waiting.
    pub(crate) limit: Duration,
    /// Set for the poll of a feed that is repeated as long as nothing happens.
    pub(crate) is_repeated: bool,
    pub(crate) outcome: Option<Outcome>,
    /// The task that waits for the outcome.
    pub(crate) waker: Option<Waker>,
}

impl Pending {
    /// Records that the poll has returned without updates, and that it was sent again.
    pub(crate) fn repeat(&mut self, requests: &mut Vec<SentRequest>, cycle: Duration) {
        let Some(sent) = requests.get_mut(self.index) else { return };
        sent.status = Some(StatusCode::OK);
        let next = SentRequest { at: sent.at.saturating_add(cycle), status: None, ..sent.clone() };
        self.index = requests.len();
        self.limit = self.limit.saturating_add(cycle);
        requests.push(next);
    }
}

/// Returns the request with its whole body, for which files are read.
///
/// # Errors
///
/// The error of a file that cannot be read.
pub(crate) fn request_of(exchange: &Exchange) -> Result<Request<Vec<u8>>, TransportError> {
    let mut bytes = Vec::new();
    let read = RequestBody::open(exchange.request.body()).and_then(|mut body| body.read_to_end(&mut bytes));
    match read {
        Ok(_) => Ok(exchange.request.clone().map(|_| bytes)),
        Err(error) => Err(downcast_transport_error(error).unwrap_or_else(lost)),
    }
}

/// Returns `true` for a long poll of the usual duration, without a deadline. A feed repeats it unchanged; a shorter one
/// becomes longer again.
pub(crate) fn is_repeated(exchange: &Exchange) -> bool {
    let is_usual = |timeout: Timeout| matches!(timeout, Timeout::LongPoll { head, .. } if head == USUAL_LONG_POLL);
    exchange.max_duration.is_none() && is_usual(exchange.timeout)
}

/// Timeout of a long poll of 25 seconds.
const USUAL_LONG_POLL: Duration = Duration::from_secs(35);

/// Returns the reply at the end of an exchange. The body goes to the file of the exchange, if it has one.
pub(crate) fn reply(pending: Pending) -> Reply {
    let Pending { timeout, policy, outcome, .. } = pending;
    match outcome {
        Some(Outcome::Response(response)) => receive(policy, response),
        Some(Outcome::Refused) => {
            Reply::Error(TransportError::new(TransportErrorKind::Connect, "the server of the world is down"))
        }
        Some(Outcome::TimedOut) => Reply::Error(timed_out(timeout, None).with_sent(true)),
        Some(Outcome::Cut) | None => Reply::Error(lost("the server of the world went down")),
    }
}

fn receive(policy: BodyPolicy, response: Response<Vec<u8>>) -> Reply {
    let (head, body) = response.into_parts();
    let (length, mut received) = (u64::try_from(body.len()).ok(), 0);
    match read_response(policy, head.status, length, &body[..], &mut received) {
        Ok(body) => Reply::Response(Response::from_parts(head, body)),
        Err(error) => {
            let error = downcast_transport_error(error).unwrap_or_else(lost);
            Reply::Error(error.with_sent(true).with_received(received).with_head(Response::from_parts(head, ())))
        }
    }
}

fn lost(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> TransportError {
    TransportError::new(TransportErrorKind::Disconnected, source).with_sent(true)
}
