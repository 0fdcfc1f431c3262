//! One route of the contract as a value: path, body, timeout, and the decoding of the response.

use alloc::{
    format,
    string::{String, ToString},
    sync::Arc,
};
use core::{fmt, time::Duration};

use chrono::{DateTime, Utc};
use http::{HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;
use url::Url;

use super::{
    content::{ExpectedContent, content_coding},
    page::Page,
    response::ResponseReader,
    route::Route,
    v1::{idempotency_key, json::Decode, problem},
};
use crate::{
    config::{Credentials, Limits, Timeouts},
    effect::{Body, Now, Progress, Response, Timeout},
    error::{ApiError, Error, ErrorKind, UnexpectedResponse},
};

const JSON: &str = "application/json";

/// A request of the contract and the decoding of its response.
#[derive(Clone)]
pub(crate) struct Endpoint<T> {
    request: RequestParts,
    parse: fn(&mut ResponseReader<'_>) -> Result<T, UnexpectedResponse>,
    /// Converts an error response, usually to an error.
    on_rejection: fn(ApiError) -> Result<T, Error>,
}

/// The part of an endpoint that does not depend on the type of its output.
#[derive(Clone)]
struct RequestParts {
    method: Method,
    route: Route,
    content: Option<Content>,
    progress: Option<Progress>,
    /// Idempotency key given by the caller.
    key: Option<String>,
    class: TimeoutClass,
    /// Maximum size of the response; `None` for the one of JSON.
    limit: Option<fn(&Limits) -> u64>,
    accept: &'static str,
    /// Expected content; `None` for JSON.
    expected_content: Option<Arc<ExpectedContent>>,
}

/// A value from a response and the `Date` of the response. A response replayed for an idempotency key may contain a
/// much older value.
#[derive(Clone, Debug)]
pub(crate) struct Dated<T> {
    pub(crate) value: T,
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

/// The part of the content that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    All,
    /// The rest of a partially downloaded file.
    Rest,
}

/// A request body and its headers.
#[derive(Clone, Debug)]
struct Content {
    body: Body,
    media_type: HeaderValue,
    /// The `Content-Disposition` of a file.
    disposition: Option<HeaderValue>,
}

/// The timeout that applies to an endpoint.
#[derive(Clone, Copy, Debug)]
enum TimeoutClass {
    Default,
    Listing,
    Transfer,
    /// The server waits this long for an event.
    LongPoll(Duration),
    Short,
}

/// Time for the response to a long poll, in addition to the server's wait.
const LONG_POLL_GRACE: Duration = Duration::from_secs(10);
/// Timeout of best-effort requests.
const SHORT_TIMEOUT: Duration = Duration::from_millis(700);

impl<T> Endpoint<T> {
    fn new(method: Method, route: Route) -> Endpoint<()> {
        let request = RequestParts {
            method,
            route,
            content: None,
            progress: None,
            key: None,
            class: TimeoutClass::Default,
            limit: None,
            accept: JSON,
            expected_content: None,
        };
        Endpoint { request, parse: |reader| reader.empty(), on_rejection: |error| Err(Error::Api(error.into())) }
    }

    /// Sets a JSON body.
    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        let json = serde_json::to_vec(body).expect("the contract's own structs have string keys only");
        self.request.content = Some(Content {
            body: Body::Bytes(Arc::new(json)),
            media_type: HeaderValue::from_static(JSON),
            disposition: None,
        });
        self
    }

    /// Sets a body of bytes or of a file, and the transfer timeout.
    pub(super) fn with_body(mut self, body: Body, media_type: HeaderValue, disposition: Option<HeaderValue>) -> Self {
        self.request.content = Some(Content { body, media_type, disposition });
        self.transfer_timeout()
    }

    /// Uses the transfer timeout, which limits only idle time.
    pub(super) fn transfer_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Transfer;
        self
    }

    /// Uses the timeout of a long poll of this duration.
    pub(super) fn long_poll(mut self, wait: Duration) -> Self {
        self.request.class = TimeoutClass::LongPoll(wait);
        self
    }

    /// Uses a short timeout.
    pub(super) fn short_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Short;
        self
    }

    /// Sets the progress observer.
    pub(super) fn with_progress(mut self, progress: Option<Progress>) -> Self {
        self.request.progress = progress;
        self
    }

    /// Sets the maximum size of the response, in bytes.
    pub(super) fn with_limit(mut self, limit: fn(&Limits) -> u64) -> Self {
        self.request.limit = Some(limit);
        self
    }

    /// Uses the timeout of contacts and lists of chats.
    pub(super) fn listing_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Listing;
        self
    }

    /// Uses the caller's idempotency key, if any, instead of a new one.
    pub(super) fn with_idempotency_key(self, key: Option<&str>) -> Result<Self, Error> {
        key.map(idempotency_key::check).transpose()?;
        Ok(self.with_key(key.map(Into::into)))
    }

    /// Same as [`with_idempotency_key`](Self::with_idempotency_key), for a derived key.
    pub(super) fn with_key(mut self, key: Option<String>) -> Self {
        self.request.key = key;
        self
    }

    /// Returns the idempotency key for all attempts of an operation: the given one, or a new one from `new`. `None`
    /// for a request that only reads. Idempotent methods have one, too: a delayed attempt would undo a newer change.
    pub(crate) fn key(&self, new: impl FnOnce() -> String) -> Option<String> {
        (!self.request.method.is_safe()).then(|| self.request.key.clone().unwrap_or_else(new))
    }

    pub(crate) fn request(&self, base: &Url) -> Request<Body> {
        let mut request = Request::new(Body::Empty);
        *request.method_mut() = self.request.method.clone();
        *request.uri_mut() = self.request.route.uri(base);
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, HeaderValue::from_static(self.request.accept));
        if let Some(content) = &self.request.content {
            headers.insert(header::CONTENT_TYPE, content.media_type.clone());
            if let Some(disposition) = &content.disposition {
                headers.insert(header::CONTENT_DISPOSITION, disposition.clone());
            }
            *request.body_mut() = content.body.clone();
        }
        request
    }

    /// Returns the progress observer, if there is one.
    pub(crate) fn progress(&self) -> Option<Progress> {
        self.request.progress.clone()
    }

    pub(crate) fn timeout(&self, timeouts: &Timeouts) -> Timeout {
        match self.request.class {
            TimeoutClass::Default => Timeout::Total(timeouts.request),
            TimeoutClass::Listing => Timeout::Total(timeouts.listing),
            TimeoutClass::Transfer => Timeout::Idle(timeouts.transfer_idle),
            TimeoutClass::LongPoll(wait) => Timeout::LongPoll { head: wait + LONG_POLL_GRACE, idle: timeouts.request },
            TimeoutClass::Short => Timeout::Total(timeouts.request.min(SHORT_TIMEOUT)),
        }
    }

    /// Returns `true` for a request with a short timeout, which is never queued.
    pub(crate) const fn has_short_timeout(&self) -> bool {
        matches!(self.request.class, TimeoutClass::Short)
    }

    pub(crate) fn limit(&self, limits: &Limits) -> u64 {
        self.request.limit.map_or(limits.max_response_size, |limit| limit(limits))
    }

    /// Decodes the response. Credentials that the server echoes are redacted from texts.
    pub(crate) fn parse(
        &self,
        response: Response,
        range: Range,
        now: Now,
        credentials: &Credentials,
    ) -> Result<T, Error> {
        // The coding of an empty body does not matter.
        let is_empty = self.request.expected_content.is_none() && response.body().is_empty();
        let head_check = if is_empty { Ok(()) } else { self.check_head(&response, range) };
        let mut reader = ResponseReader::new(response, self.request.expected_content.as_deref(), credentials);
        if reader.response().status().is_success() {
            let parsed = match head_check {
                Ok(()) => (self.parse)(&mut reader),
                Err(reason) => Err(reader.unexpected(&reason, None)),
            };
            return parsed.map_err(|unexpected| Error::UnexpectedResponse(unexpected.into()));
        }
        (self.on_rejection)(problem::api_error(&reader, now)?)
    }

    /// Checks the head of a successful response. Error responses are accepted with any head.
    pub(crate) fn check_head<B>(&self, head: &http::Response<B>, range: Range) -> Result<(), String> {
        let status = head.status();
        if !status.is_success() {
            return Ok(());
        }
        if let Some(coding) = content_coding(head.headers()) {
            return Err(format!("the body has the content coding {coding:?}, which was not requested"));
        }
        // Complete JSON is accepted with any successful status.
        let Some(expected_content) = &self.request.expected_content else { return Ok(()) };
        if status == StatusCode::PARTIAL_CONTENT && range == Range::All {
            return Err("received part of the content, although all of it was requested".into());
        }
        expected_content.check_head(status, head.headers())
    }
}

