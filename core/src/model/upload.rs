use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use serde::{Deserialize, Serialize};

use super::saved::base64;
use crate::effect::{Progress, TransferProgress};

/// A file to be uploaded: streamed from disk, or from memory.
///
/// ```
/// use teamwire_core::{model::{NewAttachment, Upload}, Draft};
///
/// let log = Upload::from_path("/var/log/backup.log").file_name("backup of tonight.log");
/// let draft = Draft::text("The backup failed").attach(NewAttachment::file(log));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
#[must_use = "an upload does nothing until it is attached and posted"]
pub struct Upload {
    /// The source of the bytes.
    pub source: FileSource,
    /// The file name under which it is stored.
    pub file_name: String,
    /// The media type; `None` to derive it from the file name.
    pub media_type: Option<String>,
    /// The observer of the transfer.
    #[serde(skip)]
    pub progress: Option<Progress>,
    /// `true` if the file may grow during the upload.
    #[serde(default)]
    pub may_grow: bool,
}

/// The source of a file's bytes.
///
/// ```
/// use teamwire_core::model::{FileSource, Upload};
///
/// let upload = Upload::from_bytes("plan.txt", "stay calm");
/// assert!(matches!(&upload.source, FileSource::Bytes(bytes) if ***bytes == *b"stay calm"));
/// ```
#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum FileSource {
    /// The file at this path.
    Path(String),
    /// Bytes in memory.
    Bytes(#[serde(with = "base64")] Arc<Vec<u8>>),
}

impl Upload {
    /// Creates an upload of the file at this path, under its own name. The file is streamed when it is sent and never
    /// held in memory as a whole.
    pub fn from_path(path: impl Into<String>) -> Self {
        let path = path.into();
        let file_name = path.rsplit(['/', if cfg!(windows) { '\\' } else { '/' }]).next().unwrap_or_default().into();
        Self { source: FileSource::Path(path), file_name, media_type: None, progress: None, may_grow: false }
    }

    /// Creates an upload of these bytes, as a file with this name.
    pub fn from_bytes(file_name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let source = FileSource::Bytes(Arc::new(bytes.into()));
        Self { source, file_name: file_name.into(), media_type: None, progress: None, may_grow: false }
    }

    pub(crate) fn jpeg(file_name: &str, bytes: Arc<Vec<u8>>) -> Self {
        Self {
            source: FileSource::Bytes(bytes),
            file_name: file_name.into(),
            media_type: None,
            progress: None,
            may_grow: false,
        }
    }

    /// Sets the file name: with the default protocol, 1 to 255 characters, without `/`, `\` and NUL.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.file_name = name.into();
        self
    }

    /// Sets the media type. By default it is derived from the file name.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Allows the file to grow during the upload, as a log does. The bytes that it has before the first attempt are
    /// sent. Without this, a file that grows makes the upload fail with
    /// [`FileErrorKind::Changed`](crate::effect::FileErrorKind::Changed).
    pub fn may_grow(mut self) -> Self {
        self.may_grow = true;
        self
    }

    /// Calls `observer` after each chunk sent.
    pub fn on_progress(mut self, observer: impl Fn(TransferProgress) + Send + Sync + 'static) -> Self {
        self.progress = Some(Progress::new(observer));
        self
    }
}

/// Shows the path, or the number of bytes.
impl fmt::Debug for FileSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?} from {:?})", self.file_name, self.source)
    }
}

/// A JPEG for an avatar: with the default protocol, of at most 600x600 pixels and 5 MiB. A string is accepted as a
/// path.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Image {
    /// The source of the bytes.
    pub source: FileSource,
}

impl Image {
    /// Creates an image from the file at this path.
    #[doc(alias = "image_path")]
    pub fn from_path(path: impl Into<String>) -> Self {
        Self { source: FileSource::Path(path.into()) }
    }

    /// Creates an image from bytes in memory.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self { source: FileSource::Bytes(Arc::new(bytes.into())) }
    }
}

impl From<&str> for Image {
    fn from(path: &str) -> Self {
        Self::from_path(path)
    }
}

impl From<String> for Image {
    fn from(path: String) -> Self {
        Self::from_path(path)
    }
}

impl From<Vec<u8>> for Image {
    fn from(bytes: Vec<u8>) -> Self {
        Self::from_bytes(bytes)
    }
}
