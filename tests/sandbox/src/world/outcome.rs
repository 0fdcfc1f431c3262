//! The outcome of an operation, which becomes an HTTP response.

use std::{ops::Range, time::Duration};

use http::{Response, StatusCode};
use serde_json::Value;

use super::contract::problem::Problem;

/// A response whose body is in a file.
#[derive(Debug)]
pub struct FileResponse {
    /// Status and headers, including `Content-Length`.
    pub head: Response<()>,
    /// The name of the file, as returned by [`Upload::file`](super::Upload::file).
    pub file: String,
    /// The range of its bytes that is the body.
    pub range: Range<u64>,
}

/// The response with the bytes of an asset, or with a part of them.
#[derive(Debug)]
pub(crate) enum AssetResponse {
    InMemory(Response<Vec<u8>>),
    File(FileResponse),
}

impl From<AssetResponse> for Outcome {
    fn from(response: AssetResponse) -> Self {
        match response {
            AssetResponse::InMemory(response) => Self::Response(response),
            AssetResponse::File(file) => Self::File(file),
        }
    }
}

/// The successful outcome of an operation.
#[derive(Debug)]
pub(crate) enum Outcome {
    Json(StatusCode, Value),
    NoContent,
    /// A response with its own headers.
    Response(Response<Vec<u8>>),
    File(FileResponse),
    /// A long poll without updates.
    Wait(Wait),
}

/// The wait of a long poll without updates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wait {
    /// Resume it at this time, or when the world has changed.
    pub(crate) until: Duration,
    /// Set if the same request will wait again after a response at that time, as long as the world does not change.
    pub(crate) is_idle: bool,
}

/// The result of every operation.
pub(crate) type OperationResult = Result<Outcome, Problem>;

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `OperationResult`")]
pub(crate) fn ok(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::OK, value))
}

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they return an `OperationResult`")]
pub(crate) fn created(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::CREATED, value))
}
