//! Faults and the rules that select their requests.

use std::{fmt, time::Duration};

use http::{HeaderMap, Method, StatusCode, Uri, request::Parts};

/// A fault to inject into a request. Durations are measured by the sandbox's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Delays the request before it is processed normally.
    Delay(Duration),
    /// Executes the request at once but delays the response. Until then its idempotency key is in progress.
    Slow(Duration),
    /// Responds with a problem of this status, without executing the request.
    Status {
        /// The status.
        status: StatusCode,
        /// `Retry-After` in seconds.
        retry_after: Option<u64>,
    },
    /// Responds with this well-formed response, without executing the request.
    Response {
        /// The status.
        status: StatusCode,
        /// The headers, sent unchanged. `Content-Length` is added.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Writes these bytes instead of a response, including the head, and closes the connection without executing the
    /// request.
    Raw(Vec<u8>),
    /// Same as [`Raw`](Self::Raw), but keeps the connection open without sending more.
    RawThenHang(Vec<u8>),
    /// Closes the connection without executing the request.
    CutBefore,
    /// Closes the connection after this many bytes of the request's body, without executing the request.
    CutRequest {
        /// Bytes of the body to read.
        after_bytes: u64,
    },
    /// Executes the request and closes the connection without a response.
    CutAfter,
    /// Executes the request and closes the connection after this many bytes of the response's body. `Content-Length` is
    /// that of the whole body.
    CutBody {
        /// Bytes of the body to send.
        after_bytes: u64,
    },
    /// Neither executes the request nor responds, until the client gives up.
    NoResponse,
    /// Executes the request but does not respond, until the client gives up.
    NoResponseAfter,
}

impl Fault {
    /// A problem without `Retry-After`: `Fault::status(503)`.
    ///
    /// An invalid status becomes 500.
    pub fn status(status: u16) -> Self {
        Self::Status { status: status_code(status), retry_after: None }
    }

    /// A problem with `Retry-After`: `Fault::status_retry_after(429, 2)`.
    pub fn status_retry_after(status: u16, seconds: u64) -> Self {
        Self::Status { status: status_code(status), retry_after: Some(seconds) }
    }

    /// A response with this status, `Content-Type` and body.
    pub fn response(status: u16, media_type: &str, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type".to_owned(), media_type.to_owned())];
        Self::Response { status: status_code(status), headers, body: body.into() }
    }

    /// Raw bytes: `Fault::raw("HTTP/1.1 204 No Content\r
    /// \r
    /// ")`.
    pub fn raw(bytes: impl Into<Vec<u8>>) -> Self {
        Self::Raw(bytes.into())
    }

    /// The name used in the transcript.
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

/// The head of a request, as passed to a rule's condition.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'r> {
    /// The method.
    pub method: &'r Method,
    /// Path and query.
    pub uri: &'r Uri,
    /// The headers. `Authorization` is marked as sensitive, so that it is not printed.
    pub headers: &'r HeaderMap,
}

type Condition = Box<dyn Fn(&RequestHead<'_>) -> bool + Send>;

/// A fault and the requests it applies to; by default the next request.
///
/// ```
/// use teamwire_sandbox::{Fault, Rule};
///
/// // Two posts in a row are executed but get no response.
/// let lost = Rule::new(Fault::CutAfter).on("POST", "/v1/chats/*/messages").times(2);
/// // Users cannot be read until the rules are cleared.
/// let down = Rule::new(Fault::status(503)).under("/v1/users").always();
/// ```
pub struct Rule {
    fault: Fault,
    method: Option<String>,
    path: Option<Vec<String>>,
    prefix: Option<String>,
    condition: Option<Condition>,
    skip: u32,
    /// The number of requests it will still apply to; `None` if unlimited.
    times: Option<u32>,
}

impl Rule {
    /// Creates a rule that applies this fault to the next request.
    pub fn new(fault: Fault) -> Self {
        Self { fault, method: None, path: None, prefix: None, condition: None, skip: 0, times: Some(1) }
    }

    /// Limits the rule to requests with this method and path. A segment `*` matches any one segment.
    pub fn on(self, method: &str, path: &str) -> Self {
        self.method(method).path(path)
    }

    /// Limits the rule to requests with this path. A segment `*` matches any one segment.
    pub fn path(mut self, path: &str) -> Self {
        self.path = Some(path.split('/').map(str::to_owned).collect());
        self
    }

    /// Limits the rule to requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_owned());
        self
    }

    /// Limits the rule to requests whose path starts with `prefix`.
    pub fn under(mut self, prefix: &str) -> Self {
        self.prefix = Some(prefix.to_owned());
        self
    }

    /// Limits the rule to requests that satisfy `condition`.
    pub fn when(mut self, condition: impl Fn(&RequestHead<'_>) -> bool + Send + 'static) -> Self {
        self.condition = Some(Box::new(condition));
        self
    }

    /// Skips this many matching requests first.
    pub fn after(mut self, requests: u32) -> Self {
        self.skip = requests;
        self
    }

    /// Applies the rule to this many requests; by default one.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Applies the rule to every matching request, until the rules are cleared.
    pub fn always(mut self) -> Self {
        self.times = None;
        self
    }

    pub(super) fn is_spent(&self) -> bool {
        self.times == Some(0)
    }

    /// The number of requests it will still apply to; 0 if unlimited.
    pub(super) fn remaining(&self) -> u32 {
        self.times.unwrap_or(0)
    }

    /// A description of the rule in its current state.
    pub(super) fn armed(&self, id: u64) -> ArmedRule {
        ArmedRule {
            id,
            fault: self.fault.clone(),
            method: self.method.clone(),
            path: self.path.as_ref().map(|path| path.join("/")),
            under: self.prefix.clone(),
            has_condition: self.condition.is_some(),
            skip: self.skip,
            times: self.times,
        }
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

    /// Returns the fault if the rule applies to this request, and counts the request.
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

/// A rule that may still apply, returned by [`Faults::list`](crate::Faults::list).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ArmedRule {
    /// The id, by which it can be [removed](crate::Faults::remove).
    pub id: u64,
    /// The fault.
    pub fault: Fault,
    /// The method that it is limited to, if any.
    pub method: Option<String>,
    /// The path that it is limited to, if any; a segment `*` matches any one segment.
    pub path: Option<String>,
    /// The prefix of paths that it is limited to, if any.
    pub under: Option<String>,
    /// True if it is limited by a [condition](Rule::when).
    pub has_condition: bool,
    /// The number of matching requests that it still skips.
    pub skip: u32,
    /// The number of requests that it will still apply to; `None` if unlimited.
    pub times: Option<u32>,
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
