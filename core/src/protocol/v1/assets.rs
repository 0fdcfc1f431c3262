//! Avatars and stored files.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use http::HeaderValue;

use super::{
    content::ExpectedContent,
    endpoint::Endpoint,
    json::{Decode, DecodeError, Json},
    response::ResponseReader,
    route::{Route, percent_encoded},
};
use crate::{
    effect::{Body, Progress},
    error::{Error, UnexpectedResponse},
    model::{Asset, ChatInfo, Download, ThreadId},
};

/// Maximum size of an avatar, in bytes.
pub(crate) const MAX_IMAGE_BYTES: u64 = 5 << 20;
/// Maximum width and height of an avatar, in pixels.
pub(crate) const MAX_IMAGE_SIDE: usize = 600;
/// Maximum length of a file name, in characters.
const MAX_FILE_NAME_CHARS: usize = 255;

/// `GET /v1/chats/{tid}/avatar`: the JPEG.
pub(crate) fn load_avatar(tid: &ThreadId) -> Result<Endpoint<Vec<u8>>, Error> {
    Ok(Endpoint::get(avatar(tid)?)
        .transfer_timeout()
        .with_limit(|limits| limits.max_download_size)
        .returns_content(ExpectedContent::image(JPEG))
        .decode_with(jpeg))
}

const JPEG: &str = "image/jpeg";
/// The first bytes of every JPEG.
const JPEG_MAGIC: &[u8] = &[0xFF, 0xD8];

/// Reads the image; anything else, such as a proxy's HTML page, is rejected.
fn jpeg(reader: &mut ResponseReader<'_>) -> Result<Vec<u8>, UnexpectedResponse> {
    if reader.response().body().starts_with(JPEG_MAGIC) {
        return Ok(reader.take_body());
    }
    Err(reader.unexpected("expected a JPEG", None))
}

/// `PUT /v1/chats/{tid}/avatar`.
pub(crate) fn set_avatar(tid: &ThreadId, image: Arc<Vec<u8>>) -> Result<Endpoint<ChatInfo>, Error> {
    let jpeg = HeaderValue::from_static(JPEG);
    Ok(Endpoint::put(avatar(tid)?).with_body(Body::Bytes(image), jpeg, None).returns_json())
}

/// `DELETE /v1/chats/{tid}/avatar`.
pub(crate) fn remove_avatar(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::delete(avatar(tid)?).returns_json())
}

fn avatar(tid: &ThreadId) -> Result<Route, Error> {
    Ok(Route::chat(tid)?.join("avatar"))
}

/// `POST /v1/assets`: stores a file and returns its asset.
pub(crate) fn upload(
    file: &UploadHeaders,
    body: Body,
    progress: Option<Progress>,
    key: Option<String>,
) -> Endpoint<Asset> {
    let endpoint = Endpoint::post(Route::new("assets"))
        .with_body(body, file.media_type.clone(), Some(file.disposition.clone()))
        .with_progress(progress);
    endpoint.with_key(key).returns_json()
}

/// The headers of an upload.
#[derive(Clone, Debug)]
pub(crate) struct UploadHeaders {
    media_type: HeaderValue,
    disposition: HeaderValue,
}

impl UploadHeaders {
    /// Fails with [`Error::InvalidInput`] if the name or the media type is invalid.
    pub(crate) fn new(name: &str, media_type: Option<&str>) -> Result<Self, Error> {
        let length = name.chars().count();
        if !(1..=MAX_FILE_NAME_CHARS).contains(&length) {
            let reason = format!("must have 1 to {MAX_FILE_NAME_CHARS} characters, not {length}");
            return Err(Error::invalid("file name", reason));
        }
        if let Some(char) = name.chars().find(|char| matches!(char, '/' | '\\' | '\0')) {
            return Err(Error::invalid("file name", format!("must not contain {char:?}")));
        }
        let media_type = match media_type {
            Some(given) => given
                .contains('/')
                .then(|| HeaderValue::try_from(given).ok())
                .flatten()
                .ok_or_else(|| Error::invalid("media type", format!("{given:?} is not a media type")))?,
            None => {
                HeaderValue::from_static(mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream"))
            }
        };
        // The encoding of RFC 8187.
        let disposition = format!("attachment; filename*=UTF-8''{}", percent_encoded(name));
        let disposition = HeaderValue::try_from(disposition).expect("a percent-encoded name is visible ASCII");
        Ok(Self { media_type, disposition })
    }
}

/// `GET /v1/assets/{id}`, into memory.
pub(crate) fn download(download: &Download) -> Result<Endpoint<Vec<u8>>, Error> {
    Ok(download_request(download)?.with_limit(|limits| limits.max_download_size).decode_with(|reader| reader.bytes()))
}

/// `GET /v1/assets/{id}`, to the file of the call. The length is verified on the file.
pub(crate) fn download_to_file(download: &Download) -> Result<Endpoint<()>, Error> {
    download_request(download).map(|endpoint| endpoint.decode_with(|_| Ok(())))
}

fn download_request(download: &Download) -> Result<Endpoint<()>, Error> {
    let endpoint = Endpoint::get(asset(&download.asset)?).transfer_timeout().with_progress(download.progress.clone());
    Ok(endpoint.returns_content(ExpectedContent::asset(&download.asset)))
}

fn asset(asset: &Asset) -> Result<Route, Error> {
    Route::new("assets").id(&asset.asset_id)
}

/// The id and the size are essential.
impl Decode for Asset {
    fn decode(json: Json<'_>) -> Result<Self, DecodeError> {
        let [id, file_name, media_type, size] = json.members(["id", "file_name", "media_type", "size"])?;
        Ok(Self {
            asset_id: id.required()?,
            file_name: file_name.optional().unwrap_or_default(),
            media_type: media_type.optional().unwrap_or_default(),
            size: size.required()?,
        })
    }
}
