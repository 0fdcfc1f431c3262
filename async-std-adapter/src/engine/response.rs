//! The head of a response, which may arrive as soon as the request begins to leave.

use http::{HeaderValue, Version, header};
use teamwire_core::{Fault, FaultKind};
use teamwire_std::http1::{Framing, Head, MAX_INTERIM, next_head};
use ureq_proto::{
    Error as ProtocolError,
    client::{Call, MAX_RESPONSE_HEADERS, RecvResponseResult, state::RecvResponse},
};

use super::{faults::not_http, input::Input};

/// A response that has not arrived yet.
pub(super) struct PendingResponse {
    call: Call<RecvResponse>,
    /// Number of interim responses (1xx).
    interim: usize,
    /// Number of bytes that were read and do not hold a whole head.
    incomplete: usize,
    /// The server asked for the body that was announced (100).
    got_continue: bool,
    head: Option<http::Response<()>>,
}

impl PendingResponse {
    pub(super) const fn new(call: Call<RecvResponse>) -> Self {
        Self { call, interim: 0, incomplete: 0, got_continue: false, head: None }
    }

    /// Reads what has arrived. Returns whether the head of the final response is complete.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<bool, Fault> {
        // The usual head arrives whole, and needs no repair: the status is not 1xx, and the library can read it as it is.
        let is_final = input.unread().get(b"HTTP/1.1 ".len()).is_some_and(|digit| *digit != b'1');
        if self.head.is_none()
            && self.incomplete == 0
            && is_final
            && let Ok((used, Some(head))) = self.call.try_response(input.unread(), false)
        {
            input.consume(used);
            self.head = Some(head);
        }
        while self.head.is_none() && !input.is_empty() {
            // A head ends with a line, so bytes of which none ends a line need no look at those before.
            let is_known = self.incomplete > 0 && !input.unread()[self.incomplete..].contains(&b'\n');
            let head = if is_known { Head::Incomplete } else { next_head(input.unread_mut()) };
            let used = match head {
                Head::Interim { length, continues } => {
                    self.got_continue |= continues;
                    length
                }
                Head::Final { .. } => {
                    let (used, head) = self.call.try_response(input.unread(), false).map_err(unreadable)?;
                    self.head = head;
                    used
                }
                Head::Incomplete if self.incomplete == 0 => {
                    // Of the first line alone, as folded lines are unfolded in a whole head only.
                    let first_line = input.unread().split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
                    self.call.try_response(first_line, false).map_err(unreadable)?;
                    0
                }
                Head::Incomplete => 0,
            };
            input.consume(used);
            match used {
                0 if input.is_full() => {
                    return Err(Fault::new(FaultKind::TooLarge, "the head alone is longer than 64 KB"));
                }
                0 => {
                    self.incomplete = input.unread().len();
                    break;
                }
                _ => self.incomplete = 0,
            }
            self.interim += usize::from(self.head.is_none());
            if self.interim > MAX_INTERIM {
                return Err(not_http("interim responses (1xx), and no end of them"));
            }
        }
        Ok(self.head.is_some())
    }

    /// Returns whether the server has asked for the body (100). No other interim response does.
    pub(super) const fn got_continue(&self) -> bool {
        self.got_continue
    }

    /// Returns the head of the final response, and the next state of the protocol.
    pub(super) fn proceed(self) -> Result<(http::Response<()>, RecvResponseResult), Fault> {
        self.head.zip(self.call.proceed()).ok_or_else(|| not_http("its head has no end"))
    }
}

/// Returns the framing of the body.
///
/// # Errors
///
/// Those of [`Framing::of`].
pub(super) fn framing(head: &http::Response<()>) -> Result<Framing, Fault> {
    let headers = head.headers();
    let (is_old, has_length) = (head.version() < Version::HTTP_11, headers.contains_key(header::CONTENT_LENGTH));
    let values = headers.get_all(header::TRANSFER_ENCODING).iter().map(HeaderValue::as_bytes);
    Framing::of(is_old, head.status().as_u16(), values, has_length)
}

fn unreadable(error: ProtocolError) -> Fault {
    match error {
        ProtocolError::HttpParseTooManyHeaders => not_http(format!("more than {MAX_RESPONSE_HEADERS} header fields")),
        error => not_http(error),
    }
}
