//! Uploads and downloads of assets.

use std::ops::Range;

use http::{HeaderValue, Response, StatusCode, header};
use serde_json::Value;

use crate::world::{
    call::Call,
    contract::{
        headers::{self, Unsatisfiable},
        problem::Problem,
    },
    outcome::{AssetResponse, FileResponse, OperationResult},
    state::{
        World,
        assets::{Asset, Content, ReceivedFile},
        chat::Chat,
    },
};

/// Rejects an upload, which [`World::begin_upload`] handles instead.
pub(crate) fn upload(_: &mut World, _: &Call) -> OperationResult {
    Err(Problem::unsupported_media_type("Uploads are not handled as calls."))
}

pub(crate) fn download(world: &mut World, call: &Call) -> OperationResult {
    let asset = world.asset(&call.actor, call.id(0))?;
    Ok(AssetResponse::of(asset, call.header(header::RANGE), call.header(header::IF_RANGE))?.into())
}

impl AssetResponse {
    /// The response to the download of an asset, or of a part of it. 416 for a part that it does not have.
    pub(crate) fn of(asset: &Asset, range: Option<&str>, if_range: Option<&str>) -> Result<Self, Problem> {
        let is_same = if_range.is_none_or(|tag| tag == asset.etag);
        let size = asset.file.size;
        let wanted = range.filter(|_| is_same).and_then(|value| headers::range(value, size));
        let part = wanted.transpose().map_err(|Unsatisfiable| Problem::range_not_satisfiable(size))?;
        let mut head = Response::new(());
        let mut put = |name, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                head.headers_mut().insert(name, value);
            }
        };
        put(header::CONTENT_TYPE, &asset.media_type);
        put(header::ACCEPT_RANGES, "bytes");
        put(header::ETAG, &asset.etag);
        let name = headers::encode_rfc8187(&asset.file_name);
        put(header::CONTENT_DISPOSITION, &format!("attachment; filename*=UTF-8''{name}"));
        if let Some(range) = &part {
            put(header::CONTENT_RANGE, &format!("bytes {}-{}/{size}", range.start, range.end - 1));
            *head.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        Ok(content_response(asset, head, part.unwrap_or(0..size)))
    }
}

/// A response with a range of an asset's bytes.
pub(crate) fn content_response(asset: &Asset, mut head: Response<()>, range: Range<u64>) -> AssetResponse {
    head.headers_mut().insert(header::CONTENT_LENGTH, (range.end - range.start).into());
    match &asset.content {
        Content::File(file) => AssetResponse::File(FileResponse { head, file: file.clone(), range }),
        Content::Memory(bytes) => {
            let index = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
            let part = bytes.get(index(range.start)..index(range.end)).unwrap_or_default();
            AssetResponse::InMemory(head.map(|()| part.to_vec()))
        }
    }
}

impl World {
    /// Returns an asset that this user has uploaded, or that a message or avatar of one of its chats contains.
    pub(crate) fn asset(&self, actor: &str, id: &str) -> Result<&Asset, Problem> {
        let contains = |chat: &&Chat| {
            chat.avatar.as_ref().is_some_and(|avatar| avatar.is_asset(id))
                || chat.messages.iter().any(|message| message.assets.iter().any(|it| it == id))
        };
        self.assets
            .by_id
            .get(id)
            .filter(|asset| asset.owner == actor || self.chats_of(actor).iter().any(contains))
            .ok_or_else(|| Problem::not_found("asset"))
    }

    pub(crate) fn asset_by_id(&self, id: &str) -> Option<&Asset> {
        self.assets.by_id.get(id)
    }

    /// Stores an asset and returns its id and its JSON.
    pub(crate) fn store(
        &mut self,
        owner: &str,
        file_name: String,
        media_type: String,
        file: ReceivedFile,
        content: Content,
    ) -> (String, Value) {
        let id = self.ids.next_with_prefix("a", 15);
        let etag = format!("\"{:016x}\"", file.digest);
        let asset = Asset { owner: owner.to_owned(), file_name, media_type, etag, file, content };
        let json = asset.to_json(&id);
        self.assets.by_id.insert(id.clone(), asset);
        self.revision += 1;
        (id, json)
    }
}
