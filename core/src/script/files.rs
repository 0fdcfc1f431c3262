use alloc::{collections::BTreeMap, string::String, vec::Vec};

use http::StatusCode;

use crate::{
    exchange::{Body, Exchange},
    fault::{Fault, FaultKind},
    file::{FileDone, FileError, FileErrorKind, FileTask},
    machine::Reply,
};

/// The files of a script: in memory, so that a test needs no disk.
#[derive(Debug, Default)]
pub(super) struct Files(pub(super) BTreeMap<String, Vec<u8>>);

impl Files {
    pub(super) fn perform(&mut self, task: FileTask) -> Result<FileDone, FileError> {
        match task {
            FileTask::Read { path, limit } => {
                let bytes = self.get(&path)?;
                if bytes.len() as u64 > limit {
                    return Err(FileError::new(path, FileErrorKind::TooLarge, ""));
                }
                Ok(FileDone::Bytes(bytes.clone()))
            }
            FileTask::Measure { path } => Ok(FileDone::Length(self.get(&path)?.len() as u64)),
            FileTask::Rename { from, to } => {
                let bytes = self.get(&from)?.clone();
                self.0.remove(&from);
                self.0.insert(to, bytes);
                Ok(FileDone::Done)
            }
            FileTask::Discard { path } => {
                self.0.remove(&path);
                Ok(FileDone::Done)
            }
        }
    }

    /// The bytes that a request carries: those of a file, if it is one.
    pub(super) fn body(&self, body: &Body) -> Result<Vec<u8>, Fault> {
        let Body::File { path, length } = body else { return Ok(body.as_bytes().to_vec()) };
        match self.get(path) {
            Ok(bytes) if bytes.len() as u64 == *length => Ok(bytes.clone()),
            Ok(_) => Err(Fault::new(FaultKind::File, FileError::new(path, FileErrorKind::Changed, ""))),
            Err(error) => Err(Fault::new(FaultKind::File, error)),
        }
    }

    /// Puts an answer's body into the file that the exchange says.
    pub(super) fn take(&mut self, exchange: &Exchange, reply: Reply) -> Reply {
        let (Some(to), Reply::Response(mut response)) = (&exchange.to_file, reply.clone()) else { return reply };
        let offset = match response.status() {
            StatusCode::OK => 0,
            StatusCode::PARTIAL_CONTENT => to.offset,
            _ => return reply,
        };
        self.write(&to.path, offset, response.body());
        response.body_mut().clear();
        Reply::Response(response)
    }

    fn write(&mut self, path: &str, offset: u64, bytes: &[u8]) {
        let file = self.0.entry(path.into()).or_default();
        file.truncate(usize::try_from(offset).unwrap_or(usize::MAX));
        file.extend_from_slice(bytes);
    }

    fn get(&self, path: &str) -> Result<&Vec<u8>, FileError> {
        self.0.get(path).ok_or_else(|| FileError::new(path, FileErrorKind::NotFound, "the script has no such file"))
    }
}
