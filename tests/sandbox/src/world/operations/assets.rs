//! Assets: the files of attachments. The world knows what they are; their bytes may lie elsewhere.

use std::{collections::BTreeMap, ops::Range};

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::{
    World,
    avatars::Avatar,
    call::Call,
    handle::{self, Admitted},
    headers::{self, CommittedUpload, FileResponse, ReceivedFile, Upload, UploadStart},
    now::Now,
    problem::Problem,
    response::{self, OperationResult, Outcome},
};

#[derive(Debug)]
pub(crate) struct Asset {
    /// The `uid` of who uploaded it.
    pub(crate) owner: String,
    file_name: String,
    media_type: String,
    etag: String,
    pub(crate) file: ReceivedFile,
    /// The name of its file, or its bytes.
    content: Result<Vec<u8>, String>,
}

impl Asset {
    pub(crate) fn to_json(&self, id: &str) -> Value {
        json!({ "id": id, "file_name": self.file_name, "media_type": self.media_type, "size": self.file.size })
    }

    /// These of its bytes as the body of an answer.
    pub(crate) fn answer(&self, mut head: Response<()>, range: Range<u64>) -> Outcome {
        head.headers_mut().insert(header::CONTENT_LENGTH, (range.end - range.start).into());
        match &self.content {
            Err(file) => Outcome::File(FileResponse { head, file: file.clone(), range }),
            Ok(bytes) => {
                let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
                let part = bytes.get(index(range.start)..index(range.end)).unwrap_or_default();
                Outcome::Response(head.map(|()| part.to_vec()))
            }
        }
    }
}

#[derive(Debug, Default)]
pub(crate) struct Assets {
    by_id: BTreeMap<String, Asset>,
}

/// Uploads go by [`World::begin_upload`], never this way.
pub(crate) fn upload(_: &mut World, _: &Call) -> OperationResult {
    Err(Problem::unsupported_media_type("An upload is streamed."))
}

pub(crate) fn download(world: &mut World, call: &Call) -> OperationResult {
    let id = call.id(0);
    let asset = world.asset(&call.actor, id)?;
    let is_same = call.header(header::IF_RANGE).is_none_or(|tag| tag == asset.etag);
    let size = asset.file.size;
    let wanted = call.header(header::RANGE).filter(|_| is_same).and_then(|value| headers::range(value, size));
    let part = wanted.transpose().map_err(|headers::Unsatisfiable| Problem::range_not_satisfiable(size))?;
    let mut head = Response::new(());
    let mut put = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            head.headers_mut().insert(name, value);
        }
    };
    put(header::CONTENT_TYPE, &asset.media_type);
    put(header::ACCEPT_RANGES, "bytes");
    put(header::ETAG, &asset.etag);
    let name = response::encode_rfc8187(&asset.file_name);
    put(header::CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{name}"));
    if let Some(range) = &part {
        put(header::CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end - 1));
        *head.status_mut() = StatusCode::PARTIAL_CONTENT;
    }
    Ok(asset.answer(head, part.unwrap_or(0..size)))
}

impl World {
    /// An asset that this user uploaded, or that a message or an avatar of one of its chats shows.
    pub(crate) fn asset(&self, actor: &str, id: &str) -> Result<&Asset, Problem> {
        let shows = |chat: &&super::chat::Chat| {
            chat.avatar.as_ref().is_some_and(|avatar| avatar.is_asset(id))
                || chat.messages.iter().any(|message| message.assets.iter().any(|it| it == id))
        };
        self.assets
            .by_id
            .get(id)
            .filter(|asset| asset.owner == actor || self.chats_of(actor).iter().any(shows))
            .ok_or_else(|| Problem::not_found("asset"))
    }

    pub(crate) fn asset_by_id(&self, id: &str) -> Option<&Asset> {
        self.assets.by_id.get(id)
    }

