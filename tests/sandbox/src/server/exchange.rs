//! One exchange: a request, its fault if a rule applies, and its response.
//!
//! ```text
//!  request ──▶ rules.take
//!                │
//!                ├─ no fault, Delay, Slow ─────────────▶ execute ──▶ send ──▶ hyper
//!                ├─ Status, Response ────────────▶ send_injected ──▶ send ──▶ hyper
//!                ├─ CutAfter, CutBody, NoResponseAfter ▶ execute ──▶ cut
//!                └─ CutBefore, CutRequest, NoResponse, Raw, RawThenHang ──▶ cut
//! ```
//!
//! `execute` runs the request against the world; `send` hands the response to hyper; `cut` takes the connection from
//! hyper and ends it by a [`ConnectionEnd`]. Dropping the exchange records it in the transcript.

use std::{
    mem,
    sync::Arc,
    time::{Duration, Instant},
};

use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;

use super::{
    body::{self, ResponseBody},
    connection_end::{ConnectionCut, ConnectionEnd, ConnectionHandle, head_bytes},
    execute::{self, MAX_DISCARDED_BYTES, WorldResponse},
    faults::Fault,
    observe::{ObservedExchange, ObservedResponse},
    outages::OutagesBefore,
    requests::{Completion, ResponseFacts},
    rules::CloseMode,
    shared::Shared,
};
use crate::world::{Payload, route_of};

/// A request that is being served.
struct InFlight {
    shared: Arc<Shared>,
    connection: OutagesBefore,
    handle: ConnectionHandle,
    exchange: ObservedExchange,
    started: Instant,
    /// Its number in the log of requests, if there is one.
    number: Option<u64>,
    facts: ResponseFacts,
}

/// Serves one request.
pub(super) async fn serve(
    shared: Arc<Shared>,
    connection: OutagesBefore,
    handle: ConnectionHandle,
    request: Request<Incoming>,
) -> Result<Response<ResponseBody>, ConnectionCut> {
    let started = Instant::now();
    if let Some(response) = page_hint(&shared, &request) {
        return Ok(response);
    }
    let (mut parts, incoming) = request.into_parts();
    mark_secrets(&mut parts.headers);
    let route = route_of(parts.method.as_str(), parts.uri.path());
    if let Some(route) = &route {
        shared.observed.count_received(route);
    }
    let fault = shared.rules.take(&parts);
    let exchange = ObservedExchange {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        route,
        request_headers: parts.headers.clone(),
        request_body: Vec::new(),
        response: None,
        fault: fault.as_ref().map(Fault::name),
        duration: Duration::ZERO,
    };
    let number = shared.requests.as_ref().map(|requests| {
        let number = requests.begin(shared.clock.now().millis(), &exchange);
        shared.observed.changes.notify();
        number
    });
    let facts = ResponseFacts::default();
    InFlight { shared, connection, handle, exchange, started, number, facts }.run(fault, parts, incoming).await
}

/// The response to `GET /sandbox`: the address of the page, if there is one. It is not counted as a request of a bot.
fn page_hint(shared: &Shared, request: &Request<Incoming>) -> Option<Response<ResponseBody>> {
    let url =
        shared.page_url.get().filter(|_| request.uri().path() == "/sandbox" && request.method() == Method::GET)?;
    let headers = [("content-type".to_owned(), "text/plain; charset=utf-8".to_owned())];
    let text = format!("The page of this sandbox is at {url}\n");
    Some(build_response(StatusCode::OK, &headers, text.into_bytes()).map(ResponseBody::bytes))
}

/// Marks `Authorization` as sensitive, so that `Debug` does not print it.
fn mark_secrets(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        value.set_sensitive(*name == header::AUTHORIZATION);
    }
}

/// Records the exchange, before its response is sent or after the client has disconnected.
impl Drop for InFlight {
    fn drop(&mut self) {
        self.exchange.duration = self.started.elapsed();
        if let (Some(requests), Some(number)) = (&self.shared.requests, self.number) {
            let is_unauthorized =
                self.exchange.response.as_ref().is_some_and(|it| it.status == StatusCode::UNAUTHORIZED && !it.injected);
            let headers = &self.exchange.request_headers;
            let problem = self.shared.world(|world, _| world.credentials_problem(headers));
            let shown = problem.filter(|_| is_unauthorized);
            let completion = Completion::new(&self.exchange, mem::take(&mut self.facts), shown);
            requests.end(number, completion, problem.is_none());
        }
        self.shared.observed.record(&self.exchange);
    }
}

