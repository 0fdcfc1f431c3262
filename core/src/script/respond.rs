use alloc::{format, string::String, vec::Vec};
use core::time::Duration;

use http::{HeaderName, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use crate::{
    effect::{TransportError, TransportErrorKind},
    machine::Reply,
};

/// What a [`Script`](super::Script) gives to a request: an answer, or trouble.
#[derive(Clone, Debug)]
pub struct Respond {
    pub(super) reply: Reply,
    /// How long it takes; `None` for ever.
    pub(super) takes: Option<Duration>,
}

impl Respond {
    /// An answer with this status and nothing else.
    ///
    /// # Panics
    /// If it is no status: those are 100 to 999.
    #[track_caller]
    pub fn status(status: u16) -> Self {
        let Ok(status) = StatusCode::from_u16(status) else { panic!("{status} is no HTTP status") };
        let mut response = Response::new(Vec::new());
        *response.status_mut() = status;
        Self::reply(Reply::Response(response))
    }

    /// An answer with this JSON. [`sample`](super::sample) has some to begin with.
    ///
    /// # Panics
    /// If the status is none.
    #[track_caller]
    pub fn json(status: u16, value: Value) -> Self {
        Self::status(status).body("application/json", format!("{value}"))
    }

    /// A refusal with this code, in the form of the wire contract.
    ///
    /// # Panics
    /// If the status is none.
    #[track_caller]
    pub fn problem(status: u16, code: &str) -> Self {
        let problem = json!({
            "type": "about:blank", "title": code, "status": status, "detail": "as the script says", "code": code,
            "request_id": "script",
        });
        Self::status(status).body("application/problem+json", format!("{problem}"))
    }

    /// No connection can be made: nothing of the request leaves.
    pub fn unreachable() -> Self {
        Self::reply(Reply::Error(TransportError::new(TransportErrorKind::Connect, "the script lets nobody through")))
    }

    /// The connection is lost after the request has left: nobody knows whether the server acted on it.
    pub fn connection_lost() -> Self {
        Self::reply(Reply::Error(
            TransportError::new(TransportErrorKind::Disconnected, "the script cuts the connection").with_sent(true),
        ))
    }

    /// No answer ever comes: the time runs out.
    pub fn timeout() -> Self {
        Self { takes: None, ..Self::connection_lost() }
    }

    /// Any trouble.
    pub fn error(fault: TransportError) -> Self {
        Self::reply(Reply::Error(fault))
    }

    /// Sets the body and its media type.
    pub fn body(self, media_type: &'static str, body: impl Into<Vec<u8>>) -> Self {
        let mut answer = self.with(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        if let Reply::Response(response) = &mut answer.reply {
            *response.body_mut() = body.into();
        }
        answer
    }

    /// Sets a header.
    ///
    /// # Panics
    /// If name or value cannot be those of a header.
    #[track_caller]
    pub fn header(self, name: &str, value: impl Into<String>) -> Self {
        match (HeaderName::try_from(name), HeaderValue::try_from(value.into())) {
            (Ok(name), Ok(value)) => self.with(name, value),
            _ => panic!("no header can have this name, or this value: {name}"),
        }
    }

    /// Asks to wait this many seconds.
    pub fn retry_after(self, seconds: u64) -> Self {
        self.with(header::RETRY_AFTER, HeaderValue::from(seconds))
    }

    /// Lets it take this long, on the script's clock. If that is longer than the request's timeout, the time runs out.
    pub fn delay(mut self, time: Duration) -> Self {
        self.takes = Some(time);
        self
    }

    fn reply(reply: Reply) -> Self {
        Self { reply, takes: Some(Duration::ZERO) }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        if let Reply::Response(response) = &mut self.reply {
            response.headers_mut().insert(name, value);
        }
        self
    }
}
