//! A request's way through the world, in the order in which the contract looks for what is wrong with it.

use std::time::Duration;

use http::{Request, Response, header, request::Parts};
use serde_json::Value;

use super::{
    World,
    call::{self, Call},
    headers::{CommittedUpload, FileResponse, ReceivedFile, UploadStart, is_media_type},
    ids::{BodyDigest, digest, is_id},
    now::Now,
    problem::Problem,
    query::{self, Query},
    response::{self, OperationResult, Outcome},
    routes::{self, BodyKind},
};

/// The largest JSON body, in bytes.
const MAX_JSON_BYTES: u64 = 1024 * 1024;

/// The largest avatar, in bytes.
pub(crate) const MAX_AVATAR_BYTES: u64 = 5 * 1024 * 1024;

/// What [`World::handle`] and its parts answer.
#[derive(Debug)]
pub enum Handled {
    /// The answer.
    Response(Response<Vec<u8>>),
    /// The answer's head; its body is a file, or a part of one, that lies with whoever drives the world.
    File(FileResponse),
    /// A long poll with nothing to tell yet. Give it to [`World::resume`] when anything has changed, or at `until`.
    Park {
        /// When to resume at the latest, as [`Now::elapsed`].
        until: Duration,
        /// What to resume.
        poll: Parked,
    },
}

/// A long poll that waits. It may be dropped: a client that has gone leaves nothing behind.
#[derive(Debug)]
pub struct Parked(Box<Call>);

/// What is known of a request before its body is read.
#[derive(Debug)]
pub enum Admission {
    /// It may go on.
    Admit(Admitted),
    /// It ends here.
    Reject(Response<Vec<u8>>),
}

/// A request with a good key and a known route, whose body is not read yet.
#[derive(Debug)]
pub struct Admitted(pub(crate) Box<Call>);

/// What to do with a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// Read it and forget it.
    Ignore,
    /// Read it, up to so many bytes, for [`World::execute`].
    Read(u64),
    /// Stream it to a file, up to so many bytes: [`World::begin_upload`].
    Store(u64),
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// All of it.
    Whole(Vec<u8>),
    /// It is larger than [`BodyPlan`] allows.
    TooLarge,
}

impl Admitted {
    /// What to do with the body.
    pub fn body_plan(&self, world: &World) -> BodyPlan {
        match self.0.operation.body {
            BodyKind::None => BodyPlan::Ignore,
            BodyKind::Json => BodyPlan::Read(MAX_JSON_BYTES),
            BodyKind::Jpeg => BodyPlan::Read(MAX_AVATAR_BYTES),
            BodyKind::Upload => BodyPlan::Store(world.asset_limit),
        }
    }

    /// Lets the client hear of the answer at this time only, as [`Now::elapsed`]. Until then its idempotency key is in
    /// progress.
    pub fn respond_at(&mut self, time: Duration) {
        self.0.respond_at = time;
    }
}

impl World {
    /// Answers a request that is whole. An upload's bytes are kept in memory.
    pub fn handle(&mut self, now: Now, request: Request<Vec<u8>>) -> Handled {
        let (head, body) = request.into_parts();
        let admitted = match self.admit(now, head) {
            Admission::Admit(admitted) => admitted,
            Admission::Reject(answer) => return Handled::Response(answer),
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
            UploadStart::Reject(answer) => return Handled::Response(answer),
        };
        let mut digest = BodyDigest::default();
        digest.update(&body);
        let jpeg = super::headers::jpeg_dimensions(&body);
        let received = ReceivedFile { size, digest: digest.finish(), jpeg };
        let CommittedUpload { response, .. } = self.commit(now, upload, received, Some(body));
        Handled::Response(response)
    }

    /// Looks at a request before its body is read: 401, 429, 404 for an unknown route, 405.
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
        let whole = head.uri.path_and_query().map_or(path, |it| it.as_str());
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
            head_digest: call::digest_of_head(&head.method, whole, &head.headers, is_upload),
            headers: head.headers,
            json: Value::Null,
            bytes: Vec::new(),
        })))
    }

    /// Carries out a request.
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
        if let Handled::Response(answer) = &handled {
            self.keys.store(now.elapsed, key, fingerprint, respond_at, answer);
        }
        handled
    }

    /// Asks a long poll again.
    pub fn resume(&mut self, now: Now, poll: Parked) -> Handled {
        self.advance_to(now);
        let mut call = poll.0;
        call.now = now;
        match self.authenticate(&call.headers) {
            Ok(_) => self.run(call),
            Err(problem) => Handled::Response(problem.into_response(&call.request_id)),
        }
    }

    fn run(&mut self, call: Box<Call>) -> Handled {
        let reply: OperationResult = (call.operation.run)(self, &call);
        if call.operation.is_mutation() {
            self.revision += 1;
        }
        let id = &call.request_id;
        match reply {
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
            Ok(Outcome::Wait(until)) => Handled::Park { until, poll: Parked(call) },
            Err(problem) => Handled::Response(problem.into_response(id)),
        }
    }
}

/// 415 and 400: what can be said of a request without knowing the world. BodyKind the body in, and answers its digest.
fn check_request(call: &mut Call, bytes: Vec<u8>) -> Result<u64, Problem> {
    check_media_type(call)?;
    check_head(call)?;
    match call.operation.body {
        BodyKind::None => return Ok(digest(&[])),
        BodyKind::Json => {
            call.json = serde_json::from_slice(&bytes)
                .map_err(|error| Problem::malformed(format!("The body is no JSON: {error}.")))?;
        }
        BodyKind::Jpeg | BodyKind::Upload => {}
    }
    let body_digest = digest(&[&bytes]);
    call.bytes = bytes;
    Ok(body_digest)
}

/// 415
pub(crate) fn check_media_type(call: &Call) -> Result<(), Problem> {
    let expected: &[&str] = match call.operation.body {
        BodyKind::None => return Ok(()),
        BodyKind::Json => &["application/json"],
        // What it is, is digest from the bytes: a client that has no name for it may call it bytes.
        BodyKind::Jpeg => &["image/jpeg", "application/octet-stream"],
        BodyKind::Upload => &[],
    };
    if call.headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported_media_type("Content-Encoding is not accepted."));
    }
    let given = call.header(header::CONTENT_TYPE).unwrap_or_default();
    let essence = given.split(';').next().unwrap_or_default().trim();
    let is_expected = match expected {
        [] => is_media_type(given),
        expected => expected.iter().any(|it| essence.eq_ignore_ascii_case(it)),
    };
    if is_expected {
        return Ok(());
    }
    let wanted = if expected.is_empty() { "a media type".to_owned() } else { expected.join(" or ") };
    Err(Problem::unsupported_media_type(&format!("Content-Type must be {wanted}.")))
}

/// 400, for what is in the head.
pub(crate) fn check_head(call: &Call) -> Result<(), Problem> {
    if !call.ids.iter().all(|id| id.as_deref().is_some_and(is_id)) {
        return Err(Problem::malformed(
            "A segment of the path is no id of 1 to 128 characters in percent-encoded UTF-8.",
        ));
    }
    if !call.operation.is_mutation() {
        return Ok(());
    }
    let mut keys = call.headers.get_all("idempotency-key").iter();
    let Some(key) = keys.next() else { return Ok(()) };
    let visible = key.as_bytes().iter().all(u8::is_ascii_graphic);
    if keys.next().is_none() && visible && (1..=128).contains(&key.len()) {
        Ok(())
    } else {
        Err(Problem::malformed("Idempotency-Key is not 1 to 128 visible ASCII characters, given once."))
    }
}
