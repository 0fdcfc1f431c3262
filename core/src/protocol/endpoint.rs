//! One route of the contract as a value: where it goes, what it carries, how its answer is read.

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
    idempotency_key,
    json::Decode,
    page::Page,
    problem,
    response::ResponseReader,
    route::Route,
};
use crate::{
    config::{Credentials, Limits, Timeouts},
    effect::{Body, Now, Progress, Response, Timeout},
    error::{ApiError, Error, ErrorKind, UnexpectedResponse},
};

const JSON: &str = "application/json";

/// One request of the contract, and the reader of its response.
#[derive(Clone)]
pub(crate) struct Endpoint<T> {
    request: RequestParts,
    parse: fn(&mut ResponseReader<'_>) -> Result<T, UnexpectedResponse>,
    /// Reads a refusal: an error, except for a few.
    on_rejection: fn(ApiError) -> Result<T, Error>,
}

/// The part of an endpoint that does not depend on the type of its output.
#[derive(Clone)]
struct RequestParts {
    method: Method,
    route: Route,
    content: Option<Content>,
    progress: Option<Progress>,
    /// The idempotency key that the user has given.
    key: Option<String>,
    class: TimeoutClass,
    /// Maximum size of the response, if it is not the one of JSON.
    limit: Option<fn(&Limits) -> u64>,
    accept: &'static str,
    /// The content that the response must be, if it is not JSON.
    promise: Option<Arc<ExpectedContent>>,
}

/// Something from a response, and when the server sent that, if it says so. A response that was remembered under a key may show
/// something much older.
#[derive(Clone, Debug)]
pub(crate) struct Dated<T> {
    pub(crate) value: T,
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

/// The content that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Range {
    All,
    /// The rest of a file, of which there is some: a range.
    Rest,
}

/// What it carries.
#[derive(Clone, Debug)]
struct Content {
    body: Body,
    media_type: HeaderValue,
    /// Name and use of a file.
    disposition: Option<HeaderValue>,
}

/// How long its answer may take.
#[derive(Clone, Copy, Debug)]
enum TimeoutClass {
    Default,
    Long,
    Assets,
    /// The server waits as long as this for something to happen.
    LongPoll(Duration),
    Short,
}

/// How much longer than the server's wait its answer may take.
const LONG_POLL_GRACE: Duration = Duration::from_secs(10);
/// How long something may take that is only polite.
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
            promise: None,
        };
        Endpoint { request, parse: |answer| answer.empty(), on_rejection: |refusal| Err(Error::Api(refusal.into())) }
    }

    /// Carries this as JSON.
    pub(super) fn json(mut self, body: &impl Serialize) -> Self {
        let json = serde_json::to_vec(body).expect("the contract's own structs have string keys only");
        self.request.content = Some(Content {
            body: Body::Bytes(Arc::new(json)),
            media_type: HeaderValue::from_static(JSON),
            disposition: None,
        });
        self
    }

    /// Carries these bytes, or this file, and is given the time of a transfer.
    pub(super) fn with_body(mut self, body: Body, media_type: HeaderValue, disposition: Option<HeaderValue>) -> Self {
        self.request.content = Some(Content { body, media_type, disposition });
        self.transfer_timeout()
    }

    /// Is given the time of a transfer: any, as long as something moves.
    pub(super) fn transfer_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Assets;
        self
    }

    /// Is given the time that the server waits, and some more.
    pub(super) fn long_poll(mut self, wait: Duration) -> Self {
        self.request.class = TimeoutClass::LongPoll(wait);
        self
    }

    /// Is given little time.
    pub(super) fn short_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Short;
        self
    }

    /// Tells somebody how far its body is.
    pub(super) fn with_progress(mut self, progress: Option<Progress>) -> Self {
        self.request.progress = progress;
        self
    }

    /// May have an answer of up to this many bytes.
    pub(super) fn with_limit(mut self, limit: fn(&Limits) -> u64) -> Self {
        self.request.limit = Some(limit);
        self
    }

    /// Is given the time of the long class: contacts and lists of chats.
    pub(super) fn listing_timeout(mut self) -> Self {
        self.request.class = TimeoutClass::Long;
        self
    }

    /// Has this idempotency key of the user rather than a new one.
    pub(super) fn with_idempotency_key(self, key: Option<&str>) -> Result<Self, Error> {
        key.map(idempotency_key::check).transpose()?;
        Ok(self.with_key(key.map(Into::into)))
    }

    /// The same with a key that was derived here.
    pub(super) fn with_key(mut self, key: Option<String>) -> Self {
        self.request.key = key;
        self
    }

    /// Returns the key of an operation that has this endpoint, the same for all of its attempts: the given one, or a new one
    /// from `new`. A request that only reads has none. Everything else has one, also where doing it twice is doing it once: an
    /// attempt that is overtaken by a newer change would undo that.
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
            TimeoutClass::Long => Timeout::Total(timeouts.listing),
            TimeoutClass::Assets => Timeout::Idle(timeouts.transfer_idle),
            TimeoutClass::LongPoll(wait) => Timeout::LongPoll { head: wait + LONG_POLL_GRACE, idle: timeouts.request },
            TimeoutClass::Short => Timeout::Total(timeouts.request.min(SHORT_TIMEOUT)),
        }
    }

    /// Returns `true` for a request that has little time: it does not wait for others.
    pub(crate) const fn has_short_timeout(&self) -> bool {
        matches!(self.request.class, TimeoutClass::Short)
    }

    pub(crate) fn limit(&self, limits: &Limits) -> u64 {
        self.request.limit.map_or(limits.max_response_body, |limit| limit(limits))
    }

    /// What the answer says. The credentials are taken out of texts, should the server echo them.
    pub(crate) fn parse(
        &self,
        response: Response,
        asked: Range,
        now: Now,
        credentials: &Credentials,
    ) -> Result<T, Error> {
        // Of no body, a coding says nothing.
        let is_empty = self.request.promise.is_none() && response.body().is_empty();
        let fits = if is_empty { Ok(()) } else { self.check_head(&response, asked) };
        let mut answer = ResponseReader::new(response, self.request.promise.as_deref(), credentials);
        if answer.response().status().is_success() {
            let parsed = match fits {
                Ok(()) => (self.parse)(&mut answer),
                Err(why) => Err(answer.unexpected(&why, None)),
            };
            return parsed.map_err(|unexpected| Error::UnexpectedResponse(unexpected.into()));
        }
        (self.on_rejection)(problem::api_error(&answer, now)?)
    }

    /// Returns what is wrong with a success that has this head. Anything else is a refusal, whatever its head says.
    pub(crate) fn check_head<B>(&self, head: &http::Response<B>, asked: Range) -> Result<(), String> {
        let status = head.status();
        if !status.is_success() {
            return Ok(());
        }
        if let Some(coding) = content_coding(head.headers()) {
            return Err(format!("the body has the content coding {coding:?}, and none was asked for"));
        }
        // JSON that is complete is what was asked for, whatever success it comes with.
        let Some(promise) = &self.request.promise else { return Ok(()) };
        if status == StatusCode::PARTIAL_CONTENT && asked == Range::All {
            return Err("a part of the content came, and all of it was asked for".into());
        }
        promise.check_head(status, head.headers())
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

    /// Answers with this as JSON.
    pub(super) fn returns_json<T: Decode>(self) -> Endpoint<T> {
        self.decode_with(|answer| answer.json())
    }

    /// The same, with the date of the response.
    pub(super) fn returns_dated_json<T: Decode>(self) -> Endpoint<Dated<T>> {
        self.decode_with(|answer| {
            let sent_at = problem::date(answer.response().headers());
            Ok(Dated { value: answer.json()?, sent_at })
        })
    }

    /// Answers with a page of a list of these.
    pub(super) fn returns_page<T: Decode>(self) -> Endpoint<Page<T>> {
        self.decode_with(|answer| answer.page())
    }

    /// Has these bytes as its answer. A refusal is JSON all the same.
    pub(super) fn returns_content(mut self, promise: ExpectedContent) -> Self {
        self.request.accept = "*/*";
        self.request.promise = Some(Arc::new(promise));
        self
    }

    pub(super) fn decode_with<T>(
        self,
        parse: fn(&mut ResponseReader<'_>) -> Result<T, UnexpectedResponse>,
    ) -> Endpoint<T> {
        Endpoint { request: self.request, parse, on_rejection: |refusal| Err(Error::Api(refusal.into())) }
    }

    /// Answers with this as JSON, or with `None` if the server says that it is not there.
    pub(super) fn returns_optional<T: Decode>(self) -> Endpoint<Option<T>> {
        let mut endpoint = self.decode_with(|answer| answer.json().map(Some));
        endpoint.on_rejection = |refusal| match refusal.kind {
            ErrorKind::NotFound => Ok(None),
            _ => Err(Error::Api(refusal.into())),
        };
        endpoint
    }
}

impl<T: Clone> Endpoint<Page<T>> {
    /// The page of the same list after this cursor, with at most so many items.
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
