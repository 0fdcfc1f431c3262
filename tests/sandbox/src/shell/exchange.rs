//! One request and its answer, on a good day or a bad one.

use std::{sync::Arc, time::Instant};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, StatusCode, header, request::Parts};
use hyper::body::Incoming;

use super::{
    Shared,
    body::{self, Outgoing},
    connection::{Link, Severed},
    faults::Fault,
    observe::{Exchange, ObservedResponse},
    perform::{self, Done},
    rules::Closing,
    wire::{Ending, head_bytes},
};
use crate::world::{Payload, route_of};

/// A request that is being answered.
struct Serving {
    shared: Arc<Shared>,
    link: Link,
    exchange: Exchange,
    began: Instant,
}

/// Serves one request.
pub(super) async fn serve(
    shared: Arc<Shared>,
    link: Link,
    request: Request<Incoming>,
) -> Result<Response<Outgoing>, Severed> {
    let began = Instant::now();
    let (mut parts, incoming) = request.into_parts();
    hide_secrets(&mut parts.headers);
    let route = route_of(parts.method.as_str(), parts.uri.path());
    if let Some(route) = &route {
        shared.observed.count_arrival(route);
    }
    let fault = shared.rules.take(&parts);
    let exchange = Exchange {
        method: parts.method.clone(),
        uri: parts.uri.clone(),
        route,
        request_headers: parts.headers.clone(),
        request_body: Vec::new(),
        response: None,
        fault: fault.as_ref().map(Fault::name),
        duration: std::time::Duration::ZERO,
    };
    Serving { shared, link, exchange, began }.answer(fault, parts, incoming).await
}

/// Lets no Secret be printed with the headers.
fn hide_secrets(headers: &mut HeaderMap) {
    for (name, value) in headers.iter_mut() {
        value.set_sensitive(*name == header::AUTHORIZATION);
    }
}

/// Before an answer is sent, or when the client has gone without one.
impl Drop for Serving {
    fn drop(&mut self) {
        self.exchange.duration = self.began.elapsed();
        self.shared.observed.note(&self.exchange);
    }
}

impl Serving {
    async fn answer(
        mut self,
        fault: Option<Fault>,
        parts: Parts,
        mut incoming: Incoming,
    ) -> Result<Response<Outgoing>, Severed> {
        match fault {
            None => self.perform(None, parts, incoming).await,
            Some(Fault::Delay(delay)) => {
                self.shared.sleep(delay).await;
                self.perform(None, parts, incoming).await
            }
            Some(fault @ (Fault::Slow(_) | Fault::CutAfter | Fault::CutBody { .. } | Fault::NoResponseAfter)) => {
                self.perform(Some(fault), parts, incoming).await
            }
            Some(Fault::CutBefore) => Err(self.sever(Ending::Cut)),
            Some(Fault::NoResponse) => Err(self.sever(Ending::Hang(Vec::new()))),
            Some(Fault::CutRequest { after_bytes }) => {
                let mut read = 0;
                while read < after_bytes
                    && let Ok(Some(piece)) = body::next(&mut incoming).await
                {
                    read += u64::try_from(piece.len()).unwrap_or(u64::MAX);
                }
                Err(self.sever(Ending::Cut))
            }
            Some(Fault::Status { status, retry_after }) => {
                self.read_whole(incoming).await?;
                let answer = self.shared.problem(status, retry_after);
                self.give(answer, !is_by_contract(status, retry_after)).await
            }
            Some(Fault::Response { status, headers, body }) => {
                self.read_whole(incoming).await?;
                self.give(made_up(status, &headers, body), true).await
            }
            Some(Fault::Raw(bytes)) => {
                self.read_whole(incoming).await?;
                self.fake(&bytes);
                Err(self.sever(Ending::Bytes(bytes)))
            }
            Some(Fault::RawThenHang(bytes)) => {
                self.read_whole(incoming).await?;
                self.fake(&bytes);
                Err(self.sever(Ending::Hang(bytes)))
            }
        }
    }

    /// Ends the connection.
    fn sever(&self, ending: Ending) -> Severed {
        self.link.sever(ending)
    }

    fn fake(&mut self, bytes: &[u8]) {
        self.exchange.response = Some(ObservedResponse {
            status: StatusCode::OK,
            headers: HeaderMap::new(),
            body: bytes.to_vec(),
            injected: true,
            delivered: true,
        });
    }

