//! The reply to an attempt.

use alloc::vec::Vec;

use http::StatusCode;

use super::{Call, State, login::is_login_expired};
use crate::{
    effect::{Now, Response, TransportError, TransportErrorKind},
    error::{Error, GaveUp, UnexpectedResponse},
    flow::Resume,
    protocol::Range,
    redaction::Kind,
};

impl<T> Call<T> {
    pub(super) fn on_response(&mut self, now: Now, response: Response) -> State<T> {
        let Some(endpoint) = &self.endpoint else { return State::Finished };
        if response.status() == StatusCode::PROXY_AUTHENTICATION_REQUIRED {
            // Only a proxy sends this status, without forwarding the request. Each retry would be a failed login.
            let reason = "it requires a user name and password (status 407); the request was not forwarded";
            return self.fail(TransportError::new(TransportErrorKind::Proxy, reason).into(), GaveUp::NotTransient);
        }
        if let Some(Err(error)) = self.resume.as_ref().map(|resume| resume.verify(&response)) {
            return self.fail(error, GaveUp::NotTransient);
        }
        let restarts =
            response.status() == StatusCode::RANGE_NOT_SATISFIABLE && self.resume.as_mut().is_some_and(Resume::restart);
        let (range, is_success) = (self.requested_range(), response.status().is_success());
        self.received = response.body().len() as u64;
        let error = match endpoint.parse(response, range, now, self.session.protocol(), &self.session.redaction()) {
            Ok(output) => return State::Done(Ok(output)),
            Err(error) => error,
        };
        if let Some(resume) = self.resume.as_mut().filter(|_| is_success) {
            // The file has bytes of a response that is not its content.
            resume.restart();
        }
        if self.must_log_in(&error) {
            return State::Ready;
        }
        if !is_login_expired(&error) {
            self.login.on_accepted();
        }
        if restarts || error.is_transient() {
            self.retry(now, error)
        } else {
            self.fail_limited(now, error, GaveUp::NotTransient)
        }
    }

    /// Returns the part of the content that the current attempt requests.
    pub(super) fn requested_range(&self) -> Range {
        if self.resume.as_ref().is_some_and(Resume::has_progress) { Range::Rest } else { Range::All }
    }

    pub(super) fn on_transport_error(&mut self, now: Now, mut cause: TransportError) -> State<T> {
        if let Some(head) = self.take_refusal(now, &mut cause) {
            return self.on_response(now, head.map(|()| Vec::new()));
        }
        if cause.head.as_ref().is_some_and(|head| head.status() != StatusCode::UNAUTHORIZED) {
            self.login.on_accepted();
        }
        let mismatch = match (&self.endpoint, &cause.head) {
            (Some(endpoint), Some(head)) => {
                let checked = endpoint.check_head(head.status(), head.headers(), self.requested_range());
                checked.err().map(|reason| (head.status(), reason))
            }
            _ => None,
        };
        if let Some(resume) = &mut self.resume {
            if mismatch.is_some() {
                // The file must not keep bytes of a response that is not its content.
                resume.restart();
            } else if resume.on_interrupted(&cause) {
                // Progress resets the retry budget.
                (self.failures, self.rate_limits) = (0, 0);
            }
        }
        let error = match mismatch {
            // The wrong content is the more precise error.
            Some((status, reason)) if cause.kind == TransportErrorKind::TooLarge => UnexpectedResponse {
                status: Some(status.as_u16()),
                ..UnexpectedResponse::new(self.session.redaction().redact(&reason, Kind::Prose))
            }
            .into(),
            _ => Error::from(cause.redacted(&self.session.redaction())),
        };
        if error.is_transient() { self.retry(now, error) } else { self.fail(error, GaveUp::NotTransient) }
    }
}
