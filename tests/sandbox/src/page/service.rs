//! Serves requests of the page and of the control API.

use std::{
    convert::Infallible,
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response, header};
use hyper::{
    body::{Body, Frame, Incoming, SizeHint},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::{
    files::{self, PageFile},
    guard::Guard,
    headers,
    target::{Target, path_below_prefix},
};
use crate::{
    control::{
        api::{Api, ApiBody, ApiCall, ApiResponse},
        events::EventBody,
    },
    server::body::{self, ResponseBody},
    world::{
        Payload,
        contract::{problem::Problem, query::Query},
    },
};

/// The maximum size of a JSON body.
const MAX_JSON_BYTES: u64 = 1024 * 1024;

/// The page and the control API of a sandbox.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) api: Api,
    pub(super) guard: Guard,
}

/// Serves a connection until it ends.
pub(super) async fn serve(stream: TcpStream, service: Arc<Service>) {
    // Responses are small and written at once, so Nagle's algorithm would only delay them.
    let _ = stream.set_nodelay(true);
    let respond = service_fn(move |request| {
        let service = service.clone();
        async move { Ok::<_, Infallible>(service.respond(request).await) }
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), respond);
    // An error means that the client has disconnected or sent invalid HTTP, to which hyper has responded.
    let _ = connection.await;
}

impl Service {
    async fn respond(&self, request: Request<Incoming>) -> Response<PageBody> {
        let (parts, incoming) = request.into_parts();
        let target = Target::of(&parts);
        let is_page = matches!(target, Target::Page(_) | Target::File(_));
        let mut response = match self.guard.check(&parts, matches!(target, Target::Page(_))) {
            Err(problem) => self.reject(problem),
            Ok(()) => match target {
                Target::Page(file) => {
                    let mut response = file_response(file);
                    let links = HeaderValue::try_from(files::links()).expect("the names of files are ASCII");
                    response.headers_mut().insert(header::LINK, links);
                    response
                }
                Target::File(file) => file_response(file),
                Target::Nothing(problem) => self.reject(problem),
                Target::Api(operation, ids) => {
                    let call = ApiCall {
                        operation,
                        ids,
                        path: path_below_prefix(&parts.uri),
                        query: Query::parse(parts.uri.query().unwrap_or_default()),
                        headers: parts.headers,
                        bytes: Vec::new(),
                    };
                    self.call(call, incoming).await
                }
            },
        };
        let is_page = is_page && response.status().is_success();
        headers::set(response.headers_mut(), is_page);
        response
    }

    async fn call(&self, mut call: ApiCall, mut incoming: Incoming) -> Response<PageBody> {
        if let Err(problem) = check_media_type(&call) {
            return self.reject(problem);
        }
        if call.operation.body == ApiBody::Upload {
            return self.api.upload(&call, incoming).await.map(PageBody::bytes);
        }
        match body::read(&mut incoming, MAX_JSON_BYTES).await {
            Ok(Payload::Whole(bytes)) => call.bytes = bytes,
            Ok(Payload::TooLarge) => return self.reject(Problem::too_large(MAX_JSON_BYTES)),
            Err(body::ClientGone) => return self.reject(Problem::malformed("The body was not received completely.")),
        }
        match self.api.execute(&call) {
            ApiResponse::InMemory(response) => response.map(PageBody::bytes),
            ApiResponse::File(file) => self.api.open(file).await.map(PageBody::Plain),
            ApiResponse::Events(body) => {
                let mut response = Response::new(PageBody::Events(body));
                let media_type = HeaderValue::from_static("text/event-stream");
                response.headers_mut().insert(header::CONTENT_TYPE, media_type);
                response
            }
        }
    }

    fn reject(&self, problem: Problem) -> Response<PageBody> {
        self.api.reject(problem).map(PageBody::bytes)
    }
}

fn file_response(file: &PageFile) -> Response<PageBody> {
    let mut response = Response::new(PageBody::Plain(ResponseBody::fixed(file.bytes)));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(file.media_type));
    response
}

/// 415 unless a change has a media type that no website can send to another without its consent.
fn check_media_type(call: &ApiCall) -> Result<(), Problem> {
    let expected = match call.operation.body {
        ApiBody::None => return Ok(()),
        ApiBody::Json => "application/json",
        ApiBody::Upload => "application/octet-stream",
    };
    if media_type(&call.headers).is_some_and(|given| given.eq_ignore_ascii_case(expected)) {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(&format!("Content-Type must be {expected}.")))
}

fn media_type(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let value = values.next().filter(|_| values.next().is_none())?.to_str().ok()?;
    Some(value.split(';').next().unwrap_or_default().trim())
}

/// The body of a response.
#[derive(Debug)]
enum PageBody {
    Plain(ResponseBody),
    Events(EventBody),
}

impl PageBody {
    fn bytes(bytes: Vec<u8>) -> Self {
        Self::Plain(ResponseBody::bytes(bytes))
    }
}

impl Body for PageBody {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        match self.get_mut() {
            Self::Plain(body) => Pin::new(body).poll_frame(cx),
            Self::Events(body) => Pin::new(body).poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Plain(body) => body.is_end_stream(),
            Self::Events(_) => false,
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Plain(body) => body.size_hint(),
            Self::Events(_) => SizeHint::default(),
        }
    }
}
