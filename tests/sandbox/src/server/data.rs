//! The folder that keeps a world across restarts.
//!
//! ```text
//!  FOLDER/world.redb   the parts of the world, in a database that is written in transactions and locked
//!  FOLDER/files/       the bytes of assets
//! ```
//!
//! A change is written before its request gets a response. Everything that was acknowledged therefore survives the end
//! of the process at any time.

use std::{
    error::Error,
    fmt, fs, io, panic,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use redb::{Database, DatabaseError, ReadableTable, StorageError, TableDefinition, TableError};

use super::clock::real_time;
use crate::world::{
    Now, UPLOAD_NAME_LENGTH, World,
    saved::{Changes, Loaded, Saved, TIME, Time},
};

/// The name of the database.
const WORLD: &str = "world.redb";

/// The name of the folder with the bytes of assets.
const FILES: &str = "files";

/// The memory that the database may use to keep pages.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

/// An error of the database. Each of its functions has another type.
type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// The names of the parts, and their content.
type Parts = Vec<(String, Vec<u8>)>;

/// The parts of the world by their names.
const PARTS: TableDefinition<'static, &str, &[u8]> = TableDefinition::new("teamwire-sandbox");

/// A folder with a world.
pub(crate) struct Data {
    folder: PathBuf,
    database: Database,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    saved: Saved,
    /// The error that keeps changes from being saved.
    error: Option<String>,
}

impl Data {
    /// Opens a folder, which is created if it is missing. Returns the world in it, if there is one.
    pub(crate) fn open(folder: PathBuf) -> io::Result<(Self, Option<Loaded>)> {
        let path = folder.join(WORLD);
        let at = |error: io::Error| io::Error::new(error.kind(), format!("{}: {error}", folder.display()));
        fs::create_dir_all(&folder).map_err(at)?;
        if !path.exists() && fs::read_dir(&folder).map_err(at)?.next().is_some() {
            let message = "the folder is not empty, and has no world of a sandbox";
            return Err(at(io::Error::new(io::ErrorKind::InvalidInput, message)));
        }
        let is_new = !path.exists();
        // The database panics on some damaged files, such as truncated ones.
        let opened = panic::catch_unwind(|| open_database(&path));
        let opened = opened.unwrap_or_else(|_| Err(damaged(&path, "its parts do not fit together")));
        // On a full disk, it is a part of a database, which could not be opened later. Unless it is that of another
        // sandbox, which has just started.
        if is_new && opened.as_ref().is_err_and(|error| error.kind() != io::ErrorKind::WouldBlock) {
            let _ = fs::remove_file(&path);
        }
        let (database, parts) = opened?;
        let loaded = parts.map(|parts| Loaded::from_parts(&parts)).transpose();
        let loaded = loaded.map_err(|error| damaged(&path, error))?;
        fs::create_dir_all(folder.join(FILES)).map_err(at)?;
        Ok((Self { folder, database, state: Mutex::default() }, loaded))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The folder.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder with the bytes of assets.
    pub(crate) fn files(&self) -> PathBuf {
        self.folder.join(FILES)
    }

    /// The error that keeps changes from being saved, if there is one.
    pub(crate) fn error(&self) -> Option<String> {
        self.state().error.clone()
    }

    /// Removes the files of uploads that were interrupted by the end of the process.
    pub(crate) fn remove_unused_files(&self, world: &World) {
        let used = world.files();
        let Ok(entries) = fs::read_dir(self.files()) else { return };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let is_unused = |name: &str| is_upload(name) && !used.contains(name);
            if name.to_str().is_some_and(is_unused) {
                // A file that cannot be deleted is only not needed.
                let _ = fs::remove_file(entry.path());
            }
        }
    }

    /// Saves what has changed, and the time with it, or also alone. Returns false if it cannot be saved.
    pub(crate) fn save(&self, world: &mut World, now: Now, with_time: bool) -> bool {
        let mut state = self.state();
        let changes = world.changes(&mut state.saved);
        if changes.parts.is_empty() && !with_time {
            return true;
        }
        let result = self.write(&changes, world.time(now, real_time()));
        if let Err(error) = &result {
            // The next changes are complete.
            state.saved = Saved::default();
            let message = format!("{} cannot be written: {error}", self.folder.join(WORLD).display());
            if state.error.is_none() {
                // Bots only see that their connections are cut.
                eprintln!("teamwire-sandbox: {message}");
            }
            state.error = Some(message);
        } else {
            state.error = None;
        }
        result.is_ok()
    }

    fn write(&self, changes: &Changes, time: Time) -> Result<()> {
        let transaction = self.database.begin_write()?;
        if changes.is_complete {
            transaction.delete_table(PARTS)?;
        }
        {
            let mut table = transaction.open_table(PARTS)?;
            for (name, content) in &changes.parts {
                match content {
                    Some(content) => table.insert(name.as_str(), content.as_slice())?,
                    None => table.remove(name.as_str())?,
                };
            }
            table.insert(TIME, serde_json::to_vec(&time)?.as_slice())?;
        }
        Ok(transaction.commit()?)
    }
}

fn open_database(path: &Path) -> io::Result<(Database, Option<Parts>)> {
    let database = Database::builder().set_cache_size(CACHE_BYTES).create(path);
    let database = database.map_err(|error| unusable(path, error))?;
    let parts = read(&database).map_err(|error| damaged(path, error))?;
    Ok((database, parts))
}

/// Returns true for the name of an uploaded file, so that no other file is removed.
fn is_upload(name: &str) -> bool {
    name.len() == UPLOAD_NAME_LENGTH && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Reads all parts; `None` from a new database.
fn read(database: &Database) -> Result<Option<Parts>> {
    let transaction = database.begin_read()?;
    let table = match transaction.open_table(PARTS) {
        Ok(table) => table,
        Err(TableError::TableDoesNotExist(_)) if transaction.list_tables()?.next().is_none() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let parts = table.iter()?.map(|part| {
        let (name, content) = part?;
        Ok::<_, StorageError>((name.value().to_owned(), content.value().to_vec()))
    });
    Ok(Some(parts.collect::<std::result::Result<_, _>>()?))
}

fn damaged(path: &Path, reason: impl fmt::Display) -> io::Error {
    let message = format!("{} is not the world of a sandbox, or is damaged: {reason}", path.display());
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn unusable(path: &Path, error: DatabaseError) -> io::Error {
    match error {
        DatabaseError::DatabaseAlreadyOpen => {
            let message = format!("{} is in use by another sandbox", path.display());
            io::Error::new(io::ErrorKind::WouldBlock, message)
        }
        DatabaseError::Storage(StorageError::Io(error))
            if !matches!(error.kind(), io::ErrorKind::InvalidData | io::ErrorKind::UnexpectedEof) =>
        {
            io::Error::new(error.kind(), format!("{}: {error}", path.display()))
        }
        error => damaged(path, error),
    }
}
