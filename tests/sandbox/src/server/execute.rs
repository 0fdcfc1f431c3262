//! Carrying a request out: reading its body, storing its file, waiting with its poll.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use tokio::{fs::File, io::AsyncWriteExt, sync::watch};

use super::{
    body::{self, ClientGone},
    shared::Shared,
};
use crate::world::{
    Admission, Admitted, BodyDigest, BodyPlan, CommittedUpload, FileResponse, Handled, Payload, ReceivedFile, Upload,
    UploadStart, jpeg_dimensions,
};

/// A body that is of no use is still read up to this size, so that its connection can be used again.
const MAX_DISCARDED_BYTES: u64 = 1024 * 1024;

/// What the world has answered.
pub(super) enum WorldResponse {
    InMemory(Response<Vec<u8>>),
    File(FileResponse),
}

/// Carries a request out. `body_copy` gets its body, if that was read into memory.
pub(super) async fn execute(
    shared: &Arc<Shared>,
    parts: Parts,
    mut incoming: Incoming,
    slow: Option<Duration>,
    body_copy: &mut Vec<u8>,
) -> Result<WorldResponse, ClientGone> {
    // From before the request is looked at, so that nothing is missed between its answer and its wait.
    let changes = shared.changes();
    let mut admitted = match shared.world(|world, now| world.admit(now, parts)) {
        Admission::Admit(admitted) => admitted,
        Admission::Reject(response) => {
            body::read(&mut incoming, MAX_DISCARDED_BYTES).await?;
            return Ok(WorldResponse::InMemory(response));
        }
    };
    if let Some(slow) = slow {
        admitted.respond_at(shared.clock.now().elapsed.saturating_add(slow));
    }
    let handled = match shared.world(|world, _| admitted.body_plan(world)) {
        BodyPlan::Store(limit) => {
            return store_upload(shared, admitted, incoming, limit).await.map(WorldResponse::InMemory);
        }
        BodyPlan::Read(limit) => {
            let payload = body::read(&mut incoming, limit).await?;
            if let Payload::Whole(bytes) = &payload {
                body_copy.clone_from(bytes);
            }
            shared.world(|world, now| world.execute(now, admitted, payload))
        }
        BodyPlan::Ignore => {
            body::read(&mut incoming, MAX_DISCARDED_BYTES).await?;
            shared.world(|world, now| world.execute(now, admitted, Payload::Whole(Vec::new())))
        }
    };
    Ok(wait(shared, handled, changes).await)
}

/// Waits with a long poll until it is answered.
async fn wait(shared: &Shared, mut handled: Handled, mut changes: watch::Receiver<()>) -> WorldResponse {
    let mut guard = None;
    loop {
        let (until, poll) = match handled {
            Handled::Response(response) => return WorldResponse::InMemory(response),
            Handled::File(file) => return WorldResponse::File(file),
            Handled::Park { until, poll } => (until, poll),
        };
        guard.get_or_insert_with(|| shared.count_poll());
        shared.wait_until(until, &mut changes).await;
        handled = shared.world(|world, now| world.resume(now, poll));
    }
}

/// An upload that is taken back unless it is committed, also if its client goes.
struct UploadGuard<'s> {
    shared: &'s Shared,
    upload: Option<Upload>,
    path: PathBuf,
}

impl Drop for UploadGuard<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.shared.world(|world, _| world.abort_upload(upload));
            // There may be no file yet.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Streams an upload to its file.
async fn store_upload(
    shared: &Arc<Shared>,
    admitted: Admitted,
    mut incoming: Incoming,
    limit: u64,
) -> Result<Response<Vec<u8>>, ClientGone> {
    let upload = match shared.world(|world, now| world.begin_upload(now, admitted)) {
        UploadStart::Receive(upload) => upload,
        UploadStart::Reject(response) => {
            body::read(&mut incoming, MAX_DISCARDED_BYTES).await?;
            return Ok(response);
        }
    };
    let path = shared.folder.join(upload.file());
    let mut guard = UploadGuard { shared, upload: Some(upload), path };
    let server_error = |_| shared.problem(StatusCode::INTERNAL_SERVER_ERROR, None);
    let mut file = match File::create(&guard.path).await {
        Ok(file) => file,
        Err(error) => return Ok(server_error(error)),
    };
    let (mut size, mut digest) = (0, BodyDigest::default());
    while let Some(chunk) = body::next_chunk(&mut incoming).await? {
        size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if size > limit {
            let reject = |upload| shared.world(|world, _| world.reject_upload(upload));
            let _ = std::fs::remove_file(&guard.path);
            return guard.upload.take().map(reject).ok_or(ClientGone);
        }
        digest.update(&chunk);
        if let Err(error) = file.write_all(&chunk).await {
            return Ok(server_error(error));
        }
    }
    if let Err(error) = file.flush().await {
        return Ok(server_error(error));
    }
    let jpeg = if size <= 5 * MAX_DISCARDED_BYTES { tokio::fs::read(&guard.path).await.ok() } else { None };
    let received = ReceivedFile { size, digest: digest.finish(), jpeg: jpeg.as_deref().and_then(jpeg_dimensions) };
    let commit = |upload| shared.world(|world, now| world.commit_upload(now, upload, received));
    let CommittedUpload { response, keep_file } = guard.upload.take().map(commit).ok_or(ClientGone)?;
    if !keep_file {
        let _ = std::fs::remove_file(&guard.path);
    }
    Ok(response)
}
