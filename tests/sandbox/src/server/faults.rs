//! A bad day, on request.

use std::{fmt, time::Duration};

use http::{HeaderMap, Method, StatusCode, Uri, request::Parts};

/// What goes wrong with a request. Times are by the sandbox's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The request waits this long before anything is done with it; then all goes well.
    Delay(Duration),
    /// It is carried out at once, but answered only after this long. Until then its idempotency key is in progress.
    Slow(Duration),
    /// A problem with this status is answered, and nothing done.
    Status {
        /// The status.
        status: StatusCode,
        /// `Retry-After`, in seconds.
        retry_after: Option<u64>,
    },
    /// This well-formed answer is given, and nothing done.
    Response {
        /// The status.
        status: StatusCode,
        /// Headers, as they are. `Content-Length` is added.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// These exact bytes are written in place of an answer, head included; then the connection is closed. Nothing is
    /// done.
    Raw(Vec<u8>),
    /// As [`Raw`](Self::Raw), but the connection stays open and nothing more comes.
    RawThenHang(Vec<u8>),
    /// The connection is closed before anything is done.
    CutBefore,
    /// The connection is closed once so many bytes of the request's body have arrived, and nothing is done.
    CutRequest {
        /// Bytes of the body that are read.
        after_bytes: u64,
    },
    /// The request is carried out, and the connection closed in place of an answer.
    CutAfter,
    /// The request is carried out, and its answer cut off after so many bytes of the body; `Content-Length` announces
    /// all of it.
    CutBody {
        /// Bytes of the body that are sent.
        after_bytes: u64,
    },
    /// Nothing is done, and nothing answered, until the client gives up.
    NoResponse,
    /// The request is carried out, and nothing answered, until the client gives up.
    NoResponseAfter,
}

impl Fault {
    /// A status without more: `Fault::status(503)`.
    ///
    /// A number that is no status becomes 500.
    pub fn status(status: u16) -> Self {
        Self::Status { status: status_code(status), retry_after: None }
    }

    /// A status that says when to come again: `Fault::status_retry_after(429, 2)`.
    pub fn status_retry_after(status: u16, seconds: u64) -> Self {
        Self::Status { status: status_code(status), retry_after: Some(seconds) }
    }

    /// An answer with this status, `Content-Type` and body.
    pub fn response(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self::Response { status: status_code(status), headers, body: body.into() }
    }

    /// Exact bytes: `Fault::raw("HTTP/1.1 204 No Content\r\n\r\n")`.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Raw(bytes.into())
    }

    /// Its name, for the transcript.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Delay(_) => "delay",
            Self::Slow(_) => "slow",
            Self::Status { .. } => "status",
            Self::Response { .. } => "response",
            Self::Raw(_) => "raw",
            Self::RawThenHang(_) => "raw then hang",
            Self::CutBefore => "cut before",
            Self::CutRequest { .. } => "cut request",
            Self::CutAfter => "cut after",
            Self::CutBody { .. } => "cut body",
            Self::NoResponse => "no response",
            Self::NoResponseAfter => "no response after",
        }
    }
}

fn status_code(number: u16) -> StatusCode {
    StatusCode::from_u16(number).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

/// The head of a request, as a rule's condition sees it.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'r> {
    /// The method.
    pub method: &'r Method,
    /// Path and query.
    pub uri: &'r Uri,
    /// The headers. `Authorization` is marked sensitive, so that it is not printed.
    pub headers: &'r HeaderMap,
}

type Condition = Box<dyn Fn(&RequestHead<'_>) -> bool + Send>;

/// Which requests a fault befalls: the next one, unless told otherwise.
///
/// ```
/// use teamwire_sandbox::{Fault, Rule};
///
/// // Two posts in a row are carried out and never answered.
/// let lost = Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/messages").times(2);
/// // Nobody gets at a user for as long as the rule stands.
/// let down = Rule::new(Fault::status(503)).under("/v1/users").always();
/// ```
pub struct Rule {
    fault: Fault,
    method: Option<String>,
    path: Option<Vec<String>>,
    prefix: Option<String>,
    condition: Option<Condition>,
    skip: u32,
    /// How often it still applies; `None`: always.
    times: Option<u32>,
}

impl Rule {
    /// This fault for the next request, whichever it is.
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, path: None, prefix: None, condition: None, skip: 0, times: Some(1) }
    }

    /// Only for requests with this method and this path. A segment `*` stands for any one segment.
    pub fn on(mut self, method: &str, path: &str) -> Self {
        self.method = Some(method.to_owned());
        self.path = Some(path.split('/').map(str::to_owned).collect());
        self
    }

    /// Only for requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Only for requests whose path begins so.
    pub fn under(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Only for requests of which this is true.
    pub fn when(mut self, condition: impl Fn(&RequestHead<'_>) -> bool + Send + 'static) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// Lets so many requests that it fits pass before it begins.
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// For so many requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// For every request that it fits, until the rules are cleared.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    pub(super) fn is_spent(&self) -> bool {
        self.times == Some(0)
    }

    /// How often it still applies, if that is known.
    pub(super) fn remaining(&self) -> u32 {
        self.times.unwrap_or(0)
    }

    fn matches(&self, head: &RequestHead<'_>) -> bool {
        let path = head.uri.path();
        let matches_path = |pattern: &Vec<String>| {
            let segments: Vec<_> = path.split('/').collect();
            let same = |(expected, segment): (&String, &&str)| expected == "*" || expected == segment;
            pattern.len() == segments.len() && pattern.iter().zip(&segments).all(same)
        };
        self.method.as_ref().is_none_or(|method| method == head.method.as_str())
            && self.path.as_ref().is_none_or(matches_path)
            && self.prefix.as_ref().is_none_or(|prefix| path.starts_with(prefix.as_str()))
            && self.condition.as_ref().is_none_or(|condition| condition(head))
    }

    /// The fault, if this request is one that it befalls.
    pub(super) fn apply(&mut self, parts: &Parts) -> Option<Fault> {
        let head = RequestHead { method: &parts.method, uri: &parts.uri, headers: &parts.headers };
        if self.is_spent() || !self.matches(&head) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        self.times = self.times.map(|times| times - 1);
        Some(self.fault.clone())
    }
}

impl From<Fault> for Rule {
    fn from(fault: Fault) -> Self {
        Self::new(fault)
    }
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule")
            .field("fault", &self.fault.name())
            .field("method", &self.method)
            .field("path", &self.path.as_ref().map(|path| path.join("/")))
            .field("times", &self.times)
            .finish_non_exhaustive()
    }
}