    /// Begins an upload: 413, 415, 400 and what its idempotency key says.
    pub fn begin_upload(&mut self, now: Now, admitted: Admitted) -> UploadStart {
        let call = admitted.0;
        match self.check_upload(now, &call) {
            Ok(repeated) => UploadStart::Receive(Upload { call, file: self.ids.next_with_prefix("", 24), repeated }),
            Err(problem) => UploadStart::Reject(problem.into_response(&call.request_id)),
        }
    }

    fn check_upload(&mut self, now: Now, call: &Call) -> Result<bool, Problem> {
        let announced = call.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<u64>().ok());
        if announced.is_some_and(|length| length > self.asset_limit) {
            return Err(Problem::too_large(self.asset_limit));
        }
        handle::check_media_type(call)?;
        handle::check_head(call)?;
        file_name_of(call)?;
        let Some(key) = call.key() else { return Ok(false) };
        let repeated = self.keys.look_up_head(now.elapsed, &key, call.head_digest)?;
        if !repeated {
            self.keys.start_upload(now.elapsed, key, call.head_digest);
        }
        Ok(repeated)
    }

    /// Ends an upload whose body has arrived, and lies in its file.
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
                Ok(Some(answer)) => return CommittedUpload { response: answer, keep_file: false },
                Err(problem) => {
                    return CommittedUpload { response: problem.into_response(&call.request_id), keep_file: false };
                }
                // The key has run out in the meantime.
                Ok(None) => {}
            }
        }
        let bytes = bytes.ok_or(file);
        let media_type = call.header(header::CONTENT_TYPE).unwrap_or_default().to_owned();
        let file_name = file_name_of(&call).unwrap_or_default();
        let json = self.store(&call.actor, file_name, media_type, received, bytes).1;
        let answer = response::json(StatusCode::CREATED, &json, &call.request_id);
        if let Some(key) = call.key() {
            self.keys.store(now.elapsed, key, fingerprint, call.respond_at, &answer);
        }
        CommittedUpload { response: answer, keep_file: true }
    }

    /// Stores an asset. Answers its id, and how it is json.
    pub(crate) fn store(
        &mut self,
        owner: &str,
        file_name: String,
        media_type: String,
        file: ReceivedFile,
        content: Result<Vec<u8>, String>,
    ) -> (String, Value) {
        let id = self.ids.next_with_prefix("a", 15);
        let etag = format!("\"{:016x}\"", file.digest);
        let asset = Asset { owner: owner.to_owned(), file_name, media_type, etag, file, content };
        let json = asset.to_json(&id);
        self.assets.by_id.insert(id.clone(), asset);
        (id, json)
    }

    /// Forgets an upload that was cut off. Its file is of no use any more.
    pub fn abort_upload(&mut self, upload: Upload) {
        if let Some(key) = upload.call.key().filter(|_| !upload.repeated) {
            self.keys.cancel_upload(&key);
        }
    }

    /// Ends an upload whose body is larger than allowed: 413. Its file is of no use any more.
    pub fn reject_upload(&mut self, upload: Upload) -> Response<Vec<u8>> {
        let answer = Problem::too_large(self.asset_limit).into_response(&upload.call.request_id);
        self.abort_upload(upload);
        answer
    }
}

fn file_name_of(call: &Call) -> Result<String, Problem> {
    let name = call.header(header::CONTENT_DISPOSITION).and_then(headers::file_name);
    name.ok_or_else(|| Problem::malformed("Content-Disposition names no file as attachment; filename*=UTF-8''..."))
}

impl Asset {
    /// Whether it can be an avatar.
    pub(crate) fn check_avatar(&self) -> Result<(), Problem> {
        super::avatars::check(self.file.jpeg.filter(|_| self.file.size <= handle::MAX_AVATAR_BYTES))
    }
}

impl Avatar {
    fn is_asset(&self, id: &str) -> bool {
        matches!(self, Self::Asset(it) if it == id)
    }
}
