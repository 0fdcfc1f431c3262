//! Files of people: uploads, downloads, and images, sounds and videos to show.

use http::StatusCode;
use http::{HeaderValue, header};
use hyper::body::Incoming;
use serde_json::Value;

use super::{
    call::{ApiCall, ApiResult, Reply},
    context::Api,
};
use crate::{
    server::store::{self, Stored},
    world::{
        AssetResponse,
        contract::problem::Problem,
        state::{
            assets::{Asset, Content},
            chat::Avatar,
        },
    },
};

/// The number of bytes by which the type of a file is recognised.
const MAX_MAGIC: usize = 64;

/// Rejects an upload, which is streamed instead.
pub(super) fn not_a_call(_: &Api, _: &ApiCall) -> ApiResult {
    Err(Problem::unsupported_media_type("Uploads are not handled as calls."))
}

/// Streams an upload to a file and returns the JSON of the asset.
pub(super) async fn upload(api: &Api, call: &ApiCall, mut incoming: Incoming) -> Result<Value, Problem> {
    let required = |name: &str| {
        let value = call.query.get(name)?.map(str::to_owned);
        value.ok_or_else(|| Problem::malformed(format!("Query parameter {name} is required.")))
    };
    let (file_name, media_type) = (required("file_name")?, required("media_type")?);
    let uid = call.id(0);
    let (file, limit) = api.shared.world(|world, _| {
        let file = world.begin_upload_as(uid, &file_name, &media_type)?;
        Ok::<_, Problem>((file, world.asset_limit))
    })?;
    let guard = store::FileGuard::new(api.shared.folder.join(&file));
    let received = match store::store(&mut incoming, guard.path(), limit, api.shared.data.is_some()).await {
        Ok(Stored::Complete(received)) => received,
        Ok(Stored::TooLarge) => return Err(Problem::too_large(limit)),
        // The client of an interrupted upload reads no response.
        Ok(Stored::Failed(error)) => {
            let detail = store::report(guard.path(), &error);
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "server", detail));
        }
        Err(_) => return Err(Problem::malformed("The file was not received completely.")),
    };
    guard.keep();
    Ok(api.shared.world(|world, _| world.commit_upload_as(uid, &file_name, &media_type, received, file)))
}

/// A file to save. It is never shown by the browser.
pub(super) fn download(api: &Api, call: &ApiCall) -> ApiResult {
    respond(api, call, "application/octet-stream")
}

/// An image, sound or video to show. Its type is found by its first bytes, whatever the sender said.
pub(super) fn inline(api: &Api, call: &ApiCall) -> ApiResult {
    let start = api.shared.world(|world, _| {
        world.require_person(call.id(0))?;
        let asset = world.asset(call.id(0), call.id(1))?;
        Ok::<_, Problem>(match &asset.content {
            Content::Memory(bytes) => Ok(bytes[..bytes.len().min(MAX_MAGIC)].to_vec()),
            Content::File(name) => Err(name.clone()),
        })
    })?;
    let start = start.or_else(|name| store::first_bytes(&api.shared.folder.join(name), MAX_MAGIC));
    let found = start.ok().and_then(|bytes| recognise(&bytes));
    let media_type = found.ok_or_else(|| {
        Problem::unsupported_media_type("The file is not an image, sound or video that can be shown.")
    })?;
    respond(api, call, media_type)
}

fn respond(api: &Api, call: &ApiCall, media_type: &'static str) -> ApiResult {
    let (range, if_range) = (Api::header(&call.headers, "range"), Api::header(&call.headers, "if-range"));
    let respond = |asset: &Asset| AssetResponse::of(asset, range, if_range);
    let response = api.shared.world(|world, _| {
        world.require_person(call.id(0))?;
        respond(world.asset(call.id(0), call.id(1))?)
    })?;
    Ok(typed(api, response, media_type, media_type == "application/octet-stream"))
}

/// Sets the type of a file. A file that is not an attachment is shown by the browser.
fn typed(api: &Api, mut response: AssetResponse, media_type: &'static str, is_attachment: bool) -> Reply {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
    if !is_attachment {
        headers.remove(header::CONTENT_DISPOSITION);
    }
    if let Ok(id) = HeaderValue::try_from(api.request_id()) {
        headers.insert("x-request-id", id);
    }
    match response {
        AssetResponse::InMemory(response) => Reply::Response(response),
        AssetResponse::File(file) => Reply::File(file),
    }
}

/// The avatar of a chat, which is always a JPEG.
pub(super) fn avatar(api: &Api, call: &ApiCall) -> ApiResult {
    let response = api.shared.world(|world, _| {
        world.require_person(call.id(0))?;
        let chat = world.chat(call.id(0), call.id(1))?;
        match chat.avatar.as_ref() {
            Some(Avatar::Jpeg(bytes)) => Ok(AssetResponse::of_bytes(bytes)),
            Some(Avatar::Asset(id)) => match world.asset_by_id(id) {
                Some(asset) => AssetResponse::of(asset, None, None),
                None => Err(Problem::not_found("avatar")),
            },
            None => Err(Problem::not_found("avatar")),
        }
    })?;
    Ok(typed(api, response, "image/jpeg", false))
}

/// Returns the media type of an image, sound or video, by its first bytes. Never one that can contain scripts, such as
/// SVG, HTML, XML or PDF.
fn recognise(start: &[u8]) -> Option<&'static str> {
    let at = |offset: usize, magic: &[u8]| start.get(offset..).is_some_and(|rest| rest.starts_with(magic));
    let is_mpeg_audio = start.first() == Some(&0xff) && start.get(1).is_some_and(|byte| byte & 0xe6 == 0xe2);
    match start {
        _ if at(0, b"\xff\xd8\xff") => Some("image/jpeg"),
        _ if at(0, b"\x89PNG\r\n\x1a\n") => Some("image/png"),
        _ if at(0, b"GIF87a") || at(0, b"GIF89a") => Some("image/gif"),
        _ if at(0, b"RIFF") && at(8, b"WEBP") => Some("image/webp"),
        _ if at(0, b"RIFF") && at(8, b"WAVE") => Some("audio/wav"),
        _ if at(0, b"ID3") || is_mpeg_audio => Some("audio/mpeg"),
        _ if at(0, b"OggS") => Some("audio/ogg"),
        _ if at(4, b"ftypM4A") => Some("audio/mp4"),
        _ if at(4, b"ftyp") => Some("video/mp4"),
        _ if at(0, b"\x1a\x45\xdf\xa3") => Some("video/webm"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn type_is_found_by_the_first_bytes_only() {
        assert_eq!(recognise(b"\x89PNG\r\n\x1a\n\0\0"), Some("image/png"));
        assert_eq!(recognise(b"RIFF\x10\0\0\0WEBPVP8 "), Some("image/webp"));
        assert_eq!(recognise(b"RIFF\x10\0\0\0WAVEfmt "), Some("audio/wav"));
        assert_eq!(recognise(b"\0\0\0\x20ftypM4A \0"), Some("audio/mp4"));
        assert_eq!(recognise(b"\0\0\0\x20ftypisom"), Some("video/mp4"));
        assert_eq!(recognise(b"\xff\xfb\x90\x64"), Some("audio/mpeg"));
        let texts: [&[u8]; 7] =
            [b"<svg xmlns=", b"<!doctype html>", b"<?xml ", b"%PDF-1.7", b"GIF", b"", b"\xff\xff\xff\xff"];
        for dangerous in texts {
            assert_eq!(recognise(dangerous), None, "{dangerous:?}");
        }
    }
}
