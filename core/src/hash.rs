//! A hash that is the same in every process and version.

/// The 128-bit FNV-1a hash. It does not resist attacks: what is hashed comes from the bot and its own
/// systems.
pub(crate) struct Fnv128(u128);

const BASIS: u128 = 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d;
const PRIME: u128 = 0x0000_0000_0100_0000_0000_0000_0000_013b;

impl Fnv128 {
    pub(crate) const fn new() -> Self {
        Self(BASIS)
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) {
        self.0 = bytes.iter().fold(self.0, |hash, byte| (hash ^ u128::from(*byte)).wrapping_mul(PRIME));
    }

    /// Adds bytes and their number, so that the parts of a hash cannot be confused.
    pub(crate) fn write_part(&mut self, bytes: &[u8]) {
        self.write(&(bytes.len() as u64).to_le_bytes());
        self.write(bytes);
    }

    pub(crate) const fn value(&self) -> u128 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(parts: &[&[u8]]) -> u128 {
        let mut hash = Fnv128::new();
        for part in parts {
            hash.write(part);
        }
        hash.value()
    }

    #[test]
    fn the_hash_matches_published_values() {
        assert_eq!(hash(&[]), 0x6c62_272e_07bb_0142_62b8_2175_6295_c58d);
        assert_eq!(hash(&[b"a"]), 0xd228_cb69_6f1a_8caf_7891_2b70_4e4a_8964);
        assert_eq!(hash(&[b"foo", b"bar"]), 0x343e_1662_793c_64bf_6f0d_3597_ba44_6f18);
    }

    #[test]
    fn parts_are_not_confused() {
        let parts = |parts: [&str; 2]| {
            let mut hash = Fnv128::new();
            for part in parts {
                hash.write_part(part.as_bytes());
            }
            hash.value()
        };
        assert_ne!(parts(["ab", "c"]), parts(["a", "bc"]));
        assert_ne!(parts(["", "a"]), parts(["a", ""]));
    }
}
