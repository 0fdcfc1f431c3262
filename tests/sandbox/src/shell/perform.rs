//! Carrying a request out: reading its body, storing its file, waiting with its poll.

use std::{path::PathBuf, sync::Arc, time::Duration};

use http::{Response, StatusCode, request::Parts};
use hyper::body::Incoming;
use tokio::{fs::File, io::AsyncWriteExt, sync::watch};

use super::{
    Shared,
    body::{self, Gone},
};
use crate::world::{
    Admission, Admitted, BodyDigest, BodyPlan, CommittedUpload, FileResponse, Handled, Payload, ReceivedFile, Upload,
    UploadStart, jpeg_dimensions,
};

/// A body that is of no use is still read up to this size, so that its connection can be used again.
const SMALL: u64 = 1024 * 1024;

/// What the world has answered.
pub(super) enum Done {
    Whole(Response<Vec<u8>>),
    File(FileResponse),
}

/// Carries a request out. `keep` gets its body, if that was read into memory.
pub(super) async fn perform(
    shared: &Arc<Shared>,
    parts: Parts,
    mut incoming: Incoming,
    slow: Option<Duration>,
    keep: &mut Vec<u8>,
) -> Result<Done, Gone> {
    // From before the request is looked at, so that nothing is missed between its answer and its wait.
    let changes = shared.changes();
    let mut admitted = match shared.world(|world, now| world.admit(now, parts)) {
        Admission::Admit(admitted) => admitted,
        Admission::Reject(answer) => {
            body::read(&mut incoming, SMALL).await?;
            return Ok(Done::Whole(answer));
        }
    };
    if let Some(slow) = slow {
        admitted.respond_at(shared.clock.now().elapsed.saturating_add(slow));
    }
    let handled = match shared.world(|world, _| admitted.body_plan(world)) {
        BodyPlan::Store(limit) => return store(shared, admitted, incoming, limit).await.map(Done::Whole),
        BodyPlan::Read(limit) => {
            let payload = body::read(&mut incoming, limit).await?;
            if let Payload::Whole(bytes) = &payload {
                keep.clone_from(bytes);
            }
            shared.world(|world, now| world.execute(now, admitted, payload))
        }
        BodyPlan::Ignore => {
            body::read(&mut incoming, SMALL).await?;
            shared.world(|world, now| world.execute(now, admitted, Payload::Whole(Vec::new())))
        }
    };
    Ok(wait(shared, handled, changes).await)
}

/// Waits with a long poll until it is answered.
async fn wait(shared: &Shared, mut handled: Handled, mut changes: watch::Receiver<()>) -> Done {
    let mut counted = None;
    loop {
        let (until, poll) = match handled {
            Handled::Response(answer) => return Done::Whole(answer),
            Handled::File(file) => return Done::File(file),
            Handled::Park { until, poll } => (until, poll),
        };
        counted.get_or_insert_with(|| shared.waiting_poll());
        shared.until(until, &mut changes).await;
        handled = shared.world(|world, now| world.resume(now, poll));
    }
}

/// An upload that is taken back unless it is committed, also if its client goes.
struct Receiving<'s> {
    shared: &'s Shared,
    upload: Option<Upload>,
    path: PathBuf,
}

impl Drop for Receiving<'_> {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            self.shared.world(|world, _| world.abort_upload(upload));
            // There may be no file yet.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Streams an upload to its file.
async fn store(
    shared: &Arc<Shared>,
    admitted: Admitted,
    mut incoming: Incoming,
    limit: u64,
) -> Result<Response<Vec<u8>>, Gone> {
    let upload = match shared.world(|world, now| world.begin_upload(now, admitted)) {
        UploadStart::Receive(upload) => upload,
        UploadStart::Reject(answer) => {
            body::read(&mut incoming, SMALL).await?;
            return Ok(answer);
        }
    };
    let path = shared.folder.join(upload.file());
    let mut receiving = Receiving { shared, upload: Some(upload), path };
    let failed = |_| shared.problem(StatusCode::INTERNAL_SERVER_ERROR, None);
    let mut file = match File::create(&receiving.path).await {
        Ok(file) => file,
        Err(error) => return Ok(failed(error)),
    };
    let (mut size, mut seen) = (0, BodyDigest::default());
    while let Some(piece) = body::next(&mut incoming).await? {
        size += u64::try_from(piece.len()).unwrap_or(u64::MAX);
        if size > limit {
            let refuse = |upload| shared.world(|world, _| world.reject_upload(upload));
            let _ = std::fs::remove_file(&receiving.path);
            return receiving.upload.take().map(refuse).ok_or(Gone);
        }
        seen.update(&piece);
        if let Err(error) = file.write_all(&piece).await {
            return Ok(failed(error));
        }
    }
    if let Err(error) = file.flush().await {
        return Ok(failed(error));
    }
    let jpeg = if size <= 5 * SMALL { tokio::fs::read(&receiving.path).await.ok() } else { None };
    let received = ReceivedFile { size, digest: seen.finish(), jpeg: jpeg.as_deref().and_then(jpeg_dimensions) };
    let commit = |upload| shared.world(|world, now| world.commit_upload(now, upload, received));
    let CommittedUpload { response, keep_file } = receiving.upload.take().map(commit).ok_or(Gone)?;
    if !keep_file {
        let _ = std::fs::remove_file(&receiving.path);
    }
    Ok(response)
}
