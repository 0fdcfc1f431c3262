//! Executes requests.

use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::{
    assets,
    call::{ApiCall, Handler, Reply},
    context::Api,
    people,
};
use crate::{
    control::events::EventBody,
    server::body::ResponseBody,
    world::{
        FileResponse,
        contract::{problem::Problem, response},
    },
};

/// The response to a request.
pub(crate) enum ApiResponse {
    InMemory(Response<Vec<u8>>),
    File(FileResponse),
    Events(EventBody),
}

impl Api {
    /// Executes a request whose body has been read.
    pub(crate) fn execute(&self, call: &ApiCall) -> ApiResponse {
        let result = match call.operation.handler {
            Handler::Run(run) => run(self, call),
            Handler::Contract => people::execute_as_person(self, call),
        };
        let is_saved = || if call.operation.method == "GET" { Ok(()) } else { self.check_saved() };
        match result.and_then(|reply| is_saved().map(|()| reply)) {
            Ok(Reply::Json(status, json)) => ApiResponse::InMemory(response::json(status, &json, &self.request_id())),
            Ok(Reply::NoContent) => ApiResponse::InMemory(response::no_content(&self.request_id())),
            Ok(Reply::Response(response)) => ApiResponse::InMemory(response),
            Ok(Reply::File(file)) => ApiResponse::File(file),
            Ok(Reply::Events(body)) => ApiResponse::Events(body),
            Err(problem) => ApiResponse::InMemory(self.reject(problem)),
        }
    }

    /// Streams an upload of a person to its file.
    pub(crate) async fn upload(&self, call: &ApiCall, body: Incoming) -> Response<Vec<u8>> {
        let result = assets::upload(self, call, body).await;
        match result.and_then(|json| self.check_saved().map(|()| json)) {
            Ok(json) => response::json(StatusCode::CREATED, &json, &self.request_id()),
            Err(problem) => self.reject(problem),
        }
    }

    /// 500 if changes cannot be saved.
    fn check_saved(&self) -> Result<(), Problem> {
        let problem = |error| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "server", error);
        self.shared.data_error().map_or(Ok(()), |error| Err(problem(error)))
    }

    /// Opens the body of a file response.
    pub(crate) async fn open(&self, file: FileResponse) -> Response<ResponseBody> {
        let path = self.shared.folder.join(&file.file);
        let length = file.range.end - file.range.start;
        if let Ok(body) = ResponseBody::file(&path, file.range.start, length).await {
            return file.head.map(|()| body);
        }
        let problem = Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "server", "The file cannot be read.");
        self.reject(problem).map(ResponseBody::bytes)
    }
}
