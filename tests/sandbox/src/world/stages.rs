//! The stages of a request and of an upload, as seen by the driver of a [`World`].

use std::time::Duration;

use http::Response;

use super::{
    call::{BodyKind, Call},
    operations::{avatars::MAX_AVATAR_BYTES, feed},
    outcome::FileResponse,
    state::World,
};

/// The maximum size of a JSON body.
const MAX_JSON_BYTES: u64 = 1024 * 1024;

/// The result of [`World::handle`], [`World::execute`] and [`World::resume`].
#[derive(Debug)]
pub enum Handled {
    /// A complete response.
    Response(Response<Vec<u8>>),
    /// The head of a response, whose body is in a file of the driver.
    File(FileResponse),
    /// A long poll without updates yet. Pass it to [`World::resume`] when the world has changed, or at `until`.
    Park {
        /// The latest time to resume it, as [`Now::elapsed`](super::Now::elapsed).
        until: Duration,
        /// The poll to resume.
        poll: Parked,
    },
}

/// A pending long poll. It can be dropped if its client has disconnected.
#[derive(Debug)]
pub struct Parked {
    pub(crate) call: Box<Call>,
    /// Set if it would wait again after a response without updates, as long as the world does not change.
    pub(crate) is_idle: bool,
}

/// A pending long poll, as [`Sandbox::list_polls`](crate::Sandbox::list_polls) returns it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PollDescription {
    /// The id of its request, as in `X-Request-Id`.
    pub request_id: String,
    /// The App ID of the bot.
    pub app_id: String,
    /// The path, without the query.
    pub path: String,
    /// The chat, for a feed of a single one.
    pub tid: Option<String>,
    /// The subscription whose lease it keeps, if the feed has one.
    pub subscription: Option<String>,
    /// The time at which it arrived, as [`Now::elapsed`](super::Now::elapsed).
    pub since: Duration,
    /// The time at which it returns without updates.
    pub until: Duration,
}

impl Parked {
    /// Describes the poll.
    pub fn description(&self) -> PollDescription {
        let call = &self.call;
        let tid = call.ids.first().cloned().flatten();
        PollDescription {
            request_id: call.request_id.clone(),
            app_id: call.app_id.clone(),
            path: call.operation.path.replace("{tid}", tid.as_deref().unwrap_or_default()),
            tid,
            subscription: call.query.id("subscription").ok().flatten().map(str::to_owned),
            since: call.received_at,
            // A poll with an invalid wait is rejected and never pending.
            until: feed::deadline(call).unwrap_or(call.received_at),
        }
    }
}

/// The result of [`World::admit`].
#[derive(Debug)]
pub enum Admission {
    /// The request may continue with its body.
    Admit(Admitted),
    /// The request is rejected with this response.
    Reject(Response<Vec<u8>>),
}

/// A request with valid credentials and a known route, whose body has not been read yet.
#[derive(Debug)]
pub struct Admitted(pub(crate) Box<Call>);

/// The treatment of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BodyPlan {
    /// Read and discard it.
    Ignore,
    /// Read it, up to this many bytes, and pass it to [`World::execute`].
    Read(u64),
    /// Stream it to a file, up to this many bytes: see [`World::begin_upload`].
    Store(u64),
}

/// The body of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Payload {
    /// The complete body.
    Whole(Vec<u8>),
    /// The body exceeds the limit of [`BodyPlan`].
    TooLarge,
}

impl Admitted {
    /// The treatment of the body.
    pub fn body_plan(&self, world: &World) -> BodyPlan {
        match self.0.operation.body {
            BodyKind::None => BodyPlan::Ignore,
            BodyKind::Json => BodyPlan::Read(MAX_JSON_BYTES),
            BodyKind::Jpeg => BodyPlan::Read(MAX_AVATAR_BYTES),
            BodyKind::Upload => BodyPlan::Store(world.asset_limit),
        }
    }

    /// Sets the time at which the client receives the response, as [`Now::elapsed`](super::Now::elapsed). Until then
    /// the request's idempotency key is in progress.
    pub fn respond_at(&mut self, time: Duration) {
        self.0.respond_at = time;
    }
}

/// The result of [`World::begin_upload`].
#[derive(Debug)]
pub enum UploadStart {
    /// Store the body under the upload's name and call [`World::commit_upload`](super::World::commit_upload), or
    /// [`World::abort_upload`](super::World::abort_upload) if it stays incomplete.
    Receive(Upload),
    /// The upload is rejected with this response; its body is not needed.
    Reject(Response<Vec<u8>>),
}

/// An upload in progress.
#[derive(Debug)]
pub struct Upload {
    pub(crate) call: Box<Call>,
    pub(crate) file: String,
    /// True if its key has a response already, so that nothing is stored again.
    pub(crate) repeated: bool,
}

impl Upload {
    /// The unique name for its file, of letters and digits.
    pub fn file(&self) -> &str {
        &self.file
    }
}

/// A completed upload.
#[derive(Debug)]
pub struct CommittedUpload {
    /// The response.
    pub response: Response<Vec<u8>>,
    /// True if its file has become an asset. Otherwise it can be deleted.
    pub keep_file: bool,
}
