use alloc::{boxed::Box, vec::Vec};
use core::ops::RangeInclusive;

use secrecy::{ExposeSecret, ExposeSecretMut, SecretBox};

use super::escapes::Unit;

/// Minimum length of a secret that is replaced everywhere. A shorter one may be a common word or a part of many words,
/// and is replaced only as a separate word.
pub(crate) const MIN_SECRET_CHARS: usize = 6;
/// Lengths of the runs (consecutive characters) of a credential that are redacted: its whole length, at most eight.
const LENGTHS: RangeInclusive<usize> = MIN_SECRET_CHARS..=MAX_RUN;
const MAX_RUN: usize = 8;
/// Minimum length of the beginning of a credential that is found at the end of a text, where the text may have been
/// cut.
pub(super) const CUT: usize = 4;

/// Hashes of the runs of credentials.
#[derive(Default)]
pub(super) struct Runs {
    /// Sorted hashes of the runs of each of the [`LENGTHS`].
    whole: [Hashes; MAX_RUN + 1 - MIN_SECRET_CHARS],
    /// Sorted hashes of beginnings that are shorter than a run.
    beginnings: Hashes,
}

struct Hashes(SecretBox<Vec<u64>>);

impl Default for Hashes {
    fn default() -> Self {
        Self(SecretBox::new(Box::default()))
    }
}

impl Runs {
    /// Adds a credential in one spelling.
    pub(super) fn add(&mut self, units: &[Unit]) {
        let length = units.len().min(MAX_RUN);
        let Some(at) = length.checked_sub(MIN_SECRET_CHARS) else { return };
        self.whole[at].extend(units.windows(length).map(hash));
        self.beginnings.extend((CUT..length).map(|length| hash(&units[..length])));
    }

    /// Sorts the hashes. Required before a search.
    pub(super) fn sort(&mut self) {
        self.whole.iter_mut().for_each(Hashes::sort);
        self.beginnings.sort();
    }

    /// Calls `found` with the start and end of each part of a credential. With `may_be_cut`, a credential that the end
    /// of the text has cut off is found as well.
    pub(super) fn find(&self, units: &[Unit], may_be_cut: bool, mut found: impl FnMut(usize, usize)) {
        let mut last: Option<(usize, usize)> = None;
        let mut join = |from: usize, to: usize| match &mut last {
            Some((_, end)) if from <= *end => *end = to.max(*end),
            _ => {
                if let Some((from, to)) = last.replace((from, to)) {
                    found(from, to);
                }
            }
        };
        for at in 0..units.len() {
            let runs =
                LENGTHS.zip(&self.whole).filter_map(|(length, hashes)| Some((units.get(at..at + length)?, hashes)));
            let longest = runs.filter(|(run, hashes)| hashes.has(run)).map(|(run, _)| run.len()).last();
            if let Some(length) = longest {
                join(at, at + length);
            }
        }
        if may_be_cut {
            let cut = (CUT..MAX_RUN).rev().filter_map(|length| units.len().checked_sub(length));
            if let Some(at) = cut.into_iter().find(|at| self.beginnings.has(&units[*at..])) {
                join(at, units.len());
            }
        }
        if let Some((from, to)) = last {
            found(from, to);
        }
    }
}

impl Hashes {
    fn extend(&mut self, hashes: impl Iterator<Item = u64>) {
        self.0.expose_secret_mut().extend(hashes);
    }

    fn sort(&mut self) {
        let hashes = self.0.expose_secret_mut();
        hashes.sort_unstable();
        hashes.dedup();
    }

    fn has(&self, units: &[Unit]) -> bool {
        let hashes = self.0.expose_secret();
        !hashes.is_empty() && hashes.binary_search(&hash(units)).is_ok()
    }
}

/// Returns the hash (FNV-1a) of a run, independent of case and of the alphabet of base64. A space is hashed as the plus
/// sign that stands for it in forms, and so is a line break, which may have replaced it.
fn hash(units: &[Unit]) -> u64 {
    units.iter().fold(0xcbf2_9ce4_8422_2325, |hash, unit| {
        let byte = match unit.0 {
            b'-' | b' ' | b'\n' | b'\t' => b'+',
            b'_' => b'/',
            byte => byte.to_ascii_lowercase(),
        };
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
