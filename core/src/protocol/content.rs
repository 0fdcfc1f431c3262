//! The content expected of a response that is an asset or an image, as opposed to an intermediary's error page.

use alloc::{
    format,
    string::{String, ToString},
};

use http::{HeaderMap, StatusCode, header};

use crate::model::Asset;

/// The content coding that every request asks for: no coding.
pub(crate) const IDENTITY: &str = "identity";
/// The media type of unspecified content.
const UNKNOWN: &str = "application/octet-stream";
const HTML: [&str; 2] = ["text/html", "application/xhtml+xml"];
const JSON: [&str; 2] = ["application/json", "text/json"];
pub(super) const PROBLEM: &str = "application/problem+json";

/// The media type and size of a file that is expected as a response. Anything else, such as the HTML page of a proxy,
/// is an error.
#[derive(Clone, Debug)]
pub struct ExpectedContent {
    media_type: String,
    /// `None` if unknown.
    size: Option<u64>,
}

impl ExpectedContent {
    /// Expects the content of an asset.
    pub fn asset(asset: &Asset) -> Self {
        Self { media_type: essence(&asset.media_type), size: Some(asset.size) }
    }

    /// Expects content of this media type and any size.
    pub fn of_type(media_type: &str) -> Self {
        Self { media_type: essence(media_type), size: None }
    }

    /// Checks status and media type of a successful response.
    pub(super) fn check_head(&self, status: StatusCode, headers: &HeaderMap) -> Result<(), String> {
        if !matches!(status, StatusCode::OK | StatusCode::PARTIAL_CONTENT) {
            return Err(format!("expected status 200, not {}", status.as_u16()));
        }
        match media_type(headers) {
            Some(given) if !self.accepts(&given) => {
                Err(format!("expected the content type {:?}, not {given:?}", self.media_type))
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

    /// Returns `true` if the content may have this media type. File servers guess types, so most differences are
    /// ignored; but an HTML page or a JSON error instead of anything else comes from an intermediary.
    fn accepts(&self, given: &str) -> bool {
        let expected = self.media_type.as_str();
        if given == expected || expected.is_empty() || expected == UNKNOWN {
            return true;
        }
        if HTML.contains(&given) {
            return HTML.contains(&expected);
        }
        if JSON.contains(&given) {
            return is_json_type(expected);
        }
        given != PROBLEM
    }
}

pub(crate) fn size_mismatch(size: u64, received: u64) -> String {
    format!("expected {size} bytes, the size of the asset, but received {received}")
}

/// Returns the content coding of a body; `None` for an uncoded one.
pub(super) fn content_coding(headers: &HeaderMap) -> Option<String> {
    headers.get_all(header::CONTENT_ENCODING).iter().find_map(|value| {
        let value = String::from_utf8_lossy(value.as_bytes());
        let mut codings = value.split(',').map(str::trim);
        codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(IDENTITY)).map(ToString::to_string)
    })
}

/// Returns the media type of a response without parameters, in lower case.
pub(super) fn media_type(headers: &HeaderMap) -> Option<String> {
    headers.get(header::CONTENT_TYPE).map(|value| essence(&String::from_utf8_lossy(value.as_bytes())))
}

/// Returns `true` for the media type of JSON of any kind.
pub(super) fn is_json_type(media_type: &str) -> bool {
    JSON.contains(&media_type) || media_type.ends_with("+json")
}

/// Returns a media type without parameters, in lower case.
fn essence(media_type: &str) -> String {
    media_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}