    /// Reads a body that nothing is done with.
    async fn read_whole(&mut self, mut incoming: Incoming) -> Result<(), Severed> {
        match body::read(&mut incoming, 1024 * 1024).await {
            Ok(Payload::Whole(bytes)) => self.exchange.request_body = bytes,
            Ok(Payload::TooLarge) => {}
            Err(body::Gone) => return Err(self.sever(Ending::Cut)),
        }
        Ok(())
    }

    /// Carries the request out, and answers; or not, as the fault says.
    async fn perform(
        mut self,
        fault: Option<Fault>,
        parts: Parts,
        incoming: Incoming,
    ) -> Result<Response<Outgoing>, Severed> {
        let slow = match &fault {
            Some(Fault::Slow(slow)) => Some(*slow),
            _ => None,
        };
        let done = perform::perform(&self.shared, parts, incoming, slow, &mut self.exchange.request_body).await;
        let Ok(done) = done else { return Err(self.sever(Ending::Cut)) };
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
        self.exchange.response = Some(self.answered(&done, sent.is_none()));
        match (fault, sent) {
            (Some(Fault::CutAfter), _) => Err(self.sever(Ending::Cut)),
            (Some(Fault::NoResponseAfter), _) => Err(self.sever(Ending::Hang(Vec::new()))),
            (_, Some(sent)) => {
                let ending = self.written(done, sent);
                Err(self.sever(ending))
            }
            (_, None) => self.send(done).await,
        }
    }

    /// Gives an answer that the world has not made.
    async fn give(mut self, answer: Response<Vec<u8>>, injected: bool) -> Result<Response<Outgoing>, Severed> {
        let done = Done::Whole(answer);
        self.exchange.response = Some(ObservedResponse { injected, ..self.answered(&done, true) });
        self.send(done).await
    }

    /// Hands an answer to hyper, unless the connection is to be closed without a word.
    async fn send(self, mut done: Done) -> Result<Response<Outgoing>, Severed> {
        match self.shared.rules.closing() {
            Some(Closing::Abrupt) => {
                let ending = self.written(done, u64::MAX);
                return Err(self.sever(ending));
            }
            Some(Closing::Announced) => {
                let headers = match &mut done {
                    Done::Whole(answer) => answer.headers_mut(),
                    Done::File(file) => file.head.headers_mut(),
                };
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            None => {}
        }
        let outgoing = match done {
            Done::Whole(answer) => answer.map(Outgoing::bytes),
            Done::File(file) => {
                let path = self.shared.folder.join(&file.file);
                let length = file.range.end - file.range.start;
                match Outgoing::file(&path, file.range.start, length).await {
                    Ok(body) => file.head.map(|()| body),
                    Err(_) => self.shared.problem(StatusCode::INTERNAL_SERVER_ERROR, None).map(Outgoing::bytes),
                }
            }
        };
        Ok(outgoing)
    }

    /// What is noted of an answer; without an observer its status is enough.
    fn answered(&self, done: &Done, delivered: bool) -> ObservedResponse {
        let (status, headers, body) = match done {
            Done::Whole(answer) => (answer.status(), answer.headers(), &answer.body()[..]),
            Done::File(file) => (file.head.status(), file.head.headers(), &[][..]),
        };
        let (mut kept, mut bytes) = (HeaderMap::new(), Vec::new());
        if self.shared.observed.is_observed() {
            kept.clone_from(headers);
            bytes.extend_from_slice(body);
        }
        ObservedResponse { status, headers: kept, body: bytes, injected: false, delivered }
    }

    /// An answer, written without hyper, with at most so many bytes of its body.
    fn written(&self, done: Done, at_most: u64) -> Ending {
        match done {
            Done::Whole(answer) => {
                let (parts, body) = answer.into_parts();
                let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
                let mut bytes = head_bytes(parts.status, &parts.headers, length);
                bytes.extend(body.into_iter().take(usize::try_from(at_most).unwrap_or(usize::MAX)));
                Ending::Bytes(bytes)
            }
            Done::File(file) => {
                let length = file.range.end - file.range.start;
                Ending::File {
                    head: head_bytes(file.head.status(), file.head.headers(), length),
                    path: self.shared.folder.join(&file.file),
                    from: file.range.start,
                    length: length.min(at_most),
                }
            }
        }
    }
}

/// Whether every operation may answer this at any time.
fn is_by_contract(status: StatusCode, retry_after: Option<u64>) -> bool {
    match status.as_u16() {
        429 | 503 => retry_after.is_some(),
        401 | 500..=599 => retry_after.is_none(),
        _ => false,
    }
}

fn made_up(status: StatusCode, headers: &[(String, String)], body: Vec<u8>) -> Response<Vec<u8>> {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            answer.headers_mut().append(name, value);
        }
    }
    answer
}
