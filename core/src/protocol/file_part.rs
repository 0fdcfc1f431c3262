//! Files of a post: stored beforehand, or sent with the post.

use alloc::string::String;

use crate::{effect::Part, model::Asset};

/// A file to be sent.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FilePart {
    /// The file name.
    pub name: String,
    /// The media type, such as `image/png`. It consists of characters that are valid in a header.
    pub media_type: String,
    /// The content, and the observer of its transfer.
    pub content: Part,
}

impl FilePart {
    /// Creates a file with this content.
    pub fn new(name: impl Into<String>, media_type: impl Into<String>, content: Part) -> Self {
        Self { name: name.into(), media_type: media_type.into(), content }
    }
}

/// A file of a post, in the order of the draft's attachments.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Attached {
    /// Not yet read. A request with such a file is built only to validate the arguments, and never sent.
    Pending,
    /// Stored on the server by [`Assets::upload`](super::Assets::upload).
    Stored(Asset),
    /// To be sent with the request, because [`Assets::upload`](super::Assets::upload) returned `None`.
    Enclosed(FilePart),
}

impl Attached {
    /// Returns the asset, if the file is stored.
    pub const fn asset(&self) -> Option<&Asset> {
        match self {
            Self::Stored(asset) => Some(asset),
            Self::Pending | Self::Enclosed(_) => None,
        }
    }
}

/// The idempotency key of a file: derived from that of the request it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FileKey<'a> {
    /// The caller's key for the post or the new chat.
    pub request: &'a str,
    /// The position of the file, from 1.
    pub position: usize,
}

impl<'a> FileKey<'a> {
    pub(crate) const fn new(request: &'a str, position: usize) -> Self {
        Self { request, position }
    }
}
