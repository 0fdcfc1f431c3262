//! Temporary files.

use std::{
    env, fs,
    path::PathBuf,
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use crate::Rng;

/// A folder that is removed with its test.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// An empty folder.
    pub fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("teamwire-test-{}-{number}", process::id()));
        fs::create_dir_all(&path).expect("the folder for temporary files takes a folder");
        Self(path)
    }

    /// The path of a file in it, which need not exist.
    pub fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().expect("the folder for temporary files has a name in Unicode").to_owned()
    }

    /// Writes a file in it, and returns its path.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, bytes).expect("the folder takes a file");
        path
    }

    /// The names and bytes of all its files, by name.
    pub fn content(&self) -> Vec<(String, Vec<u8>)> {
        let read = |path: PathBuf| {
            let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
            (name.unwrap_or_default(), fs::read(path).expect("it contains only files"))
        };
        let entries = fs::read_dir(&self.0).expect("the folder exists");
        let mut content: Vec<_> = entries.map(|entry| read(entry.expect("it can be listed").path())).collect();
        content.sort();
        content
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The test does not fail if the folder cannot be removed.
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns this number of bytes, which differ at every position. Patterns of two lengths differ from the beginning.
pub fn pattern(length: usize) -> Vec<u8> {
    let (mut rng, mut bytes) = (Rng::new(length as u64), vec![0; length]);
    for piece in bytes.chunks_mut(8) {
        piece.copy_from_slice(&rng.next().to_le_bytes()[..piece.len()]);
    }
    bytes
}
