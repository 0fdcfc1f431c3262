//! Error responses.

use alloc::{string::String, vec::Vec};
use core::{fmt, time::Duration};

use http::StatusCode;

use super::ResponseReader;
use crate::error::{ApiError, Error, ErrorKind, Meaning, Signal};

/// An error response of the server, and its consequences.
///
/// The status, `Retry-After` and the request id are taken from the response. Texts are redacted, and cut after 1,000
/// characters.
///
/// A refusal has these consequences:
///
/// - A [transient](Self::transient) one is repeated as the retry policy says, unless that would act twice: see
///   [`Endpoint::once`](super::Endpoint::once).
/// - With the status 429, or the kind `RateLimited` and transient, all operations of the client pause.
/// - A feed ends with a refusal that is neither transient nor has a [signal](Self::signal) or an
///   [unknown code](Self::unknown_code). After any other, it polls again. After `NotFound`, it first subscribes again,
///   if it has a subscription: the chat may exist all the same.
///
/// ```
/// use serde::Deserialize;
/// use teamwire_core::{
///     ErrorKind,
///     error::Signal,
///     protocol::{Refusal, ResponseReader},
/// };
///
/// #[derive(Deserialize)]
/// struct ErrorJson {
///     code: String,
///     text: Option<String>,
/// }
///
/// fn refusal(response: &ResponseReader<'_>) -> Option<Refusal> {
///     // Anything else is not a response of the server, but for example the page of a proxy.
///     let ErrorJson { code, text } = response.deserialize().ok()?;
///     let text = text.unwrap_or_default();
///     let refusal = match code.as_str() {
///         "NO_SUCH_CHAT" | "NO_SUCH_USER" => Refusal::new(ErrorKind::NotFound),
///         "TOKEN_EXPIRED" => Refusal::new(ErrorKind::Auth).login_expired(),
///         "CURSOR_TOO_OLD" => Refusal::new(ErrorKind::Server).signal(Signal::CursorExpired),
///         "BUSY" => Refusal::new(ErrorKind::Server).transient(true),
///         "CRASHED" => Refusal::new(ErrorKind::Server).transient(true).uncertain(true),
///         _ => return Some(Refusal::new(ErrorKind::Server).unknown_code(code).message(text)),
///     };
///     Some(refusal.code(code).message(text))
/// }
/// ```
#[derive(Clone)]
#[must_use]
pub struct Refusal {
    kind: ErrorKind,
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
    invalid_members: Vec<String>,
    meaning: Meaning,
}

impl Refusal {
    /// Creates a refusal that is permanent: the server did nothing, and the same request would be refused again. `kind`
    /// is the kind that bots see. Use [`Server`](ErrorKind::Server) for codes without a kind of their own.
    pub const fn new(kind: ErrorKind) -> Self {
        Self {
            kind,
            code: None,
            message: None,
            request_id: None,
            retry_after: None,
            invalid_members: Vec::new(),
            meaning: Meaning {
                is_transient: false,
                is_uncertain: false,
                is_in_progress: false,
                is_login_expired: false,
                is_of_protocol: true,
                signal: None,
            },
        }
    }

