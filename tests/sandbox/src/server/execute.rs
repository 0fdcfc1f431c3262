//! Executes a request: reads its body, stores its upload, waits for its long poll.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use tokio::sync::watch;

use super::{
    body::{self, ClientGone},
    outages::OutagesBefore,
    polls::PollGuard,
    shared::Shared,
    store::{self, Stored},
};
use crate::world::{
    Admission, Admitted, BodyPlan, CommittedUpload, FileResponse, Handled, Payload, Upload, UploadStart,
};

/// The maximum size of a body that is read and discarded, so that its connection can be reused.
pub(super) const MAX_DISCARDED_BYTES: u64 = 1024 * 1024;

/// The response of the world.
pub(super) enum WorldResponse {
    InMemory(Response<Vec<u8>>),
    File(FileResponse),
}

/// Executes a request. `body_copy` receives the body, if it is read into memory.
pub(super) async fn execute(
    shared: &Arc<Shared>,
    connection: OutagesBefore,
    parts: Parts,
    mut incoming: Incoming,
    slow: Option<Duration>,
    body_copy: &mut Vec<u8>,
) -> Result<WorldResponse, ClientGone> {
    // Subscribed before the request is executed, so that no change is missed between its result and the wait.
    let changes = shared.changes();
    let mut admitted = match shared.world_of_request(connection, |world, now| world.admit(now, parts))? {
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
            return store_upload(shared, connection, admitted, incoming, limit).await.map(WorldResponse::InMemory);
        }
        BodyPlan::Read(limit) => {
            let payload = body::read(&mut incoming, limit).await?;
            if let Payload::Whole(bytes) = &payload {
                body_copy.clone_from(bytes);
            }
            shared.world_of_request(connection, |world, now| world.execute(now, admitted, payload))?
        }
        BodyPlan::Ignore => {
            body::read(&mut incoming, MAX_DISCARDED_BYTES).await?;
            let nothing = Payload::Whole(Vec::new());
            shared.world_of_request(connection, |world, now| world.execute(now, admitted, nothing))?
        }
    };
    wait(shared, connection, handled, changes).await
}

/// Waits until a long poll has a response.
async fn wait(
    shared: &Shared,
    connection: OutagesBefore,
    mut handled: Handled,
    mut changes: watch::Receiver<()>,
) -> Result<WorldResponse, ClientGone> {
    let mut guard = None;
    loop {
        let (until, poll) = match handled {
            Handled::Response(response) => return Ok(WorldResponse::InMemory(response)),
            Handled::File(file) => return Ok(WorldResponse::File(file)),
            Handled::Park { until, poll } => (until, poll),
        };
        guard.get_or_insert_with(|| PollGuard::new(&shared.polls, &shared.observed.changes, poll.description()));
        shared.wait_until(until, &mut changes).await;
        handled = shared.world_of_request(connection, |world, now| world.resume(now, poll))?;
    }
}

/// An unfinished upload. Dropping it aborts the upload, also when the client disconnects.
struct UploadGuard<'s> {
    shared: &'s Shared,
    upload: Option<Upload>,
    path: PathBuf,
}

impl Drop for UploadGuard<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.shared.world(|world, _| world.abort_upload(upload));
            // The file might not exist yet.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Streams an upload to its file.
async fn store_upload(
    shared: &Arc<Shared>,
    connection: OutagesBefore,
    admitted: Admitted,
    mut incoming: Incoming,
    limit: u64,
) -> Result<Response<Vec<u8>>, ClientGone> {
    let upload = match shared.world_of_request(connection, |world, now| world.begin_upload(now, admitted))? {
        UploadStart::Receive(upload) => upload,
        UploadStart::Reject(response) => {
            body::read(&mut incoming, MAX_DISCARDED_BYTES).await?;
            return Ok(response);
        }
    };
    let path = shared.folder.join(upload.file());
    let mut guard = UploadGuard { shared, upload: Some(upload), path };
    let received = match store::store(&mut incoming, &guard.path, limit, shared.data.is_some()).await? {
        Stored::Complete(received) => received,
        Stored::TooLarge => {
            let reject = |upload| shared.world(|world, _| world.reject_upload(upload));
            let _ = std::fs::remove_file(&guard.path);
            return guard.upload.take().map(reject).ok_or(ClientGone);
        }
        Stored::Failed(error) => {
            store::report(&guard.path, &error);
            return Ok(shared.problem(StatusCode::INTERNAL_SERVER_ERROR, None));
        }
    };
    let upload = &mut guard.upload;
    let committed = shared.world_of_request(connection, |world, now| {
        upload.take().map(|upload| world.commit_upload(now, upload, received))
    })?;
    let CommittedUpload { response, keep_file } = committed.ok_or(ClientGone)?;
    if !keep_file {
        let _ = std::fs::remove_file(&guard.path);
    }
    Ok(response)
}
