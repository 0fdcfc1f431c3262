//! Responses with files for the page.

use http::{HeaderMap, Response, header};

use crate::world::outcome::AssetResponse;

impl AssetResponse {
    pub(crate) fn headers_mut(&mut self) -> &mut HeaderMap {
        match self {
            Self::InMemory(response) => response.headers_mut(),
            Self::File(file) => file.head.headers_mut(),
        }
    }

    /// The response with bytes that are no asset.
    pub(crate) fn of_bytes(bytes: &[u8]) -> Self {
        let mut response = Response::new(bytes.to_vec());
        response.headers_mut().insert(header::CONTENT_LENGTH, bytes.len().into());
        Self::InMemory(response)
    }
}
