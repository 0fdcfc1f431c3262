use alloc::vec::Vec;

use crate::protocol::fingerprint;

/// Number of ids that are kept.
const CAPACITY: usize = 256;

/// Hashes of the last ids of a list, to leave out an item that is on two pages. Their number is limited, so that the
/// memory for a list does not grow with its length.
#[derive(Debug, Default)]
pub(crate) struct RecentIds {
    hashes: Vec<u64>,
    /// Index of the oldest one, once all places are taken.
    oldest: usize,
}

impl RecentIds {
    /// Adds an id. Returns `false` if it is one of the last.
    pub(crate) fn insert(&mut self, id: &str) -> bool {
        let hash = fingerprint(id.as_bytes());
        if self.hashes.contains(&hash) {
            return false;
        }
        if self.hashes.len() < CAPACITY {
            self.hashes.push(hash);
        } else {
            self.hashes[self.oldest] = hash;
            self.oldest = (self.oldest + 1) % CAPACITY;
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn the_last_ids_are_kept() {
        let mut recent = RecentIds::default();
        for id in 0..3 * CAPACITY {
            assert!(recent.insert(&id.to_string()));
            assert!(!recent.insert(&id.to_string()));
            let oldest = (id + 1).saturating_sub(CAPACITY);
            assert!(!recent.insert(&oldest.to_string()), "{oldest} is kept after {id}");
        }
        assert!(recent.insert(&(2 * CAPACITY - 1).to_string()), "it has been replaced");
    }
}
