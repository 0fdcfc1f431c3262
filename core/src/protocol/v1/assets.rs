//! Avatars and stored files.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use http::{HeaderValue, header};

use super::{
    V1,
    endpoints::{change, chat, with_id},
    idempotency_key,
    json::object,
};
use crate::{
    error::Error,
    model::{Asset, ChatInfo, ThreadId},
    protocol::{
        Assets, Endpoint, EndpointResult, ExpectedContent, FileKey, FilePart, ImageLimits, ResponseReader, Route,
        route::percent_encoded,
    },
};

/// Maximum length of a file name, in characters.
const MAX_FILE_NAME_CHARS: usize = 255;

const JPEG: &str = "image/jpeg";
/// The first bytes of every JPEG.
const JPEG_MAGIC: &[u8] = &[0xFF, 0xD8];

impl Assets for V1 {
    fn image_limits(&self) -> ImageLimits {
        ImageLimits::new(5 << 20, 600)
    }

    fn check_file(&self, name: &str, _: &str) -> Result<(), Error> {
        let length = name.chars().count();
        if !(1..=MAX_FILE_NAME_CHARS).contains(&length) {
            let reason = format!("must have 1 to {MAX_FILE_NAME_CHARS} characters, not {length}");
            return Err(Error::invalid("file name", reason));
        }
        if let Some(char) = name.chars().find(|char| matches!(char, '/' | '\\' | '\0')) {
            return Err(Error::invalid("file name", format!("must not contain {char:?}")));
        }
        Ok(())
    }

    /// `GET /v1/chats/{tid}/avatar`: the JPEG.
    fn avatar(&self, tid: &ThreadId) -> EndpointResult<Vec<u8>> {
        let get = Endpoint::get(chat(tid)?.join("avatar"));
        Ok(get.returns_content(ExpectedContent::of_type(JPEG)).reads(jpeg))
    }

    /// `PUT /v1/chats/{tid}/avatar`.
    fn set_avatar(&self, tid: &ThreadId, image: Arc<Vec<u8>>) -> EndpointResult<Option<ChatInfo>> {
        let put = change(Endpoint::put(chat(tid)?.join("avatar")));
        let put = put.body(image.into(), HeaderValue::from_static(JPEG)).transfer_timeout();
        Ok(put.returns_some())
    }

    /// `DELETE /v1/chats/{tid}/avatar`.
    fn remove_avatar(&self, tid: &ThreadId) -> EndpointResult<Option<ChatInfo>> {
        Ok(change(Endpoint::delete(chat(tid)?.join("avatar"))).returns_some())
    }

    /// `POST /v1/assets`.
    fn upload(&self, file: &FilePart, key: Option<FileKey<'_>>) -> Result<Option<Endpoint<Asset>>, Error> {
        let media_type = HeaderValue::try_from(&file.media_type)
            .map_err(|_| Error::invalid("media type", format!("{:?} is not a media type", file.media_type)))?;
        let disposition =
            HeaderValue::try_from(disposition(&file.name)).expect("a percent-encoded name is visible ASCII");
        let post = Endpoint::post(Route::new("v1/assets"))
            .keyed(key.map(idempotency_key::for_file))
            .body(file.content.clone().into(), media_type)
            .header(header::CONTENT_DISPOSITION, disposition)
            .transfer_timeout();
        // What else is invalid about the description does not fail the post: the message only needs the id.
        Ok(Some(post.reads(|response| Ok(response.json::<Stored>()?.0))))
    }

    /// `GET /v1/assets/{id}`.
    fn download(&self, asset: &Asset) -> EndpointResult<Vec<u8>> {
        let get = Endpoint::get(with_id(Route::new("v1/assets"), &asset.asset_id)?);
        Ok(get.returns_content(ExpectedContent::asset(asset)).reads(|response| response.content()))
    }
}

/// Returns the header with a file name, in the encoding of RFC 8187.
pub(super) fn disposition(file_name: &str) -> String {
    format!("attachment; filename*=UTF-8''{}", percent_encoded(file_name))
}

/// Reads the image; anything else, such as a proxy's HTML page, is rejected.
fn jpeg(response: &mut ResponseReader<'_>) -> Result<Vec<u8>, Error> {
    if response.body().starts_with(JPEG_MAGIC) {
        return Ok(response.take_body());
    }
    Err(response.violation("expected a JPEG"))
}

/// The description of a file that was just stored.
struct Stored(Asset);

object! {
    /// Only the id is essential.
    Stored {
        "id" => asset_id: required,
        "file_name" => file_name: optional,
        "media_type" => media_type: optional,
        "size" => size: optional,
    } Ok(Self(Asset {
        asset_id,
        file_name: file_name.unwrap_or_default(),
        media_type: media_type.unwrap_or_default(),
        size: size.unwrap_or_default(),
    }))
}

object! {
    /// The id and the size are essential.
    Asset {
        "id" => asset_id: required,
        "file_name" => file_name: optional,
        "media_type" => media_type: optional,
        "size" => size: required,
    } Ok(Self {
        asset_id,
        file_name: file_name.unwrap_or_default(),
        media_type: media_type.unwrap_or_default(),
        size,
    })
}
