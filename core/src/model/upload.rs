use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use crate::effect::{Progress, TransferProgress};

/// A file to be uploaded: streamed from disk, or from memory.
///
/// ```
/// use teamwire_core::{model::{NewAttachment, Upload}, Draft};
///
/// let log = Upload::from_path("/var/log/backup.log").file_name("backup of tonight.log");
/// let draft = Draft::text("The backup failed").attach(NewAttachment::file(log));
/// ```
#[derive(Clone, PartialEq)]
pub struct Upload {
    pub(crate) source: Source,
    pub(crate) name: String,
    pub(crate) media_type: Option<String>,
    pub(crate) progress: Option<Progress>,
    pub(crate) may_grow: bool,
}

/// The source of the bytes.
#[derive(Clone, PartialEq)]
pub(crate) enum Source {
    Path(String),
    Bytes(Arc<Vec<u8>>),
}

impl Upload {
    /// Creates an upload of the file at this path, under its own name. The file is streamed when it is sent and never
    /// held in memory as a whole.
    pub fn from_path(path: impl Into<String>) -> Self {
        let path = path.into();
        let name = path.rsplit(['/', if cfg!(windows) { '\\' } else { '/' }]).next().unwrap_or_default().into();
        Self { source: Source::Path(path), name, media_type: None, progress: None, may_grow: false }
    }

    /// Creates an upload of these bytes, as a file with this name.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let source = Source::Bytes(Arc::new(bytes.into()));
        Self { source, name: name.into(), media_type: None, progress: None, may_grow: false }
    }

    pub(crate) fn jpeg(name: &str, bytes: Arc<Vec<u8>>) -> Self {
        Self { source: Source::Bytes(bytes), name: name.into(), media_type: None, progress: None, may_grow: false }
    }

    /// Sets the file name: 1 to 255 characters, without `/`, `\` and NUL.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
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

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{path:?}"),
            Self::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
        }
    }
}

impl fmt::Debug for Upload {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Upload({:?} from {:?})", self.name, self.source)
    }
}

/// A JPEG of at most 600x600 pixels and 5 MiB, for an avatar. A string is accepted as a path.
#[derive(Clone, Debug, PartialEq)]
pub struct Image(pub(crate) Source);

impl Image {
    /// Creates an image from the file at this path.
    #[doc(alias = "image_path")]
    pub fn from_path(path: impl Into<String>) -> Self {
        Self(Source::Path(path.into()))
    }

    /// Creates an image from bytes in memory.
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Source::Bytes(Arc::new(bytes.into())))
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
