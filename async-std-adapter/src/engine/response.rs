//! The head of a response, which may arrive before the request was sent.

use http::StatusCode;
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::http1::{Head, LineBreaks, MAX_INTERIM, ParsedHead, next_head};
use ureq_proto::{
    BodyMode,
    client::{Call, RecvResponseResult, state::RecvResponse},
};

use super::{errors::not_http, input::Input};

/// A response that has not arrived yet.
pub(super) struct PendingResponse {
    call: Call<RecvResponse>,
    line_breaks: LineBreaks,
    /// Number of interim responses (1xx).
    interim: usize,
    /// Number of unread bytes that are known not to hold a whole head.
    incomplete: usize,
    /// The server has sent `100 Continue`.
    got_continue: bool,
    head: Option<ReceivedHead>,
}

/// The head of a final response.
struct ReceivedHead {
    head: http::Response<()>,
    /// The end of the response is unambiguous, and is not the end of the connection.
    allows_reuse: bool,
}

impl PendingResponse {
    pub(super) fn new(call: Call<RecvResponse>) -> Self {
        Self { call, line_breaks: LineBreaks::default(), interim: 0, incomplete: 0, got_continue: false, head: None }
    }

    /// Parses the bytes that have arrived. Returns whether the head of the final response is complete.
    pub(super) fn read(&mut self, input: &mut Input) -> Result<bool, TransportError> {
        while self.head.is_none() {
            input.consume(self.line_breaks.skip(input.unread())?);
            if input.is_empty() {
                break;
            }
            // A head ends with a line, so it need not be searched again without another end of a line.
            let is_known = self.incomplete > 0 && !input.unread()[self.incomplete..].contains(&b'\n');
            let head = if is_known { Head::Incomplete } else { next_head(input.unread_mut()) };
            let used = match head {
                Head::Interim { length, continues } => {
                    self.got_continue |= continues;
                    length
                }
                Head::Final { length, .. } => {
                    self.head = Some(read_head(&mut self.call, &input.unread()[..length])?);
                    length
                }
                Head::Incomplete if self.incomplete == 0 => {
                    // Only the first line is checked, as lines are unfolded only in a whole head.
                    let first_line = input.unread().split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
                    self.call.try_response(first_line, false).map_err(not_http)?;
                    0
                }
                Head::Incomplete => 0,
            };
            input.consume(used);
            match used {
                0 if input.is_full() => {
                    return Err(TransportError::new(
                        TransportErrorKind::TooLarge,
                        "the head alone is longer than 64 KB",
                    ));
                }
                0 => {
                    self.incomplete = input.unread().len();
                    break;
                }
                _ => self.incomplete = 0,
            }
            self.interim += usize::from(self.head.is_none());
            if self.interim > MAX_INTERIM {
                return Err(not_http("too many interim responses (1xx)"));
            }
        }
        Ok(self.head.is_some())
    }

    /// Returns whether the server has sent `100 Continue`.
    pub(super) const fn got_continue(&self) -> bool {
        self.got_continue
    }

    /// Returns the head of the final response, the framing of its body, and whether the connection can be reused.
    pub(super) fn proceed(self) -> Result<(http::Response<()>, BodyMode, bool), TransportError> {
        let received = self.head.zip(self.call.proceed());
        let (ReceivedHead { head, allows_reuse }, next) = received.ok_or_else(|| not_http("its head has no end"))?;
        let mode = match next {
            RecvResponseResult::RecvBody(call) => call.body_mode(),
            RecvResponseResult::Cleanup(_) | RecvResponseResult::Redirect(_) => BodyMode::NoBody,
        };
        Ok((head, mode, allows_reuse && mode != BodyMode::CloseDelimited))
    }
}

/// Parses the whole head of a final response. `ureq_proto` sees only the part that delimits the response.
fn read_head(call: &mut Call<RecvResponse>, bytes: &[u8]) -> Result<ReceivedHead, TransportError> {
    let Some(parsed) = ParsedHead::parse(bytes)? else {
        return Err(not_http("the response has no status line of version HTTP/1.0 or 1.1"));
    };
    let (_, head) = call.try_response(parsed.for_library.as_bytes(), false).map_err(not_http)?;
    let mut head = head.ok_or_else(|| not_http("its head has no end"))?;
    *head.headers_mut() = parsed.headers;
    let switches = head.status() == StatusCode::SWITCHING_PROTOCOLS;
    let allows_reuse = !parsed.closes_connection && parsed.framing.is_unambiguous && !switches;
    Ok(ReceivedHead { head, allows_reuse })
}
