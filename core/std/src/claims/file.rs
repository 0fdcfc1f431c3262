//! A store in a folder.

mod names;
mod record;
mod versions;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use teamwire_core::claim::{Claim, ClaimRequest, Claimed, Member, Release, Save, Saved, StoreError, View};

use self::{record::Record, versions::failed};
use super::{ClaimStore, FeedRecord, MemberRecord, memory::system_time};

/// A store in a folder of a local disk, for the processes of one machine. It needs no service.
///
/// ```text
///   folder/=fleet/members/=id/4711       the version 4711 of the record of a member
///   folder/=fleet/feeds/=all_messages/17
/// ```
///
/// Each record has a folder with its versions. A change is written to a new file, which becomes the next version by a
/// hard link: of several processes that try, one succeeds, and the others read again. No lock is held, so a process
/// that was stopped or killed at any point does not delay the others. Checkpoints survive a power cut.
///
/// The file system needs hard links, and has to be local: not a network share, whose caches delay what other machines
/// see. The clock is that of the operating system.
///
/// If the folder disappears after it was opened, such as a file system that was unmounted, the store is unavailable
/// until it is back. An empty folder is a store that was emptied.
#[derive(Clone)]
pub struct FileStore {
    folder: PathBuf,
    clock: Arc<dyn Fn() -> u64 + Send + Sync>,
}

impl FileStore {
    /// Opens the store in this folder, which is created if it does not exist.
    ///
    /// # Errors
    ///
    /// `Unusable`, with the path, if the folder cannot be created or written to, or if its file system has no hard
    /// links.
    pub fn open(folder: impl Into<PathBuf>) -> Result<Self, StoreError> {
        Self::with_clock(folder, system_time)
    }

    /// Opens the store in this folder, with this clock, which returns microseconds: for tests.
    ///
    /// # Errors
    ///
    /// Those of [`open`](Self::open).
    pub fn with_clock(
        folder: impl Into<PathBuf>,
        clock: impl Fn() -> u64 + Send + Sync + 'static,
    ) -> Result<Self, StoreError> {
        let folder = folder.into();
        fs::create_dir_all(&folder).map_err(|error| failed("cannot create the folder", &folder, error))?;
        versions::check(&folder)?;
        Ok(Self { folder, clock: Arc::new(clock) })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails unless the folder is there. It is not created again, as an empty one is a store that was emptied.
    fn check(&self) -> Result<(), StoreError> {
        match fs::metadata(&self.folder) {
            Ok(_) => Ok(()),
            Err(error) => Err(failed("cannot use the folder", &self.folder, error)),
        }
    }

    fn members(member: &Member) -> PathBuf {
        names::path(&member.fleet).join("members")
    }

    fn member(&self, member: &Member) -> Record<MemberRecord> {
        Record::lasting_one_boot(&self.folder, &Self::members(member).join(names::component(&member.id)))
    }

    fn is_active(&self, member: &Member, id: &str, now: u64) -> Result<bool, StoreError> {
        let record = self.member(&Member { id: id.to_owned(), ..member.clone() }).get()?;
        Ok(record.is_some_and(|record| record.is_active(now)))
    }

    /// Confirms a claim that is left unchanged. Returns `false` if it is lost.
    ///
    /// Its member may have come back to life. Another one may have been stopped between the look at the members and its
    /// claim, and its claim must fail.
    fn confirm(record: &Record<FeedRecord>, claim: &Claim) -> Result<bool, StoreError> {
        record.confirm(|record| record.is_held_as(claim))
    }

    fn feed(&self, member: &Member, feed: &str) -> Record<FeedRecord> {
        Record::lasting(&self.folder, &names::path(&member.fleet).join("feeds").join(names::path(feed)))
    }

    /// Returns the members that live. The records of the others are removed. Renewals that are ahead of the clock are
    /// counted as renewals of now.
    fn active(&self, member: &Member) -> Result<BTreeMap<String, MemberRecord>, StoreError> {
        let folder = Self::members(member);
        let mut active = BTreeMap::new();
        for name in folder_names(&self.folder.join(&folder))? {
            let Some(id) = names::decode(&name) else { continue };
            let record = Record::lasting_one_boot(&self.folder, &folder.join(name));
            let adjusted = record.change(|member: &mut Option<MemberRecord>| {
                let Some(member) = member else { return Ok(None) };
                // Read after the record: this process may have been stopped, and a renewal meanwhile is not ahead.
                let now = (self.clock)();
                member.adjust(now);
                Ok(Some(*member).filter(|member| member.is_active(now)))
            })?;
            match adjusted {
                Some(member) => drop(active.insert(id, member)),
                // Unless it has just been renewed.
                None => record.remove_if(|member: &MemberRecord| !member.is_active((self.clock)()))?,
            }
        }
        Ok(active)
    }
}

/// Returns the names in a folder; none if it does not exist.
fn folder_names(folder: &Path) -> Result<Vec<String>, StoreError> {
    let failed = |error| failed("cannot read the folder", folder, error);
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let names = entries.map(|entry| Ok(entry.map_err(failed)?.file_name().into_string().ok()));
    names.filter_map(Result::transpose).collect()
}

impl ClaimStore for FileStore {
    fn renew(&mut self, member: &Member) -> Result<View, StoreError> {
        self.check()?;
        let mut members = self.active(member)?;
        let newest = members.values().map(MemberRecord::joined).max().unwrap_or_default();
        let record = self.member(member).change(|record: &mut Option<MemberRecord>| {
            Ok(*record.insert(MemberRecord::renew(*record, member, (self.clock)(), newest)))
        })?;
        members.insert(member.id.clone(), record);
        let mut by_age: Vec<_> = members.into_iter().map(|(id, record)| (record.joined(), id)).collect();
        by_age.sort();
        Ok(View { members: by_age.into_iter().map(|(_, id)| id).collect(), joined: record.joined() })
    }

