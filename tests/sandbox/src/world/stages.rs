//! The stages of a request, as the driver of a [`World`] sees them.

use std::time::Duration;

use http::Response;

use super::{
    call::{BodyKind, Call},
    operations::avatars::MAX_AVATAR_BYTES,
    outcome::FileResponse,
    state::World,
};

/// The largest JSON body, in bytes.
const MAX_JSON_BYTES: u64 = 1024 * 1024;

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
pub struct Parked(pub(crate) Box<Call>);

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

/// An upload that begins.
#[derive(Debug)]
pub enum UploadStart {
    /// Store the body under the upload's name, then call [`World::commit_upload`](super::World::commit_upload); or, if
    /// it never ends, [`World::abort_upload`](super::World::abort_upload).
    Receive(Upload),
    /// It ends here; the rest of the body is of no use.
    Reject(Response<Vec<u8>>),
}

/// An upload under way.
#[derive(Debug)]
pub struct Upload {
    pub(crate) call: Box<Call>,
    pub(crate) file: String,
    /// Whether its key has an answer already, so that nothing new is stored.
    pub(crate) repeated: bool,
}

impl Upload {
    /// The name for its file: letters and digits, unlike any other's.
    pub fn file(&self) -> &str {
        &self.file
    }
}

/// An upload that has ended.
#[derive(Debug)]
pub struct CommittedUpload {
    /// The answer.
    pub response: Response<Vec<u8>>,
    /// Whether its file is an asset now. If not, delete it.
    pub keep_file: bool,
}
