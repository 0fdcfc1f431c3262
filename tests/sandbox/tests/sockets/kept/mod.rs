//! Worlds that a folder keeps.

mod content;
mod copies;
mod folders;
mod killed;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicU64, Ordering},
};

use teamwire_sandbox::{Builder, Sandbox};

/// A folder that does not exist yet. It is removed on drop.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Self {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = env::temp_dir().join(format!("teamwire-sandbox-kept-{}-{number}", process::id()));
        // An earlier process with the same id may have left a folder.
        let _ = fs::remove_dir_all(&path);
        Self(path)
    }

    fn path(&self) -> &Path {
        &self.0
    }

    fn world(&self) -> PathBuf {
        self.0.join("world.redb")
    }

    fn builder(&self) -> Builder {
        Sandbox::builder().data(&self.0).page(([127, 0, 0, 1], 0).into())
    }

    #[track_caller]
    fn start(&self) -> Sandbox {
        self.builder().start().expect("the folder has a world or nothing")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // The test does not fail if the folder cannot be removed.
        let _ = fs::remove_dir_all(&self.0);
    }
}
