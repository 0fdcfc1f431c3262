//! The records of the replicas, in one file. Its order is that of the steps: what is recorded because of another step
//! comes after that, also if another process has taken it.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    path::Path,
    time::{SystemTime, UNIX_EPOCH},
};

use serde::{Deserialize, Serialize};
use teamwire_core::{
    Checkpoint,
    claim::{Claim, ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, View},
};
use teamwire_std::claims::ClaimStore;

/// A line of the file.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Line {
    /// Microseconds of the clock of the operating system, which is that of the stores, too.
    pub(super) time: u64,
    /// Name of the process.
    pub(super) replica: String,
    pub(super) record: Record,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Record {
    /// A message was handled.
    Handled { tid: String, text: String, tries: u32, claim: String },
    /// The store has granted a claim.
    Granted { claim: String, fence: u64, seq: u64, tries: u32, checkpoint: Option<Checkpoint> },
    /// The store has acknowledged a save.
    Saved { claim: String, seq: u64, checkpoint: Checkpoint },
    /// The store has rejected a save.
    Lost { claim: String, seq: u64 },
    /// A call to the store has failed.
    Failed { call: String, error: String },
    /// Following has ended.
    Ended { error: Option<String> },
}

/// Returns the time in microseconds.
pub(super) fn now() -> u64 {
    let time = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970");
    u64::try_from(time.as_micros()).expect("it is before the year 586,000")
}

/// Appends the records of a process.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    replica: String,
}

impl Log {
    pub(super) fn open(path: &Path, replica: String) -> Self {
        let file = OpenOptions::new().create(true).append(true).open(path).expect("the file can be opened");
        Self { file, replica }
    }

    /// Appends a record in one step, so that it is complete even if the process is killed.
    pub(super) fn add(&self, record: Record) {
        let line = Line { time: now(), replica: self.replica.clone(), record };
        let json = serde_json::to_string(&line).expect("it is JSON");
        (&self.file).write_all(format!("{json}\n").as_bytes()).expect("the file can be written");
    }
}

/// Reads the records of all processes.
#[derive(Debug)]
pub(super) struct Reader {
    file: File,
    /// The beginning of a line whose end was not read.
    rest: String,
}

impl Reader {
    pub(super) fn open(path: &Path) -> Self {
        File::create(path).expect("the file can be created");
        Self { file: File::open(path).expect("it was just created"), rest: String::new() }
    }

    /// Returns the lines since the last call.
    pub(super) fn read(&mut self) -> Vec<Line> {
        self.file.read_to_string(&mut self.rest).expect("it is text");
        let Some(end) = self.rest.rfind('\n') else { return Vec::new() };
        let rest = self.rest.split_off(end + 1);
        let lines = std::mem::replace(&mut self.rest, rest);
        lines.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|why| panic!("{why}: {line}"))).collect()
    }
}

/// A store that records what is granted and saved.
pub(super) struct Recorded<S> {
    pub(super) store: S,
    pub(super) log: Log,
}

impl<S> Recorded<S> {
    fn failures<T>(log: &Log, call: &str, result: Result<T, StoreError>) -> Result<T, StoreError> {
        if let Err(error) = &result {
            log.add(Record::Failed { call: call.to_owned(), error: error.to_string() });
        }
        result
    }
}

impl<S: ClaimStore> ClaimStore for Recorded<S> {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        Self::failures(&self.log, "renew", self.store.renew(member))
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        let claimed = Self::failures(&self.log, "claim", self.store.claim(member, wanted, at_most))?;
        for claimed in &claimed {
            if let Claimed::Held { claim: Claim { id, fence, .. }, checkpoint, seq, tries } = claimed {
                let (claim, checkpoint) = (id.clone(), checkpoint.clone());
                self.log.add(Record::Granted { claim, fence: *fence, seq: *seq, tries: *tries, checkpoint });
            }
        }
        Ok(claimed)
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        let saved = Self::failures(&self.log, "save", self.store.save(member, saves))?;
        for (save, saved) in saves.iter().zip(&saved) {
            let (claim, seq, checkpoint) = (save.claim.id.clone(), save.seq, save.checkpoint.clone());
            match saved {
                // With zero, nothing is saved.
                Saved::Yes if seq == 0 => {}
                Saved::Yes => self.log.add(Record::Saved { claim, seq, checkpoint }),
                Saved::Lost => self.log.add(Record::Lost { claim, seq }),
            }
        }
        Ok(saved)
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        Self::failures(&self.log, "release", self.store.release(member, releases))
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        Self::failures(&self.log, "leave", self.store.leave(member))
    }
}
