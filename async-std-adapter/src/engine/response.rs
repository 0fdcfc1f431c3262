//! The head of a response, which may arrive before the request was sent.

use http::{Method, Request, StatusCode, Uri};
use teamwire_core::effect::{TransportError, TransportErrorKind};
use teamwire_std::http1::{Head, LineBreaks, MAX_INTERIM, ParsedHead, next_head};
use ureq_proto::{
    BodyMode,
    client::{Call, RecvResponseResult, SendRequestResult, state::RecvResponse},
};

use super::{errors::not_http, input::Input};

/// A response that has not arrived yet.
pub(super) struct PendingResponse {
    request: Stub,
    line_breaks: LineBreaks,
    /// Number of interim responses (1xx).
    interim: usize,
    /// Number of unread bytes that are known not to hold a whole head.
    incomplete: usize,
    /// The server has sent `100 Continue`.
    got_continue: bool,
    head: Option<ReceivedHead>,
}

/// The part of a request that the framing of its response depends on.
#[derive(Clone, Copy)]
enum Stub {
    Head,
    Connect,
    Other,
}

/// The head of a final response.
struct ReceivedHead {
    head: http::Response<()>,
    mode: BodyMode,
    /// The end of the response is unambiguous, and is not the end of the connection.
    allows_reuse: bool,
}

impl PendingResponse {
    /// Creates the response to a request with this method.
    pub(super) fn new(method: &Method) -> Self {
        let request = match *method {
            Method::HEAD => Stub::Head,
            Method::CONNECT => Stub::Connect,
            _ => Stub::Other,
        };
        Self { request, line_breaks: LineBreaks::default(), interim: 0, incomplete: 0, got_continue: false, head: None }
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
                    self.head = Some(read_head(self.request, &input.unread()[..length])?);
                    length
                }
                Head::Incomplete if self.incomplete == 0 => {
                    // Only the first line is checked, as lines are unfolded only in a whole head.
                    let first_line = input.unread().split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
                    self.request.sent()?.try_response(first_line, false).map_err(not_http)?;
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
        let ReceivedHead { head, mode, allows_reuse } = self.head.ok_or_else(|| not_http("its head has no end"))?;
        Ok((head, mode, allows_reuse))
    }
}

impl Stub {
    /// Returns the state of `ureq_proto` once this request was sent. It gets nothing else of the request, as it logs
    /// all that it gets.
    fn sent(self) -> Result<Call<RecvResponse>, TransportError> {
        let mut request = Request::new(());
        match self {
            Self::Head => *request.method_mut() = Method::HEAD,
            Self::Connect => {
                *request.method_mut() = Method::CONNECT;
                *request.uri_mut() = Uri::from_static("stub:1");
            }
            Self::Other => {}
        }
        let mut call = Call::new(request).map_err(not_http)?.proceed();
        call.write(&mut [0; 64]).map_err(not_http)?;
        match call.proceed().map_err(not_http)? {
            Some(SendRequestResult::RecvResponse(call)) => Ok(call),
            _ => Err(not_http("the request has no end")),
        }
    }
}

/// Parses the whole head of a final response to this request. `ureq_proto` sees only the part that delimits the
/// response.
fn read_head(request: Stub, bytes: &[u8]) -> Result<ReceivedHead, TransportError> {
    let Some(parsed) = ParsedHead::parse(bytes)? else {
        return Err(not_http("the response has no status line of version HTTP/1.0 or 1.1"));
    };
    let mut call = request.sent()?;
    let (_, head) = call.try_response(parsed.for_library().as_bytes(), false).map_err(not_http)?;
    let (mut head, next) = head.zip(call.proceed()).ok_or_else(|| not_http("its head has no end"))?;
    *head.headers_mut() = parsed.headers;
    let mode = match next {
        RecvResponseResult::RecvBody(call) => call.body_mode(),
        RecvResponseResult::Cleanup(_) | RecvResponseResult::Redirect(_) => BodyMode::NoBody,
    };
    let switches = head.status() == StatusCode::SWITCHING_PROTOCOLS;
    let is_unambiguous = parsed.framing.is_unambiguous && mode != BodyMode::CloseDelimited;
    Ok(ReceivedHead { head, mode, allows_reuse: is_unambiguous && !parsed.closes_connection && !switches })
}
