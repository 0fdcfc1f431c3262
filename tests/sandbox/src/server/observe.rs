//! Records of exchanges and connections, for tests and observers.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{HeaderMap, Method, StatusCode, Uri};

use super::notify::Notifier;

/// The maximum number of entries in the transcript.
const MAX_ENTRIES: usize = 100_000;

/// The maximum number of bytes of a path, or of a key, in the transcript. Paths with ids and cursors of the contract,
/// and valid keys, are shorter.
const MAX_TEXT_BYTES: usize = 1024;

/// A request and its response.
///
/// The value of `Authorization` is marked as sensitive: it can be inspected but is not printed.
#[derive(Clone, Debug)]
pub struct ObservedExchange {
    /// The method.
    pub method: Method,
    /// Path and query.
    pub uri: Uri,
    /// The contract's route, such as `POST /v1/chats/{tid}/messages`, if the request matches one.
    pub route: Option<String>,
    /// The request's headers.
    pub request_headers: HeaderMap,
    /// The request's body; empty if it was streamed to a file, too large, or not read.
    pub request_body: Vec<u8>,
    /// The response; `None` if there was none.
    pub response: Option<ObservedResponse>,
    /// The name of the injected fault, if any.
    pub fault: Option<&'static str>,
    /// The duration of the exchange in real time.
    pub duration: Duration,
}

/// The response to a request.
#[derive(Clone, Debug)]
pub struct ObservedResponse {
    /// The status.
    pub status: StatusCode,
    /// The headers, without those that the HTTP stack adds (`Date`, and `Content-Length` where it is missing).
    pub headers: HeaderMap,
    /// The body; empty if it was streamed from a file.
    pub body: Vec<u8>,
    /// True if it was supplied by a fault rule (`Response`, `Raw`, or a `Status` that not every operation has), so that
    /// it need not conform to the contract. For raw bytes, the status is 200, the headers are empty and the bytes are
    /// the body.
    pub injected: bool,
    /// True if it was sent completely, false if a fault cut it.
    pub delivered: bool,
}

/// An entry of the transcript.
#[derive(Clone, PartialEq, Eq)]
pub struct TranscriptEntry {
    /// The method.
    pub method: String,
    /// Path and query, as sent; the first 1,024 bytes.
    pub path: String,
    /// The contract's route, if the request matches one.
    pub route: Option<String>,
    /// The status of the response, whether or not a fault prevented its delivery.
    pub status: Option<u16>,
    /// The name of the injected fault, if any.
    pub fault: Option<&'static str>,
    /// `Idempotency-Key`, if sent; the first 1,024 bytes.
    pub idempotency_key: Option<String>,
}

impl fmt::Debug for TranscriptEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { method, path, status, fault, .. } = self;
        write!(f, "{method} {path} -> {status:?}")?;
        fault.map_or(Ok(()), |fault| write!(f, " ({fault})"))
    }
}

/// Connection counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Connections {
    /// Connections that are open now.
    pub open: u64,
    /// Connections accepted so far.
    pub accepted: u64,
}

pub(crate) type Observer = Box<dyn Fn(&ObservedExchange) + Send + Sync>;

#[derive(Debug, Default)]
struct Log {
    received: BTreeMap<String, u64>,
    handled: BTreeMap<String, u64>,
    transcript: VecDeque<TranscriptEntry>,
    connections: Connections,
}

#[derive(Default)]
pub(crate) struct Observed {
    log: Mutex<Log>,
    pub(crate) changes: Notifier,
    observer: Option<Observer>,
}

impl Observed {
    pub(crate) fn new(observer: Option<Observer>) -> Self {
        Self { log: Mutex::default(), changes: Notifier::default(), observer }
    }

    /// Returns true if an observer needs headers and bodies.
    pub(super) fn is_observed(&self) -> bool {
        self.observer.is_some()
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Updates the log and notifies waiting threads.
    fn update(&self, f: impl FnOnce(&mut Log)) {
        f(&mut self.log());
        self.changes.notify();
    }

    pub(crate) fn received_count(&self, route: &str) -> u64 {
        self.log().received.get(route).copied().unwrap_or(0)
    }

    pub(crate) fn handled_count(&self, route: &str) -> u64 {
        self.log().handled.get(route).copied().unwrap_or(0)
    }

    pub(crate) fn transcript(&self) -> Vec<TranscriptEntry> {
        self.log().transcript.iter().cloned().collect()
    }

    pub(crate) fn connections(&self) -> Connections {
        self.log().connections
    }

    pub(crate) fn clear_transcript(&self) {
        self.update(|log| log.transcript.clear());
    }

    pub(super) fn count_received(&self, route: &str) {
        self.update(|log| *log.received.entry(route.to_owned()).or_default() += 1);
    }

    pub(super) fn count_handled(&self, route: &str) {
        self.update(|log| *log.handled.entry(route.to_owned()).or_default() += 1);
    }

    /// Counts a connection until the guard is dropped.
    pub(super) fn count_connection(&self) -> ConnectionGuard<'_> {
        self.update(|log| {
            log.connections.open += 1;
            log.connections.accepted += 1;
        });
        ConnectionGuard(self)
    }

    pub(super) fn record(&self, exchange: &ObservedExchange) {
        let key = exchange.request_headers.get("idempotency-key");
        let entry = TranscriptEntry {
            method: exchange.method.to_string(),
            path: start_of(exchange.uri.to_string()),
            route: exchange.route.clone(),
            status: exchange.response.as_ref().map(|response| response.status.as_u16()),
            fault: exchange.fault,
            idempotency_key: key.map(|key| start_of(String::from_utf8_lossy(key.as_bytes()).into_owned())),
        };
        self.update(|log| {
            if log.transcript.len() == MAX_ENTRIES {
                log.transcript.pop_front();
            }
            log.transcript.push_back(entry);
        });
        if let Some(observer) = &self.observer {
            observer(exchange);
        }
    }
}

fn start_of(mut text: String) -> String {
    let end = (0..=MAX_TEXT_BYTES.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    text.truncate(end);
    text.shrink_to_fit();
    text
}

pub(super) struct ConnectionGuard<'o>(&'o Observed);

impl Drop for ConnectionGuard<'_> {
    fn drop(&mut self) {
        self.0.update(|log| log.connections.open -= 1);
    }
}
