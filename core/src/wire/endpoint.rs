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
    answer::Answer,
    json::Decode,
    key,
    page::Page,
    problem,
    promise::{Promise, content_coding},
    route::Route,
};
use crate::{
    clock::Now,
    config::{Credentials, Limits, Timeouts},
    error::{Error, ErrorKind, Refusal, UnexpectedAnswer},
    exchange::{Body, Response, Timeout},
    progress::Progress,
};

const JSON: &str = "application/json";

/// One request of the contract, and the reader of its response.
#[derive(Clone)]
pub(crate) struct Endpoint<T> {
    request: RequestParts,
    parse: fn(&mut Answer<'_>) -> Result<T, UnexpectedAnswer>,
    /// Reads a refusal: an error, except for a few.
    refused: fn(Refusal) -> Result<T, Error>,
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
    class: Class,
    /// Maximum size of the response, if it is not the one of JSON.
    limit: Option<fn(&Limits) -> u64>,
    accept: &'static str,
    /// The content that the response must be, if it is not JSON.
    promise: Option<Arc<Promise>>,
}

/// Something from a response, and when the server sent that, if it says so. A response that was remembered under a key may show
/// something much older.
#[derive(Clone, Debug)]
pub(crate) struct Dated<T> {
    pub(crate) what: T,
    pub(crate) sent_at: Option<DateTime<Utc>>,
}

/// The content that a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
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
enum Class {
    Default,
    Long,
    Assets,
    /// The server waits as long as this for something to happen.
    LongPoll(Duration),
    Brief,
}

/// How much longer than the server's wait its answer may take.
const GRACE: Duration = Duration::from_secs(10);
/// How long something may take that is only polite.
const BRIEF: Duration = Duration::from_millis(700);

impl<T> Endpoint<T> {
    fn new(method: Method, route: Route) -> Endpoint<()> {
        let request = RequestParts {
            method,
            route,
            content: None,
            progress: None,
            key: None,
            class: Class::Default,
            limit: None,
            accept: JSON,
            promise: None,
        };
        Endpoint { request, parse: |answer| answer.nothing(), refused: |refusal| Err(Error::Refused(refusal.into())) }
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
    pub(super) fn carries(mut self, body: Body, media_type: HeaderValue, disposition: Option<HeaderValue>) -> Self {
        self.request.content = Some(Content { body, media_type, disposition });
        self.transfers()
    }

    /// Is given the time of a transfer: any, as long as something moves.
    pub(super) fn transfers(mut self) -> Self {
        self.request.class = Class::Assets;
        self
    }

    /// Is given the time that the server waits, and some more.
    pub(super) fn waits(mut self, wait: Duration) -> Self {
        self.request.class = Class::LongPoll(wait);
        self
    }

    /// Is given little time.
    pub(super) fn brief(mut self) -> Self {
        self.request.class = Class::Brief;
        self
    }

    /// Tells somebody how far its body is.
    pub(super) fn watched(mut self, progress: Option<Progress>) -> Self {
        self.request.progress = progress;
        self
    }

    /// May have an answer of up to this many bytes.
    pub(super) fn limited(mut self, limit: fn(&Limits) -> u64) -> Self {
        self.request.limit = Some(limit);
        self
    }

    /// Is given the time of the long class: contacts and lists of chats.
    pub(super) fn long(mut self) -> Self {
        self.request.class = Class::Long;
        self
    }

    /// Has this idempotency key of the user rather than a new one.
    pub(super) fn keyed(self, key: Option<&str>) -> Result<Self, Error> {
        key.map(key::check).transpose()?;
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
            Class::Default => Timeout::Total(timeouts.default),
            Class::Long => Timeout::Total(timeouts.long),
            Class::Assets => Timeout::Inactivity(timeouts.assets),
            Class::LongPoll(wait) => Timeout::LongPoll { head: wait + GRACE, inactivity: timeouts.default },
            Class::Brief => Timeout::Total(timeouts.default.min(BRIEF)),
        }
    }

    /// Returns `true` for a request that has little time: it does not wait for others.
    pub(crate) const fn is_brief(&self) -> bool {
        matches!(self.request.class, Class::Brief)
    }

    pub(crate) fn limit(&self, limits: &Limits) -> u64 {
        self.request.limit.map_or(limits.answer, |limit| limit(limits))
    }

    /// What the answer says. The credentials are taken out of texts, should the server echo them.
    pub(crate) fn parse(
        &self,
        response: Response,
        asked: Asked,
        now: Now,
        credentials: &Credentials,
    ) -> Result<T, Error> {
        // Of no body, a coding says nothing.
        let is_empty = self.request.promise.is_none() && response.body().is_empty();
        let fits = if is_empty { Ok(()) } else { self.check_head(&response, asked) };
        let mut answer = Answer::new(response, self.request.promise.as_deref(), credentials);
        if answer.response().status().is_success() {
            let parsed = match fits {
                Ok(()) => (self.parse)(&mut answer),
                Err(why) => Err(answer.unexpected(&why, None)),
            };
            return parsed.map_err(|unexpected| Error::UnexpectedAnswer(unexpected.into()));
        }
        (self.refused)(problem::refusal(&answer, now)?)
    }

    /// Returns what is wrong with a success that has this head. Anything else is a refusal, whatever its head says.
    pub(crate) fn check_head<B>(&self, head: &http::Response<B>, asked: Asked) -> Result<(), String> {
        let status = head.status();
        if !status.is_success() {
            return Ok(());
        }
        if let Some(coding) = content_coding(head.headers()) {
            return Err(format!("the body has the content coding {coding:?}, and none was asked for"));
        }
        // JSON that is complete is what was asked for, whatever success it comes with.
        let Some(promise) = &self.request.promise else { return Ok(()) };
        if status == StatusCode::PARTIAL_CONTENT && asked == Asked::All {
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
    pub(super) fn answers<T: Decode>(self) -> Endpoint<T> {
        self.parsed(|answer| answer.json())
    }

    /// The same, with the date of the response.
    pub(super) fn answers_dated<T: Decode>(self) -> Endpoint<Dated<T>> {
        self.parsed(|answer| {
            let sent_at = problem::date(answer.response().headers());
            Ok(Dated { what: answer.json()?, sent_at })
        })
    }

    /// Answers with a page of a list of these.
    pub(super) fn lists<T: Decode>(self) -> Endpoint<Page<T>> {
        self.parsed(|answer| answer.page())
    }

    /// Has these bytes as its answer. A refusal is JSON all the same.
    pub(super) fn delivers(mut self, promise: Promise) -> Self {
        self.request.accept = "*/*";
        self.request.promise = Some(Arc::new(promise));
        self
    }

    pub(super) fn parsed<T>(self, parse: fn(&mut Answer<'_>) -> Result<T, UnexpectedAnswer>) -> Endpoint<T> {
        Endpoint { request: self.request, parse, refused: |refusal| Err(Error::Refused(refusal.into())) }
    }

    /// Answers with this as JSON, or with `None` if the server says that it is not there.
    pub(super) fn finds<T: Decode>(self) -> Endpoint<Option<T>> {
        let mut endpoint = self.parsed(|answer| answer.json().map(Some));
        endpoint.refused = |refusal| match refusal.kind {
            ErrorKind::NotFound => Ok(None),
            _ => Err(Error::Refused(refusal.into())),
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
