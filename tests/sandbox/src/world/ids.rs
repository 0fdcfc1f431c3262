//! Seeded ids, and digests.

use std::hash::{DefaultHasher, Hash, Hasher};

const ALPHANUMERIC: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// The length of the name of an uploaded file, which has letters and digits.
pub(crate) const UPLOAD_NAME_LENGTH: usize = 24;

/// Generates ids from a seed: the same seed produces the same ids in the same order.
#[derive(Debug)]
pub(crate) struct Ids {
    pub(crate) state: u64,
}

impl Ids {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// `SplitMix64`, which is small and sufficient for ids.
    pub(crate) fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// An id of `prefix` and `length` alphanumeric characters.
    pub(crate) fn next_with_prefix(&mut self, prefix: &str, length: usize) -> String {
        let mut id = String::from(prefix);
        for _ in 0..length {
            let at = usize::try_from(self.next_u64() % 62).unwrap_or(0);
            id.push(char::from(ALPHANUMERIC[at]));
        }
        id
    }

    /// A thread id of 22 alphanumeric characters, like the vendor's.
    pub(crate) fn next_thread(&mut self) -> String {
        self.next_with_prefix("", 22)
    }

    /// A name for an uploaded file.
    pub(crate) fn next_upload(&mut self) -> String {
        self.next_with_prefix("", UPLOAD_NAME_LENGTH)
    }

    pub(crate) fn next_request(&mut self) -> String {
        format!("req-{:016x}", self.next_u64())
    }
}

/// Returns true for a possible id: 1 to 128 characters without U+0000, and neither `.` nor `..`.
pub(crate) fn is_id(text: &str) -> bool {
    (1..=128).contains(&text.chars().count()) && !text.contains('\0') && text != "." && text != ".."
}

/// A digest of several parts, each separated from its neighbours. It is not cryptographic.
pub(crate) fn digest(parts: &[&[u8]]) -> u64 {
    let mut hasher = DefaultHasher::new();
    parts.hash(&mut hasher);
    hasher.finish()
}

/// The digest of a body that arrives in chunks.
#[derive(Clone, Debug, Default)]
pub struct BodyDigest {
    hasher: DefaultHasher,
}

impl BodyDigest {
    /// Adds the next chunk. The boundaries of chunks do not matter.
    pub fn update(&mut self, chunk: &[u8]) {
        self.hasher.write(chunk);
    }

    /// Returns the digest of all chunks.
    pub fn finish(&self) -> u64 {
        self.hasher.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digest_does_not_depend_on_chunking() {
        let mut whole = BodyDigest::default();
        whole.update(b"one and two");
        let mut cut = BodyDigest::default();
        cut.update(b"one");
        cut.update(b" an");
        cut.update(b"d two");
        assert_eq!(whole.finish(), cut.finish());
    }

    #[test]
    fn same_seed_gives_the_same_ids() {
        let (mut one, mut other) = (Ids::new(7), Ids::new(7));
        assert_eq!(one.next_thread(), other.next_thread());
        assert_eq!(one.next_thread().len(), 22);
        assert_ne!(one.next_thread(), Ids::new(8).next_thread());
    }
}
