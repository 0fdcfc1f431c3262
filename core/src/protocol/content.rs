//! Bytes that a response is expected to be: those of an asset or an image, and not the page of something in between.

use alloc::{
    format,
    string::{String, ToString},
};

use http::{HeaderMap, StatusCode, header};

use crate::model::Asset;

/// The content coding that every request asks for: none.
pub(crate) const IDENTITY: &str = "identity";
/// A media type that says nothing.
const UNKNOWN: &str = "application/octet-stream";
const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];
const JSON: [&str; 2] = ["application/json", "text/json"];
pub(super) const PROBLEM: &str = "application/problem+json";

/// The bytes that a response is expected to be.
#[derive(Clone, Debug)]
pub(super) struct ExpectedContent {
    media_type: String,
    /// `None` if the server has not said it.
    size: Option<u64>,
}

impl ExpectedContent {
    pub(super) fn asset(asset: &Asset) -> Self {
        Self { media_type: essence(&asset.media_type), size: Some(asset.size) }
    }

    pub(super) fn image(media_type: &str) -> Self {
        Self { media_type: essence(media_type), size: None }
    }

    /// Checks what the head of a success can tell.
    pub(super) fn check_head(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(format!("the content comes with status 200 only, not with {}", status.as_u16()));
        }
        match media_type(headers) {
            Some(given) if !self.accepts(&given) => {
                Err(format!("the content type is {given:?}, not {:?}", self.media_type))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn check_length(&self, length: u64) -> Result<(), String> {
        match self.size {
            Some(size) if size != length => Err(size_mismatch(size, length)),
            _ => Ok(()),
        }
    }

    /// Returns `true` if the content may have this media type. File servers guess types, so most differences mean nothing; but an
    /// HTML page or a JSON error in place of anything else comes from something in between.
    fn accepts(&self, given: &str) -> bool {
        let promised = self.media_type.as_str();
        if given == promised || promised.is_empty() || promised == UNKNOWN {
            return true;
        }
        if HTML.contains(&given) {
            return HTML.contains(&promised);
        }
        if JSON.contains(&given) {
            return is_json_type(promised);
        }
        given != PROBLEM
    }
}

pub(crate) fn size_mismatch(size: u64, came: u64) -> String {
    format!("the asset has {size} bytes, and {came} came")
}

/// The coding of a body that is not as it is; `None` if there is none.
pub(super) fn content_coding(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::CONTENT_ENCODING).iter().find_map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let mut codings = value.split(',').map(str::trim);
        codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(IDENTITY)).map(ToString::to_string)
    })
}

/// The media type of a response, without its parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE).map(|value| essence(&String::from_utf8_lossy(value.as_bytes())))
}

/// Returns `true` for the media type of JSON of any kind.
pub(super) fn is_json_type(media_type: &str) -> bool {
    JSON.contains(&media_type) || media_type.ends_with("+json")
}

/// A media type without its parameters, in lower case.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
