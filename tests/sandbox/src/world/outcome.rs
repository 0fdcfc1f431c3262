//! The outcome of an operation, before it becomes an HTTP response.

use std::{ops::Range, time::Duration};

use http::{Response, StatusCode};
use serde_json::Value;

use super::contract::problem::Problem;

/// An answer whose body lies in a file.
#[derive(Debug)]
pub struct FileResponse {
    /// Status and headers, `Content-Length` among them.
    pub head: Response<()>,
    /// The name of the file, as [`Upload::file`] gave it.
    pub file: String,
    /// Which of its bytes are the body.
    pub range: Range<u64>,
}

/// What an operation answers.
#[derive(Debug)]
pub(crate) enum Outcome {
    Json(StatusCode, Value),
    NoContent,
    /// An answer with headers of its own.
    Response(Response<Vec<u8>>),
    File(FileResponse),
    /// Nothing yet: ask again at this time, or when something has changed.
    Wait(Duration),
}

/// What every operation returns.
pub(crate) type OperationResult = Result<Outcome, Problem>;

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `OperationResult`")]
pub(crate) fn ok(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::OK, value))
}

#[expect(clippy::unnecessary_wraps, reason = "operations end with it, and they answer with a `OperationResult`")]
pub(crate) fn created(value: Value) -> OperationResult {
    Ok(Outcome::Json(StatusCode::CREATED, value))
}
