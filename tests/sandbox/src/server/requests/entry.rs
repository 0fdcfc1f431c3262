//! An entry of the log.

use std::time::Duration;

use http::{HeaderMap, Method, StatusCode, Uri, header};
use serde_json::Value;

use crate::{
    server::observe::ObservedExchange,
    world::{CredentialsProblem, app_id_of, file_name_of},
};

/// The maximum number of bytes kept of a body.
const MAX_BODY_BYTES: usize = 64 * 1024;

/// A request and, once it is complete, its response.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The number, from 1.
    pub(crate) number: u64,
    /// The time of its begin in milliseconds since 1970, by the sandbox's clock.
    pub(crate) at: i64,
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    /// The contract's route, if it matches one.
    pub(crate) route: Option<String>,
    /// Without credentials and cookies.
    pub(crate) request_headers: HeaderMap,
    /// The App ID in its credentials, whether or not they are valid.
    pub(crate) app_id: Option<String>,
    /// The name of an uploaded file.
    pub(crate) file_name: Option<String>,
    pub(crate) key: Option<String>,
    /// The number of requests with this key so far, including this one; 1 without a key.
    pub(crate) attempt: u64,
    pub(crate) completion: Option<Completion>,
    /// The number of the last change of the log that concerns it.
    pub(crate) changed: u64,
}

/// The end of a request.
#[derive(Clone, Debug)]
pub(crate) struct Completion {
    /// The status, unless there was no response.
    pub(crate) status: Option<StatusCode>,
    /// The code of a problem.
    pub(crate) code: Option<String>,
    /// The message that it posted.
    pub(crate) mid: Option<String>,
    /// The reason for 401.
    pub(crate) credentials: Option<CredentialsProblem>,
    /// The name of the injected fault, if any.
    pub(crate) fault: Option<&'static str>,
    /// True if the response was sent completely.
    pub(crate) delivered: bool,
    /// In real time.
    pub(crate) duration: Duration,
    pub(crate) response_headers: HeaderMap,
    pub(crate) request_body: KeptBody,
    pub(crate) response_body: KeptBody,
}

/// A body in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum KeptBody {
    Empty,
    /// The first bytes, and the size of the whole body.
    Bytes(Vec<u8>, u64),
    /// Not kept, of this size if it is known: it was streamed, or is too old.
    Dropped(Option<u64>),
}

impl KeptBody {
    /// Keeps the start of a body; of an empty one, the size that its head announced.
    fn of(bytes: &[u8], announced: Option<u64>) -> Self {
        let size = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        match (bytes.is_empty(), announced) {
            (true, None | Some(0)) => Self::Empty,
            (true, announced) => Self::Dropped(announced),
            (false, _) => Self::Bytes(bytes[..bytes.len().min(MAX_BODY_BYTES)].to_vec(), size),
        }
    }

    /// The number of bytes kept.
    fn kept(&self) -> usize {
        match self {
            Self::Bytes(bytes, _) => bytes.len(),
            Self::Empty | Self::Dropped(_) => 0,
        }
    }

    fn drop_bytes(&mut self) {
        if let Self::Bytes(_, size) = self {
            *self = Self::Dropped(Some(*size));
        }
    }

    /// The size of the whole body, if it is known.
    pub(crate) fn size(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Bytes(_, size) => Some(*size),
            Self::Dropped(size) => *size,
        }
    }
}

impl Entry {
    /// Begins an entry. The log sets its numbers.
    pub(super) fn begin(at: i64, exchange: &ObservedExchange) -> Self {
        let headers = &exchange.request_headers;
        let disposition = headers.get(header::CONTENT_DISPOSITION).and_then(|value| value.to_str().ok());
        let key = headers.get("idempotency-key").map(|key| String::from_utf8_lossy(key.as_bytes()).into_owned());
        Self {
            number: 0,
            at,
            method: exchange.method.clone(),
            uri: exchange.uri.clone(),
            route: exchange.route.clone(),
            request_headers: without_secrets(headers),
            app_id: app_id_of(headers),
            file_name: disposition.and_then(file_name_of),
            key,
            attempt: 1,
            completion: None,
            changed: 0,
        }
    }

    /// The number of bytes kept of its texts, headers and bodies.
    pub(super) fn kept_bytes(&self) -> usize {
        let texts = [&self.app_id, &self.file_name, &self.key].into_iter().flatten().map(String::len).sum::<usize>();
        let path = self.uri.path_and_query().map_or(0, |path| path.as_str().len());
        let end = self
            .completion
            .as_ref()
            .map_or(0, |it| header_bytes(&it.response_headers) + it.request_body.kept() + it.response_body.kept());
        texts + path + header_bytes(&self.request_headers) + end
    }

    pub(super) fn drop_bodies(&mut self) {
        if let Some(completion) = &mut self.completion {
            completion.request_body.drop_bytes();
            completion.response_body.drop_bytes();
        }
    }
}

impl Completion {
    /// Describes the end of an exchange.
    pub(crate) fn new(
        exchange: &ObservedExchange,
        facts: ResponseFacts,
        credentials: Option<CredentialsProblem>,
    ) -> Self {
        let response = exchange.response.as_ref();
        let content_length = |headers: &HeaderMap| headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok();
        Self {
            status: response.map(|response| response.status),
            code: facts.code,
            mid: facts.mid,
            credentials,
            fault: exchange.fault,
            delivered: response.is_some_and(|response| response.delivered),
            duration: exchange.duration,
            response_headers: response.map(|response| response.headers.clone()).unwrap_or_default(),
            request_body: KeptBody::of(&exchange.request_body, content_length(&exchange.request_headers)),
            response_body: KeptBody::of(response.map_or(&[][..], |response| &response.body), facts.size),
        }
    }
}

/// Facts about a response that are kept without its body.
#[derive(Clone, Debug, Default)]
pub(crate) struct ResponseFacts {
    pub(crate) size: Option<u64>,
    pub(crate) code: Option<String>,
    pub(crate) mid: Option<String>,
}

impl ResponseFacts {
    /// Reads the facts from a response.
    pub(crate) fn of(route: Option<&str>, status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let announced = headers.get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
        let size = if body.is_empty() { announced } else { u64::try_from(body.len()).ok() };
        let posts = status.is_success() && route == Some("POST /v1/chats/{tid}/messages");
        let json: Value = if posts || status.is_client_error() || status.is_server_error() {
            serde_json::from_slice(body).unwrap_or_default()
        } else {
            Value::Null
        };
        let text = |name: &str| json.get(name).and_then(Value::as_str).map(str::to_owned);
        Self { size, code: text("code"), mid: text("mid").filter(|_| posts) }
    }
}

fn without_secrets(headers: &HeaderMap) -> HeaderMap {
    let mut headers = headers.clone();
    for name in [header::AUTHORIZATION, header::PROXY_AUTHORIZATION, header::COOKIE] {
        headers.remove(name);
    }
    headers
}

fn header_bytes(headers: &HeaderMap) -> usize {
    headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum()
}
