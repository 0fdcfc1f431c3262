//! Operations of the contract, executed as a person, and uploads by people.

use http::{HeaderMap, HeaderValue, Response, header};
use serde_json::Value;

use super::{
    call::{self, Call},
    checks::check_request,
    contract::{
        headers::{is_file_name, is_media_type},
        problem::Problem,
        query::{self, Query},
    },
    now::Now,
    routes,
    stages::Handled,
    state::{
        World,
        assets::{Content, ReceivedFile},
    },
};

impl World {
    /// Executes an operation of the contract as a person: without key, rate limit and idempotency. The path starts with
    /// `/v1/` and is percent-encoded.
    pub(crate) fn execute_as(&mut self, now: Now, uid: &str, method: &str, path: &str, body: Vec<u8>) -> Handled {
        self.advance_to(now);
        let request_id = self.ids.next_request();
        match self.person_call(now, uid, method, path, &request_id, body) {
            Ok(call) => self.run(call),
            Err(problem) => Handled::Response(problem.into_response(&request_id)),
        }
    }

    fn person_call(
        &self,
        now: Now,
        uid: &str,
        method: &str,
        path: &str,
        request_id: &str,
        body: Vec<u8>,
    ) -> Result<Box<Call>, Problem> {
        self.require_person(uid)?;
        let (operation, ids) = routes::find(method, &query::segments(path))?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let mut call = Box::new(Call {
            operation,
            now,
            received_at: now.elapsed,
            respond_at: now.elapsed,
            request_id: request_id.to_owned(),
            // No App ID, so that cursors of a person fit no bot.
            app_id: format!("person\n{uid}"),
            actor: uid.to_owned(),
            ids,
            query: Query::default(),
            head_digest: call::digest_of_head(&http::Method::POST, path, &headers, false),
            headers,
            json: Value::Null,
            bytes: Vec::new(),
        });
        check_request(&mut call, body)?;
        Ok(call)
    }

    /// Checks an upload of a person, and returns a unique name for its file.
    pub(crate) fn begin_upload_as(&mut self, uid: &str, file_name: &str, media_type: &str) -> Result<String, Problem> {
        self.require_person(uid)?;
        if !is_file_name(file_name) {
            return Err(Problem::malformed("file_name must be 1 to 255 characters without a slash or a backslash."));
        }
        if !is_media_type(media_type) || HeaderValue::from_str(media_type).is_err() {
            return Err(Problem::malformed("media_type must be a media type, such as image/png."));
        }
        Ok(self.next_file())
    }

    /// Stores an upload of a person and returns its JSON.
    pub(crate) fn commit_upload_as(
        &mut self,
        uid: &str,
        file_name: &str,
        media_type: &str,
        received: ReceivedFile,
        file: String,
    ) -> Value {
        self.store(uid, file_name.to_owned(), media_type.to_owned(), received, Content::File(file)).1
    }

    /// A response that the world has not produced.
    pub(crate) fn reject(&mut self, problem: Problem) -> Response<Vec<u8>> {
        problem.into_response(&self.next_request_id())
    }
}
