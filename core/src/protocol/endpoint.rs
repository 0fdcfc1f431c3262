//! One request of a protocol as a value: method, route, body, timeout, and the decoding of the response.

mod sending;

use alloc::{
    boxed::Box,
    string::{String, ToString},
    sync::Arc,
    vec::Vec,
};
use core::{fmt, time::Duration};

use http::{HeaderName, HeaderValue, Method, header};
use serde::Serialize;

use super::{
    class::{Replay, TimeoutClass},
    content::ExpectedContent,
    refusal::Refusal,
    response::ResponseReader,
    route::Route,
};
use crate::{
    effect::{Body, Form, Progress},
    error::{Error, ErrorKind},
};

const JSON: &str = "application/json";

/// A request of a protocol and the decoding of its response.
///
/// It is created once for an operation, or for each page of a list, and serves all attempts: the attempts differ only
/// in what [`Wire::prepare`](super::Wire::prepare) adds.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use teamwire_core::{
///     User,
///     model::{ThreadId, UserId},
///     protocol::{Endpoint, EndpointResult, Route},
/// };
///
/// #[derive(Deserialize)]
/// struct UserJson {
///     id: UserId,
///     first: String,
///     last: String,
/// }
///
/// /// `GET api/users/{id}`. An unknown id is not an error.
/// fn user(user: &UserId) -> EndpointResult<Option<User>> {
///     let get = Endpoint::get(Route::new("api/users").id(user)?);
///     let find = get.reads(|response| {
///         let UserJson { id, first, last } = response.deserialize()?;
///         Ok(Some(User::new(id, first, last)))
///     });
///     Ok(find.none_if_not_found())
/// }
///
/// #[derive(Serialize)]
/// struct TitleJson<'a> {
///     title: &'a str,
/// }
///
/// /// `PUT api/chats/{id}/title`, whose response is ignored.
/// fn set_title(chat: &ThreadId, title: &str) -> EndpointResult<()> {
///     Endpoint::put(Route::new("api/chats").id(chat)?.join("title")).once().json(&TitleJson { title })
/// }
///
/// assert_eq!(format!("{:?}", set_title(&"c1".into(), "Depot")?), "PUT api/chats/c1/title");
/// assert!(user(&"..".into()).is_err());
/// # Ok::<(), teamwire_core::Error>(())
/// ```
pub struct Endpoint<T> {
    request: Box<RequestParts>,
    read: Read<T>,
    /// Converts an error to an output, where it is not an error.
    recover: Option<fn(&Error) -> Option<T>>,
}

