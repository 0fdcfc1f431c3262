//! Bytes: avatars, and what is attached to messages.

use alloc::{format, string::String, sync::Arc, vec::Vec};

use http::HeaderValue;

use super::{
    answer::Answer,
    endpoint::Endpoint,
    json::{Decode, Json, Odd},
    promise::Promise,
    route::{Route, percent_encoded},
};
use crate::{
    error::{Error, UnexpectedAnswer},
    exchange::Body,
    model::{Asset, ChatInfo, Download, ThreadId},
    progress::Progress,
};

/// The largest avatar, in bytes.
pub(crate) const MOST_IMAGE_BYTES: u64 = 5 << 20;
/// The longest side of an avatar, in pixels.
pub(crate) const MOST_IMAGE_PIXELS: usize = 600;
/// The longest name of a file, in characters.
const FILE_NAME: usize = 255;

pub(crate) fn load_avatar(tid: &ThreadId) -> Result<Endpoint<Vec<u8>>, Error> {
    Ok(Endpoint::get(avatar(tid)?)
        .transfers()
        .limited(|limits| limits.download)
        .delivers(Promise::image(JPEG))
        .parsed(jpeg))
}

const JPEG: &str = "image/jpeg";
/// What every JPEG begins with.
const JPEG_START: &[u8] = &[0xFF, 0xD8];

/// The promised image. The page of something in between is none.
fn jpeg(answer: &mut Answer<'_>) -> Result<Vec<u8>, UnexpectedAnswer> {
    if answer.response().body().starts_with(JPEG_START) {
        return Ok(answer.take_body());
    }
    Err(answer.unexpected("a JPEG was promised, and this is none", None))
}

pub(crate) fn set_avatar(tid: &ThreadId, image: Arc<Vec<u8>>) -> Result<Endpoint<ChatInfo>, Error> {
    let jpeg = HeaderValue::from_static(JPEG);
    Ok(Endpoint::put(avatar(tid)?).carries(Body::Bytes(image), jpeg, None).answers())
}

pub(crate) fn remove_avatar(tid: &ThreadId) -> Result<Endpoint<ChatInfo>, Error> {
    Ok(Endpoint::delete(avatar(tid)?).answers())
}

fn avatar(tid: &ThreadId) -> Result<Route, Error> {
    Ok(Route::chat(tid)?.then("avatar"))
}

/// A file to be stored, which answers with what it is called from then on.
pub(crate) fn upload(file: &FileHead, body: Body, progress: Option<Progress>, key: Option<String>) -> Endpoint<Asset> {
    let endpoint = Endpoint::post(Route::to("assets"))
        .carries(body, file.media_type.clone(), Some(file.disposition.clone()))
        .watched(progress);
    endpoint.with_key(key).answers()
}

/// What goes before the bytes of a file.
#[derive(Clone, Debug)]
pub(crate) struct FileHead {
    media_type: HeaderValue,
    disposition: HeaderValue,
}

impl FileHead {
    /// Raises `InvalidInput` for a name, or a media type, that cannot be sent.
    pub(crate) fn new(name: &str, media_type: Option<&str>) -> Result<Self, Error> {
        let length = name.chars().count();
        if !(1..=FILE_NAME).contains(&length) {
            let why = format!("it has {length} characters; 1 to {FILE_NAME} are allowed");
            return Err(Error::invalid("file name", why));
        }
        if let Some(char) = name.chars().find(|char| matches!(char, '/' | '\\' | '\0')) {
            return Err(Error::invalid("file name", format!("it has a {char:?}")));
        }
        let media_type = match media_type {
            Some(given) => given
                .contains('/')
                .then(|| HeaderValue::try_from(given).ok())
                .flatten()
                .ok_or_else(|| Error::invalid("media type", format!("{given:?} is none")))?,
            None => {
                HeaderValue::from_static(mime_guess::from_path(name).first_raw().unwrap_or("application/octet-stream"))
            }
        };
        // RFC 8187.
        let disposition = format!("attachment; filename*=UTF-8''{}", percent_encoded(name));
        let disposition = HeaderValue::try_from(disposition).expect("percent-encoded, it is visible ASCII");
        Ok(Self { media_type, disposition })
    }
}

/// The bytes of an asset, into memory.
pub(crate) fn download(download: &Download) -> Result<Endpoint<Vec<u8>>, Error> {
    Ok(bytes(download)?.limited(|limits| limits.download).parsed(|answer| answer.bytes()))
}

/// The bytes of an asset, into a file that the call says. Their number is for the file to tell.
pub(crate) fn save(download: &Download) -> Result<Endpoint<()>, Error> {
    bytes(download).map(|endpoint| endpoint.parsed(|_| Ok(())))
}

fn bytes(download: &Download) -> Result<Endpoint<()>, Error> {
    let endpoint = Endpoint::get(asset(&download.asset)?).transfers().watched(download.progress.clone());
    Ok(endpoint.delivers(Promise::asset(&download.asset)))
}

fn asset(asset: &Asset) -> Result<Route, Error> {
    Route::to("assets").id(&asset.asset_id)
}

/// The id and the size are essential.
impl Decode for Asset {
    fn decode(json: Json<'_>) -> Result<Self, Odd> {
        let [id, file_name, media_type, size] = json.members(["id", "file_name", "media_type", "size"])?;
        Ok(Self {
            asset_id: id.essential()?,
            file_name: file_name.extra().unwrap_or_default(),
            media_type: media_type.extra().unwrap_or_default(),
            size: size.essential()?,
        })
    }
}
