//! Streams bodies to files.

use std::{
    fs, io,
    io::Read,
    path::{Path, PathBuf},
};

use hyper::body::Incoming;
use tokio::{fs::File, io::AsyncWriteExt};

use super::body::{self, ClientGone};
use crate::world::{BodyDigest, ReceivedFile, jpeg_dimensions};

/// The maximum size of a JPEG whose dimensions are read; a larger one cannot be an avatar.
const MAX_JPEG_BYTES: u64 = 5 * 1024 * 1024;

/// The result of storing a body.
#[derive(Debug)]
pub(crate) enum Stored {
    Complete(ReceivedFile),
    /// The body is larger than the limit. The rest of it was not read.
    TooLarge,
    /// The file cannot be written.
    Failed(io::Error),
}

/// Streams a body to a new file. `is_kept` waits until the disk has it. If the result is another than
/// [`Stored::Complete`], the file is incomplete.
pub(crate) async fn store(
    incoming: &mut Incoming,
    path: &Path,
    limit: u64,
    is_kept: bool,
) -> Result<Stored, ClientGone> {
    let mut file = match File::create_new(path).await {
        Ok(file) => file,
        Err(error) => return Ok(Stored::Failed(error)),
    };
    let (mut size, mut digest) = (0, BodyDigest::default());
    while let Some(chunk) = body::next_chunk(incoming).await? {
        size += u64::try_from(chunk.len()).unwrap_or(u64::MAX);
        if size > limit {
            return Ok(Stored::TooLarge);
        }
        digest.update(&chunk);
        if let Err(error) = file.write_all(&chunk).await {
            return Ok(Stored::Failed(error));
        }
    }
    let written = match file.flush().await {
        Ok(()) if is_kept => file.sync_all().await,
        written => written,
    };
    if let Err(error) = written {
        return Ok(Stored::Failed(error));
    }
    let jpeg = if size <= MAX_JPEG_BYTES { tokio::fs::read(path).await.ok() } else { None };
    let jpeg = jpeg.as_deref().and_then(jpeg_dimensions);
    Ok(Stored::Complete(ReceivedFile { size, digest: digest.finish(), jpeg }))
}

/// Says on the terminal that the file of an upload cannot be written. Returns the message.
pub(crate) fn report(path: &Path, error: &io::Error) -> String {
    let message = format!("{} cannot be written: {error}", path.display());
    eprintln!("teamwire-sandbox: {message}");
    message
}

/// Removes a file when it is dropped, unless the file is kept.
#[derive(Debug)]
pub(crate) struct FileGuard(Option<PathBuf>);

impl FileGuard {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self(Some(path))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.as_deref().unwrap_or_else(|| Path::new(""))
    }

    pub(crate) fn keep(mut self) {
        self.0 = None;
    }
}

impl Drop for FileGuard {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // The file might not exist yet.
            let _ = fs::remove_file(path);
        }
    }
}

/// Reads at most `count` bytes from the start of a file.
pub(crate) fn first_bytes(path: &Path, count: usize) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(u64::try_from(count).unwrap_or(u64::MAX)).read_to_end(&mut bytes)?;
    Ok(bytes)
}
