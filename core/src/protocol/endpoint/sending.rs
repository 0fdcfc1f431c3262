//! The part of an endpoint that calls use: the request, and the reading of its response.

use alloc::{boxed::Box, format, string::String, vec::Vec};

use http::{HeaderMap, HeaderName, Request, StatusCode, header};
use url::Url;

use super::Endpoint;
use crate::{
    effect::{Body, Now, Progress, Response},
    error::{Cause, Error},
    protocol::{
        ResponseReader, Wire,
        class::{Range, Replay, TimeoutClass},
        content::content_coding,
        gateway,
    },
    redaction::Redaction,
};

/// Headers that a second value would contradict.
const RESERVED: [HeaderName; 15] = [
    header::ACCEPT_ENCODING,
    header::CONNECTION,
    header::CONTENT_ENCODING,
    header::CONTENT_LENGTH,
    header::CONTENT_TYPE,
    header::EXPECT,
    header::HOST,
    header::IF_RANGE,
    header::PROXY_AUTHORIZATION,
    header::RANGE,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    header::USER_AGENT,
];

impl<T> Endpoint<T> {
    /// Returns the endpoint with its form rendered, if it has one: see [`Form::encode`](crate::effect::Form::encode).
    /// `boundary` returns unpredictable characters.
    ///
    /// # Errors
    ///
    /// `InvalidInput` if its route is too long for this base URL, or if it has a header that the library sets.
    pub(crate) fn prepared(mut self, base: &Url, boundary: impl FnOnce() -> String) -> Result<Self, Error> {
        self.request.route.check(base)?;
        if let Some((name, _)) = self.request.headers.iter().find(|(name, _)| RESERVED.contains(name)) {
            return Err(Error::invalid("header", format!("the library sets `{name}`, so that an endpoint cannot")));
        }
        Ok(match self.request.form.take() {
            Some(form) => {
                let (content_type, body) = form.encode(&boundary());
                self.body(body, content_type)
            }
            None => self,
        })
    }

    /// Returns the endpoint of the same file that discards the content, because the executor writes it to a file.
    pub(crate) fn into_file_transfer(mut self) -> Endpoint<()> {
        self.request.is_download = false;
        Endpoint { request: self.request, read: Box::new(|_| Ok(())), recover: None }
    }

    /// Returns the endpoint of a login: it may be repeated, and errors show nothing of its successful responses and
    /// redirects.
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
        if let Some(content_type) = &self.request.content_type {
            headers.insert(header::CONTENT_TYPE, content_type.clone());
        }
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
        // A redirect may have a new session in its location.
        if self.request.is_secret && (reader.status().is_success() || reader.status().is_redirection()) {
            reader.hide_content();
        }
        let error = if self.is_read(reader.status()) {
            let mut error = match head_check.map(|()| (self.read)(&mut reader)) {
                Ok(Ok(value)) => return Ok(value),
                Ok(Err(error)) => match error.cause() {
                    Cause::Api(_) | Cause::UnexpectedResponse(_) => error,
                    // The request was sent, so an invalid value or an unsupported operation is the response's.
                    cause => reader.violation(&format!("{cause}")),
                },
                // Such as the page of an expired session in place of the file.
                Err(reason) => match protocol.refusal(&reader).filter(|_| self.request.expected_content.is_some()) {
                    Some(refusal) => reader.refused(refusal),
                    None => reader.violation(&reason),
                },
            };
            if let Cause::UnexpectedResponse(response) = error.cause_mut() {
                response.is_read = true;
            }
            error
        } else {
            protocol.refusal(&reader).map_or_else(|| gateway::error(&reader), |refusal| reader.refused(refusal))
        };
        self.recover.and_then(|recover| recover(&error)).ok_or(error)
    }

    /// Returns the error that the protocol recognises by the head of an error response, or of one in place of the
    /// expected content, whose body was cut off.
    pub(crate) fn refusal_without_body(
        &self,
        head: &http::Response<()>,
        range: Range,
        now: Now,
        protocol: &(impl Wire + ?Sized),
        redaction: &Redaction,
    ) -> Option<Error> {
        let is_content =
            || self.request.expected_content.is_none() || self.check_head(head.status(), head.headers(), range).is_ok();
        if self.is_read(head.status()) && is_content() {
            return None;
        }
        let reader = ResponseReader::new(head.clone().map(|()| Vec::new()), None, redaction, now.utc);
        protocol.refusal(&reader).map(|refusal| reader.refused(refusal))
    }

    /// Returns `true` for a response that the reader gets.
    fn is_read(&self, status: StatusCode) -> bool {
        let is_redirect = || matches!(status.as_u16(), 301..=303 | 307 | 308);
        let accepts_redirects = self.request.accepts_redirects && self.request.expected_content.is_none();
        status.is_success() || (accepts_redirects && is_redirect())
    }

    /// Checks the head of a response that the reader gets. Error responses are accepted with any head.
    pub(crate) fn check_head(&self, status: StatusCode, headers: &HeaderMap, range: Range) -> Result<(), String> {
        if !self.is_read(status) {
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

#[cfg(test)]
mod tests {
    use alloc::{string::ToString, vec::Vec};

    use http::HeaderValue;

    use super::*;
    use crate::protocol::{ExpectedContent, Route};

    #[test]
    fn header_of_the_library_is_rejected() {
        let base = Url::parse("https://chat.example/").expect("it is a URL");
        for name in RESERVED {
            let get = Endpoint::get(Route::new("x")).header(name.clone(), HeaderValue::from_static("x"));
            let error = get.prepared(&base, String::new).expect_err("it would be sent twice");
            assert!(error.to_string().contains(&format!("`{name}`")), "{error}");
        }
    }

    #[test]
    fn accept_is_replaced_and_others_are_added() {
        let base = Url::parse("https://chat.example/").expect("it is a URL");
        let (accept, tag) = (HeaderValue::from_static("text/csv"), HeaderValue::from_static("a"));
        let get = Endpoint::get(Route::new("x")).header(header::ACCEPT, accept.clone());
        let get = get.header(header::IF_MATCH, tag.clone()).header(header::IF_MATCH, tag.clone());
        let request = get.prepared(&base, String::new).expect("they may be set").request(&base);
        assert_eq!(request.headers().get_all(header::ACCEPT).iter().collect::<Vec<_>>(), [&accept]);
        assert_eq!(request.headers().get_all(header::IF_MATCH).iter().collect::<Vec<_>>(), [&tag, &tag]);
    }

    #[test]
    fn only_declared_redirects_are_read_and_never_as_content() {
        let get = || Endpoint::get(Route::new("x"));
        let content = get().returns_content(ExpectedContent::of_type("image/png"));
        for (endpoint, redirect_is_read) in
            [(get(), false), (get().accepts_redirects(), true), (content.accepts_redirects(), false)]
        {
            assert!(endpoint.is_read(StatusCode::NO_CONTENT));
            assert!(!endpoint.is_read(StatusCode::NOT_MODIFIED) && !endpoint.is_read(StatusCode::NOT_FOUND));
            assert_eq!(endpoint.is_read(StatusCode::SEE_OTHER), redirect_is_read, "{endpoint:?}");
        }
    }
}