type Read<T> = Box<dyn Fn(&mut ResponseReader<'_>) -> Result<T, Error> + Send + Sync>;

/// The part of an endpoint that does not depend on the type of its output. Boxed, as an endpoint is moved at each step.
struct RequestParts {
    method: Method,
    route: Route,
    headers: Vec<(HeaderName, HeaderValue)>,
    body: Body,
    content_type: Option<HeaderValue>,
    /// To be rendered to the body: see [`Endpoint::prepared`].
    form: Option<Form>,
    progress: Option<Progress>,
    replay: Replay,
    class: TimeoutClass,
    /// Set if the response is a file, which may be larger than other responses.
    is_download: bool,
    /// Set if the response contains a secret, so that errors must not show parts of it.
    is_secret: bool,
    /// Set if the reader also gets redirects.
    accepts_redirects: bool,
    accept: HeaderValue,
    /// Expected content; `None` for JSON.
    expected_content: Option<Arc<ExpectedContent>>,
}

impl Endpoint<()> {
    /// Creates a request with this method, without a body. The response is read as JSON or nothing, and ignored; any
    /// other content, such as the page of a proxy, is an error of the kind `UnexpectedResponse`.
    ///
    /// A request with a safe method (`GET`, `HEAD`) is repeated as often as the retry policy says; any other is sent
    /// [once](Self::once), unless it is [`keyed`](Self::keyed) or [`repeatable`](Self::repeatable).
    pub fn new(method: Method, route: Route) -> Self {
        let request = Box::new(RequestParts {
            replay: if method.is_safe() { Replay::Safe } else { Replay::Never },
            method,
            route,
            headers: Vec::new(),
            content_type: None,
            body: Body::Empty,
            form: None,
            progress: None,
            class: TimeoutClass::Default,
            is_download: false,
            is_secret: false,
            accepts_redirects: false,
            accept: HeaderValue::from_static(JSON),
            expected_content: None,
        });
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
    ///
    /// The response may be as large as [`max_download_size`](crate::config::Limits::max_download_size), the request
    /// accepts any media type, and the timeout is that of [transfers](Self::transfer_timeout). The reader returns
    /// [`ResponseReader::content`]; it is not called if the content is streamed to a file. A successful response of
    /// another media type is passed to [`Wire::refusal`](super::Wire::refusal).
    #[must_use]
    pub fn returns_content(mut self, content: ExpectedContent) -> Self {
        self.request.accept = HeaderValue::from_static("*/*");
        self.request.expected_content = Some(Arc::new(content));
        self.request.is_download = true;
        self.transfer_timeout()
    }

    /// Sets the reader of successful responses: those with a status of 200 to 299, and redirects if they are
    /// [accepted](Self::accepts_redirects). It returns the output, or an error made by the methods of
    /// [`ResponseReader`], and is called at most once for each attempt.
    ///
    /// It must not be called for its side effects, and should require only what the output cannot do without: after an
    /// error of the reader, the caller does not know that the operation succeeded, and it is not repeated.
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
        Ok(self.json_bytes(json))
    }

    /// Sets a body that is JSON.
    pub(super) fn json_bytes(self, json: Vec<u8>) -> Self {
        self.body(json.into(), HeaderValue::from_static(JSON))
    }

    /// Sets a body and its media type.
    #[must_use]
    pub fn body(mut self, body: Body, media_type: HeaderValue) -> Self {
        self.request.body = body;
        self.request.content_type = Some(media_type);
        self
    }

    /// Sets a form as the body. Its boundary is unpredictable, and the same in all attempts.
    #[must_use]
    pub fn form(mut self, form: Form) -> Self {
        self.request.form = Some(form);
        self
    }

    /// Adds a header, or sets `Accept`, which is `application/json` by default. Headers that all requests have, and
    /// those with a secret, are added by [`Wire::prepare`](super::Wire::prepare).
    ///
    /// The library sets `Accept-Encoding`, `User-Agent`, `Range` and those of HTTP's framing itself, and `Content-Type`
    /// with the body: an operation with one of them fails with `InvalidInput`.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if name == header::ACCEPT {
            self.request.accept = value;
        } else {
            self.request.headers.push((name, value));
        }
        self
    }

    /// Passes redirects to the [reader](Endpoint::reads) as well: responses with the status 301, 302, 303, 307 or 308,
    /// such as that of a form login, whose session cookie is in the headers of a redirect. No redirect is followed.
    ///
    /// A server may refuse by a redirect as well, for example to its login page: the reader recognises it by `Location`
    /// or a missing cookie, and returns [`refused`](ResponseReader::refused). This setting has no effect on a response
    /// that is [content](Endpoint::returns_content). The guide has an example.
    #[must_use]
    pub fn accepts_redirects(mut self) -> Self {
        self.request.accepts_redirects = true;
        self
    }

    /// Declares that the server recognises repetitions by an idempotency key: `key` or, without one, a key of the
    /// library that is the same in all attempts. [`Wire::prepare`](super::Wire::prepare) has to add it to the request.
    /// A request without it, neither taken by [`Attempt::idempotency_key`](super::Attempt::idempotency_key) nor part of
    /// the URI, the headers or the body in memory, is sent [once](Self::once).
    ///
    /// The library's key has at most 64 characters: letters, digits, `-` and `_`. A key of the caller is passed as it
    /// was given, so the protocol has to validate it. The server must remember keys for longer than the attempts of an
    /// operation take: minutes, or an hour while a client is over the server's limit.
    #[must_use]
    pub fn keyed(mut self, key: Option<String>) -> Self {
        self.request.replay = Replay::Keyed(key);
        self
    }

    /// Declares that the request may be repeated: another attempt has the same effect, even if it arrives late, after
    /// another client's change. A request that sets a value does not fulfil that, as it could undo a newer value.
    #[must_use]
    pub fn repeatable(mut self) -> Self {
        self.request.replay = Replay::Safe;
        self
    }

    /// Sends the request once: it is repeated only if no byte was sent, or if the server declares that it did nothing,
    /// by a [transient](super::Refusal::transient) refusal that is not [uncertain](super::Refusal::uncertain), or one
    /// with [`login_expired`](super::Refusal::login_expired). Otherwise the caller gets an error whose [outcome is
    /// unknown](Error::outcome_unknown). It has a connection of its own, as one that has been idle may be dead.
    #[must_use]
    pub fn once(mut self) -> Self {
        self.request.replay = Replay::Never;
        self
    }

    /// Uses the timeout of contacts and lists of chats: [`Timeouts::listing`](crate::config::Timeouts::listing), 15
    /// seconds by default. Other requests have 10 seconds.
    #[must_use]
    pub fn listing_timeout(self) -> Self {
        self.with_timeout(TimeoutClass::Listing)
    }

    /// Uses the timeout of transfers, which limits only idle time:
    /// [`Timeouts::transfer_idle`](crate::config::Timeouts::transfer_idle), 60 seconds by default.
    #[must_use]
    pub fn transfer_timeout(self) -> Self {
        self.with_timeout(TimeoutClass::Transfer)
    }

    /// Uses the timeout of a long poll: the server waits this long for an event, and has 10 seconds more to respond.
    #[must_use]
    pub fn long_poll(self, wait: Duration) -> Self {
        self.with_timeout(TimeoutClass::LongPoll(wait))
    }

    /// Uses a short timeout of at most 700 ms, for a request whose failure does not matter. It is not delayed by a rate
    /// limit.
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

    /// Sets the conversion of an error, from the server or from the reader, to an output; `None` keeps the error.
    /// Transport errors are not converted.
    #[must_use]
    pub fn recover(mut self, recover: fn(&Error) -> Option<T>) -> Self {
        self.recover = Some(recover);
        self
    }
}

impl<T> Endpoint<Option<T>> {
    /// Returns `None` if the server refuses with [`NotFound`](ErrorKind::NotFound).
    #[must_use]
    pub fn none_if_not_found(self) -> Self {
        self.recover(|error| (error.kind() == ErrorKind::NotFound).then_some(None))
    }

    /// Returns the value alone, and the error [`NotFound`](ErrorKind::NotFound) where the output would be `None`.
    pub(crate) fn existing(self) -> Endpoint<T>
    where
        T: 'static,
    {
        let Self { request, read, .. } = self;
        let read = move |response: &mut ResponseReader<'_>| {
            let value = read(response)?;
            value.ok_or_else(|| response.refused(Refusal::new(ErrorKind::NotFound).message("not found")))
        };
        Endpoint { request, read: Box::new(read), recover: None }
    }
}

/// Shows method and route.
impl<T> fmt::Debug for Endpoint<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.request.method, self.request.route)
    }
}
