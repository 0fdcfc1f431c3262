//! A server whose tokens expire.

use std::time::Duration;

use http::{Request, Response, header};
use teamwire_core::effect::Body;

use super::{LoginDefect, protocol::LOGIN};
use crate::{
    random::Random,
    violation::{Violation, violation},
};

#[derive(Debug)]
pub(super) struct Server {
    /// The times until which the tokens are valid. Their numbers are their positions.
    valid_until: Vec<Duration>,
    /// Minimum and maximum lifetime of a token, in milliseconds.
    lifetime_ms: (u64, u64),
    /// A new login ends the tokens before it.
    has_one_session: bool,
    /// The effects of the operations.
    pub(super) operations: Vec<Operation>,
}

/// The effects of an operation on the server.
#[derive(Debug, Default)]
pub(super) struct Operation {
    /// The keys of its requests that were performed; `None` for a request without a key.
    pub(super) performed: Vec<Option<String>>,
    /// The tokens with which it was refused, as far as the client has seen it.
    pub(super) refused: Vec<usize>,
}

impl Server {
    pub(super) fn new(operations: usize, lifetime_ms: (u64, u64), has_one_session: bool) -> Self {
        let operations = (0..operations).map(|_| Operation::default()).collect();
        Self { valid_until: Vec::new(), lifetime_ms, has_one_session, operations }
    }

    /// Ends the tokens before their time.
    pub(super) fn expire(&mut self, clock: Duration) {
        self.valid_until.iter_mut().for_each(|until| *until = clock.min(*until));
    }

    /// Handles a request of an operation. The response `is_seen` unless it is lost.
    pub(super) fn handle(
        &mut self,
        clock: Duration,
        random: &mut Random,
        operation: usize,
        request: &Request<Body>,
        is_seen: bool,
        defect: LoginDefect,
    ) -> Result<Response<Vec<u8>>, Violation> {
        let headers = request.headers();
        let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
        if request.uri().path() == LOGIN {
            if token.is_some() {
                return violation("a login has no token", || format!("{token:?}"));
            }
            if self.has_one_session {
                self.expire(clock);
            }
            let lifetime = random.millis(self.lifetime_ms.0..=self.lifetime_ms.1);
            self.valid_until.push(clock + lifetime);
            return Ok(Response::new(format!("session-token-{}", self.valid_until.len() - 1).into_bytes()));
        }
        let number =
            token.as_deref().and_then(|token| token.strip_prefix("Bearer session-token-")?.parse::<usize>().ok());
        let Some(number) = number.filter(|number| *number < self.valid_until.len()) else {
            return violation("nothing is sent without a token", || format!("operation {operation}: {token:?}"));
        };
        let number = if defect == LoginDefect::TokenNotRenewed { 0 } else { number };
        let record = &mut self.operations[operation];
        if clock >= self.valid_until[number] {
            if record.refused.contains(&number) {
                return violation("a refused token is not sent again", || format!("operation {operation}: {number}"));
            }
            record.refused.extend(Some(number).filter(|_| is_seen));
            return Ok(status(401));
        }
        let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok()).map(str::to_owned);
        if key.is_none() || !record.performed.contains(&key) {
            record.performed.push(key);
        }
        Ok(status(204))
    }
}

/// Returns a response without a body.
pub(super) fn status(status: u16) -> Response<Vec<u8>> {
    let mut response = Response::new(Vec::new());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("it is a status");
    response
}
