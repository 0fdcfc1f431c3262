//! A record with versions, as JSON.

use std::{marker::PhantomData, path::Path};

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use teamwire_core::claim::StoreError;

use super::versions::Versions;
use crate::claims::memory::system_time;

/// The version of the format that is written, and the newest that can be read.
const FORMAT: u32 = 1;
/// Maximum number of attempts to change a record. One fails only if another process has changed it meanwhile.
const MAX_ATTEMPTS: u32 = 1_000;

/// A record in a folder.
#[derive(Debug)]
pub(super) struct Record<T> {
    versions: Versions,
    /// Set if the record survives a power cut. One that does not may be damaged by it, and counts as missing then.
    is_lasting: bool,
    kind: PhantomData<fn() -> T>,
}

#[derive(Serialize, Deserialize)]
struct Envelope<T> {
    version: u32,
    #[serde(flatten)]
    record: T,
}

impl<T: Clone + PartialEq + Serialize + DeserializeOwned> Record<T> {
    /// Creates a record that survives a power cut.
    pub(super) fn lasting(root: &Path, path: &Path) -> Self {
        Self { versions: Versions::new(root, path, true), is_lasting: true, kind: PhantomData }
    }

    /// Creates a record that is of no use after one.
    pub(super) fn lasting_one_boot(root: &Path, path: &Path) -> Self {
        Self { versions: Versions::new(root, path, false), is_lasting: false, kind: PhantomData }
    }

    /// Returns the record.
    pub(super) fn get(&self) -> Result<Option<T>, StoreError> {
        self.read().map(|(_, record)| record)
    }

    /// Changes the record in one atomic step. If others change it at the same time, `change` is called again.
    pub(super) fn change<R>(
        &self,
        mut change: impl FnMut(&mut Option<T>) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let (version, current) = self.read()?;
            let mut record = current.clone();
            let result = change(&mut record)?;
            let is_changed = record != current;
            let is_done = match record.filter(|_| is_changed) {
                Some(record) => self.write(version, record)?,
                None => true,
            };
            if is_done {
                return Ok(result);
            }
        }
        Err(self.contended())
    }

    /// Writes the record again, as another version, if this is so. Returns `false` if it is not.
    pub(super) fn confirm(&self, is_so: impl Fn(&T) -> bool) -> Result<bool, StoreError> {
        for _ in 0..MAX_ATTEMPTS {
            let (version, record) = self.read()?;
            let Some(record) = record.filter(|record| is_so(record)) else { return Ok(false) };
            if self.write(version, record)? {
                return Ok(true);
            }
        }
        Err(self.contended())
    }

    /// Removes the record if this is so. A version that is added meanwhile stays.
    pub(super) fn remove_if(&self, is_so: impl Fn(&T) -> bool) -> Result<(), StoreError> {
        match self.versions.read()? {
            Some((version, bytes)) if self.decode(version, &bytes)?.is_none_or(|record| is_so(&record)) => {
                self.versions.remove_up_to(version)
            }
            Some(_) => Ok(()),
            None => self.versions.remove_up_to(0),
        }
    }

    /// Returns the newest version, and the record if it is not damaged.
    fn read(&self) -> Result<(Option<u64>, Option<T>), StoreError> {
        let Some((version, bytes)) = self.versions.read()? else { return Ok((None, None)) };
        Ok((Some(version), self.decode(version, &bytes)?))
    }

    fn decode(&self, version: u64, bytes: &[u8]) -> Result<Option<T>, StoreError> {
        let path = self.versions.path(version);
        match serde_json::from_slice::<Envelope<T>>(bytes) {
            Ok(envelope) if envelope.version > FORMAT => Err(StoreError::unusable(format!(
                "{} has the version {}; this library reads up to {FORMAT}",
                path.display(),
                envelope.version
            ))),
            Ok(envelope) => Ok(Some(envelope.record)),
            Err(_) if !self.is_lasting => Ok(None),
            Err(error) => Err(StoreError::unusable(format!("{} is damaged", path.display())).with_source(error)),
        }
    }

    fn write(&self, current: Option<u64>, record: T) -> Result<bool, StoreError> {
        let json = serde_json::to_vec(&Envelope { version: FORMAT, record }).map_err(|error| {
            let folder = self.versions.folder().display();
            StoreError::unusable(format!("cannot encode the record in {folder}")).with_source(error)
        })?;
        let version = match current {
            Some(version) => version.saturating_add(1),
            // Of several processes that create the record, one succeeds.
            None if self.is_lasting => 1,
            // Only its own process creates the record of a member. Its versions continue above those that were removed,
            // as a process that was stopped may still add the successor of one of these.
            None => system_time(),
        };
        self.versions.add(version, &json)
    }

    fn contended(&self) -> StoreError {
        StoreError::unavailable(format!("other processes keep changing {}", self.versions.folder().display()))
    }
}