impl Endpoint<()> {
    pub(super) fn get(route: Route) -> Self {
        Self::new(Method::GET, route)
    }

    pub(super) fn put(route: Route) -> Self {
        Self::new(Method::PUT, route)
    }

    pub(super) fn patch(route: Route) -> Self {
        Self::new(Method::PATCH, route)
    }

    pub(super) fn post(route: Route) -> Self {
        Self::new(Method::POST, route)
    }

    pub(super) fn delete(route: Route) -> Self {
        Self::new(Method::DELETE, route)
    }

    /// Decodes a JSON response.
    pub(super) fn returns_json<T: Decode>(self) -> Endpoint<T> {
        self.decode_with(|reader| reader.json())
    }

    /// Decodes a JSON response together with its date.
    pub(super) fn returns_dated_json<T: Decode>(self) -> Endpoint<Dated<T>> {
        self.decode_with(|reader| {
            let sent_at = problem::date(reader.response().headers());
            Ok(Dated { value: reader.json()?, sent_at })
        })
    }

    /// Decodes a page of a list.
    pub(super) fn returns_page<T: Decode>(self) -> Endpoint<Page<T>> {
        self.decode_with(|reader| reader.page())
    }

    /// Expects this content as the response. Error responses are still JSON.
    pub(super) fn returns_content(mut self, expected_content: ExpectedContent) -> Self {
        self.request.accept = "*/*";
        self.request.expected_content = Some(Arc::new(expected_content));
        self
    }

