use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::{
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
};

/// The reply of a [`Script`](super::Script) to a request: a response or an error.
#[derive(Clone, Debug)]
pub struct Respond {
    pub(super) reply: Reply,
    /// Time until the reply; `None` if there is none.
    pub(super) delay: Option<Duration>,
    /// Number of requests it responds to, where that is limited.
    pub(super) times: u32,
}

impl Respond {
    /// Responds with this status and an empty body.
    ///
    /// # Panics
    /// If the status is not 100 to 999.
    #[track_caller]
    pub fn status(status: u16) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else { panic!("invalid HTTP status {status}") };
        let mut response = Response::new(Vec::new());
        *response.status_mut() = status;
        Self::reply(Reply::Response(response))
    }

    /// Responds with this JSON. [`sample`](super::sample) has building blocks.
    ///
    /// # Panics
    /// If the status is not 100 to 999.
    #[track_caller]
    pub fn json(status: u16, value: Value) -> Self {
        Self::status(status).body("application/json", format!("{value}"))
    }

    /// Fails to connect: nothing of the request is sent.
    pub fn unreachable() -> Self {
        Self::reply(Reply::Error(TransportError::new(TransportErrorKind::Connect, "scripted failure")))
    }

    /// Loses the connection after the request was sent: its outcome is unknown.
    pub fn connection_lost() -> Self {
        Self::reply(Reply::Error(
            TransportError::new(TransportErrorKind::Disconnected, "scripted failure").with_sent(true),
        ))
    }

    /// Never responds, so the request times out.
    pub fn timeout() -> Self {
        Self { delay: None, ..Self::connection_lost() }
    }

    /// Fails with this error.
    pub fn error(error: TransportError) -> Self {
        Self::reply(Reply::Error(error))
    }

    /// Sets the body and its media type.
    pub fn body(self, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let mut respond = self.with(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Reply::Response(response) = &mut respond.reply {
            *response.body_mut() = body.into();
        }
        respond
    }

    /// Sets a header.
    ///
    /// # Panics
    /// If the name or the value is not valid in a header.
    #[track_caller]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value.into())) {
            (Ok(name), Ok(value)) => self.with(name, value),
            _ => panic!("invalid name or value of the header {name:?}"),
        }
    }

    /// Sets the `Retry-After` header, in seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Delays the reply, on the script's clock. If that exceeds the request's timeout, the request times out.
    pub fn delay(mut self, time: Duration) -> Self {
        self.delay = Some(time);
        self
    }

    /// Responds to this number of requests, one after the other. In [`Script::always`](super::Script::always), the
    /// number does not matter.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Returns the time until the reply, and the reply, of a request with this timeout.
    pub(super) fn within(self, timeout: Duration) -> (Duration, Reply) {
        if let Some(delay) = self.delay.filter(|delay| *delay <= timeout) {
            return (delay, self.reply);
        }
        let error = TransportError::new(TransportErrorKind::Timeout, "the script does not respond in time");
        (timeout, Reply::Error(error.with_sent(true)))
    }

    fn reply(reply: Reply) -> Self {
        Self { reply, delay: Some(Duration::ZERO), times: 1 }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Reply::Response(response) = &mut self.reply {
            response.headers_mut().insert(name, value);
        }
        self
    }
}
