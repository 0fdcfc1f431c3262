//! Operations of the control API, and calls of them.

use http::{HeaderMap, Response, StatusCode};
use serde_json::Value;

use super::context::Api;
use crate::{
    control::events::EventBody,
    world::{
        FileResponse,
        contract::{
            problem::Problem,
            query::{Query, Segment},
        },
    },
};

/// The kind of body that an operation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ApiBody {
    /// No body, because nothing is changed.
    None,
    /// JSON, which may be absent if there is nothing to say.
    Json,
    /// Any bytes, streamed to a file.
    Upload,
}

/// The result of every operation.
pub(super) type ApiResult = Result<Reply, Problem>;

/// A successful reply.
pub(super) enum Reply {
    Json(StatusCode, Value),
    NoContent,
    /// A response of the world.
    Response(Response<Vec<u8>>),
    File(FileResponse),
    Events(EventBody),
}

#[derive(Clone, Copy)]
pub(super) enum Handler {
    Run(fn(&Api, &ApiCall) -> ApiResult),
    /// Executes the operation of the wire contract with the same path below the person.
    Contract,
}

/// An operation of the control API.
pub(crate) struct ApiOperation {
    pub(crate) method: &'static str,
    /// Below the prefix.
    pub(crate) path: &'static str,
    pub(crate) body: ApiBody,
    pub(super) handler: Handler,
}

/// A request to the control API.
pub(crate) struct ApiCall {
    pub(crate) operation: &'static ApiOperation,
    /// The ids in the path, in order.
    pub(crate) ids: Vec<Segment>,
    /// The path as sent, below the prefix.
    pub(crate) path: String,
    pub(crate) query: Query,
    pub(crate) headers: HeaderMap,
    pub(crate) bytes: Vec<u8>,
}

impl ApiCall {
    /// An id in the path. One that is not percent-encoded UTF-8 is unknown.
    pub(super) fn id(&self, at: usize) -> &str {
        self.ids.get(at).and_then(Option::as_deref).unwrap_or_default()
    }

    /// The body as JSON; an empty object if there is none.
    pub(super) fn json(&self) -> Result<Value, Problem> {
        if self.bytes.is_empty() {
            return Ok(Value::Object(serde_json::Map::new()));
        }
        serde_json::from_slice(&self.bytes)
            .map_err(|error| Problem::malformed(format!("The body is not valid JSON: {error}.")))
    }
}

/// A reply with status 200.
#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `ApiResult`")]
pub(super) fn ok(json: Value) -> ApiResult {
    Ok(Reply::Json(StatusCode::OK, json))
}

/// A reply with status 201.
#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `ApiResult`")]
pub(super) fn created(json: Value) -> ApiResult {
    Ok(Reply::Json(StatusCode::CREATED, json))
}

/// A reply with status 204.
#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `ApiResult`")]
pub(super) fn no_content() -> ApiResult {
    Ok(Reply::NoContent)
}

/// A reply with status 204, or 404 if there is no such thing.
pub(super) fn done(is_done: bool, what: &str) -> ApiResult {
    if is_done { Ok(Reply::NoContent) } else { Err(Problem::not_found(what)) }
}
