//! Uploads, whose bodies are stored by the driver of the world: begin, then commit or abort.

use http::{Response, StatusCode, header};

use super::{
    call::Call,
    checks,
    contract::{headers, problem::Problem, response},
    ids::{Ids, digest},
    now::Now,
    stages::{Admitted, CommittedUpload, Upload, UploadStart},
    state::{
        World,
        assets::{Content, ReceivedFile},
    },
};

impl World {
    /// Begins an upload. Rejects it with 413, 415, 400, or by its idempotency key.
    pub fn begin_upload(&mut self, now: Now, admitted: Admitted) -> UploadStart {
        let call = admitted.0;
        match self.check_upload(now, &call) {
            Ok(repeated) => UploadStart::Receive(Upload { call, file: self.next_file(), repeated }),
            Err(problem) => UploadStart::Reject(problem.into_response(&call.request_id)),
        }
    }

    /// Returns a name for an uploaded file. No world of another epoch has it, so that an upload that a reset has
    /// interrupted cannot touch the file of a later one.
    pub(crate) fn next_file(&mut self) -> String {
        let name = self.ids.next_upload();
        Ids::new(digest(&[name.as_bytes(), &self.cursors.epoch().to_le_bytes()])).next_upload()
    }

    fn check_upload(&mut self, now: Now, call: &Call) -> Result<bool, Problem> {
        let announced = call.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.asset_limit) {
            return Err(Problem::too_large(self.asset_limit));
        }
        checks::check_media_type(call)?;
        checks::check_head(call)?;
        file_name_of(call)?;
        let Some(key) = call.key() else { return Ok(false) };
        let repeated = self.keys.look_up_head(now.elapsed, &key, call.head_digest)?;
        if !repeated {
            self.keys.start_upload(now.elapsed, key, call.head_digest);
        }
        Ok(repeated)
    }

    /// Completes an upload whose body has been stored.
    pub fn commit_upload(&mut self, now: Now, upload: Upload, received: ReceivedFile) -> CommittedUpload {
        self.commit(now, upload, received, None)
    }

    pub(crate) fn commit(
        &mut self,
        now: Now,
        upload: Upload,
        received: ReceivedFile,
        bytes: Option<Vec<u8>>,
    ) -> CommittedUpload {
        self.advance_to(now);
        let Upload { call, file, repeated } = upload;
        let fingerprint = call.fingerprint(received.digest);
        if repeated && let Some(key) = call.key() {
            match self.keys.look_up(now.elapsed, &key, fingerprint, &call.request_id) {
                Ok(Some(response)) => return CommittedUpload { response, keep_file: false },
                Err(problem) => {
                    return CommittedUpload { response: problem.into_response(&call.request_id), keep_file: false };
                }
                // The key has expired meanwhile.
                Ok(None) => {}
            }
        }
        let content = bytes.map_or(Content::File(file), Content::Memory);
        let media_type = call.header(header::CONTENT_TYPE).unwrap_or_default().to_owned();
        let file_name = file_name_of(&call).unwrap_or_default();
        let json = self.store(&call.actor, file_name, media_type, received, content).1;
        let response = response::json(StatusCode::CREATED, &json, &call.request_id);
        if let Some(key) = call.key() {
            self.keys.store(now.elapsed, key, fingerprint, call.respond_at, &response);
        }
        CommittedUpload { response, keep_file: true }
    }

    /// Aborts an unfinished upload. Its file can be deleted.
    pub fn abort_upload(&mut self, upload: Upload) {
        if let Some(key) = upload.call.key().filter(|_| !upload.repeated) {
            self.keys.cancel_upload(&key);
        }
    }

    /// Rejects an upload whose body is too large: 413. Its file can be deleted.
    pub fn reject_upload(&mut self, upload: Upload) -> Response<Vec<u8>> {
        let response = Problem::too_large(self.asset_limit).into_response(&upload.call.request_id);
        self.abort_upload(upload);
        response
    }
}

fn file_name_of(call: &Call) -> Result<String, Problem> {
    let name = call.header(header::CONTENT_DISPOSITION).and_then(headers::file_name);
    name.ok_or_else(|| Problem::malformed("Content-Disposition must name a file as attachment; filename*=UTF-8''..."))
}

#[cfg(test)]
mod tests {
    use super::{super::ids::UPLOAD_NAME_LENGTH, *};

    #[test]
    fn worlds_of_a_seed_have_files_of_their_own() {
        let file = |epoch| {
            let mut world = World::new(7);
            world.begin_epoch(epoch);
            world.next_file()
        };
        assert_eq!(file(1), file(1));
        assert_ne!(file(1), file(2));
        assert_eq!(file(1).len(), UPLOAD_NAME_LENGTH);
    }
}