impl InFlight {
    async fn run(
        mut self,
        fault: Option<Fault>,
        parts: Parts,
        mut incoming: Incoming,
    ) -> Result<Response<ResponseBody>, ConnectionCut> {
        match fault {
            None => self.execute(None, parts, incoming).await,
            Some(Fault::Delay(delay)) => {
                self.shared.sleep(delay).await;
                self.execute(None, parts, incoming).await
            }
            Some(fault @ (Fault::Slow(_) | Fault::CutAfter | Fault::CutBody { .. } | Fault::NoResponseAfter)) => {
                self.execute(Some(fault), parts, incoming).await
            }
            Some(Fault::CutBefore) => Err(self.cut(ConnectionEnd::Cut)),
            Some(Fault::NoResponse) => Err(self.cut(ConnectionEnd::Hang(Vec::new()))),
            Some(Fault::CutRequest { after_bytes }) => {
                let mut received = 0;
                while received < after_bytes
                    && let Ok(Some(chunk)) = body::next_chunk(&mut incoming).await
                {
                    received += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
                }
                Err(self.cut(ConnectionEnd::Cut))
            }
            Some(Fault::Status { status, retry_after }) => {
                self.read_body(incoming).await?;
                let response = self.shared.problem(status, retry_after);
                self.send_injected(response, !is_in_contract(status, retry_after)).await
            }
            Some(Fault::Response { status, headers, body }) => {
                self.read_body(incoming).await?;
                self.send_injected(build_response(status, &headers, body), true).await
            }
            Some(Fault::Raw(bytes)) => {
                self.read_body(incoming).await?;
                self.record_raw(&bytes);
                Err(self.cut(ConnectionEnd::Bytes(bytes)))
            }
            Some(Fault::RawThenHang(bytes)) => {
                self.read_body(incoming).await?;
                self.record_raw(&bytes);
                Err(self.cut(ConnectionEnd::Hang(bytes)))
            }
        }
    }

    /// Cuts the connection.
    fn cut(&self, end: ConnectionEnd) -> ConnectionCut {
        self.handle.cut(end)
    }

