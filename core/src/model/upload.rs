use alloc::{string::String, sync::Arc, vec::Vec};
use core::fmt;

use crate::effect::{Progress, TransferProgress};

/// Bytes to be attached: a file, which is streamed, or what is in memory.
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

/// Where bytes are.
#[derive(Clone, PartialEq)]
pub(crate) enum Source {
    Path(String),
    Bytes(Arc<Vec<u8>>),
}

impl Upload {
    /// The file at this path, under its own name. It is read when it is sent, and never as a whole into memory.
    pub fn from_path(path: impl Into<String>) -> Self {
        let path = path.into();
        let name = path.rsplit(['/', if cfg!(windows) { '\\' } else { '/' }]).next().unwrap_or_default().into();
        Self { source: Source::Path(path), name, media_type: None, progress: None, may_grow: false }
    }

    /// These bytes, as a file with this name.
    pub fn from_bytes(name: impl Into<String>, bytes: impl Into<Vec<u8>>) -> Self {
        let source = Source::Bytes(Arc::new(bytes.into()));
        Self { source, name: name.into(), media_type: None, progress: None, may_grow: false }
    }

    pub(crate) fn jpeg(name: &str, bytes: Arc<Vec<u8>>) -> Self {
        Self { source: Source::Bytes(bytes), name: name.into(), media_type: None, progress: None, may_grow: false }
    }

    /// Sends it under another name: 1 to 255 characters, without slashes of either kind and NUL.
    pub fn file_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Sends it with this media type, rather than with the one that its name stands for.
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Sends a file that is written to meanwhile, such as a log: the bytes that it has when it is measured, before the first
    /// attempt. Without this, a file that becomes longer while it is sent is a
    /// [`FileErrorKind::Changed`](crate::effect::FileErrorKind::Changed).
    pub fn may_grow(mut self) -> Self {
        self.may_grow = true;
        self
    }

    /// Calls `observer` after every piece that was sent.
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

/// A JPEG of at most 600x600 pixels and 5 MiB, for an avatar. A text is the path of one.
#[derive(Clone, Debug, PartialEq)]
pub struct Image(pub(crate) Source);

impl Image {
    /// The file at this path.
    #[doc(alias = "image_path")]
    pub fn from_path(path: impl Into<String>) -> Self {
        Self(Source::Path(path.into()))
    }

    /// An image in memory.
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
