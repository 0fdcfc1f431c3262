//! One request of a protocol as a value: method, route, body, timeout, and the decoding of the response.

mod prepare;

use alloc::{
    boxed::Box,
    format,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{fmt, time::Duration};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use serde::Serialize;
use url::Url;

use super::{
    Wire,
    class::{Range, Replay, TimeoutClass},
    content::{ExpectedContent, content_coding},
    gateway,
    response::ResponseReader,
    route::Route,
};
use crate::{
    effect::{Body, Form, Now, Progress, Response},
    error::{Error, ErrorKind},
    redaction::Redaction,
};

const JSON: &str = "application/json";

/// A request of a protocol and the decoding of its response.
///
/// ```
/// use teamwire_core::protocol::{Endpoint, Route};
///
/// /// `GET api/version`.
/// fn version() -> Endpoint<String> {
///     Endpoint::get(Route::new("api/version")).reads(|response| response.deserialize())
/// }
/// ```
pub struct Endpoint<T> {
    request: RequestParts,
    read: Read<T>,
    /// Converts an error to an output, where it is not an error.
    recover: Option<fn(&Error) -> Option<T>>,
}

type Read<T> = Box<dyn Fn(&mut ResponseReader<'_>) -> Result<T, Error> + Send + Sync>;

/// The part of an endpoint that does not depend on the type of its output.
struct RequestParts {
    method: Method,
    route: Route,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    /// To be rendered to the body: see [`Endpoint::prepared`].
    form: Option<Form>,
    progress: Option<Progress>,
    replay: Replay,
    class: TimeoutClass,
    /// Set if the response is a file, which may be larger than other responses.
    is_download: bool,
    /// Set if the response contains a secret, so that errors must not show parts of it.
    is_secret: bool,
    accept: HeaderValue,
    /// Expected content; `None` for JSON.
    expected_content: Option<Arc<ExpectedContent>>,
}

impl Endpoint<()> {
    /// Creates a request with this method, without a body. The response is read as JSON or nothing, and ignored.
    ///
    /// A request with a safe method (`GET`, `HEAD`) is repeated as often as the retry policy says; any other is sent
    /// [once](Self::once), unless it is [`keyed`](Self::keyed) or [`repeatable`](Self::repeatable).
    pub fn new(method: Method, route: Route) -> Self {
        let request = RequestParts {
            replay: if method.is_safe() { Replay::Safe } else { Replay::Never },
            method,
            route,
            headers: Vec::new(),
            body: Body::Empty,
            form: None,
            progress: None,
            class: TimeoutClass::Default,
            is_download: false,
            is_secret: false,
            accept: HeaderValue::from_static(JSON),
            expected_content: None,
        };
        Self { request, read: Box::new(|response| Ok(response.empty()?)), recover: None }
    }

    /// Creates a `GET` request.
    pub fn get(route: Route) -> Self {
        Self::new(Method::GET, route)
    }

    /// Creates a `POST` request.
    pub fn post(route: Route) -> Self {
        Self::new(Method::POST, route)
    }

    /// Creates a `PUT` request.
    pub fn put(route: Route) -> Self {
        Self::new(Method::PUT, route)
    }

    /// Creates a `PATCH` request.
    pub fn patch(route: Route) -> Self {
        Self::new(Method::PATCH, route)
    }

    /// Creates a `DELETE` request.
    pub fn delete(route: Route) -> Self {
        Self::new(Method::DELETE, route)
    }

    /// Expects a file with this content as the response: see [`ExpectedContent`]. Error responses may still be JSON.
    #[must_use]
    pub fn returns_content(mut self, content: ExpectedContent) -> Self {
        self.request.accept = HeaderValue::from_static("*/*");
        self.request.expected_content = Some(Arc::new(content));
        self.request.is_download = true;
        self.transfer_timeout()
    }

    /// Sets the reader of successful responses. It returns the output, or an error made by the methods of
    /// [`ResponseReader`].
    pub fn reads<T>(
        self,
        read: impl Fn(&mut ResponseReader<'_>) -> Result<T, Error> + Send + Sync + 'static,
    ) -> Endpoint<T> {
        Endpoint { request: self.request, read: Box::new(read), recover: None }
    }
}

impl<T> Endpoint<T> {
    /// Sets a JSON body.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if `body` cannot be represented in JSON.
    pub fn json(self, body: &impl Serialize) -> Result<Self, Error> {
        let json = serde_json::to_vec(body).map_err(|error| Error::invalid("body", error.to_string()))?;
        Ok(self.body(json.into(), HeaderValue::from_static(JSON)))
    }

    /// Sets a body and its media type.
    #[must_use]
    pub fn body(mut self, body: Body, media_type: HeaderValue) -> Self {
        self.request.body = body;
        self.header(header::CONTENT_TYPE, media_type)
    }

    /// Sets a form as the body. Its boundary is unpredictable, and the same in all attempts.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.request.form = Some(form);
        self
    }

    /// Adds a header. The library adds `Accept`, `Accept-Encoding`, `User-Agent` and those of HTTP's framing itself.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.request.headers.push((name, value));
        self
    }

    /// Makes the server recognise repetitions by an idempotency key: `key` or, without one, a key of the library that
    /// is the same in all attempts. [`Wire::prepare`] adds it to the request.
    #[must_use]
    pub fn keyed(mut self, key: Option<String>) -> Self {
        self.request.replay = Replay::Keyed(key);
        self
    }

    /// Declares that the request may be repeated: another attempt has the same effect, even if it arrives late.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.request.replay = Replay::Safe;
        self
    }

    /// Sends the request once: it is repeated only if no byte was sent, or if the server declares that it did nothing.
    /// Otherwise the caller gets an error whose [outcome is unknown](Error::outcome_unknown). It has a connection of
    /// its own, as one that has been idle may be dead.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.request.replay = Replay::Never;
        self
    }

    /// Uses the timeout of contacts and lists of chats.
    #[must_use]
    pub fn listing_timeout(self) -> Self {
        self.with_timeout(TimeoutClass::Listing)
    }

    /// Uses the timeout of transfers, which limits only idle time.
    #[must_use]
    pub fn transfer_timeout(self) -> Self {
        self.with_timeout(TimeoutClass::Transfer)
    }

    /// Uses the timeout of a long poll: the server waits this long for an event.
    #[must_use]
    pub fn long_poll(self, wait: Duration) -> Self {
        self.with_timeout(TimeoutClass::LongPoll(wait))
    }

    /// Uses a short timeout, for a request whose failure does not matter. It is not delayed by a rate limit, and does
    /// not start a login.
    #[must_use]
    pub fn best_effort(self) -> Self {
        self.with_timeout(TimeoutClass::Short)
    }

    fn with_timeout(mut self, class: TimeoutClass) -> Self {
        self.request.class = class;
        self
    }

    /// Sets the observer of the transfer of a file in the response. The [parts](crate::effect::Part) of the body have
    /// observers of their own.
    #[must_use]
    pub fn progress(mut self, progress: Option<Progress>) -> Self {
        self.request.progress = progress;
        self
    }

    /// Sets the conversion of an error to an output; `None` keeps the error.
    #[must_use]
    pub fn recover(mut self, recover: fn(&Error) -> Option<T>) -> Self {
        self.recover = Some(recover);
        self
    }

    /// Returns the endpoint of the same file that discards the content, because the executor writes it to a file.
    pub(crate) fn into_file_transfer(mut self) -> Endpoint<()> {
        self.request.is_download = false;
        Endpoint { request: self.request, read: Box::new(|_| Ok(())), recover: None }
    }

    /// Returns the endpoint of a login: it may be repeated, and errors show nothing of its successful responses.
    pub(crate) fn into_login(mut self) -> Self {
        self.request.is_secret = true;
        if let Replay::Never = self.request.replay {
            self.request.replay = Replay::Safe;
        }
        self
    }

    /// Returns the idempotency key for all attempts of an operation: the given one, or a new one from `new`. `None` if
    /// the endpoint is not keyed.
    pub(crate) fn key(&self, new: impl FnOnce() -> String) -> Option<String> {
        match &self.request.replay {
            Replay::Keyed(key) => Some(key.clone().unwrap_or_else(new)),
            Replay::Safe | Replay::Never => None,
        }
    }

    /// Returns `true` for a request that is sent once.
    pub(crate) const fn is_once(&self) -> bool {
        matches!(self.request.replay, Replay::Never)
    }

    pub(crate) fn request(&self, base: &Url) -> Request<Body> {
        let mut request = Request::new(self.request.body.clone());
        *request.method_mut() = self.request.method.clone();
        *request.uri_mut() = self.request.route.uri(base);
        let headers = request.headers_mut();
        headers.insert(header::ACCEPT, self.request.accept.clone());
        for (name, value) in &self.request.headers {
            headers.append(name.clone(), value.clone());
        }
        request
    }

    /// Returns the progress observer, if there is one.
    pub(crate) fn observer(&self) -> Option<Progress> {
        self.request.progress.clone()
    }

    pub(crate) const fn timeout_class(&self) -> TimeoutClass {
        self.request.class
    }

    /// Returns `true` if the response may be as large as a file.
    pub(crate) const fn is_download(&self) -> bool {
        self.request.is_download
    }

    /// Returns `true` for a request whose failure does not matter.
    pub(crate) const fn is_best_effort(&self) -> bool {
        matches!(self.request.class, TimeoutClass::Short)
    }

    /// Decodes the response. Credentials that the server echoes are redacted from texts.
    pub(crate) fn parse(
        &self,
        response: Response,
        range: Range,
        now: Now,
        protocol: &(impl Wire + ?Sized),
        redaction: &Redaction,
    ) -> Result<T, Error> {
        // The coding of an empty body does not matter.
        let is_empty = self.request.expected_content.is_none() && response.body().is_empty();
        let head_check = if is_empty { Ok(()) } else { self.check_head(response.status(), response.headers(), range) };
        let mut reader = ResponseReader::new(response, self.request.expected_content.as_deref(), redaction, now.utc);
        let result = if reader.status().is_success() {
            if self.request.is_secret {
                reader.hide_content();
            }
            match head_check.map(|()| (self.read)(&mut reader)) {
                // The invalid value is the server's.
                Ok(Err(Error::InvalidInput(value))) => Err(reader.violation(&format!("{value}"))),
                Ok(result) => result,
                Err(reason) => Err(reader.violation(&reason)),
            }
        } else {
            Err(protocol.refusal(&reader).map_or_else(|| gateway::error(&reader), |refusal| reader.refused(refusal)))
        };
        result.or_else(|error| self.recover.and_then(|recover| recover(&error)).ok_or(error))
    }

    /// Checks the head of a successful response. Error responses are accepted with any head.
    pub(crate) fn check_head(&self, status: StatusCode, headers: &HeaderMap, range: Range) -> Result<(), String> {
        if !status.is_success() {
            return Ok(());
        }
        if let Some(coding) = content_coding(headers) {
            return Err(format!("the body has the content coding {coding:?}, which was not requested"));
        }
        // Complete JSON is accepted with any successful status.
        let Some(expected_content) = &self.request.expected_content else { return Ok(()) };
        if status == StatusCode::PARTIAL_CONTENT && range == Range::All {
            return Err("received part of the content, although all of it was requested".into());
        }
        expected_content.check_head(status, headers)
    }
}

impl<T> Endpoint<Option<T>> {
    /// Returns `None` if the server refuses with [`NotFound`](ErrorKind::NotFound).
    #[must_use]
    pub fn none_if_not_found(self) -> Self {
        self.recover(|error| (error.kind() == ErrorKind::NotFound).then_some(None))
    }
}

/// Shows method and route.
impl<T> fmt::Debug for Endpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method, self.request.route)
    }
}
