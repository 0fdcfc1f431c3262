//! Handles requests: the checks, in the order of the contract, and the execution.
//!
//! ```text
//!  admit        401 credentials, 429 rate limit, 404 path, 405 method
//!    │
//!    ▼ Admitted
//!  execute      413 size, 415 media type, 400 ids, idempotency key and JSON;
//!    │          a known idempotency key: the first response, 409 or 422
//!    ▼
//!   run ◀────── resume     401 if the key was revoked
//!    │            ▲
//!    ├─▶ Park ────┘        a long poll without updates
//!    ├─▶ File              its bytes are kept by the driver of the world
//!    └─▶ Response
//! ```
//!
//! An upload takes [`World::begin_upload`] and [`World::commit_upload`] instead of `execute`, with the same checks.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use http::{HeaderMap, Request, header, request::Parts};
use serde_json::Value;

use super::{
    call::{self, BodyKind, Call},
    checks::check_request,
    contract::{
        problem::Problem,
        query::{self, Query},
        response,
    },
    ids::BodyDigest,
    now::Now,
    outcome::{OperationResult, Outcome, Wait},
    routes,
    stages::{Admission, Admitted, BodyPlan, CommittedUpload, Handled, Parked, Payload, UploadStart},
    state::{
        World,
        assets::{ReceivedFile, jpeg_dimensions},
        bots::Bot,
    },
};

impl World {
    /// Handles a complete request. An uploaded file is kept in memory.
    pub fn handle(&mut self, now: Now, request: Request<Vec<u8>>) -> Handled {
        let (head, body) = request.into_parts();
        let admitted = match self.admit(now, head) {
            Admission::Admit(admitted) => admitted,
            Admission::Reject(response) => return Handled::Response(response),
        };
        let limit = match admitted.body_plan(self) {
            BodyPlan::Ignore => u64::MAX,
            BodyPlan::Read(limit) | BodyPlan::Store(limit) => limit,
        };
        let is_upload = matches!(admitted.body_plan(self), BodyPlan::Store(_));
        let size = u64::try_from(body.len()).unwrap_or(u64::MAX);
        if size > limit {
            return self.execute(now, admitted, Payload::TooLarge);
        }
        if !is_upload {
            return self.execute(now, admitted, Payload::Whole(body));
        }
        let upload = match self.begin_upload(now, admitted) {
            UploadStart::Receive(upload) => upload,
            UploadStart::Reject(response) => return Handled::Response(response),
        };
        let mut digest = BodyDigest::default();
        digest.update(&body);
        let jpeg = jpeg_dimensions(&body);
        let received = ReceivedFile { size, digest: digest.finish(), jpeg };
        let CommittedUpload { response, .. } = self.commit(now, upload, received, Some(body));
        Handled::Response(response)
    }

    /// Checks a request before its body is read: 401, 429, 404 for an unknown route, 405.
    pub fn admit(&mut self, now: Now, head: Parts) -> Admission {
        self.advance_to(now);
        let request_id = self.ids.next_request();
        match self.check_admission(now, head, request_id.clone()) {
            Ok(admitted) => Admission::Admit(admitted),
            Err(problem) => Admission::Reject(problem.into_response(&request_id)),
        }
    }

    fn check_admission(&mut self, now: Now, head: Parts, request_id: String) -> Result<Admitted, Problem> {
        let path = head.uri.path();
        let (app_id, actor) = if path == "/health" {
            (String::new(), String::new())
        } else {
            let bot = self.authenticate(&head.headers)?;
            self.charge(bot, now.elapsed)?;
            let key = &self.bots[bot].key;
            (key.app_id.clone(), key.uid.clone())
        };
        let (operation, ids) = routes::find(head.method.as_str(), &query::segments(path))?;
        let path_and_query = head.uri.path_and_query().map_or(path, |it| it.as_str());
        let is_upload = operation.body == BodyKind::Upload;
        Ok(Admitted(Box::new(Call {
            operation,
            now,
            received_at: now.elapsed,
            respond_at: now.elapsed,
            request_id,
            app_id,
            actor,
            ids,
            query: Query::parse(head.uri.query().unwrap_or_default()),
            head_digest: call::digest_of_head(&head.method, path_and_query, &head.headers, is_upload),
            headers: head.headers,
            json: Value::Null,
            bytes: Vec::new(),
        })))
    }

