use std::{
    fs::File,
    io::{self, ErrorKind, Write},
    path::{Path, PathBuf},
};

use serde::{Serialize, de::DeserializeOwned};
use teamwire_core::{
    Client, Error,
    effect::{FileError, FileErrorKind},
    executor::Portable,
};

use crate::{
    files::{self, part},
    paths::path_to_string,
};

/// Maximum length of a state file, in bytes, so that another file given by mistake does not fill the memory.
const MAX_BYTES: u64 = 1 << 30;

/// A file for the state of a program, such as a [`Checkpoint`](teamwire_core::Checkpoint): JSON, which is replaced as a
/// whole.
///
/// After [`save`](Self::save) has returned, the state survives a crash of the program and a power cut. If either
/// happens during `save`, the file has the old state or the new one, and never a part of one.
///
/// ```
/// use teamwire_core::Draft;
/// use teamwire_std::StateFile;
///
/// # let folder = std::env::temp_dir().join(format!("teamwire-state-file-{}", std::process::id()));
/// # std::fs::create_dir_all(&folder)?;
/// # let path = folder.join("outbox.json");
/// let file = StateFile::new(path);
/// let mut outbox: Vec<Draft> = file.load()?.unwrap_or_default();
/// outbox.push(Draft::text("The database is down").idempotency_key("alarm-7"));
/// file.save(&outbox)?;
/// # assert_eq!(file.load::<Vec<Draft>>()?.map(|drafts| drafts.len()), Some(1));
/// # std::fs::remove_dir_all(&folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A state has at most 1 GiB of JSON.
///
/// One process at a time may save the file; its threads may save it at once. It blocks the calling thread for as long
/// as the disk takes, often a few milliseconds. Asynchronous programs use [`save_on`](Self::save_on).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateFile {
    path: PathBuf,
}

impl StateFile {
    /// Creates the state file at this path. Nothing is read or written yet.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Returns the saved state; `None` if the file does not exist.
    ///
    /// # Errors
    ///
    /// `File`, which names the path, if the file cannot be read, or if its content is not the JSON of a `T`. It is
    /// never taken for a missing one: a program that started without its state would lose events or repeat work.
    /// `InvalidInput` if the path is not Unicode.
    pub fn load<T: DeserializeOwned>(&self) -> Result<Option<T>, Error> {
        let path = path_to_string(&self.path)?;
        let bytes = match files::read(&path, MAX_BYTES) {
            Ok(bytes) => bytes,
            Err(error) if error.kind == FileErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        serde_json::from_slice(&bytes)
            .map(Some)
            .map_err(|error| unusable(&path, format!("the state is invalid: {error}")))
    }

    /// Saves the state: writes it to a new file in the same folder, and renames that. The permissions of a replaced
    /// file are kept, and of a symbolic link the target is replaced.
    ///
    /// The new file has a random name that ends in `.part`. It is removed if saving fails. If the program is killed
    /// meanwhile, a later save in that folder removes it, when it is more than a day old.
    ///
    /// # Errors
    ///
    /// `File`, which names the path, if the state cannot be written, is longer than 1 GiB, or is not possible in JSON,
    /// such as a map whose keys are not strings. The file then has its earlier content; if only the flush of its folder
    /// failed, the new one. `InvalidInput` if the path is not Unicode.
    pub fn save<T: Serialize + ?Sized>(&self, state: &T) -> Result<(), Error> {
        self.write(&self.json(state)?)
    }

    /// Saves the state as [`save`](Self::save) does, for asynchronous programs: a thread for blocking work, of the
    /// runtime of the client, writes the file. In a virtual world, it is written at once.
    ///
    /// Wait for the end of a save before the next one. If the future is dropped, the state may be saved or not.
    ///
    /// # Errors
    ///
    /// Those of `save`.
    pub fn save_on<'a, X: Portable, T: Serialize + ?Sized>(&self, client: &'a Client<X>, state: &T) -> X::Run<'a, ()> {
        let (file, json) = (self.clone(), self.json(state));
        X::run_future(async move {
            let json = json?;
            client.executor().unblock(move || file.write(&json)).await
        })
    }

    fn json<T: Serialize + ?Sized>(&self, state: &T) -> Result<Vec<u8>, Error> {
        let path = path_to_string(&self.path)?;
        let json = serde_json::to_vec_pretty(state)
            .map_err(|error| unusable(&path, format!("the state cannot be saved: {error}")))?;
        check_length(&path, json.len() as u64, MAX_BYTES)?;
        Ok(json)
    }

    fn write(&self, json: &[u8]) -> Result<(), Error> {
        let path = path_to_string(&self.path)?;
        let (part, target) = part::create(&path)?;
        let saved = write(&part, json).and_then(|()| part::rename(&part, &target));
        if saved.is_err() {
            let _ = part::remove(&part);
        }
        saved.and_then(|()| sync_folder(Path::new(&target))).map_err(|error| files::file_error(&path)(error).into())
    }
}

/// Rejects a state that could not be loaded again.
fn check_length(path: &str, length: u64, most: u64) -> Result<(), Error> {
    if length <= most {
        return Ok(());
    }
    Err(unusable(path, format!("the state cannot be saved: it has {length} bytes of JSON, more than {most}")))
}

fn unusable(path: &str, reason: String) -> Error {
    FileError::new(path, FileErrorKind::Other, reason).into()
}

/// Writes the file, and waits until the disk has it.
fn write(path: &str, bytes: &[u8]) -> io::Result<()> {
    let mut file = part::open(path).map_err(io::Error::other)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the disk has the name of the file.
#[cfg(unix)]
pub(crate) fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        // Some file systems cannot do that for a folder, and some folders can be written but not read.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::InvalidInput | ErrorKind::Unsupported | ErrorKind::PermissionDenied
            ) =>
        {
            Ok(())
        }
        result => result,
    }
}

/// The operating system has no such operation.
#[cfg(not(unix))]
#[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
pub(crate) fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests;
