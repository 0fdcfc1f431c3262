//! Assets: the uploaded files of attachments and avatars.

use std::{collections::BTreeMap, io::Cursor};

use serde_json::{Value, json};

#[derive(Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) struct Asset {
    /// The `uid` of the user who uploaded it.
    pub(crate) owner: String,
    pub(crate) file_name: String,
    pub(crate) media_type: String,
    pub(crate) etag: String,
    #[cfg_attr(feature = "server", serde(with = "ReceivedFileParts"))]
    pub(crate) file: ReceivedFile,
    /// The bytes.
    pub(crate) content: Content,
}

/// The bytes of an asset.
#[derive(Debug)]
#[cfg_attr(feature = "server", derive(serde::Deserialize, serde::Serialize))]
pub(crate) enum Content {
    /// In memory.
    Memory(#[cfg_attr(feature = "server", serde(with = "super::base64"))] Vec<u8>),
    /// In a file of this name, kept by the driver of the world.
    File(String),
}

impl Content {
    /// The name of the file with the bytes, if they are not in memory.
    pub(crate) fn file(&self) -> Option<&str> {
        match self {
            Self::Memory(_) => None,
            Self::File(name) => Some(name),
        }
    }
}

/// A file that was uploaded completely.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedFile {
    /// Its size in bytes.
    pub size: u64,
    /// The [`BodyDigest`](crate::world::BodyDigest) of its bytes.
    pub digest: u64,
    /// Its width and height, if it is a JPEG of at most 5 MiB; see [`jpeg_dimensions`].
    pub jpeg: Option<(usize, usize)>,
}

/// The JSON of a [`ReceivedFile`], which does not implement the traits because it is public.
#[cfg(feature = "server")]
#[derive(serde::Deserialize, serde::Serialize)]
#[serde(remote = "ReceivedFile")]
struct ReceivedFileParts {
    size: u64,
    digest: u64,
    jpeg: Option<(usize, usize)>,
}

impl Asset {
    pub(crate) fn to_json(&self, id: &str) -> Value {
        json!({ "id": id, "file_name": self.file_name, "media_type": self.media_type, "size": self.file.size })
    }
}

#[derive(Debug, Default)]
pub(crate) struct Assets {
    pub(crate) by_id: BTreeMap<String, Asset>,
}

/// Returns width and height of a JPEG, from its header.
pub fn jpeg_dimensions(bytes: &[u8]) -> Option<(usize, usize)> {
    if !bytes.starts_with(&[0xff, 0xd8, 0xff]) {
        return None;
    }
    imagesize::reader_size(Cursor::new(bytes)).ok().map(|size| (size.width, size.height))
}