    /// Executes an admitted request.
    pub fn execute(&mut self, now: Now, admitted: Admitted, body: Payload) -> Handled {
        self.advance_to(now);
        let limit = admitted.body_plan(self);
        let mut call = admitted.0;
        (call.now, call.received_at) = (now, now.elapsed);
        let body = match (body, limit) {
            (Payload::TooLarge, BodyPlan::Read(limit) | BodyPlan::Store(limit)) => Err(Problem::too_large(limit)),
            (Payload::TooLarge, BodyPlan::Ignore) => Ok(Vec::new()),
            (Payload::Whole(bytes), _) => Ok(bytes),
        };
        let body_digest = match body.and_then(|bytes| check_request(&mut call, bytes)) {
            Ok(body_digest) => body_digest,
            Err(problem) => return Handled::Response(problem.into_response(&call.request_id)),
        };
        let Some(key) = call.key() else { return self.run(call) };
        let fingerprint = call.fingerprint(body_digest);
        match self.keys.look_up(now.elapsed, &key, fingerprint, &call.request_id) {
            Ok(Some(first)) => return Handled::Response(first),
            Ok(None) => {}
            Err(problem) => return Handled::Response(problem.into_response(&call.request_id)),
        }
        let respond_at = call.respond_at;
        let handled = self.run(call);
        if let Handled::Response(response) = &handled {
            self.keys.store(now.elapsed, key, fingerprint, respond_at, response);
        }
        handled
    }

    /// Resumes a pending long poll.
    pub fn resume(&mut self, now: Now, poll: Parked) -> Handled {
        self.advance_to(now);
        let mut call = poll.call;
        call.now = now;
        match self.authenticate(&call.headers) {
            Ok(_) => self.run(call),
            Err(problem) => Handled::Response(problem.into_response(&call.request_id)),
        }
    }

    pub(super) fn run(&mut self, call: Box<Call>) -> Handled {
        let result: OperationResult = (call.operation.run)(self, &call);
        if call.operation.is_mutation() {
            self.revision += 1;
        }
        let id = &call.request_id;
        match result {
            Ok(Outcome::Json(status, value)) => Handled::Response(response::json(status, &value, id)),
            Ok(Outcome::NoContent) => Handled::Response(response::no_content(id)),
            Ok(Outcome::Response(mut response)) => {
                response::set_request_id(&mut response, id);
                Handled::Response(response)
            }
            Ok(Outcome::File(mut file)) => {
                response::set_request_id(&mut file.head, id);
                Handled::File(file)
            }
            Ok(Outcome::Wait(Wait { until, is_idle })) => Handled::Park { until, poll: Parked { call, is_idle } },
            Err(problem) => Handled::Response(problem.into_response(id)),
        }
    }

    /// Returns the index of the bot whose key the request carries.
    fn authenticate(&self, headers: &HeaderMap) -> Result<usize, Problem> {
        let (app_id, secret) = credentials(headers).ok_or_else(Problem::unauthorized)?;
        let matches = |bot: &Bot| bot.key.app_id == app_id && bot.key.secret == secret && !bot.revoked;
        self.bots.iter().position(matches).ok_or_else(Problem::unauthorized)
    }

    /// Charges the key for one request.
    fn charge(&mut self, bot: usize, now: Duration) -> Result<(), Problem> {
        let Some(limit) = self.rate_limit else { return Ok(()) };
        self.bots[bot].take_token(limit, now).map_err(Problem::rate_limited)
    }
}

pub(super) fn credentials(headers: &HeaderMap) -> Option<(String, String)> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let value = values.next()?.to_str().ok()?;
    if values.next().is_some() {
        return None;
    }
    let (scheme, token) = value.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let pair = String::from_utf8(STANDARD.decode(token.trim()).ok()?).ok()?;
    pair.split_once(':').map(|(user, password)| (user.to_owned(), password.to_owned()))
}