    /// Creates a refusal of which only the status is known, as for a code that the protocol does not define: `Auth` for
    /// 401 and 403, `NotFound` for 404, `Conflict` for 409, `InvalidRequest` for 400, 413, 415 and 422, `RateLimited`
    /// for 429, and `Server` for any other. It is transient for 408, 429, and 500 or more except 501 and 505, and
    /// uncertain for 408 and 500 or more.
    pub fn by_status(status: StatusCode) -> Self {
        let kind = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => ErrorKind::Auth,
            StatusCode::NOT_FOUND => ErrorKind::NotFound,
            StatusCode::TOO_MANY_REQUESTS => ErrorKind::RateLimited,
            StatusCode::CONFLICT => ErrorKind::Conflict,
            StatusCode::BAD_REQUEST
            | StatusCode::PAYLOAD_TOO_LARGE
            | StatusCode::UNSUPPORTED_MEDIA_TYPE
            | StatusCode::UNPROCESSABLE_ENTITY => ErrorKind::InvalidRequest,
            _ => ErrorKind::Server,
        };
        Self::new(kind).transient(is_transient(status)).uncertain(is_uncertain(status))
    }

    /// Sets the server's error code, which the protocol defines. It is shown even if it looks like a credential, so it
    /// must be one of the codes that the protocol knows, not any text of the response.
    pub fn code(mut self, code: impl Into<String>) -> Self {
        self.code = Some(code.into());
        self
    }

    /// Sets an error code that the protocol does not define, such as one of a later version. It never ends a feed.
    pub fn unknown_code(mut self, code: impl Into<String>) -> Self {
        self.meaning.is_of_protocol = false;
        self.code(code)
    }

    /// Sets the server's explanation. An empty one counts as none.
    pub fn message(mut self, text: impl Into<String>) -> Self {
        self.message = Some(text.into());
        self
    }

    /// Sets the server's request id. By default it is that of the header `X-Request-Id`.
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// Sets the time after which the server accepts the request, if it says that in the body. By default it is that of
    /// the header `Retry-After`.
    pub const fn retry_after(mut self, time: Duration) -> Self {
        self.retry_after = Some(time);
        self
    }

    /// Adds the ids of the users and groups that are invalid, for [`InvalidMembers`](ErrorKind::InvalidMembers).
    pub fn invalid_members(mut self, ids: impl IntoIterator<Item = String>) -> Self {
        self.invalid_members.extend(ids);
        self
    }

    /// Sets whether the same request may succeed later. Default: `false`.
    pub const fn transient(mut self, is_transient: bool) -> Self {
        self.meaning.is_transient = is_transient;
        self
    }

    /// Sets whether the server may have performed the request all the same. Default: `false`. A request that is sent
    /// only [once](super::Endpoint::once) is not repeated after such a refusal.
    pub const fn uncertain(mut self, is_uncertain: bool) -> Self {
        self.meaning.is_uncertain = is_uncertain;
        self
    }

    /// Declares that the server is still processing an earlier request with the same idempotency key. The refusal is
    /// then transient and uncertain.
    pub const fn in_progress(mut self) -> Self {
        self.meaning.is_in_progress = true;
        self.transient(true).uncertain(true)
    }

    /// Declares that the login has expired and that the request was not performed: it is repeated after a new login,
    /// even if it is sent only [once](super::Endpoint::once). If the new token is refused in the same way, that is the
    /// operation's error, even if it is [transient](Self::transient), and the token is kept. After any other response,
    /// the login may expire again.
    ///
    /// The refusal of a request that was sent with a token is also recognised by its head alone, with an empty body, if
    /// the body was cut off.
    pub const fn login_expired(mut self) -> Self {
        self.meaning.is_login_expired = true;
        self
    }

    /// Sets the consequence for a feed or a list. Other operations ignore it.
    pub const fn signal(mut self, signal: Signal) -> Self {
        self.meaning.signal = Some(signal);
        self
    }

    pub(super) fn into_error(self, reader: &ResponseReader<'_>) -> Error {
        let Self { kind, code, message, request_id, retry_after, invalid_members, meaning } = self;
        let keep_known = |code: String| if meaning.is_of_protocol { code } else { reader.exact(code.as_bytes()) };
        ApiError {
            kind,
            status: reader.status().as_u16(),
            code: code.map(keep_known),
            message: message.filter(|text| !text.is_empty()).map(|text| reader.prose(text.as_bytes())),
            request_id: request_id.map(|id| reader.data(id.as_bytes())).or_else(|| reader.request_id()),
            retry_after: retry_after.or_else(|| reader.retry_after()),
            invalid_members: invalid_members.iter().map(|id| reader.exact(id.as_bytes())).collect(),
            excerpt: None,
            previous_outcome_unknown: false,
            not_found: None,
            meaning,
            redaction: reader.redaction(),
        }
        .into()
    }
}

impl ResponseReader<'_> {
    /// Returns the error of an operation that the server refused with a successful status.
    pub fn refused(&self, refusal: Refusal) -> Error {
        refusal.into_error(self)
    }
}

/// Returns `true` for a status after which the same request may succeed later.
pub(super) fn is_transient(status: StatusCode) -> bool {
    matches!(status.as_u16(), 408 | 429 | 500 | 502..=504 | 506..=599)
}

/// Returns `true` for a status after which the request may have been performed. Some proxies send 408 after they have
/// forwarded the complete request.
pub(super) fn is_uncertain(status: StatusCode) -> bool {
    status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT
}

/// Shows none of the server's texts, which are not redacted yet.
impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refusal").field("kind", &self.kind).field("meaning", &self.meaning).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    #[test]
    fn a_status_decides_about_an_unknown_code() {
        for (status, kind, is_transient, is_uncertain) in [
            (401, ErrorKind::Auth, false, false),
            (404, ErrorKind::NotFound, false, false),
            (408, ErrorKind::Server, true, true),
            (409, ErrorKind::Conflict, false, false),
            (410, ErrorKind::Server, false, false),
            (422, ErrorKind::InvalidRequest, false, false),
            (429, ErrorKind::RateLimited, true, false),
            (501, ErrorKind::Server, false, true),
            (503, ErrorKind::Server, true, true),
        ] {
            let refusal = Refusal::by_status(StatusCode::from_u16(status).expect("it is a status"));
            let Meaning { is_transient: transient, is_uncertain: uncertain, .. } = refusal.meaning;
            assert_eq!((refusal.kind, transient, uncertain), (kind, is_transient, is_uncertain), "{status}");
        }
    }

    #[test]
    fn debug_shows_no_text_of_the_server() {
        let refusal = Refusal::new(ErrorKind::Auth).unknown_code("s3cr3t").message("s3cr3t").request_id("s3cr3t");
        let shown = format!("{:?}", refusal.invalid_members(["s3cr3t".into()]).transient(true));
        assert!(shown.contains("Auth") && !shown.contains("s3cr3t"), "{shown}");
    }
}
