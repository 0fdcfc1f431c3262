//! The folder that holds the bytes of assets.

use std::{
    fs, io,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

/// A folder for the bytes of assets.
pub(crate) enum AssetFolder {
    /// Created here, and removed on drop.
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
                // Left behind by an earlier process with the same id: try the next number.
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
            // Nothing useful can be done about an error in drop.
            let _ = fs::remove_dir_all(path);
        }
    }
}
