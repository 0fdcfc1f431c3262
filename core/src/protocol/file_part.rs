//! Files of a post: stored beforehand, or sent with the post.

use alloc::string::String;

use crate::{effect::Part, model::Asset};

/// A file to be sent. Its name and media type have passed [`Assets::check_file`](super::Assets::check_file).
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FilePart {
    /// The file name, without folders: the one that the bot chose, in any characters.
    pub name: String,
    /// The media type, such as `image/png`. It consists of characters that are valid in a header.
    pub media_type: String,
    /// The content, in memory or as a file that is streamed, and the observer of its transfer.
    pub content: Part,
}

impl FilePart {
    /// Creates a file with this content.
    pub fn new(name: impl Into<String>, media_type: impl Into<String>, content: Part) -> Self {
        Self { name: name.into(), media_type: media_type.into(), content }
    }
}

/// A file of a post. The files are in the order of the draft's attachments, with one entry for each file of a gallery.
///
/// ```
/// use teamwire_core::{Error, effect::Form, protocol::Attached};
///
/// /// Adds the file to the form of a post, for a server that does not store files beforehand.
/// fn enclose(form: Form, file: &Attached) -> Result<Form, Error> {
///     match file {
///         Attached::Enclosed(file) => form.file("file", &file.name, &file.media_type, file.content.clone()),
///         // The request is only built to validate the arguments.
///         _ => Ok(form),
///     }
/// }
///
/// /// Returns the id by which a post refers to the file, for a server that stores files beforehand.
/// fn file_id(file: &Attached) -> Option<&str> {
///     file.asset().map(|asset| asset.asset_id.as_str())
/// }
///
/// assert_eq!(file_id(&Attached::Pending), None);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Attached {
    /// Not yet read. A request with such a file is built only to validate the arguments, and never sent, so the
    /// protocol leaves the file out or uses a placeholder.
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

/// The idempotency key of a file: derived from that of the request it belongs to. The protocol combines both to a key
/// that no other file and no request has.
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
