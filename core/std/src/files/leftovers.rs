//! Temporary files of processes that were killed before they could remove them.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

/// Age of the last write after which a temporary file of another process is removed: that was killed, or its clock is
/// wrong by a day. A download that is retried for hours does not write meanwhile.
const ABANDONED_AFTER: Duration = Duration::from_secs(24 * 3_600);
/// Maximum number of folders to remember.
const MAX_FOLDERS: usize = 1_000;

/// The folders that were searched, and when. Each is searched at most once in the time in which files get too old.
static SEARCHED: Mutex<BTreeMap<PathBuf, Instant>> = Mutex::new(BTreeMap::new());

/// The names of the temporary files of this process, which are random. They are never abandoned.
static OWN: Mutex<BTreeSet<OsString>> = Mutex::new(BTreeSet::new());

/// Adds a temporary file of this process, until it is [forgotten](forget).
pub(crate) fn protect(path: &Path) {
    own().extend(path.file_name().map(OsString::from));
}

/// Ends the protection of a file that was renamed or removed.
pub(crate) fn forget(path: &Path) {
    if let Some(name) = path.file_name() {
        own().remove(name);
    }
}

fn own() -> MutexGuard<'static, BTreeSet<OsString>> {
    OWN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the temporary files in this folder that `is_ours` recognises by their names, and that are not written any
/// more.
pub(super) fn remove(folder: &Path, is_ours: fn(&str) -> bool) {
    if !is_due(folder, Instant::now()) {
        return;
    }
    // The folder may be writable but not readable.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.file_name().to_str().is_some_and(is_ours) && is_abandoned(&entry.path()) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn is_due(folder: &Path, now: Instant) -> bool {
    let mut searched = SEARCHED.lock().unwrap_or_else(PoisonError::into_inner);
    if searched.get(folder).is_some_and(|last| now.saturating_duration_since(*last) < ABANDONED_AFTER) {
        return false;
    }
    if searched.len() >= MAX_FOLDERS {
        searched.clear();
    }
    searched.insert(folder.to_owned(), now);
    true
}

/// Returns `true` if a file is not one of this process, and has not been written for so long that its process must
/// have been killed.
pub(crate) fn is_abandoned(path: &Path) -> bool {
    if path.file_name().is_some_and(|name| own().contains(name)) {
        return false;
    }
    // Not through a link.
    let data = fs::symlink_metadata(path).ok().filter(fs::Metadata::is_file);
    let age = data.and_then(|data| data.modified().ok()?.elapsed().ok());
    age.is_some_and(|age| age > ABANDONED_AFTER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folder_is_searched_again_after_a_day() {
        let (folder, now) = (Path::new("teamwire-leftovers-test"), Instant::now());
        assert!(is_due(folder, now));
        assert!(!is_due(folder, now + ABANDONED_AFTER / 2));
        assert!(is_due(folder, now + ABANDONED_AFTER));
    }
}
