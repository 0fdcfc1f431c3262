//! The folder for the bytes of assets.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// Where the bytes of assets are kept.
pub(crate) enum AssetFolder {
    /// Ours: it goes with the sandbox.
    Temporary(PathBuf),
    Given(PathBuf),
}

impl AssetFolder {
    pub(crate) fn temporary() -> io::Result<Self> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        loop {
            let number = NUMBER.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("teamwire-sandbox-{}-{number}", process::id()));
            match fs::create_dir(&path) {
                // Left behind by a process that had our number: take the next.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                result => return result.map(|()| Self::Temporary(path)),
            }
        }
    }

    pub(crate) fn given(path: PathBuf) -> io::Result<Self> {
        fs::create_dir_all(&path)?;
        Ok(Self::Given(path))
    }

    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Temporary(path) | Self::Given(path) => path,
        }
    }
}

impl Drop for AssetFolder {
    fn drop(&mut self) {
        if let Self::Temporary(path) = self {
            // Nobody is left to hear of a failure.
            let _ = fs::remove_dir_all(path);
        }
    }
}