    fn record_raw(&mut self, bytes: &[u8]) {
        self.exchange.response = Some(ObservedResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: bytes.to_vec(),
            injected: true,
            delivered: true,
        });
    }

    /// Reads the body of a request that is not executed.
    async fn read_body(&mut self, mut incoming: Incoming) -> Result<(), ConnectionCut> {
        match body::read(&mut incoming, MAX_DISCARDED_BYTES).await {
            Ok(Payload::Whole(bytes)) => self.exchange.request_body = bytes,
            Ok(Payload::TooLarge) => {}
            Err(body::ClientGone) => return Err(self.cut(ConnectionEnd::Cut)),
        }
        Ok(())
    }

    /// Executes the request, then sends the response or cuts it as the fault requires.
    async fn execute(
        mut self,
        fault: Option<Fault>,
        parts: Parts,
        incoming: Incoming,
    ) -> Result<Response<ResponseBody>, ConnectionCut> {
        let slow = match &fault {
            Some(Fault::Slow(slow)) => Some(*slow),
            _ => None,
        };
        let body_copy = &mut self.exchange.request_body;
        let response = execute::execute(&self.shared, self.connection, parts, incoming, slow, body_copy).await;
        let Ok(response) = response else { return Err(self.cut(ConnectionEnd::Cut)) };
        if let Some(route) = &self.exchange.route {
            self.shared.observed.count_handled(route);
        }
        if let Some(slow) = slow {
            self.shared.sleep(slow).await;
        }
        let sent = match &fault {
            Some(Fault::CutAfter | Fault::NoResponseAfter) => Some(0),
            Some(Fault::CutBody { after_bytes }) => Some(*after_bytes),
            _ => None,
        };
        self.exchange.response = Some(self.observe(&response, sent.is_none()));
        match (fault, sent) {
            (Some(Fault::CutAfter), _) => Err(self.cut(ConnectionEnd::Cut)),
            (Some(Fault::NoResponseAfter), _) => Err(self.cut(ConnectionEnd::Hang(Vec::new()))),
            (_, Some(sent)) => {
                let end = self.raw_response(response, sent);
                Err(self.cut(end))
            }
            (_, None) => self.send(response).await,
        }
    }

    /// Sends a response that the world has not produced.
    async fn send_injected(
        mut self,
        response: Response<Vec<u8>>,
        injected: bool,
    ) -> Result<Response<ResponseBody>, ConnectionCut> {
        let response = WorldResponse::InMemory(response);
        let observed = self.observe(&response, true);
        self.exchange.response = Some(ObservedResponse { injected, ..observed });
        self.send(response).await
    }

    /// Hands a response to hyper, unless the connection is to be closed without announcement.
    async fn send(mut self, mut response: WorldResponse) -> Result<Response<ResponseBody>, ConnectionCut> {
        if self.shared.outages.have_cut(self.connection) {
            return Err(self.cut(ConnectionEnd::Cut));
        }
        match self.shared.rules.close_mode() {
            Some(CloseMode::Abrupt) => {
                let end = self.raw_response(response, u64::MAX);
                return Err(self.cut(end));
            }
            Some(CloseMode::Announced) => {
                let headers = match &mut response {
                    WorldResponse::InMemory(response) => response.headers_mut(),
                    WorldResponse::File(file) => file.head.headers_mut(),
                };
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            None => {}
        }
        Ok(match response {
            WorldResponse::InMemory(response) => response.map(ResponseBody::bytes),
            WorldResponse::File(file) => {
                let path = self.shared.folder.join(&file.file);
                let length = file.range.end - file.range.start;
                if let Ok(body) = ResponseBody::file(&path, file.range.start, length).await {
                    file.head.map(|()| body)
                } else {
                    let problem = self.shared.problem(StatusCode::INTERNAL_SERVER_ERROR, None);
                    let (status, headers, body) = (problem.status(), problem.headers(), &problem.body()[..]);
                    self.exchange.response = Some(self.observe_parts(status, headers, body, true));
                    problem.map(ResponseBody::bytes)
                }
            }
        })
    }

    /// Describes a response for the transcript. Headers and body are copied only for an observer and for the log.
    fn observe(&mut self, response: &WorldResponse, delivered: bool) -> ObservedResponse {
        let (status, headers, body) = match response {
            WorldResponse::InMemory(response) => (response.status(), response.headers(), &response.body()[..]),
            WorldResponse::File(file) => (file.head.status(), file.head.headers(), &[][..]),
        };
        self.observe_parts(status, headers, body, delivered)
    }

    fn observe_parts(
        &mut self,
        status: StatusCode,
        headers: &HeaderMap,
        body: &[u8],
        delivered: bool,
    ) -> ObservedResponse {
        let (mut copied, mut bytes) = (HeaderMap::new(), Vec::new());
        if self.number.is_some() {
            self.facts = ResponseFacts::of(self.exchange.route.as_deref(), status, headers, body);
        }
        if self.number.is_some() || self.shared.observed.is_observed() {
            copied.clone_from(headers);
            bytes.extend_from_slice(body);
        }
        ObservedResponse { status, headers: copied, body: bytes, injected: false, delivered }
    }

    /// Serialises a response without hyper, with at most `max_body` bytes of its body.
    fn raw_response(&self, response: WorldResponse, max_body: u64) -> ConnectionEnd {
        match response {
            WorldResponse::InMemory(response) => {
                let (parts, body) = response.into_parts();
                let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
                let mut bytes = head_bytes(parts.status, &parts.headers, length);
                bytes.extend(body.into_iter().take(usize::try_from(max_body).unwrap_or(usize::MAX)));
                ConnectionEnd::Bytes(bytes)
            }
            WorldResponse::File(file) => {
                let length = file.range.end - file.range.start;
                ConnectionEnd::File {
                    head: head_bytes(file.head.status(), file.head.headers(), length),
                    path: self.shared.folder.join(&file.file),
                    from: file.range.start,
                    length: length.min(max_body),
                }
            }
        }
    }
}

/// Returns true if the contract allows this response for every operation at any time.
fn is_in_contract(status: StatusCode, retry_after: Option<u64>) -> bool {
    match status.as_u16() {
        429 | 503 => retry_after.is_some(),
        401 | 500..=599 => retry_after.is_none(),
        _ => false,
    }
}

fn build_response(status: StatusCode, headers: &[(String, String)], body: Vec<u8>) -> Response<Vec<u8>> {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