    pub(super) fn decode_with<T>(
        self,
        parse: fn(&mut ResponseReader<'_>) -> Result<T, UnexpectedResponse>,
    ) -> Endpoint<T> {
        Endpoint { request: self.request, parse, on_rejection: |error| Err(Error::Api(error.into())) }
    }

    /// Decodes a JSON response, or returns `None` if the server responds that the item does not exist.
    pub(super) fn returns_optional<T: Decode>(self) -> Endpoint<Option<T>> {
        let mut endpoint = self.decode_with(|reader| reader.json().map(Some));
        endpoint.on_rejection = |error| match error.kind {
            ErrorKind::NotFound => Ok(None),
            _ => Err(Error::Api(error.into())),
        };
        endpoint
    }
}

impl<T: Clone> Endpoint<Page<T>> {
    /// Returns the endpoint of the page after `cursor`, with at most `limit` items.
    pub(crate) fn page(&self, cursor: Option<&str>, limit: u32) -> Self {
        let mut endpoint = self.clone();
        endpoint.request.route =
            cursor.into_iter().fold(endpoint.request.route, |route, cursor| route.query("cursor", cursor));
        endpoint.request.route = endpoint.request.route.query("limit", &limit.to_string());
        endpoint
    }
}

impl<T> fmt::Debug for Endpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {:?}", self.request.method, self.request.route)
    }
}
