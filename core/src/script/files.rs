use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use core::mem;

use crate::{
    effect::{
        Body, Exchange, FileError, FileErrorKind, FileOutcome, FileTarget, FileTask, PartContent, TransportError,
        TransportErrorKind,
    },
    machine::Reply,
};

/// The in-memory files of a script.
#[derive(Debug, Default)]
pub(super) struct Files(pub(super) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn perform(&mut self, task: FileTask) -> Result<FileOutcome, FileError> {
        match task {
            FileTask::Read { path, limit } => {
                let bytes = self.get(&path)?;
                if bytes.len() as u64 > limit {
                    return Err(FileError::new(path, FileErrorKind::TooLarge, ""));
                }
                Ok(FileOutcome::Bytes(bytes.clone()))
            }
            FileTask::Len { path } => Ok(FileOutcome::Len(self.get(&path)?.len() as u64)),
            FileTask::Create { target } => {
                let part = format!("{target}.part");
                self.0.insert(part.clone(), Vec::new());
                Ok(FileOutcome::Created { part, target })
            }
            FileTask::Rename { from, to } => {
                let bytes = self.get(&from)?.clone();
                self.0.remove(&from);
                self.0.insert(to, bytes);
                Ok(FileOutcome::Done)
            }
            FileTask::Remove { path } => {
                self.0.remove(&path);
                Ok(FileOutcome::Done)
            }
        }
    }

    /// Returns the bytes of a request body.
    pub(super) fn body(&self, body: &Body) -> Result<Vec<u8>, TransportError> {
        let mut bytes = Vec::new();
        for part in body.parts() {
            bytes.extend_from_slice(match &part.content {
                PartContent::Bytes(bytes) => bytes,
                PartContent::File { path, length, may_grow } => self
                    .measured(path, *length, *may_grow)
                    .map_err(|error| TransportError::new(TransportErrorKind::File, error))?,
            });
        }
        Ok(bytes)
    }

    /// Returns the first `length` bytes of a file that has no more, unless it `may_grow`.
    fn measured(&self, path: &str, length: u64, may_grow: bool) -> Result<&[u8], FileError> {
        let bytes = self.get(path)?;
        usize::try_from(length)
            .ok()
            .filter(|length| may_grow || bytes.len() == *length)
            .and_then(|length| bytes.get(..length))
            .ok_or_else(|| FileError::new(path, FileErrorKind::Changed, ""))
    }

    /// Writes a response body to the file of the exchange, if it has one, up to its maximum length.
    pub(super) fn store_body(&mut self, exchange: &Exchange, reply: Reply) -> Reply {
        let Reply::Response(mut response) = reply else { return reply };
        let Some(to) = exchange.body_policy().for_status(response.status()).to_file else {
            return Reply::Response(response);
        };
        let body = mem::take(response.body_mut());
        let written = self.write(&to, &body);
        if written == body.len() {
            return Reply::Response(response);
        }
        let error = TransportError::new(TransportErrorKind::TooLarge, format!("more than {} bytes", to.limit));
        Reply::Error(error.with_sent(true).with_received(written as u64).with_head(response.map(|_| ())))
    }

    /// Returns the number of bytes written.
    fn write(&mut self, to: &FileTarget, bytes: &[u8]) -> usize {
        let file = self.0.entry(to.path.clone()).or_default();
        file.truncate(usize::try_from(to.offset).unwrap_or(usize::MAX));
        let capacity = usize::try_from(to.limit).unwrap_or(usize::MAX).saturating_sub(file.len());
        let written = bytes.len().min(capacity);
        file.extend_from_slice(&bytes[..written]);
        written
    }

    fn get(&self, path: &str) -> Result<&Vec<u8>, FileError> {
        self.0
            .get(path)
            .ok_or_else(|| FileError::new(path, FileErrorKind::NotFound, "not among the files of the script"))
    }
}