    fn claim(&mut self, member: &Member, wanted: &[ClaimRequest], at_most: usize) -> Result<Vec<Claimed>, StoreError> {
        self.check()?;
        let (mut claims, mut granted, mut active) = (Vec::new(), 0, BTreeSet::new());
        for wanted in wanted {
            // Also if the grant was written, and seen only at the next attempt.
            let mut is_new = false;
            let record = self.feed(member, &wanted.feed);
            let claimed = record.change(|record: &mut Option<FeedRecord>| {
                let now = (self.clock)();
                let mut changed = record.clone().unwrap_or_default();
                // Read after the record of the feed: its holder has joined before it claimed the feed. Should it come
                // back to life after this, it confirms its claim, and this change fails.
                let is_active = match changed.holder() {
                    Some(id) if active.contains(id) => true,
                    Some(id) => self.is_active(member, id, now)?,
                    None => false,
                };
                active.extend(changed.holder().filter(|_| is_active).map(str::to_owned));
                let claimed = changed.claim(member, wanted, now, is_active, granted < at_most);
                let is_changed = record.as_ref().is_none_or(|record| *record != changed);
                is_new |= is_changed;
                if is_changed && claimed.is_some() {
                    *record = Some(changed);
                }
                Ok(claimed)
            })?;
            if let Some(Claimed::Held { claim, .. }) = &claimed {
                granted += usize::from(is_new);
                if !is_new && !Self::confirm(&record, claim)? {
                    // Another member has claimed it meanwhile. It is tried again with the next call.
                    continue;
                }
            }
            claims.extend(claimed);
        }
        Ok(claims)
    }

    fn save(&mut self, member: &Member, saves: &[Save]) -> Result<Vec<Saved>, StoreError> {
        self.check()?;
        let save = |save: &Save| {
            let record = self.feed(member, &save.claim.feed);
            let mut is_changed = false;
            let saved = record.change(|record: &mut Option<FeedRecord>| {
                let Some(record) = record else { return Ok(Saved::Lost) };
                let before = record.clone();
                let saved = record.save(save);
                is_changed = *record != before;
                Ok(saved)
            })?;
            let is_held = saved == Saved::Yes && (is_changed || Self::confirm(&record, &save.claim)?);
            Ok(if is_held { Saved::Yes } else { Saved::Lost })
        };
        saves.iter().map(save).collect()
    }

    fn release(&mut self, member: &Member, releases: &[Release]) -> Result<(), StoreError> {
        self.check()?;
        for release in releases {
            self.feed(member, &release.claim.feed).change(|record: &mut Option<FeedRecord>| {
                if let Some(record) = record {
                    record.release(release);
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn leave(&mut self, member: &Member) -> Result<(), StoreError> {
        self.check()?;
        self.member(member).remove_if(|_| true)
    }
}

impl fmt::Debug for FileStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FileStore").field("folder", &self.folder).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;
