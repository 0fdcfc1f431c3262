//! Request bodies: bytes and files, in order.

use alloc::{string::String, sync::Arc, vec::Vec};
use core::{fmt, slice};

use crate::effect::Progress;

/// A request body: any number of [parts](Part), usually none or one.
///
/// An executor sends the parts one after the other without anything in between, and their total
/// [length](Self::length) as `Content-Length`. Each attempt of a request sends them from the beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// No body.
    #[default]
    Empty,
    /// One part.
    One(Part),
    /// Several parts, for instance of a form.
    Several(Arc<[Part]>),
}

/// A part of a [`Body`].
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Part {
    /// Its bytes, or the file that has them.
    pub content: PartContent,
    /// Observer of the transfer of this part. If the request is sent again, the progress starts again.
    pub progress: Option<Progress>,
}

/// The content of a [`Part`].
#[derive(Clone, PartialEq, Eq)]
pub enum PartContent {
    /// Bytes in memory.
    Bytes(Arc<Vec<u8>>),
    /// The first `length` bytes of a file, streamed. If the file is shorter, or longer without `may_grow`, the request
    /// must not be completed: it fails with [`TransportErrorKind::File`](crate::effect::TransportErrorKind::File). If
    /// it cannot be opened, nothing must be sent.
    File {
        /// Path of the file.
        path: String,
        /// Length of the file when it was measured.
        length: u64,
        /// Allows the file to be longer, for instance a log that is being written to. The rest is not sent.
        may_grow: bool,
    },
}

impl Body {
    /// Returns the parts, in the order in which they are sent.
    pub fn parts(&self) -> &[Part] {
        match self {
            Self::Empty => &[],
            Self::One(part) => slice::from_ref(part),
            Self::Several(parts) => parts,
        }
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        self.parts().iter().fold(0, |length, part| length.saturating_add(part.length()))
    }

    /// Returns the whole body if it is empty or one piece of memory.
    pub fn as_bytes(&self) -> Option<&[u8]> {
        match self.parts() {
            [] => Some(&[]),
            [Part { content: PartContent::Bytes(bytes), .. }] => Some(bytes),
            _ => None,
        }
    }

    /// Returns `true` if a part has a progress observer.
    pub fn is_observed(&self) -> bool {
        self.parts().iter().any(|part| part.progress.is_some())
    }

    /// Returns `true` if a part is a file.
    pub fn has_file(&self) -> bool {
        self.parts().iter().any(|part| matches!(part.content, PartContent::File { .. }))
    }
}

impl From<Part> for Body {
    fn from(part: Part) -> Self {
        Self::One(part)
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Part::bytes(bytes).into()
    }
}

impl From<Arc<Vec<u8>>> for Body {
    fn from(bytes: Arc<Vec<u8>>) -> Self {
        Part::bytes(bytes).into()
    }
}

impl From<Vec<Part>> for Body {
    fn from(mut parts: Vec<Part>) -> Self {
        match parts.len() {
            0 | 1 => parts.pop().map_or(Self::Empty, Self::One),
            _ => Self::Several(parts.into()),
        }
    }
}

impl FromIterator<Part> for Body {
    fn from_iter<I: IntoIterator<Item = Part>>(parts: I) -> Self {
        parts.into_iter().collect::<Vec<_>>().into()
    }
}

impl Part {
    /// Creates a part with this content.
    pub const fn new(content: PartContent) -> Self {
        Self { content, progress: None }
    }

    /// Creates a part of these bytes.
    pub fn bytes(bytes: impl Into<Arc<Vec<u8>>>) -> Self {
        Self::new(PartContent::Bytes(bytes.into()))
    }

    /// Creates a part of the file at `path`, whose measured length is `length` and may not grow.
    pub fn file(path: impl Into<String>, length: u64) -> Self {
        Self::new(PartContent::File { path: path.into(), length, may_grow: false })
    }

    /// Sets the observer of the transfer.
    pub fn with_progress(mut self, progress: impl Into<Option<Progress>>) -> Self {
        self.progress = progress.into();
        self
    }

    /// Returns the length in bytes.
    pub fn length(&self) -> u64 {
        match &self.content {
            PartContent::Bytes(bytes) => bytes.len() as u64,
            PartContent::File { length, .. } => *length,
        }
    }
}

/// Shows only the length of bytes in memory, because messages are private.
impl fmt::Debug for PartContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::File { path, length, .. } => write!(f, "File({path:?}, {length} bytes)"),
        }
    }
}
