//! The head of a response, which may arrive before the request was sent.

use http::{Method, Request, Response, StatusCode, Uri};
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
    head: Response<()>,
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
    pub(super) fn proceed(self) -> Result<(Response<()>, BodyMode, bool), TransportError> {
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

/// Parses the whole head of a final response to this request.
fn read_head(request: Stub, bytes: &[u8]) -> Result<ReceivedHead, TransportError> {
    let parsed = match request {
        Stub::Connect => ParsedHead::parse_of_tunnel(bytes)?,
        Stub::Head | Stub::Other => ParsedHead::parse(bytes)?,
    };
    let Some(parsed) = parsed else {
        return Err(not_http("the response has no status line of version HTTP/1.0 or 1.1"));
    };
    let (mut head, mode) = match usual_framing(request, &parsed) {
        Some(usual) => usual,
        None => framing(request, &parsed)?,
    };
    *head.headers_mut() = parsed.headers;
    let switches = head.status() == StatusCode::SWITCHING_PROTOCOLS;
    let is_unambiguous = parsed.framing.is_unambiguous && mode != BodyMode::CloseDelimited;
    Ok(ReceivedHead { head, mode, allows_reuse: is_unambiguous && !parsed.closes_connection && !switches })
}

/// Returns the head, without its fields, and the framing of a response to this request. `ureq_proto` sees only the part
/// that delimits the response.
fn framing(request: Stub, parsed: &ParsedHead) -> Result<(Response<()>, BodyMode), TransportError> {
    let mut call = request.sent()?;
    let (_, head) = call.try_response(parsed.for_library().as_bytes(), false).map_err(not_http)?;
    let (head, next) = head.zip(call.proceed()).ok_or_else(|| not_http("its head has no end"))?;
    let mode = match next {
        RecvResponseResult::RecvBody(call) => call.body_mode(),
        RecvResponseResult::Cleanup(_) | RecvResponseResult::Redirect(_) => BodyMode::NoBody,
    };
    Ok((head, mode))
}

/// Returns the same as [`framing`] for most responses: those of HTTP/1.1 with a body of a known length. `ureq_proto`
/// would take longer than the rest of the head.
fn usual_framing(request: Stub, parsed: &ParsedHead) -> Option<(Response<()>, BodyMode)> {
    let has_body = matches!(request, Stub::Other) && matches!(parsed.status, 200..=203 | 206..=299 | 400..=599);
    let is_usual = has_body && !parsed.is_old && !parsed.framing.is_chunked;
    let length = parsed.length.filter(|length| is_usual && *length > 0)?;
    let mut head = Response::new(());
    *head.status_mut() = StatusCode::from_u16(parsed.status).ok()?;
    Some((head, BodyMode::LengthDelimited(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_framing_is_that_of_the_library() {
        let fields = ["", "content-length: 7\r\n", "content-length: 0\r\n", "content-length: 7, 7\r\n"];
        let others = ["", "transfer-encoding: chunked\r\n", "connection: close\r\n", "connection: keep-alive\r\n"];
        let (mut usual, mut all) = (0, 0);
        for status in 102..1000 {
            for (version, field, other) in ["HTTP/1.0", "HTTP/1.1"].into_iter().flat_map(|version| {
                fields.into_iter().flat_map(move |field| others.into_iter().map(move |other| (version, field, other)))
            }) {
                let head = format!("{version} {status}\r\n{field}{other}\r\n");
                // A response of HTTP/1.0 that is chunked is rejected.
                let Ok(Some(parsed)) = ParsedHead::parse(head.as_bytes()) else { continue };
                for request in [Stub::Head, Stub::Connect, Stub::Other] {
                    all += 1;
                    let Some((found, mode)) = usual_framing(request, &parsed) else { continue };
                    usual += 1;
                    let (expected, expected_mode) = framing(request, &parsed).expect("the head is valid");
                    assert_eq!((found.status(), mode), (expected.status(), expected_mode), "{head:?}");
                    assert_eq!(found.version(), expected.version(), "{head:?}");
                }
            }
        }
        assert!(usual > 1_000 && all > 10 * usual, "{usual} of {all}");
    }
}
